"""
Moving orders and attempts from state to state, and the history that says why.

A move is guarded by the state that was read: where two transactions meet, one of them is refused. Two moves of one
transaction are written as one, from where the first began to where the last ended, and what is new is added where it has come to;
the history has all of them.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, func, insert, null, select, update
from sqlalchemy.sql.dml import Update

from rak_billing.payments import schema
from rak_billing.payments.states import AttemptState, OrderState
from rak_billing.payments.writes import Writes
from rak_billing.payments.written import Written, given


def _moved(table: Table) -> Update:
    key = next(iter(table.primary_key))
    state = table.c.state
    return (
        update(table)
        .where(key == given(key), state == given(state, "before"))
        .values(state=given(state, "after"))
    )


def _paid(statement: Update) -> Update:
    attempts = schema.attempts.c
    return statement.values(facts=given(attempts.facts), payment_instant=given(attempts.payment_instant))


def _appended(_dialect: str) -> Any:
    events = schema.events
    of_order = events.c.order_reference == given(events.c.order_reference)
    before = select(func.count()).where(of_order).scalar_subquery()
    values: dict[str, Any] = {column.name: given(column) for column in events.c}
    statement = insert(events).values(values | {"position": before + given(events.c.position, "ahead")})
    # Else the library has the computed key returned, and an answer that nobody reads holds up SQLite's commit.
    return statement.inline()


_MOVE_ORDER: Final = Written(schema.orders, lambda _: _moved(schema.orders), is_guarded=True)
_MOVE_ATTEMPT: Final = Written(schema.attempts, lambda _: _moved(schema.attempts), is_guarded=True)
_MOVE_AND_PAY: Final = Written(schema.attempts, lambda _: _paid(_moved(schema.attempts)), is_guarded=True)
_PAY: Final = Written(
    schema.attempts,
    lambda _: _paid(
        update(schema.attempts).where(schema.attempts.c.order_id == given(schema.attempts.c.order_id))
    ),
)
_FORGET: Final = Written(
    schema.attempts,
    lambda _: (
        update(schema.attempts)
        .where(schema.attempts.c.order_id == given(schema.attempts.c.order_id))
        .values(payment_instant=null())
    ),
)
_APPEND: Final = Written(schema.events, _appended)


def move_order(writes: Writes, reference: str, before: OrderState, after: OrderState) -> None:
    """Move an order; found in another state, the transaction ends with a StaleStateError."""
    _move(
        writes, (schema.orders.name, reference), _MOVE_ORDER, before.value, after.value, reference=reference
    )


def move_attempt(writes: Writes, order_id: str, before: AttemptState, after: AttemptState) -> None:
    """Move an attempt, as `move_order`."""
    _move(
        writes, (schema.attempts.name, order_id), _MOVE_ATTEMPT, before.value, after.value, order_id=order_id
    )


def _move(
    writes: Writes, row: tuple[str, str], written: Written, before: str, after: str, **key: str
) -> None:
    waiting = writes.waiting(row)
    if waiting is not None and waiting.values.get("after") == before:
        waiting.values["after"] = after
    elif waiting is not None and waiting.values.get("state") == before:
        # It is not there yet, and is added where it has come to.
        waiting.values["state"] = after
    else:
        writes.put_off(row, written, **key, before=before, after=after)


def keep_payment(writes: Writes, order_id: str, facts: Any, instant: datetime) -> None:
    """Write beside an attempt what was paid."""
    row = (schema.attempts.name, order_id)
    paid = {"facts": facts, "payment_instant": instant}
    waiting = writes.waiting(row)
    if waiting is not None and waiting.written in {_MOVE_ATTEMPT, _MOVE_AND_PAY}:
        waiting.written = _MOVE_AND_PAY
        waiting.values |= paid
    else:
        writes.put_off(row, _PAY, order_id=order_id, **paid)


def forget_payment(writes: Writes, order_id: str) -> None:
    """Write that an attempt is not the payment of its order any more."""
    writes.put_off((schema.attempts.name, order_id), _FORGET, order_id=order_id)


def append(writes: Writes, order_reference: str, **event: Any) -> None:
    """Add an event to the history of an order, behind those that are there and those that wait."""
    row, number = (schema.events.name, order_reference), 0
    while writes.waiting((*row, number)) is not None:
        number += 1
    # Sent together, none of them sees the others.
    ahead = number if writes.are_sent_together else 0
    writes.put_off((*row, number), _APPEND, order_reference=order_reference, ahead=ahead, **event)
