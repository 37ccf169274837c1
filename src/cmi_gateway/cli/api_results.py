"""How commands show what the gateway says of an order, and which status a failure ends with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, assert_never

import click

from cmi_gateway.api.operation import OperationDone
from cmi_gateway.api.resolving import OperationNotDone, OperationUnresolved
from cmi_gateway.cli.printing import ANSWER_IS_NO, plain, print_json
from cmi_gateway.errors import (
    ApiError,
    OperationNotPossibleError,
    OutcomeUnknownError,
    QueryFailedError,
    RequestNotSentError,
    RequestRefusedError,
)

if TYPE_CHECKING:
    from cmi_gateway.api.history import OrderTransaction
    from cmi_gateway.api.operation import Operation
    from cmi_gateway.api.resolving import Resolution
    from cmi_gateway.money import Money

#: What to do in place of an operation that the history does not allow.
_INSTEAD: Final = {
    "void": "Give it back with `cmi void` instead.",
    "refund": "Give it back with `cmi refund` instead.",
    "wait": "Wait, and ask again: `cmi history` shows when it is possible.",
    "nothing": "There is nothing left to do.",
}
#: Money may have moved, and nobody knows: never repeat.
UNKNOWN_OUTCOME: Final = 3
#: Nothing was learnt and nothing was changed: may be repeated.
NOTHING_LEARNT: Final = 4


@contextmanager
def told_failures(context: click.Context, *, as_json: bool) -> Iterator[None]:
    """End the command with the status of whatever the client raises, and say what it means."""
    try:
        yield
    except ApiError as error:
        if as_json:
            print_json(failure_facts(error))
        else:
            click.echo(f"{type(error).__name__}: {plain(str(error))}", err=True)
            if isinstance(error, RequestRefusedError) and error.message:
                click.echo(f"The gateway's words: {plain(error.message)}", err=True)
            if isinstance(error, OperationNotPossibleError) and error.instead:
                click.echo(_INSTEAD[error.instead], err=True)
            if isinstance(error, OutcomeUnknownError) and error.record is not None:
                click.echo(
                    "Keep this record and ask `cmi resolve` with it; do not repeat the command:", err=True
                )
                click.echo(error.record.to_text())
        context.exit(_status(error))


def failure_facts(error: ApiError) -> dict[str, Any]:
    """Give an error as facts for programs."""
    facts: dict[str, Any] = {
        "ok": False,
        "error": type(error).__name__,
        "problem": str(error),
        "safe_to_retry": error.safe_to_retry,
    }
    match error:
        case RequestRefusedError():
            facts |= {"code": error.code, "message": error.message}
        case OperationNotPossibleError():
            facts |= {"instead": error.instead}
        case OutcomeUnknownError(record=record) if record is not None:
            facts |= {"record": record.to_text()}
    return facts


def transaction_facts(line: OrderTransaction) -> dict[str, Any]:
    """Give one transaction as facts for programs; amounts as text in units of the currency."""
    return {
        "kind": line.kind.name.lower(),
        "state": line.state.name.lower(),
        "transaction_id": line.transaction_id,
        "original": amount_text(line.original),
        "captured": amount_text(line.captured),
        "authorized_at": line.authorized_at.isoformat() if line.authorized_at else None,
        "captured_at": line.captured_at.isoformat() if line.captured_at else None,
        "voided_at": line.voided_at.isoformat() if line.voided_at else None,
        "authorization_code": line.authorization_code,
        "host_reference": line.host_reference,
        "return_code": line.return_code,
        "batch": line.batch,
    }


def operation_facts(operation: Operation) -> dict[str, Any]:
    """Say what an operation would do, or did."""
    return {
        "operation": operation.kind.value,
        "order_id": operation.order_id,
        "amount": amount_text(operation.amount),
        "currency": operation.amount.currency,
        "target": operation.target or None,
    }


def show_resolution(context: click.Context, resolution: Resolution, *, as_json: bool) -> None:
    """Say what became of an operation, and end with the status of it."""
    facts = operation_facts(resolution.operation)
    words = f"{facts['operation']} of {facts['amount']} {facts['currency']} for {facts['order_id']}"
    match resolution:
        case OperationDone():
            facts |= {"result": "done", "transaction_id": resolution.transaction_id}
            facts |= {"found_in_history": resolution.found_in_history}
            said, status = f"Done: {words}, transaction {plain(resolution.transaction_id)}.", 0
        case OperationNotDone():
            facts |= {"result": "not done"}
            said, status = f"Not done: {words}. It may be tried again.", ANSWER_IS_NO
        case OperationUnresolved():
            again = resolution.ask_again_at.isoformat(timespec="seconds") if resolution.ask_again_at else None
            facts |= {"result": "unresolved", "reason": resolution.reason, "ask_again_at": again}
            after = f"Ask again after {again}." if again else "A person has to look at the history."
            said, status = f"Not known yet: {words}; {resolution.reason}. {after}", UNKNOWN_OUTCOME
        case _:
            assert_never(resolution)
    if as_json:
        print_json({"ok": status == 0, **facts})
    else:
        click.echo(said)
    context.exit(status)


def amount_text(amount: Money | None) -> str | None:
    """Give an amount as the gateway writes it, or nothing."""
    return None if amount is None else str(amount)


def _status(error: ApiError) -> int:
    if isinstance(error, OutcomeUnknownError):
        return UNKNOWN_OUTCOME
    return NOTHING_LEARNT if isinstance(error, (RequestNotSentError, QueryFailedError)) else ANSWER_IS_NO
