"""A checkout on a journal of its own, with billing, mail, clock and randomness in the test's hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import cmi_gateway as cmi
from rak_billing.checkout import Checkout
from rak_billing.errors import BillingUnavailableError, MailError
from rak_billing.invoices import Account, Invoice, Statement
from rak_billing.payments.journal import Journal
from rak_billing.payments.schema import metadata
from rak_billing.tenant import Tenant
from support.gateway_kit import MERCHANT
from support.place import PostgresPlace, SqlitePlace

#: Where a journal can be.
Place = SqlitePlace | PostgresPlace

CUSTOMER = "100200300"
EMAIL = "client@example.com"
#: The guide's payment: 10/09/2018 10:48:58 in Casablanca, then at UTC+1.
NOON = datetime(2018, 9, 10, 9, 48, 58, tzinfo=UTC)

A = Invoice("123456789", "ELECTRICITE", "2018-02", date(2018, 4, 14), cmi.Money.parse("113.02"))
B = Invoice("987654321", "ELECTRICITE", "2018-03", date(2018, 5, 14), cmi.Money.parse("105.81"))


class Bills:
    """A billing system whose answers the test sets."""

    def __init__(self, *invoices: Invoice) -> None:
        self.account = Account(CUSTOMER, "M. Ahmed BENNANI", "12 RUE DES ORANGERS KENITRA")
        self.invoices = list(invoices)
        self.is_down = False

    def statement(self, customer_ref: str) -> Statement | None:
        if self.is_down:
            raise BillingUnavailableError("down")
        return Statement(self.account, self.invoices) if customer_ref == CUSTOMER else None


class Mailbox:
    """A mailer that keeps what it gets, and refuses while it is full."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.is_full = False

    def send(self, message: EmailMessage) -> None:
        if self.is_full:
            raise MailError("full")
        self.messages.append(message)


class Till:
    """A checkout with everything around it."""

    def __init__(self, journal: Journal, **settings: Any) -> None:
        self.now = NOON
        self.bills = Bills(A, B)
        self.mailbox = Mailbox()
        self.journal = journal
        self._drawn = 0
        parts: dict[str, Any] = {
            "tenant": Tenant.preset("rak"),
            "billing": self.bills,
            "journal": journal,
            "merchant": MERCHANT,
            "mailer": self.mailbox,
            "secret_key": "0123456789abcdef",
            "clock": lambda: self.now,
            "random_token": self.random,
        }
        self.checkout = Checkout(**(parts | settings))

    def random(self, size: int) -> bytes:
        """Give bytes that never repeat and are the same in every run."""
        self._drawn += 1
        return hashlib.sha256(str(self._drawn).encode()).digest()[:size]

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)

    def total(self, *chosen: Invoice) -> cmi.Money:
        """Give what these invoices cost today, fee included."""
        statement = Statement(self.bills.account, self.bills.invoices)
        return self.checkout.quote(statement, {invoice.reference for invoice in chosen}, "moroccan").total

    def pay(self, *chosen: Invoice, **changes: Any) -> cmi.SignedForm:
        """Start a payment of these invoices as a customer who accepts today's total."""
        arguments: dict[str, Any] = {
            "chosen": {invoice.reference for invoice in chosen},
            "email": EMAIL,
            "card": "moroccan",
            "terms": True,
        }
        if "accepted" not in changes:
            changes["accepted"] = self.total(*chosen)
        return self.checkout.pay(CUSTOMER, **(arguments | changes))

    def settle(self, raw: bytes) -> str:
        """Deliver a callback and give the text of the answer."""
        return self.checkout.settle(raw).value

    def seen(self, form: cmi.SignedForm) -> Any:
        """Give what the return page of this form shows."""
        return self.checkout.payment(token_of(form))

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Give all rows of a table of the journal."""
        with self.journal.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.exec_driver_sql(f"SELECT * FROM {table}")]

    def snapshot(self) -> dict[str, list[dict[str, Any]]]:
        """Give all rows of all tables."""
        return {table: self.rows(table) for table in sorted(metadata.tables)}

    def refused(self) -> dict[str, int]:
        """Give how many callbacks were not believed, by reason."""
        return {row["reason"]: row["count"] for row in self.rows("rejections")}

    def receipt(self, form: cmi.SignedForm) -> Any:
        """Give the receipt behind the link that the return page of this form shows."""
        return self.checkout.receipt(self.seen(form).receipt_url.rsplit("/", 1)[1])

    def reviews(self) -> list[str]:
        """Give what a person must look at, by kind."""
        return sorted(row["kind"] for row in self.rows("reviews"))


@contextmanager
def till(place: Place | Path | None = None, **settings: Any) -> Iterator[Till]:
    """Give a checkout on a journal in *place*, or in memory."""
    if isinstance(place, Path):
        url = f"sqlite:///{place / 'rak.db'}"
    else:
        url = "sqlite:///:memory:" if place is None else place.url
    with Journal.open(url) as journal:
        yield Till(journal, **settings)


def token_of(form: cmi.SignedForm) -> str:
    """Give the token in the form's return links."""
    return dict(form.fields)["okUrl"].rsplit("/", 1)[1]
