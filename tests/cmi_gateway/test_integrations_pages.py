"""The page that hands the payer over and the way back, in every framework."""

import json
import re

import pytest

import cmi_gateway as cmi
from cmi_gateway.integrations import django as for_django
from cmi_gateway.integrations import fastapi as for_fastapi
from cmi_gateway.integrations import flask as for_flask
from cmi_gateway.integrations.responses import hand_over
from support.adapter_kit import BACK, PAGE, SITES, configured_django
from support.gateway_kit import MERCHANT, STORE_KEY, answer, answer_fields, signed_form

FORM = signed_form()
ORIGIN = "https://testpayment.cmi.co.ma"
every_site = pytest.mark.parametrize("site", SITES.values(), ids=SITES)
every_adapter = pytest.mark.parametrize("adapter", [for_flask, for_django, for_fastapi], ids=SITES)


@pytest.fixture(autouse=True)
def settings():
    configured_django()


def page(site):
    return site(pytest.fail, FORM).send("GET", PAGE)


def directives(policy):
    return dict(part.strip().split(" ", 1) for part in policy.split(";"))


@every_site
def test_the_page_may_post_to_the_gateway_alone(site):
    """The page's policy allows its one script, the gateway as target, and nothing else."""
    got = page(site)
    policy = directives(got.headers["content-security-policy"])
    assert (200, "text/html; charset=utf-8") == (got.status, got.headers["content-type"])
    assert ORIGIN == policy["form-action"]
    assert ("'none'", "'none'", "'none'") == (
        policy["default-src"],
        policy["base-uri"],
        policy["frame-ancestors"],
    )
    nonce = re.fullmatch("'nonce-(.{20,})'", policy["script-src"])[1]
    assert f'<script nonce="{nonce}">' in got.body.decode()


@every_site
def test_the_page_is_neither_kept_nor_told_of(site):
    """The page is never stored, and its address is told to nobody."""
    headers = page(site).headers
    assert ("no-store", "no-referrer") == (headers["cache-control"], headers["referrer-policy"])
    assert "nosniff" == headers["x-content-type-options"]


@every_site
def test_every_page_has_a_nonce_of_its_own(site):
    """A nonce is never used twice."""
    assert 3 == len({page(site).headers["content-security-policy"] for _ in range(3)})


@every_site
def test_the_page_holds_every_field(site):
    """What was signed stands in the page."""
    text = page(site).body.decode()
    assert text.count('type="hidden"') == len(FORM.fields)


@every_adapter
def test_a_form_of_another_gateway_is_refused(adapter):
    """A page that the browser would silently refuse to post is refused here, aloud."""
    live = cmi.Merchant("600000099", STORE_KEY, cmi.PRODUCTION)
    with pytest.raises(cmi.ConfigurationError, match="another gateway"):
        adapter.payment_page(FORM, live)


@every_adapter
def test_a_second_origin_can_be_allowed(adapter):
    """Where the gateway leads on to another host, that host can be named."""
    got = adapter.payment_page(FORM, MERCHANT, other_origins=["https://acs.example"])
    assert f"form-action {ORIGIN} https://acs.example;" in got.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://a.example/",
        "a.example",
        "https://a.example; script-src *",
        "http://a.example",
        "*",
        "https://é.example",
    ],
)
def test_what_is_no_origin_is_refused(origin):
    """Nothing else can be smuggled into the policy."""
    with pytest.raises(cmi.ConfigurationError):
        hand_over(FORM, MERCHANT, [origin])


@every_site
def test_the_return_brings_its_fields(site):
    """The fields of the cross-site POST are read as they came, and can be given to `verify`."""
    got = site(pytest.fail, FORM).send("POST", BACK, answer(FORM))
    fields = json.loads(got.body)
    assert answer_fields(FORM) == {name: value for name, value in fields.items() if name != "HASH"}
    assert FORM.order_id == MERCHANT.verify(fields.items()).order_id


@every_site
@pytest.mark.parametrize("body", [b"", b"a=1&a=2", b"\xff", b"x" * 70_000])
def test_a_return_without_a_form_brings_nothing(site, body):
    """A cancelled payment, or a stranger's nonsense, is no fields and no error."""
    assert {} == json.loads(site(pytest.fail, FORM).send("POST", BACK, body).body)
    assert {} == json.loads(site(pytest.fail, FORM).send("GET", BACK).body)


@every_adapter
def test_the_return_leads_to_a_page_of_ours(adapter):
    """The form is answered 303, so that the browser asks with GET, and with its cookies."""
    got = adapter.see_other("/order/1")
    assert 303 == got.status_code
    assert ("/order/1", "no-store") == (got.headers["Location"], got.headers["Cache-Control"])


@every_adapter
def test_only_a_reply_is_a_reply(adapter):
    """`reply` takes one of the three words and nothing that looks like one."""
    with pytest.raises(cmi.ConfigurationError, match="Reply"):
        adapter.reply("APPROVED")
