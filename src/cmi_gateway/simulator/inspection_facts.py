"""What the inspection page and its JSON twin tell of a simulator: one document of plain values, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeVar

from cmi_gateway.simulator.books import Batch
from cmi_gateway.simulator.courier import Courier
from cmi_gateway.simulator.fault_book import FaultBook
from cmi_gateway.simulator.fault_plans import rule_row
from cmi_gateway.simulator.gateway import SimulatedGateway
from cmi_gateway.simulator.orders import Attempt, Order
from cmi_gateway.simulator.sendings import Sending
from cmi_gateway.simulator.transaction_line import TransactionLine

#: Orders, callbacks and batches shown; the older ones are left off.
MOST_SHOWN: Final = 50

_T = TypeVar("_T")


def facts_of(gateway: SimulatedGateway, courier: Courier) -> dict[str, Any]:
    """
    Give everything that can be shown.

    Amounts are text such as ``113.02``, instants ISO 8601 in UTC. No key and no password is in it; card numbers are
    masked as in answers of the gateway. Bodies of callbacks are whole.
    """
    return {
        "now": gateway.now().isoformat(),
        "faults": faults_of(courier.faults),
        "orders": [_order(order) for order in _newest(gateway.orders)],
        "waiting": [_sending(sending) for sending in islice(courier.waiting, MOST_SHOWN)],
        "callbacks": [_sending(sending) for sending in _newest(courier.done)],
        "batches": [_batch(batch) for batch in _newest(gateway.batches)],
    }


def faults_of(book: FaultBook) -> dict[str, Any]:
    """Give the plan in force; each rule as its table, with how often it still strikes under ``left``."""
    rows = [rule_row(rule) | {"left": left} for rule, left in book.left]
    return {"seed": book.plan.seed, "fault": rows}


def _newest(values: Sequence[_T]) -> Sequence[_T]:
    return values[: -MOST_SHOWN - 1 : -1]


def _order(order: Order) -> dict[str, Any]:
    totals = order.totals
    return {
        "client_id": order.client_id,
        "order_id": order.order_id,
        "state": order.state,
        "held": str(totals.held),
        "captured": str(totals.captured),
        "refunded": str(totals.refunded),
        "attempts": [_attempt(attempt) for attempt in order.attempts],
        "transactions": [_transaction(line) for line in order.transactions],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "serial": attempt.serial,
        "result": attempt.result.value,
        "code": attempt.code,
        "message": attempt.message,
        "trans_id": attempt.value("TransId"),
        "card": attempt.value("maskedCreditCard"),
        "is_answered": attempt.is_answered,
        "reply": attempt.reply,
    }


def _transaction(line: TransactionLine) -> dict[str, Any]:
    return {
        "kind": line.kind,
        "state": line.shown_state,
        "amount": str(line.amount),
        "captured": None if line.captured is None else str(line.captured),
        "trans_id": line.trans_id,
        "code": line.code,
        "settle_id": line.settle_id,
    }


def _sending(sending: Sending) -> dict[str, Any]:
    answer = sending.answer
    return {
        "number": sending.number,
        "client_id": sending.attempt.client_id,
        "order_id": sending.attempt.order_id,
        "attempt": sending.attempt.serial,
        "url": sending.url,
        "body": sending.body.decode("ascii", "replace"),
        "due": sending.due.isoformat(),
        "sent_at": _instant(sending.sent_at),
        "faults": list(sending.faults),
        "fate_of_reply": sending.fate.value,
        "status": answer.status if answer else None,
        "answer": answer.body if answer else None,
        "reply": answer.reply if answer else None,
        "problem": answer.problem if answer else "",
    }


def _batch(batch: Batch) -> dict[str, Any]:
    return {
        "client_id": batch.client_id,
        "number": batch.number,
        "opened_at": batch.opened_at.isoformat(),
        "closed_at": _instant(batch.closed_at),
        "transactions": len(batch.lines),
    }


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
