"""What the tests of the shop share. `cmi_simulator` and its clock come from the plugin of cmi-gateway."""

import pytest
from shop import Shop, create_app

import cmi_gateway as cmi


@pytest.fixture
def cmi_merchant():
    """The shop's own account in place of the kit's: `cmi_simulator` opens it at the gateway."""
    return cmi.Merchant("600001234", "CLE-DE-TEST", cmi.TEST, "Tapis Amina")


@pytest.fixture
def shop(cmi_merchant):
    return Shop(cmi_merchant)


@pytest.fixture
def post_callback(shop):
    """Give the shop's door as the gateway uses it: a raw body in, the text of the reply out."""
    browser = create_app(shop).test_client()
    form_type = "application/x-www-form-urlencoded"
    return lambda body: browser.post("/cmi/callback", data=body, content_type=form_type).text
