"""
Whether an operation whose answer was lost was carried out: the order's history before and after tells.

Done is what shows: a new line of the expected kind and amount, or the target in its new state. Not done needs more: a
quarter of an hour, nothing on its way, and no change that could be ours. Anything else stays unresolved, and a person
looks. Nothing is ever sent again from here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from cmi_gateway.api.documents import RequestKind
from cmi_gateway.api.history import HistoryLine, LineKind, LineState
from cmi_gateway.api.operation import Operation, OperationDone

if TYPE_CHECKING:
    from cmi_gateway.api.history import OrderHistory

#: When to look, after the operation was prepared; what shows nothing by the last of them was not done.
LOOKS: Final = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=15))
#: How often to look at what stays on its way; the platform's advice.
_LATER: Final = timedelta(minutes=5)

_SETTLED_SINCE: Final = (LineState.CAPTURED, LineState.SETTLED)


@attrs.frozen(kw_only=True)
class OperationNotDone:
    """
    The operation was not carried out. Whether to try again is for a person to decide.

    Attributes:
        operation: Which.
    """

    operation: Operation


@attrs.frozen(kw_only=True)
class OperationUnresolved:
    """
    The history does not tell yet.

    Attributes:
        operation: Which.
        reason: Why not.
        ask_again_at: When to look again, in UTC; None when looking again will not help and a person has to.
    """

    operation: Operation
    reason: str
    ask_again_at: datetime | None


#: What a look at the history tells of an operation: one of three, and no other.
Resolution: TypeAlias = OperationDone | OperationNotDone | OperationUnresolved


def resolution_of(operation: Operation, after: OrderHistory, now: datetime) -> Resolution:
    """
    Judge an operation by the history before, which it holds, and *after*.

    Args:
        operation: As it was prepared.
        after: Read since.
        now: In UTC; an argument, so that the answer depends on nothing else.
    """
    if not after.is_found or any(after.line(line.transaction_id) is None for line in operation.before.lines):
        return _for_a_person(operation, "the history has lost transactions that it held before")
    proof = _proof(operation, after)
    if len(proof) == 1:
        return OperationDone(
            operation=operation,
            transaction_id=proof[0].transaction_id,
            authorization_code=proof[0].authorization_code,
            found_in_history=True,
        )
    if proof or _unexplained(operation, after):
        return _for_a_person(operation, "the order changed in a way that this operation does not explain")
    if after.totals.is_provisional:
        return OperationUnresolved(
            operation=operation,
            reason="a transaction is on its way",
            ask_again_at=next_look(operation, now) or now + _LATER,
        )
    look = next_look(operation, now)
    if look is not None:
        return OperationUnresolved(operation=operation, reason="nothing shows yet", ask_again_at=look)
    return OperationNotDone(operation=operation)


def _proof(operation: Operation, after: OrderHistory) -> list[HistoryLine]:
    """Give the lines that show the operation carried out."""
    if operation.kind is RequestKind.VOID:
        target = after.line(operation.target)
        return [target] if target is not None and target.state is LineState.VOIDED else []
    kind = LineKind.REFUND if operation.kind is RequestKind.REFUND else LineKind.PAYMENT
    fitting = [
        line
        for line in after.lines
        if line.kind is kind
        and line.state.is_taken
        and line.is_approved
        and line.captured == operation.amount
    ]
    return [line for line in fitting if _is_changed(line, operation)]


def _is_changed(line: HistoryLine, operation: Operation) -> bool:
    """Tell whether the line is new, or was the open authorization that is captured now."""
    before = operation.before.line(line.transaction_id)
    return before is None or (
        line.transaction_id == operation.target and before.state is LineState.AUTHORIZED
    )


def _unexplained(operation: Operation, after: OrderHistory) -> bool:
    """Tell whether something changed that neither a batch, nor a decline, nor time explains."""
    for line in after.lines:
        before = operation.before.line(line.transaction_id)
        if before is None:
            if not (line.state is LineState.DECLINED or line.state.is_transient):
                return True
        elif not (line.state is before.state or line.state.is_transient or _is_settled_since(before, line)):
            return True
    return False


def _is_settled_since(before: HistoryLine, line: HistoryLine) -> bool:
    return (before.state, line.state) == _SETTLED_SINCE


def next_look(operation: Operation, now: datetime) -> datetime | None:
    """Give when to look next; None once the last look is due."""
    looks = [operation.prepared_at + look for look in LOOKS]
    return next((look for look in looks if look > now), None)


def _for_a_person(operation: Operation, reason: str) -> OperationUnresolved:
    return OperationUnresolved(operation=operation, reason=reason, ask_again_at=None)
