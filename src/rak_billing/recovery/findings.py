"""
What the gateway says of an attempt when it is asked, in the few words that a decision needs.

Only the gateway's precise shapes count: whatever cannot be read proves nothing, and is asked again.
"""

from datetime import datetime
from enum import Enum, auto, unique

import attrs

from cmi_gateway.api.history import LineState, OrderHistory, OrderTransaction
from cmi_gateway.api.order import OrderState, OrderStatus
from cmi_gateway.money import Money


@unique
class Holds(Enum):
    """What the gateway holds of an attempt."""

    NOTHING = auto()  # it knows no such order
    UNCLEAR = auto()  # on its way, or an answer that proves nothing
    DECLINED = auto()
    RESERVED = auto()  # authorized, not taken
    TAKEN = auto()  # exactly what was expected
    OTHER_AMOUNT = auto()  # reserved or taken, and not what was expected
    VOIDED = auto()
    PART_RETURNED = auto()
    RETURNED = auto()


@attrs.frozen
class Finding:
    """
    The answer to one look.

    Attributes:
        holds: What it says.
        transaction: The transaction that it shows; None where there is none.
        is_settled: Whether its batch is closed.
    """

    holds: Holds
    transaction: OrderTransaction | None = attrs.field(default=None, repr=False)
    is_settled: bool = False

    @property
    def transaction_id(self) -> str | None:
        """The gateway's reference of the transaction."""
        return self.transaction.transaction_id or None if self.transaction is not None else None

    @property
    def authorized_at(self) -> datetime | None:
        """When the bank authorized, in UTC; None where the gateway does not say."""
        return None if self.transaction is None else self.transaction.authorized_at


_PLAIN = {
    OrderState.PAID: Holds.TAKEN,
    OrderState.AMOUNT_MISMATCH: Holds.OTHER_AMOUNT,
    # Nobody compared it with what was expected, so that it proves nothing.
    OrderState.CAPTURED: Holds.UNCLEAR,
    OrderState.VOIDED: Holds.VOIDED,
    OrderState.FAILED: Holds.DECLINED,
    OrderState.PENDING: Holds.UNCLEAR,
    OrderState.NOT_FOUND: Holds.NOTHING,
    OrderState.UNKNOWN: Holds.UNCLEAR,
    # The history has to tell how much is left.
    OrderState.REFUND: Holds.UNCLEAR,
}


def finding_of(status: OrderStatus, expected: Money) -> Finding:
    """Read a status that was asked for with *expected*."""
    transaction = status.transaction
    is_settled = transaction is not None and transaction.state is LineState.SETTLED
    if status.state is OrderState.AUTHORIZED:
        is_expected = transaction is not None and transaction.original == expected
        return Finding(Holds.RESERVED if is_expected else Holds.OTHER_AMOUNT, transaction)
    return Finding(_PLAIN[status.state], transaction, is_settled=is_settled)


def finding_after_refund(history: OrderHistory, status: OrderStatus) -> Finding:
    """Read the history of an order whose last transaction is a refund."""
    totals = history.totals
    if not history.is_found or totals.is_provisional or not totals.refunded.centimes:
        return Finding(Holds.UNCLEAR, status.transaction)
    return Finding(Holds.PART_RETURNED if totals.net.centimes else Holds.RETURNED, status.transaction)
