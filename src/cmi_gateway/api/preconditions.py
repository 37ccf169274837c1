"""
Whether what the gateway holds of an order allows a capture, void or refund: looked at before anything is sent.

The gateway has no idempotency key. What protects money is its own state, read just before: an authorization is there
to be captured, a transaction to be voided, a settled sum to be refunded. Rules, and where they come from:

- A capture takes one open authorization, and never more than was authorized. Some acquirers allow more, or several;
  nothing says that CMI does.
- A void names its transaction. By the order alone the gateway chooses, and in a published capture it chose the refund.
- A void works until the batch closes, a refund after it. The states say so (``C`` and ``S``), never the clock: nobody
  publishes when CMI closes its batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmi_gateway.api.documents import RequestKind
from cmi_gateway.api.history import HistoryLine, LineKind, LineState
from cmi_gateway.errors import OperationNotPossibleError
from cmi_gateway.money import Money

if TYPE_CHECKING:
    from cmi_gateway.api.history import OrderHistory

_VOIDABLE: Final = {
    (LineKind.PAYMENT, LineState.AUTHORIZED),
    (LineKind.PAYMENT, LineState.CAPTURED),
    (LineKind.REFUND, LineState.CAPTURED),
}


def target_of(
    kind: RequestKind,
    history: OrderHistory,
    *,
    amount: Money | None = None,
    transaction_id: str | None = None,
) -> str:
    """
    Give the transaction that the operation changes; nothing for a refund, which makes a new one.

    Raises:
        OperationNotPossibleError: the history does not allow it; says what would be right instead.
    """
    if not history.is_found:
        raise _no(kind, history, "the gateway does not know the order")
    if history.totals.is_provisional:
        raise _no(kind, history, "a transaction of the order is still on its way", "wait")
    if kind is RequestKind.VOID:
        return _to_void(history, transaction_id)
    assert amount is not None
    if kind is RequestKind.CAPTURE:
        return _to_capture(history, amount)
    _check_refund(history, amount)
    return ""


def _to_capture(history: OrderHistory, amount: Money) -> str:
    kind = RequestKind.CAPTURE
    open_ones = [line for line in history.lines if _is(line, LineKind.PAYMENT, LineState.AUTHORIZED)]
    if not open_ones:
        if history.totals.captured.centimes:
            raise _no(kind, history, f"already captured: {history.totals.captured}", "nothing")
        raise _no(kind, history, "there is no open authorization to capture")
    if len(open_ones) > 1:
        raise _no(kind, history, "there are several open authorizations: a person has to choose")
    if history.totals.captured.centimes:
        raise _no(kind, history, "another authorization of the order was captured: a person has to choose")
    authorized = open_ones[0].original
    if authorized is None or amount > authorized:
        raise _no(kind, history, f"only {authorized or 'an unknown amount'} was authorized")
    return open_ones[0].transaction_id


def _to_void(history: OrderHistory, transaction_id: str | None) -> str:
    kind = RequestKind.VOID
    if transaction_id is None:
        transaction_id = _the_one_payment(history)
    line = history.line(transaction_id)
    if line is None:
        raise _no(kind, history, "the order has no such transaction, or more than one of that id")
    if (line.kind, line.state) in _VOIDABLE and line.is_approved:
        return line.transaction_id
    if line.state is LineState.SETTLED:
        instead = "refund" if line.kind is LineKind.PAYMENT else ""
        raise _no(kind, history, "its batch is closed, so that it can no longer be voided", instead)
    if line.state is LineState.VOIDED:
        raise _no(kind, history, "it is voided already", "nothing")
    raise _no(kind, history, f"a transaction in state {line.state.name.lower()} cannot be voided")


def _the_one_payment(history: OrderHistory) -> str:
    """Give the payment to void where none was named: never a refund, and only where there is no choice."""
    kind = RequestKind.VOID
    payments = [line for line in history.lines if line.kind is LineKind.PAYMENT and line.is_approved]
    standing = [line for line in payments if line.state is not LineState.VOIDED]
    if len(standing) > 1:
        raise _no(kind, history, "several payments could be meant: name the transaction")
    if standing:
        return standing[0].transaction_id
    if payments:
        raise _no(kind, history, "it is voided already", "nothing")
    raise _no(kind, history, "no payment of the order was approved")


def _check_refund(history: OrderHistory, amount: Money) -> None:
    kind, totals = RequestKind.REFUND, history.totals
    settled = sum(
        (
            line.captured
            for line in history.lines
            if _is(line, LineKind.PAYMENT, LineState.SETTLED) and line.captured
        ),
        Money(0, history.currency),
    )
    if not totals.captured.centimes:
        # What is only reserved goes back by a void, and whole.
        instead = "void" if amount == totals.authorized else ""
        raise _no(kind, history, "nothing was captured that could be given back", instead)
    if amount > totals.net:
        instead = "" if totals.net.centimes else "nothing"
        raise _no(kind, history, f"only {totals.net} of the order is left to refund", instead)
    if amount > settled - totals.refunded:
        # Before the batch closes, the whole amount can be voided, and a part has to wait.
        is_whole = amount == totals.net and not totals.refunded.centimes
        raise _no(kind, history, "its batch is still open", "void" if is_whole else "wait")


def _is(line: HistoryLine, kind: LineKind, state: LineState) -> bool:
    return line.kind is kind and line.state is state and line.is_approved


def _no(
    kind: RequestKind, history: OrderHistory, reason: str, instead: str = ""
) -> OperationNotPossibleError:
    return OperationNotPossibleError(f"nothing was sent: {reason}", kind, history.order_id, instead)
