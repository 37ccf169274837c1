"""
One payment from the order to the books and the mail, lived by processes that may be killed at any point.

What is outside of the journal is outside of the process too: what the gateway heard, the mails that left and the books
are files of *folder*. So whoever comes next finds the same gateway, the same post office and the same books.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from random import Random
from typing import Any

import cmi_gateway as cmi
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.simulator.gateway import SimulatedGateway
from cmi_gateway.simulator.in_process import InProcessCustomer, InProcessTransport
from rak_billing.billing_systems.sqlite import SqliteBilling
from rak_billing.invoices import Statement
from rak_billing.payments.journal import Journal
from support.checkout_kit import NOON, A, B, Bills, Till
from support.gateway_kit import MERCHANT, STORE_KEY
from support.kills.books import LedgerBeside, WatchedBooks
from support.kills.points import Points

CAPTURE, VISA = "ACTION=POSTAUTH", "4000000000000010"
API_USER, API_PASSWORD = "rakapi", "S3cret-of-the-API"
#: When the sweep, the worker and a person come by after a crash, until all is done; and when once more.
_LATER = tuple(timedelta(minutes=minutes) for minutes in (10, 16, 120, 1500, 3000, 4500))
_MUCH_LATER = timedelta(days=30)


class PostOffice:
    """Keeps a line for every mail."""

    def __init__(self, folder: Path, points: Points) -> None:
        self._file, self._points = folder / "mails", points

    def send(self, message: EmailMessage) -> None:
        """Take a mail."""
        self._points.reach("before the mail")
        with self._file.open("a") as file:
            file.write(f"{message['Message-ID']}\n")
        self._points.is_mail_unmarked = True
        self._points.reach("after the mail")


class Life:
    """The shop, and the gateway as it is known from its file."""

    def __init__(self, journal: Journal, folder: Path, way: str, points: Points) -> None:
        self._heard = folder / "heard"
        self._points = points
        self.clock = VirtualClock(NOON)
        account = MerchantAccount(
            MERCHANT.client_id, STORE_KEY, "RAK", api_user=API_USER, api_password=API_PASSWORD
        )
        self.gateway = SimulatedGateway([account], clock=self.clock, random=Random(1))
        self._transport = InProcessTransport(self.gateway)
        self.books = WatchedBooks(way, folder, journal, points)
        api = cmi.ApiClient(
            MERCHANT,
            user=API_USER,
            password=API_PASSWORD,
            operations=("capture", "void", "refund"),
            transport=self._carry,
            clock=self.clock,
            sleep=self._sleep,
        )
        self.till = Till(
            journal,
            clock=self.clock,
            api=api,
            sleep=self._sleep,
            mailer=PostOffice(folder, points),
            billing=self.books,
        )

    def _sleep(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)

    def _carry(self, body: bytes, /, **how: Any) -> Any:
        self._points.reach("before the request")
        answer = self._transport(body, **how)
        if any(order.totals.captured.centimes for order in self.gateway.orders):
            self._heard.write_text(CAPTURE)
        self._points.reach("after the request")
        return answer

    def use_card(self, form: cmi.SignedForm, settle: Callable[[bytes], str]) -> None:
        """Pay at the gateway, which tells *settle*."""
        InProcessCustomer(self.gateway, settle).pay(form, VISA)

    def settle(self, body: bytes) -> str:
        """Settle as the shop does; the gateway hears the answer."""
        answer = self.till.settle(body)
        self._points.reach("before the answer")
        self._heard.write_text(answer)
        self._points.reach("after the answer")
        return answer

    def work(self) -> None:
        """Do what a worker does when it comes by."""
        while not self.till.checkout.sweep().is_finished:
            pass
        self.till.checkout.deliver()

    def has_delivered_all(self) -> bool:
        """Tell whether something had to leave, and has left."""
        with self._points.offstage():
            rows = self.till.rows("outbox")
        return bool(rows) and all(row["sent_at"] for row in rows)

    def ask_a_person(self) -> None:
        """Have somebody look into the books for each posting that was given up, and say whether it is there."""
        with self._points.offstage():
            keys = {entry[0] for entry in self.books.entries()}
        staff = self.till.checkout.staff()
        for letter in staff.dead_letters():
            is_there = letter.order_reference in keys
            staff.revive(letter.key, delivered=is_there, by="Amina", why="looked into the books")


def save_order(journal: Journal, folder: Path) -> cmi.SignedForm:
    """Start the payment whose life the others live."""
    bills = SqliteBilling(folder / "bills.db")
    bills.load([Statement(Bills().account, [A, B])])
    LedgerBeside(journal).create_tables()
    return Till(journal, billing=bills).pay(A)


def live(journal: Journal, folder: Path, way: str, form: cmi.SignedForm, points: Points) -> None:
    """Let the customer pay, ask the gateway, post, send the mail."""
    life = Life(journal, folder, way, points)
    points.watch(journal)
    life.use_card(form, life.settle)
    life.work()


def recover(journal: Journal, folder: Path, way: str, form: cmi.SignedForm, points: Points) -> dict[str, Any]:
    """Come by after a crash, again and again, and give what is there in the end."""
    heard = folder / "heard"
    life = Life(journal, folder, way, points)
    life.use_card(form, lambda _: heard.read_text() if heard.exists() else "")
    points.watch(journal)
    for later in _LATER:
        if not life.has_delivered_all():
            life.ask_a_person()
            life.clock.set(NOON + later)
            life.work()
    # Once more when all is done: a late visit changes nothing.
    life.clock.set(NOON + _MUCH_LATER)
    life.work()
    with points.offstage():
        return _found(life, folder)


def _found(life: Life, folder: Path) -> dict[str, Any]:
    rows, mails = life.till.rows, folder / "mails"
    (order,) = life.gateway.orders
    return {
        "orders": [row["state"] for row in rows("orders")],
        "attempts": [row["state"] for row in rows("attempts")],
        "receipts": [row["number"] for row in rows("receipts")],
        "outbox": [row["sent_at"] is not None for row in rows("outbox")],
        "locks": [row["released_at"] is not None for row in rows("invoice_locks")],
        "captured": order.totals.captured.centimes,
        "total": [row["total_centimes"] for row in rows("orders")],
        "books": life.books.entries(),
        "key": [row["reference"] for row in rows("orders")],
        "mails": mails.read_text().split() if mails.exists() else [],
        "reviews": [(row["kind"], row["resolved_at"] is not None) for row in rows("reviews")],
        "flaws": _flaws(life.till.journal),
    }


def _flaws(journal: Journal) -> list[str]:
    from rak_billing.payments.histories import broken_histories

    with journal.reading() as tx:
        return [str(flaw) for flaw in broken_histories(tx.connection)]
