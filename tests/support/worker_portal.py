"""
An operator's own module as `rak-billing worker` loads it: everything that it talks to fails at the first try.

A mail is taken, and the connection drops before the answer. A posting is in the books, and the adapter stumbles over the answer.
Time is what a file says, so that a test can let hours pass for processes that it does not live in.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import cmi_gateway as cmi
import rak_billing as rak
from cmi_gateway.simulator.server import gateway_at
from rak_billing.billing_posting import Posting, PostingAnswer
from rak_billing.billing_systems.sqlite import SqliteBilling
from rak_billing.mailers import FolderMailer
from support.gateway_kit import STORE_KEY
from support.recovery_kit import API_PASSWORD, API_USER

CUSTOMERS = [str(100200300 + number) for number in range(4)]


class StumblingBooks(SqliteBilling):
    """Books whose adapter raises an error of its own after the first posting under each key."""

    def post(self, posting: Posting) -> PostingAnswer:
        """Post, and stumble the first time."""
        is_first = posting.key not in [known["key"] for known in self.postings()]
        answer = super().post(posting)
        if is_first:
            raise KeyError("entry")
        return answer


class DroppingMailer(FolderMailer):
    """A mailer whose connection drops after it took a message for the first time."""

    def send(self, message: EmailMessage) -> None:
        """Take the message, and drop the first time."""
        before = len(list(self.folder.glob("*.eml")))
        super().send(message)
        if len(list(self.folder.glob("*.eml"))) > before:
            raise ConnectionResetError("after DATA")


def clock_of(folder: Path) -> Callable[[], datetime]:
    """Give the clock that the file ``minutes`` of *folder* moves on."""
    return lambda: datetime.now(UTC) + timedelta(minutes=int((folder / "minutes").read_text() or 0))


def portal(folder: Path, journal_url: str, simulator_url: str) -> rak.Checkout:
    """Give the checkout of the shop that lives in *folder*."""
    clock = clock_of(folder)
    merchant = cmi.Merchant("600000099", STORE_KEY, gateway_at(simulator_url), "RAK")
    operations = ("capture", "void", "refund")
    api = cmi.ApiClient(merchant, user=API_USER, password=API_PASSWORD, operations=operations, clock=clock)
    return rak.Checkout(
        tenant=rak.Tenant.preset("rak"),
        billing=StumblingBooks(folder / "books.db"),
        journal=rak.Journal.open(journal_url),
        merchant=merchant,
        mailer=DroppingMailer(folder / "mails"),
        secret_key="0123456789abcdef",
        api=api,
        clock=clock,
    )


def checkout() -> rak.Checkout:
    """Give the checkout that the environment describes; what ``--checkout`` names."""
    return portal(Path(os.environ["SHOP"]), os.environ["SHOP_JOURNAL"], os.environ["SHOP_SIMULATOR"])


def bills() -> list[rak.Statement]:
    """Give one unpaid bill for each customer."""
    return [
        rak.Statement(
            rak.Account(customer, "M. Ahmed BENNANI", "12 RUE DES ORANGERS KENITRA"),
            [
                rak.Invoice(
                    f"F{customer}", "ELECTRICITE", "2018-02", date(2018, 4, 14), cmi.Money.parse("113.02")
                )
            ],
        )
        for customer in CUSTOMERS
    ]
