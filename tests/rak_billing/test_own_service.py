"""The service of the documentation: on PostgreSQL, with the gateway over HTTP and a worker process, as a stranger builds it."""

import os
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest

from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.server import LoopbackServer, running_simulator
from rak_billing.billing_systems.sqlite import SqliteBilling
from rak_billing.demo import journey
from rak_billing.demo.customer import Customer
from rak_billing.errors import MailError
from support.callbacks import approved
from support.checkout_kit import EMAIL, A, till
from support.documented import DOCS, documented
from support.mail_relay import running_relay
from support.place import PostgresPlace

BILLS = Path(journey.__file__).parent
TOKEN = "a token of sixteen or more"
COMMAND = [sys.executable, "-c", "from rak_billing.cli import main; main()"]


def module(name):
    """Load a file of the example."""
    return documented(f"examples/own_service/{name}.py")


@pytest.fixture
def simulator():
    """The gateway, served."""
    account = MerchantAccount("600000099", "TEST1234", "RAK", api_user="rakapi", api_password="TEST-PASSWORD")
    with running_simulator([account]) as running:
        yield running


@pytest.fixture
def service(tmp_path, postgres, simulator, monkeypatch):
    """The environment that the example reads, for a database with its tables."""
    place = PostgresPlace(postgres)
    settings = {
        "RAK_FOLDER": str(tmp_path),
        "RAK_BILLING_DATABASE": place.url,
        "RAK_SECRET_KEY": "a secret of sixteen bytes or more",
        "RAK_METRICS_TOKEN": TOKEN,
        "CMI_CLIENT_ID": "600000099",
        "CMI_STORE_KEY": "TEST1234",
        "CMI_URL": simulator.gateway.url,
        "CMI_API_URL": simulator.gateway.api_url,
        "CMI_API_USER": "rakapi",
        "CMI_API_PASSWORD": "TEST-PASSWORD",
        "PYTHONPATH": str(DOCS / "examples" / "own_service"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    for name in ("customers.csv", "invoices.csv"):
        (tmp_path / name).write_bytes((BILLS / name).read_bytes())
    yield tmp_path
    place.clear()


def run(*arguments):
    """Run the installed command in a process of its own."""
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False, env=os.environ
    )


def test_a_stranger_s_service_takes_a_payment(service, simulator, monkeypatch):
    """Own views, own worker: accepted by the callback, paid, mailed and posted once by the worker, and nobody waits."""

    def site(environ, start_response):
        # The service is made once its address, which the server chooses, is known.
        return app(environ, start_response)

    server = LoopbackServer(site)
    monkeypatch.setenv("RAK_PORTAL_URL", server.url)
    checkout = module("monportail").checkout()
    app = module("own_views").make_app(checkout)
    with checkout.journal, server, Customer() as customer:
        recap = customer.open(f"{server.url}/recapitulatif?client=123456789&facture=123456789")
        assert "114,26" in recap.text
        page = journey.hand_over(
            customer, customer.press(recap, "Payer", terms="on", email="client@example.com")
        )
        back = journey.come_back(customer, journey.pay_card(customer, page))
        assert "Paiement reçu, en cours de confirmation." in back.text
        done = run("worker", "--once", "--checkout", "monportail:checkout")
        assert 0 == done.returncode, done.stderr
        assert "Paiement confirmé." in customer.open(back.url).text
    assert 1 == len(list((service / "mails").glob("*.eml")))
    assert 1 == len(SqliteBilling(service / "billing.db").postings())
    assert [11426] == [order.totals.captured.centimes for order in simulator.state.orders]


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"email": "nobody"}, 422),
        ({"terms": ""}, 422),
        ({"accepted": "x"}, 400),
        ({"facture": "1"}, 302),
        ({}, 200),
    ],
)
def test_whatever_a_customer_types_has_an_answer(service, monkeypatch, typed, status):
    """No page of the example ends in a fault of its own."""
    monkeypatch.setenv("RAK_PORTAL_URL", "https://paiement.example.ma")
    checkout = module("monportail").checkout()
    with checkout.journal:
        client = module("own_views").make_app(checkout).test_client()
        statement = checkout.look_up("123456789")
        chosen = {statement.invoices[0].reference}
        sealed = checkout.seal("123456789", checkout.quote(statement, chosen, "moroccan"))
        fields = {
            "client": "123456789", "facture": [*chosen], "accepted": sealed, "email": "client@example.com",
            "terms": "on",
        } | typed  # fmt: skip
        if not fields["terms"]:
            del fields["terms"]
        assert status == client.post("/payer", data=fields).status_code


def test_the_ready_made_portal_of_the_example_gives_its_numbers(service, monkeypatch):
    """The same module makes the portal; who holds the token reads the numbers."""
    monkeypatch.setenv("RAK_PORTAL_URL", "https://paiement.example.ma")
    portal = module("monportail").portal()
    with portal.extensions["rak_billing"].checkout.journal:
        got = portal.test_client().get("/metriques", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (200, True) == (got.status_code, got.text.startswith("# HELP rak_billing_"))


def test_mails_of_the_example_reach_a_relay():
    """Refused, they are tried again later; taken, they arrive once."""
    with running_relay() as relay:
        mailer = module("smtp_mailer").SmtpMailer(host="127.0.0.1", port=relay.port)
        with till(mailer=mailer) as shop:
            shop.settle(approved(shop.pay(A)))
            relay.is_full = True
            assert (0, []) == (shop.checkout.deliver(), relay.messages)
            relay.is_full = False
            shop.wait(minutes=1)
            assert (1, 0) == (shop.checkout.deliver(), shop.checkout.deliver())
        (message,) = relay.messages
        assert EMAIL == message["To"]
    with pytest.raises(MailError, match="ConnectionRefusedError"):
        mailer.send(EmailMessage())
