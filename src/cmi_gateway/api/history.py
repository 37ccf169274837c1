"""
All transactions of one order as the gateway holds them, and the money that they add up to.

A status shows one transaction, and after a refund it shows the refund: only the history tells what was taken and
given back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

import attrs

from cmi_gateway.money import Money


class LineKind(StrEnum):
    """Which way the money goes; the value is the gateway's letter."""

    #: Authorization, capture or sale.
    PAYMENT = "S"
    REFUND = "C"
    #: A letter that is not known.
    UNKNOWN = ""


class LineState(StrEnum):
    """How far a transaction is; the value is the gateway's."""

    #: Money is reserved and not taken. Never paid, though published clients read it so.
    AUTHORIZED = "A"
    #: Taken, in the open batch: can be voided.
    CAPTURED = "C"
    #: Taken, in a closed batch: can be refunded.
    SETTLED = "S"
    DECLINED = "D"
    #: Cancelled; its captured amount is still filled in, and counts for nothing.
    VOIDED = "V"
    #: At the first step; it will become another state.
    NEW = "NW"
    #: The bank has not confirmed; up to 72 hours.
    PENDING = "PN"
    #: To be reversed; ask until the end of the day.
    REVERSING = "R"
    #: A failed instalment of a series.
    ERROR = "ERR"
    #: A cancelled instalment of a series.
    CANCELLED = "CNCL"
    #: A state that is not known.
    UNKNOWN = ""

    @property
    def is_transient(self) -> bool:
        """Whether it will become another state by itself; one that is not known may."""
        return self in _TRANSIENT

    @property
    def is_taken(self) -> bool:
        """Whether money moved, or moves with the next batch."""
        return self in _TAKEN


_TRANSIENT: Final = frozenset({LineState.NEW, LineState.PENDING, LineState.REVERSING, LineState.UNKNOWN})
_TAKEN: Final = frozenset({LineState.CAPTURED, LineState.SETTLED})


@attrs.frozen(kw_only=True)
class OrderTransaction:
    """
    One transaction of an order. Every fact but kind and state may be missing.

    Attributes:
        kind: Payment or refund.
        state: How far it is.
        original: The amount authorized, or asked to be refunded.
        captured: The amount taken or given back; None for an open authorization.
        authorized_at, captured_at, voided_at: Instants in UTC, read as Moroccan time.
        host_reference: The bank's reference (RRN).
        authorization_code: The issuer's.
        return_code: The host's result of this transaction: ``00`` is approved.
        transaction_id: The gateway's reference, opaque.
        batch: The batch that settled it.
    """

    kind: LineKind
    state: LineState
    transaction_id: str
    return_code: str
    original: Money | None = None
    captured: Money | None = None
    authorized_at: datetime | None = None
    captured_at: datetime | None = None
    voided_at: datetime | None = None
    host_reference: str = ""
    authorization_code: str = ""
    batch: str = ""

    @property
    def is_approved(self) -> bool:
        """Whether the host approved it."""
        return self.return_code == "00"


@attrs.frozen(kw_only=True)
class HistoryLine(OrderTransaction):
    """One line of an order's history; its transaction id is never missing."""


@attrs.frozen(kw_only=True)
class OrderTotals:
    """
    What an order's approved transactions add up to.

    Attributes:
        captured: Taken from the payer.
        refunded: Given back, or on its way with the next batch.
        authorized: Reserved and not taken.
        is_provisional: Whether a transaction is still on its way, or in a state or of a kind that is not known: the
            sums may change, and no operation should rely on them.
    """

    captured: Money
    refunded: Money
    authorized: Money
    is_provisional: bool = False

    @property
    def net(self) -> Money:
        """What is left with the merchant."""
        return self.captured - self.refunded


@attrs.frozen(kw_only=True)
class OrderHistory:
    """
    What the gateway holds of one order.

    Attributes:
        order_id: Which order.
        is_found: Whether the gateway knows it. An order exists there only once a card was submitted, so that one
            whose payer is still on the page is not found either.
        lines: The oldest first.
        currency: Of the amounts.
    """

    order_id: str
    is_found: bool
    lines: tuple[HistoryLine, ...] = ()
    currency: str = "MAD"

    @property
    def totals(self) -> OrderTotals:
        """The money of the approved lines; voided and declined ones count for nothing."""
        approved = [line for line in self.lines if line.is_approved]
        payments = [line for line in approved if line.kind is LineKind.PAYMENT]
        refunds = [line for line in approved if line.kind is LineKind.REFUND]
        return OrderTotals(
            captured=self._sum(line.captured for line in payments if line.state.is_taken),
            refunded=self._sum(line.captured for line in refunds if line.state.is_taken),
            authorized=self._sum(line.original for line in payments if line.state is LineState.AUTHORIZED),
            is_provisional=any(_is_open_ended(line) for line in self.lines),
        )

    def line(self, transaction_id: str) -> HistoryLine | None:
        """Give the line of that transaction; None where there is none, or more than one."""
        found = [line for line in self.lines if line.transaction_id == transaction_id]
        return found[0] if len(found) == 1 else None

    def _sum(self, amounts: Iterable[Money | None]) -> Money:
        return sum((amount for amount in amounts if amount is not None), Money(0, self.currency))


def _is_open_ended(line: HistoryLine) -> bool:
    if line.state.is_transient or line.kind is LineKind.UNKNOWN:
        return True
    # Taken, says the gateway, and not how much, or not that the host approved: no sum holds with it.
    return line.state.is_taken and (line.captured is None or not line.is_approved)
