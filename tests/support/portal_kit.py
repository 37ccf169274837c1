"""A portal on a real checkout and a real journal file, and a customer who clicks through Flask's test client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cmi_gateway.money import Money
from rak_billing.checkout import Checkout
from rak_billing.errors import BillingUnavailableError
from rak_billing.invoices import Account, Invoice, Statement
from rak_billing.payments.journal import Journal
from rak_billing.portal.answer_floor import AnswerFloor
from rak_billing.portal.app import create_app
from rak_billing.ports import Challenge
from rak_billing.tenant import Tenant
from support.bills import INVOICE_A, INVOICE_B, STATEMENT
from support.gateway_kit import APPROVED, MERCHANT, answer_fields, signed_body

SECRET = "a secret of the tests, long enough"
NOW = datetime(2018, 9, 10, 9, 14, 42, tzinfo=UTC)
A, B = INVOICE_A.reference, INVOICE_B.reference

MANDATORY = Invoice("77", "EAU", date(2018, 1, 1), date(2018, 3, 1), Money(4500), is_mandatory=True)
OPTIONAL = Invoice("88", "EAU", date(2018, 2, 1), date(2018, 4, 1), Money(1500))
HOSTILE = Invoice("<b>9</b>", "<script>alert(1)</script>", date(2018, 2, 1), date(2018, 4, 1), Money(1500))


def _account(customer_ref: str) -> Account:
    return Account(customer_ref, "Mme <i>ALAOUI</i> Fatima", '4 AVENUE "X" <img src=x> KENITRA')


STATEMENTS = {
    "123456789": STATEMENT,
    "555": Statement(_account("555"), (MANDATORY, OPTIONAL)),
    "666": Statement(_account("666"), (HOSTILE,)),
    "777": Statement(_account("777"), ()),
}


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


class Billing:
    """The operator's bills, as a dictionary that a test may change."""

    def __init__(self) -> None:
        self.statements = dict(STATEMENTS)
        self.is_down = False
        self.asked: list[str] = []

    def statement(self, customer_ref: str) -> Statement | None:
        """Look a customer up."""
        self.asked.append(customer_ref)
        if self.is_down:
            raise BillingUnavailableError("down for the test")
        return self.statements.get(customer_ref)


class Mailbox:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    def send(self, message: EmailMessage) -> None:
        """Keep *message*."""
        self.messages.append(message)


class Anybody:
    """A human check that lets everybody in: put there in code, as no setting could."""

    def challenge(self, *, binding: str) -> Challenge:
        """Give a challenge that nobody has to solve."""
        return Challenge(token="open", question="?", difficulty=1)

    def passed(self, answers: Mapping[str, str], *, binding: str) -> bool:
        """Let everybody in."""
        return True


@attrs.frozen
class Desk:
    """A running portal with everything behind it, and one customer's browser."""

    app: Flask
    checkout: Checkout
    billing: Billing
    mailbox: Mailbox
    clock: Clock
    client: FlaskClient

    def csrf(self) -> str:
        """Read the form token of this browser's session."""
        return soup(self.client.get("/identification")).find(attrs={"name": "csrf_token"})["value"]

    def static(self, url: str) -> tuple[str, str]:
        """Read a static file, and close it: its text and its cache rule."""
        with self.client.get(url) as answer:
            return answer.text, answer.headers["Cache-Control"]

    def post(self, url: str, /, **fields: Any) -> TestResponse:
        """Post a form as a page of ours would."""
        return self.client.post(url, data={"csrf_token": self.csrf(), **fields})

    def identify(self, customer_ref: str = "123456789", **changes: str) -> TestResponse:
        """Send the form of step 2."""
        email = "client@example.com"
        fields = {"customer_ref": customer_ref, "email": email, "email_again": email, "card": "moroccan"}
        return self.post("/identification", **(fields | changes))

    def draft(self, customer_ref: str = "123456789", chosen: list[str] | None = None) -> str:
        """Go to the list, and with *chosen* to the recap; give the draft's token."""
        token = self.identify(customer_ref).location.rsplit("/", 1)[1]
        if chosen is not None:
            assert self.post(f"/factures/{token}", invoice=chosen, action="continue").status_code == 303
        return token

    def recap_fields(self, token: str) -> dict[str, str]:
        """Read the hidden fields of the recap's form."""
        page = soup(self.client.get(f"/recapitulatif/{token}"))
        return {field["name"]: field["value"] for field in page.select("form input[type=hidden]")}

    def pay(self, token: str, **changes: str) -> TestResponse:
        """Press « Payer » on the recap, terms accepted."""
        return self.client.post(
            f"/paiement/{token}", data=self.recap_fields(token) | {"terms": "yes"} | changes
        )

    def callback(self, page: TestResponse, results: Mapping[str, str] = APPROVED) -> TestResponse:
        """Answer the form of a redirect page as the gateway's server does."""
        return self.client.post("/cmi/callback", data=gateway_answer(page, results), content_type=FORM)


FORM = "application/x-www-form-urlencoded"


def sent_fields(page: TestResponse) -> dict[str, str]:
    """Read the signed fields of a redirect page."""
    return {field["name"]: field["value"] for field in soup(page).select("form input[type=hidden]")}


def gateway_answer(page: TestResponse, results: Mapping[str, str] = APPROVED) -> bytes:
    """Sign the gateway's answer to the form of a redirect page."""
    form: Any = SimpleNamespace(fields=tuple(sent_fields(page).items()))
    return signed_body(answer_fields(form, results))


def return_path(page: TestResponse) -> str:
    """Give the path of the okUrl that a redirect page carries."""
    return "/retour/" + sent_fields(page)["okUrl"].rsplit("/", 1)[1]


def soup(page: TestResponse) -> BeautifulSoup:
    """Parse a page."""
    return BeautifulSoup(page.get_data(as_text=True), "html.parser")


def words(page: TestResponse) -> str:
    """Give the text of a page, white space folded."""
    return " ".join(soup(page).get_text(" ").split())


@contextmanager
def open_desk(folder: Path, *, tenant: Mapping[str, Any] | None = None, **settings: Any) -> Iterator[Desk]:
    """Open a portal on a journal file in *folder*; nobody has to prove to be human unless a check is given."""
    clock, billing, mailbox = Clock(), Billing(), Mailbox()
    operator = attrs.evolve(
        Tenant.preset("rak"), **({"portal_url": "http://127.0.0.1:5000"} | dict(tenant or {}))
    )
    with Journal.open(f"sqlite:///{folder / 'journal.db'}") as journal:
        checkout = Checkout(
            tenant=operator,
            billing=billing,
            journal=journal,
            merchant=MERCHANT,
            mailer=mailbox,
            secret_key=SECRET,
            clock=clock,
        )
        options = {"human_check": Anybody(), "floor": AnswerFloor(0), "clock": clock} | settings
        app = create_app(checkout, secret_key=SECRET, **options)
        base_url = operator.portal_url
        client = app.test_client()
        client.environ_base["wsgi.url_scheme"] = base_url.partition(":")[0]
        yield Desk(app, checkout, billing, mailbox, clock, client)
