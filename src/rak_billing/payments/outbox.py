"""
What must leave this machine because of a payment, written in the transaction that pays.

A worker claims an entry, does the work outside any transaction, and marks it done. While it works, the entry is
due again only after the lease: if the worker dies, another one takes over; if it lives, nobody does the work twice.
So delivery is at least once, and exactly once when nothing crashes; the receiving side recognises the key.
"""

from datetime import datetime, timedelta
from typing import Final

import attrs
from sqlalchemy import Connection, select, update

from rak_billing.errors import StaleStateError
from rak_billing.payments import schema
from rak_billing.payments.records import OutboxEntry
from rak_billing.payments.writes import Writes
from rak_billing.payments.written import inserted

#: How long a claimed entry is left to its worker.
LEASE: Final = timedelta(minutes=5)
_FIRST_PAUSE: Final = timedelta(minutes=1)
_LONGEST_PAUSE: Final = timedelta(hours=6)
_ADD: Final = inserted(schema.outbox, "key", "topic", "order_reference", "tries", "due_at")


@attrs.frozen
class Outbox:
    """Entries to deliver, inside one transaction."""

    _connection: Connection = attrs.field(repr=False)
    _writes: Writes = attrs.field(repr=False)

    def add(self, *, key: str, topic: str, order_reference: str, at: datetime) -> None:
        """Put in a new entry, due at once; the database refuses a second one of the same key."""
        self._writes.put_off(
            (schema.outbox.name, key),
            _ADD,
            key=key,
            topic=topic,
            order_reference=order_reference,
            tries=0,
            due_at=at,
        )

    def claim(self, tenant: str, *, now: datetime) -> OutboxEntry | None:
        """Take the operator's entry that has been due for the longest time, or None; commit before working on it."""
        table = schema.outbox
        is_theirs = table.c.order_reference.in_(
            select(schema.orders.c.reference).where(schema.orders.c.tenant == tenant)
        )
        due = select(table).where(table.c.sent_at.is_(None), table.c.due_at <= now, is_theirs)
        # Rows that another worker is claiming are passed over where the database can do so.
        query = due.order_by(table.c.due_at, table.c.key).limit(1).with_for_update(skip_locked=True)
        row = self._connection.execute(query).first()
        if row is None:
            return None
        claimed = self._connection.execute(
            update(table)
            .where(table.c.key == row.key, table.c.tries == row.tries, table.c.sent_at.is_(None))
            .values(tries=row.tries + 1, due_at=now + LEASE)
        )
        if claimed.rowcount != 1:
            # Only where rows cannot be locked and passed over.
            raise StaleStateError("another worker claimed the entry meanwhile")
        return OutboxEntry(row.key, row.topic, row.order_reference, row.tries + 1)

    def done(self, entry: OutboxEntry, *, at: datetime) -> None:
        """Mark an entry as delivered."""
        self._mark(entry, sent_at=at, last_error=None)

    def failed(self, entry: OutboxEntry, *, error: str, now: datetime) -> None:
        """Put an entry back, due after a pause that doubles with every try, up to six hours."""
        pause = min(_FIRST_PAUSE * 2 ** min(entry.tries - 1, 16), _LONGEST_PAUSE)
        self._mark(entry, due_at=now + pause, last_error=error)

    def waiting(self) -> int:
        """Return how many entries are not delivered yet."""
        query = select(schema.outbox.c.key).where(schema.outbox.c.sent_at.is_(None))
        return len(self._connection.execute(query).all())

    def _mark(self, entry: OutboxEntry, **values: object) -> None:
        # Only by the worker that claimed it last: one whose lease ran out has nothing to say any more.
        table = schema.outbox
        is_ours = (table.c.key == entry.key, table.c.tries == entry.tries, table.c.sent_at.is_(None))
        self._connection.execute(update(table).where(*is_ours).values(**values))
