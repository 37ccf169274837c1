"""
What an order's status means: one of a closed set, and *paid* only on proof.

Three traps that published clients fell into are closed here:

- ``Approved`` with ``00`` on top of a status says that the query worked. A voided order answers so too.
- State ``A`` is an authorization. No money was taken, and none will be unless it is captured.
- An unknown order and a wrong password both come with code ``99``. Only the precise shape of the first counts as
  *not found*: ``Declined``, no transaction, no order id, no error code. Everything else is a query that failed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

import attrs

from cmi_gateway.api.history import LineKind, LineState, OrderHistory
from cmi_gateway.errors import MoneyError

if TYPE_CHECKING:
    from cmi_gateway.api.answers import Head, HistoryAnswer, StatusAnswer
    from cmi_gateway.api.history import OrderTransaction
    from cmi_gateway.money import Money


class OrderState(StrEnum):
    """What became of an order; only `PAID` means that the expected amount was taken."""

    #: Taken, and exactly what was expected.
    PAID = "paid"
    #: Taken; nobody said what was expected, so it was not compared.
    CAPTURED = "captured"
    #: Taken, and not what was expected: a person decides.
    AMOUNT_MISMATCH = "amount mismatch"
    #: Reserved and not taken: capture it, or let it go.
    AUTHORIZED = "authorized"
    VOIDED = "voided"
    #: The last attempt was declined; the order can be paid.
    FAILED = "failed"
    #: On its way; ask again after five minutes.
    PENDING = "pending"
    #: The last transaction is a refund: read the history for what is left.
    REFUND = "refund"
    #: The gateway holds nothing. Final only once the payer's hour on the payment page is over.
    NOT_FOUND = "not found"
    #: The answer proves nothing; treat the order as it was before.
    UNKNOWN = "unknown"


@attrs.frozen(kw_only=True)
class OrderStatus:
    """
    The answer to `cmi_gateway.ApiClient.status`.

    Attributes:
        order_id: The order that was asked about.
        state: What it means.
        transaction: The transaction that the gateway shows: the last successful one, else the last declined one.
        reason: Why the state is unknown; empty otherwise.
    """

    order_id: str
    state: OrderState
    transaction: OrderTransaction | None = None
    reason: str = ""

    @property
    def is_paid(self) -> bool:
        """Whether exactly the expected amount was taken."""
        return self.state is OrderState.PAID


_STATES: Final = {
    LineState.VOIDED: OrderState.VOIDED,
    LineState.DECLINED: OrderState.FAILED,
    LineState.NEW: OrderState.PENDING,
    LineState.PENDING: OrderState.PENDING,
    LineState.REVERSING: OrderState.PENDING,
}


def is_refused(head: Head) -> bool:
    """Whether a query was not answered but refused: a wrong password, a missing right, a system failure."""
    return bool(head.error_code) or head.response == "Error"


def order_status(answer: StatusAnswer, order_id: str, expected: Money | None = None) -> OrderStatus:
    """
    Judge a status.

    Args:
        answer: As read; a refused one is the caller's to raise.
        order_id: The order that was asked about.
        expected: What it should have been paid with.
    """
    head, transaction = answer.head, answer.transaction
    if answer.is_recurring:
        return _unknown(order_id, "the answer is about a series of payments")
    if is_refused(head):
        return _unknown(order_id, "the gateway reports an error")
    if transaction is None and not answer.order_id:
        is_missing = head.response == "Declined" and head.order_id in ("", order_id)
        state = OrderState.NOT_FOUND if is_missing else OrderState.UNKNOWN
        return OrderStatus(
            order_id=order_id, state=state, reason="" if is_missing else "the answer holds no transaction"
        )
    if answer.order_id != order_id or head.order_id not in ("", order_id):
        return _unknown(order_id, "the answer is about another order")
    if transaction is None:
        return _unknown(order_id, "the answer holds no state")
    state = _state(transaction, head, expected)
    reason = "the answer proves no state" if state is OrderState.UNKNOWN else ""
    return OrderStatus(order_id=order_id, state=state, transaction=transaction, reason=reason)


def order_history(answer: HistoryAnswer, order_id: str, currency: str = "MAD") -> OrderHistory | None:
    """Judge a history: None where it neither tells of the order nor says that it is unknown."""
    head = answer.head
    if is_refused(head) or head.order_id not in ("", order_id):
        return None
    if head.response == "Declined" and not answer.lines:
        return OrderHistory(order_id=order_id, is_found=False, currency=currency)
    if head.response != "Approved" or head.order_id != order_id:
        return None
    history = OrderHistory(order_id=order_id, is_found=True, lines=answer.lines, currency=currency)
    try:
        history.totals.net  # noqa: B018 - sums beyond any payment's amount are no history
    except MoneyError:
        return None
    return history


def _state(transaction: OrderTransaction, head: Head, expected: Money | None) -> OrderState:
    if transaction.kind is LineKind.REFUND:
        return OrderState.REFUND
    if transaction.kind is LineKind.PAYMENT and transaction.state in _STATES:
        return _STATES[transaction.state]
    # Only here is money good: the query must have worked and the host must have approved.
    if transaction.kind is LineKind.PAYMENT and head.is_success and transaction.is_approved:
        return _approved(transaction, expected)
    return OrderState.UNKNOWN


def _approved(transaction: OrderTransaction, expected: Money | None) -> OrderState:
    if transaction.state is LineState.AUTHORIZED:
        return OrderState.AUTHORIZED
    if transaction.state.is_taken and transaction.captured is not None:
        return _taken(transaction.captured, expected)
    return OrderState.UNKNOWN


def _taken(captured: Money, expected: Money | None) -> OrderState:
    if expected is None:
        return OrderState.CAPTURED
    return OrderState.PAID if captured == expected else OrderState.AMOUNT_MISMATCH


def _unknown(order_id: str, reason: str) -> OrderStatus:
    return OrderStatus(order_id=order_id, state=OrderState.UNKNOWN, reason=reason)
