"""The shops of the documentation: each pays through its framework's own test client, and one in a real browser."""

import re
import subprocess
import sys

import attrs
import django.test
import fastapi.testclient
import pytest
from flask import Flask, request

import cmi_gateway as cmi
from cmi_gateway.integrations import django as for_django
from cmi_gateway.integrations import fastapi as for_fastapi
from cmi_gateway.integrations import flask as for_flask
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.server import LoopbackServer, running_simulator
from support.adapter_kit import CALLBACK, EXAMPLES, FORM_TYPE, SITE, configured_django, example
from support.browser_kit import chromium, fill_card, visit
from support.gateway_kit import APPROVED, DECLINED, MERCHANT, STORE_KEY, answer
from support.simulator_kit import DECLINED_51, VISA

ENTRIES = {"name": "Amina Aït Ben", "email": "client@example.com"}
OPEN, PAID = "Pas encore payé", "Payé, merci."


class FlaskShop:
    def __init__(self):
        self.client = example("flask_shop").create_app(MERCHANT, SITE).test_client()

    def get(self, path):
        return self.client.get(path).text

    def start(self, **entries):
        got = self.client.post("/pay", data=entries)
        return got.status_code, got.text

    def post(self, path, body=b""):
        got = self.client.post(path, data=body, content_type=FORM_TYPE)
        return got.status_code, got.text, got.headers.get("Location")


class DjangoShop:
    def __init__(self):
        configured_django()
        self.client = django.test.Client(enforce_csrf_checks=True, SERVER_NAME="127.0.0.1")

    def get(self, path):
        return self.client.get(path).content.decode()

    def start(self, **entries):
        token = re.search('name="csrfmiddlewaretoken" value="(.+?)"', self.get("/"))[1]
        got = self.client.post("/pay", entries | {"csrfmiddlewaretoken": token})
        return got.status_code, got.content.decode()

    def post(self, path, body=b""):
        got = self.client.post(path, body, content_type=FORM_TYPE)
        return got.status_code, got.content.decode(), got.headers.get("Location")


class FastapiShop:
    def __init__(self):
        app = example("fastapi_shop").create_app(MERCHANT, SITE)
        self.client = fastapi.testclient.TestClient(app, follow_redirects=False)

    def get(self, path):
        return self.client.get(path).text

    def start(self, **entries):
        got = self.client.post("/pay", data=entries)
        return got.status_code, got.text

    def post(self, path, body=b""):
        got = self.client.post(path, content=body, headers={"Content-Type": FORM_TYPE})
        return got.status_code, got.text, got.headers.get("Location")


@pytest.fixture(params=[FlaskShop, DjangoShop, FastapiShop], ids=["flask", "django", "fastapi"])
def shop(request):
    return request.param()


def paying(shop):
    """Start a payment; give the form that left."""
    status, page = shop.start(**ENTRIES)
    assert 200 == status
    fields = re.findall('name="(.*?)" value="(.*?)"', page)
    return cmi.SignedForm(MERCHANT.gateway.url, tuple(fields))


def test_a_payment(shop):
    """From the entries to « Payé »: the callback decides, before and after the browser came back."""
    assert "114,26 DH" in shop.get("/")
    form = paying(shop)
    page = f"/order/{form.order_id}"
    assert (303, "", page) == shop.post(f"{page}/back", answer(form))
    assert OPEN in shop.get(page)
    assert (200, "ACTION=POSTAUTH", None) == shop.post(CALLBACK, answer(form))
    assert PAID in shop.get(page)


def test_the_browser_pays_nothing(shop):
    """A genuine approval brought by the browser changes nothing: only the gateway's server is believed."""
    form = paying(shop)
    shop.post(f"/order/{form.order_id}/back", answer(form))
    assert OPEN in shop.get(f"/order/{form.order_id}")


def test_a_decline_may_be_followed_by_an_approval(shop):
    """A decline is acknowledged and leaves the order open; the next card pays it; a repeat gets the first answer."""
    form = paying(shop)
    declined = answer(form, DECLINED)
    assert "APPROVED" == shop.post(CALLBACK, declined)[1]
    assert OPEN in shop.get(f"/order/{form.order_id}")
    for _ in range(2):
        assert "ACTION=POSTAUTH" == shop.post(CALLBACK, answer(form))[1]
    assert "APPROVED" == shop.post(CALLBACK, declined)[1]
    assert PAID in shop.get(f"/order/{form.order_id}")


