"""A machine that sweeps and delivers; the gateway says that everything is paid, and files note what was asked and sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from cmi_gateway import Money
from cmi_gateway.api.history import LineKind, LineState, OrderTransaction
from cmi_gateway.api.order import OrderState, OrderStatus
from rak_billing.payments.journal import Journal
from support.checkout_kit import NOON, Till

_SOON = NOON + timedelta(minutes=10)


class PaidGateway:
    """A gateway that took the money of every order."""

    operations: frozenset[str] = frozenset()

    def __init__(self, folder: Path, amounts: Mapping[str, str]) -> None:
        self._asked, self._amounts = folder / "asked", amounts

    def status(self, order_id: str, *, expected: Money | None = None) -> OrderStatus:
        """Say that exactly the expected amount was taken."""
        with self._asked.open("a") as file:
            file.write(f"{order_id}\n")
        amount = Money.parse(self._amounts[order_id])
        assert amount == expected
        taken = OrderTransaction(
            kind=LineKind.PAYMENT,
            state=LineState.CAPTURED,
            transaction_id=f"T-{order_id}",
            return_code="00",
            original=amount,
            captured=amount,
            authorized_at=NOON,
        )
        return OrderStatus(order_id=order_id, state=OrderState.PAID, transaction=taken)


class Lines:
    """A mailer that notes each mail on a line."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def send(self, message: EmailMessage) -> None:
        """Note a mail."""
        with self._file.open("a") as file:
            file.write(f"{message['Message-ID']}\n")


def sweep_all(url: str, folder: Path) -> None:
    """Sweep and deliver until nothing is due; *folder* holds the orders with their amounts."""
    amounts = dict(line.split() for line in (folder / "orders").read_text().splitlines())
    api: Any = PaidGateway(folder, amounts)
    with Journal.open(url) as journal:
        settings: dict[str, Any] = {"api": api, "sleep": lambda _: None, "mailer": Lines(folder / "mails")}
        shop = Till(journal, clock=lambda: _SOON, **settings)
        while not shop.checkout.sweep(limit=1000).is_finished:
            pass
        shop.checkout.deliver()
