"""
Captures, voids and refunds: each written down before it is sent, so that no crash makes one be sent twice.

An operation without an outcome is open: it was sent, or was about to be. There is one at a time for each attempt, on however
many machines; what became of an open one is found out by asking, never by sending again.
"""

from datetime import datetime

import attrs
from sqlalchemy import Connection, func, insert, select, update

from rak_billing.payments import schema
from rak_billing.payments.records import OperationOutcome, OperationRecord


@attrs.frozen
class Operations:
    """Operations on attempts, inside one transaction."""

    _connection: Connection = attrs.field(repr=False)

    def add(self, operation: OperationRecord) -> None:
        """Write one down; the database refuses a second of the same key, and a second open one of an attempt."""
        self._connection.execute(
            insert(schema.operations).values(
                key=operation.key,
                order_id=operation.order_id,
                kind=operation.kind,
                record=operation.record,
                sent_at=operation.sent_at,
            )
        )

    def open_of(self, order_id: str) -> OperationRecord | None:
        """Return the operation on this attempt of which nobody knows yet what became of it, or None."""
        table = schema.operations
        query = select(table).where(table.c.order_id == order_id, table.c.outcome.is_(None))
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        return OperationRecord(row.key, row.order_id, row.kind, row.record, row.sent_at)

    def count(self, order_id: str, kind: str) -> int:
        """Return how many operations of this kind there were on this attempt."""
        table = schema.operations
        query = select(func.count()).where(table.c.order_id == order_id, table.c.kind == kind)
        return int(self._connection.execute(query).scalar_one())

    def resolve(self, key: str, outcome: OperationOutcome, *, at: datetime) -> bool:
        """Write what became of an open operation; tell whether it was open."""
        table = schema.operations
        written = self._connection.execute(
            update(table)
            .where(table.c.key == key, table.c.outcome.is_(None))
            .values(outcome=outcome.value, resolved_at=at)
        )
        return written.rowcount == 1
