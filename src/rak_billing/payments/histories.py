"""Reading whole histories, to check that each leads to the states that are written beside it."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from sqlalchemy import Connection, select

from rak_billing.payments import schema
from rak_billing.payments.folding import Flaw, flaws_of

_BATCH: Final = 500


def broken_histories(connection: Connection) -> Iterator[Flaw]:
    """Walk the history of every order, a few hundred at a time, and give what does not hold."""
    last = ""
    while references := _next_references(connection, last):
        yield from _flaws(connection, references)
        last = references[-1]


def _next_references(connection: Connection, last: str) -> list[str]:
    orders = schema.orders
    query = select(orders.c.reference).where(orders.c.reference > last)
    return list(connection.execute(query.order_by(orders.c.reference).limit(_BATCH)).scalars())


def _flaws(connection: Connection, references: list[str]) -> Iterator[Flaw]:
    orders, attempts, events = schema.orders, schema.attempts, schema.events
    beside = select(orders.c.reference, orders.c.state).where(orders.c.reference.in_(references))
    states = {row.reference: row.state for row in connection.execute(beside)}
    of_attempts: dict[str, dict[str, str]] = {reference: {} for reference in references}
    for row in connection.execute(
        select(attempts.c.order_reference, attempts.c.order_id, attempts.c.state).where(
            attempts.c.order_reference.in_(references)
        )
    ):
        of_attempts[row.order_reference][row.order_id] = row.state
    found = connection.execute(
        select(events)
        .where(events.c.order_reference.in_(references))
        .order_by(events.c.order_reference, events.c.position)
    )
    for reference, rows in groupby(found, key=lambda row: row.order_reference):
        yield from flaws_of(reference, list(rows), states[reference], of_attempts[reference])
