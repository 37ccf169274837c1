"""
What must leave this machine because of a payment, written in the transaction that pays.

A worker claims an entry, does the work outside any transaction, and marks it done. While it works, the entry is
due again only after the lease: if the worker dies, another one takes over; if it lives, nobody does the work twice.
So delivery is at least once, and exactly once when nothing crashes; the receiving side recognises the key.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

import attrs
from sqlalchemy import Connection, func, select, update

from rak_billing.errors import StaleStateError
from rak_billing.payments import schema
from rak_billing.payments.records import DeadLetter, OutboxEntry
from rak_billing.payments.writes import Writes
from rak_billing.payments.written import inserted
from rak_billing.payments.wrong_clocks import first_due

#: How long a claimed entry is left to its worker.
LEASE: Final = timedelta(minutes=5)
_FIRST_PAUSE: Final = timedelta(minutes=1)
_LONGEST_PAUSE: Final = timedelta(hours=6)
_ADD: Final = inserted(schema.outbox, "key", "tenant", "topic", "order_reference", "tries", "due_at")


@attrs.frozen
class Outbox:
    """Entries to deliver, inside one transaction."""

    _connection: Connection = attrs.field(repr=False)
    _writes: Writes = attrs.field(repr=False)

    def add(self, *, key: str, tenant: str, topic: str, order_reference: str, at: datetime) -> None:
        """Put in a new entry about an order of the operator's, due at once; the database refuses a second one of the same key."""
        self._writes.put_off(
            (schema.outbox.name, key),
            _ADD,
            key=key,
            tenant=tenant,
            topic=topic,
            order_reference=order_reference,
            tries=0,
            due_at=at,
        )

    def claim(self, tenant: str, *, now: datetime, without: Collection[str] = ()) -> OutboxEntry | None:
        """
        Take the operator's entry that has been due for the longest time, or None; commit before working on it.

        Args:
            tenant: The operator.
            now: The present.
            without: Topics that this worker cannot deliver.
        """
        table = schema.outbox
        theirs = select(table).where(
            table.c.tenant == tenant,
            table.c.sent_at.is_(None),
            table.c.parked_at.is_(None),
            table.c.topic.not_in(sorted(without)),
        )
        # Rows that another worker is claiming are passed over where the database can do so.
        query = theirs.order_by(table.c.due_at, table.c.key).limit(1).with_for_update(skip_locked=True)
        row = first_due(self._connection, query, table.c.due_at, now=now)
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
        return OutboxEntry(
            row.key, row.topic, row.order_reference, row.tries + 1, row.begun_at, row.tries_before or 0
        )

    def begin(self, entry: OutboxEntry, *, at: datetime) -> bool:
        """Write down that the entry is about to leave; tell whether it is still this worker's."""
        return self._mark(entry, begun_at=at)

    def done(self, entry: OutboxEntry, *, at: datetime) -> bool:
        """Mark an entry as delivered, whoever claimed it since: that it arrived is certain; tell whether it was not marked yet."""
        table = schema.outbox
        is_it = (table.c.key == entry.key, table.c.sent_at.is_(None))
        marked = update(table).where(*is_it).values(sent_at=at, last_error=None)
        return self._connection.execute(marked).rowcount == 1

    def failed(self, entry: OutboxEntry, *, error: str, now: datetime) -> None:
        """Put an entry back that did not leave, due after a pause that doubles with every try, up to six hours."""
        self._mark(entry, due_at=now + _pause(entry), last_error=error, begun_at=None)

    def unknown(self, entry: OutboxEntry, *, error: str, now: datetime) -> None:
        """Put an entry back of which nobody knows whether it arrived; when it was begun stays written."""
        self._mark(entry, due_at=now + _pause(entry), last_error=error)

    def park(self, entry: OutboxEntry, *, error: str, at: datetime, is_open: bool = True) -> bool:
        """Give an entry up until a person looks; tell whether it was still this worker's. Not *is_open*: nothing is begun any more."""
        return self._mark(entry, parked_at=at, last_error=error, **({} if is_open else {"begun_at": None}))

    def dead_letters(self, tenant: str) -> tuple[DeadLetter, ...]:
        """Return what the operator's workers gave up, the oldest first."""
        table = schema.outbox
        query = select(table).where(
            table.c.tenant == tenant, table.c.parked_at.is_not(None), table.c.sent_at.is_(None)
        )
        rows = self._connection.execute(query.order_by(table.c.parked_at, table.c.key))
        return tuple(
            DeadLetter(
                row.key, row.topic, row.order_reference, row.tries, row.last_error or "", row.parked_at
            )
            for row in rows
        )

    def revive(self, key: str, *, at: datetime, is_done: bool) -> bool:
        """Take an entry up again that was given up, or mark it as delivered by hand; tell whether there was one."""
        table = schema.outbox
        is_dead = (table.c.key == key, table.c.parked_at.is_not(None), table.c.sent_at.is_(None))
        # What was begun stays so: it may have arrived, and the next try goes on as if nobody had given it up.
        anew = {"parked_at": None, "due_at": at, "tries_before": table.c.tries}
        values = {"sent_at": at} if is_done else anew
        return self._connection.execute(update(table).where(*is_dead).values(values)).rowcount == 1

    def is_delivered(self, key: str) -> bool:
        """Tell whether there is an entry of this key that was delivered, or marked so by hand."""
        query = select(schema.outbox.c.sent_at).where(schema.outbox.c.key == key)
        return self._connection.execute(query).scalar() is not None

    def waiting(self, tenant: str) -> int:
        """Return how many of the operator's entries are not delivered yet."""
        table = schema.outbox
        query = select(func.count()).where(table.c.tenant == tenant, table.c.sent_at.is_(None))
        return int(self._connection.execute(query).scalar_one())

    def _mark(self, entry: OutboxEntry, **values: object) -> bool:
        # Only by the worker that claimed it last: one whose lease ran out has nothing to say any more.
        table = schema.outbox
        is_ours = (table.c.key == entry.key, table.c.tries == entry.tries, table.c.sent_at.is_(None))
        return self._connection.execute(update(table).where(*is_ours).values(**values)).rowcount == 1


def _pause(entry: OutboxEntry) -> timedelta:
    doubled: timedelta = _FIRST_PAUSE * 2 ** min(entry.tries - 1, 16)
    return min(doubled, _LONGEST_PAUSE)