def test_a_second_approval_is_not_captured(shop):
    """Money is taken once for one order."""
    form = paying(shop)
    assert "ACTION=POSTAUTH" == shop.post(CALLBACK, answer(form))[1]
    second = answer(form, APPROVED | {"TransId": "18253Kw4H99999"})
    assert "APPROVED" == shop.post(CALLBACK, second)[1]


def test_an_answer_to_another_order_is_refused(shop):
    """A callback for an order that the shop never had, or of another amount, is answered FAILURE."""
    known = paying(shop)
    cheap = cmi.SignedForm(
        known.action,
        tuple((name, "1.00" if name == "amount" else value) for name, value in known.fields),
    )
    strange = cmi.SignedForm(
        known.action,
        tuple((name, "X-1" if name == "oid" else value) for name, value in known.fields),
    )
    assert {"FAILURE"} == {shop.post(CALLBACK, answer(form))[1] for form in (cheap, strange)}
    assert OPEN in shop.get(f"/order/{known.order_id}")


def test_entries_that_cannot_be_signed(shop):
    """A payer's slip is told, and no order is opened."""
    status, page = shop.start(name="Amina", email="no address")
    assert 422 == status
    assert "ne convient pas" in page


def test_the_shops_pass_their_own_checks(shop):
    """What the documentation shows, the checks find nothing in."""
    adapter, subject = {
        FlaskShop: lambda: (for_flask, shop.client.application),
        DjangoShop: lambda: (for_django, django.conf.settings),
        FastapiShop: lambda: (for_fastapi, shop.client.app),
    }[type(shop)]()
    assert [] == adapter.check(subject, CALLBACK, "/order/SHOP-1/back")


@pytest.mark.parametrize("name", ["flask_shop", "fastapi_shop"])
def test_the_commands_in_the_examples_find_their_application(name):
    """`demo` gives an application that speaks to the simulator at its usual port."""
    assert callable(example(name).demo())


def test_the_django_command_finds_its_application():
    """So does Django's, in a process of its own, since a process has one set of settings."""
    code = "import django_shop; print(callable(django_shop.demo()))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=EXAMPLES, capture_output=True, text=True, check=True
    )
    assert "True" == done.stdout.strip()


@attrs.define
class Served:
    """A shop that is built when its own address is known, and what it was asked: method, last part of the path, cookie."""

    app: Flask | None = None
    url: str = ""
    seen: list[tuple[str, str, bool]] = attrs.Factory(list)

    def __call__(self, environ, begin):
        return self.app(environ, begin)

    def open(self, merchant, url):
        self.url = url
        self.app = example("flask_shop").create_app(merchant, url)
        self.app.before_request(self.note)
        self.app.after_request(self.mark)

    def note(self):
        self.seen.append((request.method, request.path.rpartition("/")[2], "mark" in request.cookies))

    def mark(self, response):
        response.set_cookie("mark", "1", samesite="Lax")
        return response


@pytest.fixture
def served():
    """Serve the Flask shop as ``localhost``: to the browser another site than the simulator at ``127.0.0.1``."""
    account = MerchantAccount(client_id="600000099", store_keys=STORE_KEY, name="Boutique")
    shop = Served()
    with running_simulator([account]) as simulator, LoopbackServer(shop) as server:
        merchant = cmi.Merchant("600000099", STORE_KEY, simulator.gateway, "Boutique")
        shop.open(merchant, f"http://localhost:{server.port}")
        yield shop


@pytest.mark.browser
@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_a_customer_pays_in_a_browser(served, tmp_path, script):
    """A customer buys the carpet in Chromium: a declined card, then one that pays; the browser complains of nothing."""
    with chromium() as browser, visit(browser, tmp_path, script=script) as window:
        window.page.goto(served.url)
        window.page.get_by_label("Nom").fill(ENTRIES["name"])
        window.page.get_by_label("Email").fill(ENTRIES["email"])
        window.press("Payer")
        if not script:
            window.press("Continuer vers le paiement")
        fill_card(window, DECLINED_51)
        window.page.get_by_text("Provision insuffisante (51)").wait_for()
        fill_card(window, VISA)
        if not script:
            window.press("Cliquez ici pour retourner au site marchand")
        window.page.get_by_text(PAID).wait_for()
        assert [] == window.complaints
    # The browser leaves a SameSite=Lax cookie out of the form, and brings it to the page after.
    assert ("POST", "back", False) in served.seen
    assert ("GET", True) == served.seen[-1][::2]
    assert 2 == served.seen.count(("POST", "callback", False))
