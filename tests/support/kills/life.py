"""
One payment from the order to the mail, lived by processes that may be killed at any point.

What is outside of the database is outside of the process too: what the gateway heard and the mails that left are lines
in files of *folder*. So whoever comes next finds the same gateway and the same post office.
"""

from __future__ import annotations

import os
import signal
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
from rak_billing.payments.journal import Journal
from support.checkout_kit import NOON, A, Till
from support.gateway_kit import MERCHANT, STORE_KEY

UNMARKED = "the mail has left and is not marked"
CAPTURE, VISA = "ACTION=POSTAUTH", "4000000000000010"
API_USER, API_PASSWORD = "rakapi", "S3cret-of-the-API"
#: When the sweep and the worker come by after a crash.
_LATER = tuple(timedelta(minutes=minutes) for minutes in (10, 16, 120, 1500))


class Points:
    """Counts the places at which a process can die, and dies at one of them."""

    def __init__(self, kill_at: int | None = None) -> None:
        self.names: list[str] = []
        #: Whether a mail has left, and no commit says so yet.
        self.is_mail_unmarked = False
        self._kill_at = kill_at

    def reach(self, name: str) -> None:
        """Note a point; SIGKILL if it is the one."""
        if len(self.names) == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.names.append(f"{name}, {UNMARKED}" if self.is_mail_unmarked else name)

    def watch(self, journal: Journal) -> None:
        """Note every statement, and both sides of every commit."""
        from sqlalchemy import event

        def statement(_connection: Any, _cursor: Any, text: str, *_: Any) -> None:
            self.reach(" ".join(text.split()[:3]))

        event.listen(journal.engine, "before_cursor_execute", statement)
        dialect = journal.engine.dialect
        right = dialect.do_commit

        def commit(connection: Any) -> None:
            self.reach("before COMMIT")
            right(connection)
            self.is_mail_unmarked = False
            self.reach("after COMMIT")

        dialect.do_commit = commit  # type: ignore[method-assign]


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

    def __init__(self, journal: Journal, folder: Path, points: Points) -> None:
        self._heard = folder / "heard"
        self._points = points
        self.clock = VirtualClock(NOON)
        account = MerchantAccount(
            MERCHANT.client_id, STORE_KEY, "RAK", api_user=API_USER, api_password=API_PASSWORD
        )
        self.gateway = SimulatedGateway([account], clock=self.clock, random=Random(1))
        self._transport = InProcessTransport(self.gateway)
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
            journal, clock=self.clock, api=api, sleep=self._sleep, mailer=PostOffice(folder, points)
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


def save_order(url: str) -> cmi.SignedForm:
    """Start the payment whose life the others live."""
    with Journal.open(url) as journal:
        return Till(journal).pay(A)


def live(url: str, folder: Path, form: cmi.SignedForm, points: Points) -> None:
    """Let the customer pay, ask the gateway, send the mail."""
    with Journal.open(url) as journal:
        life = Life(journal, folder, points)
        points.watch(journal)
        life.use_card(form, life.settle)
        life.work()


def recover(url: str, folder: Path, form: cmi.SignedForm, points: Points) -> dict[str, Any]:
    """Come by after a crash, again and again, and give what is there in the end."""
    heard = folder / "heard"
    with Journal.open(url) as journal:
        life = Life(journal, folder, points)
        life.use_card(form, lambda _: heard.read_text() if heard.exists() else "")
        points.watch(journal)
        for later in _LATER:
            life.clock.set(NOON + later)
            life.work()
        return _found(life, folder)


def _found(life: Life, folder: Path) -> dict[str, Any]:
    rows, mails = life.till.rows, folder / "mails"
    (order,) = life.gateway.orders
    return {
        "orders": [row["state"] for row in rows("orders")],
        "receipts": [row["number"] for row in rows("receipts")],
        "outbox": [row["sent_at"] is not None for row in rows("outbox")],
        "locks": len(rows("invoice_locks")),
        "captured": order.totals.captured.centimes,
        "total": [row["total_centimes"] for row in rows("orders")],
        "mails": mails.read_text().split() if mails.exists() else [],
        "reviews": [row["kind"] for row in rows("reviews") if row["resolved_at"] is None],
        "flaws": _flaws(life.till.journal),
    }


def _flaws(journal: Journal) -> list[str]:
    from rak_billing.payments.histories import broken_histories

    with journal.reading() as tx:
        return [str(flaw) for flaw in broken_histories(tx.connection)]
