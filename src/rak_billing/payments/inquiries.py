"""
When the gateway is asked about an attempt, and which machine does it.

A machine claims an inquiry, asks outside of any transaction, and writes what it learned in one that begins by looking
whether the inquiry is still its own. The claim is a lease with a fence: a machine that was suspended for longer than its
lease, or that asked while a callback arrived, finds a higher fence and writes nothing.
"""

from datetime import datetime
from typing import Final

import attrs
from sqlalchemy import Connection, literal_column, select, update

from rak_billing.errors import StaleStateError
from rak_billing.payments import schema
from rak_billing.payments.look_times import WHILE_WAITED_FOR
from rak_billing.payments.records import Inquiry
from rak_billing.payments.writes import Writes
from rak_billing.payments.written import Written, given, inserted
from rak_billing.payments.wrong_clocks import first_due

_OPEN: Final = inserted(schema.inquiries, "order_id", "tenant", "since", "due_at", "fence")
_HASTEN: Final = Written(
    schema.inquiries,
    lambda _: (
        update(schema.inquiries)
        .where(schema.inquiries.c.order_id == given(schema.inquiries.c.order_id))
        .values(
            since=given(schema.inquiries.c.since),
            due_at=given(schema.inquiries.c.due_at),
            fence=schema.inquiries.c.fence + literal_column("1"),
        )
    ),
)


@attrs.frozen
class Inquiries:
    """Attempts that the gateway is to be asked about, inside one transaction."""

    _connection: Connection = attrs.field(repr=False)
    _writes: Writes = attrs.field(repr=False)

    def open(self, order_id: str, *, tenant: str, since: datetime, due_at: datetime) -> None:
        """Begin to ask about a new attempt at *due_at*."""
        row = (schema.inquiries.name, order_id)
        self._writes.put_off(
            row, _OPEN, order_id=order_id, tenant=tenant, since=since, due_at=due_at, fence=0
        )

    def hasten(self, order_id: str, *, at: datetime) -> None:
        """Have the gateway asked at once, and the calendar begin anew; whoever is asking has no say any more."""
        row = (schema.inquiries.name, order_id)
        self._writes.put_off(row, _HASTEN, order_id=order_id, since=at, due_at=at)

    def claim(self, tenant: str, *, now: datetime, lease_until: datetime) -> Inquiry | None:
        """
        Take an inquiry of the operator's that is due, or None; commit before asking.

        What fell due in the last minute comes first, since a customer may be waiting for it; after an outage the looks
        that were missed would keep them waiting for hours. Else the one that has been due for the longest time.
        """
        table = schema.inquiries
        of_tenant = select(table).where(table.c.tenant == tenant)
        query = (
            of_tenant.order_by(table.c.due_at, table.c.order_id).limit(1).with_for_update(skip_locked=True)
        )
        fresh = query.where(table.c.due_at <= now, table.c.due_at > now - WHILE_WAITED_FOR[-1])
        row = self._connection.execute(fresh).first() or first_due(
            self._connection, query, table.c.due_at, now=now
        )
        if row is None:
            return None
        # No calendar begins in the future: it would have no end.
        since = min(row.since, now)
        claimed = self._connection.execute(
            update(table)
            .where(table.c.order_id == row.order_id, table.c.fence == row.fence)
            .values(fence=row.fence + 1, due_at=lease_until, since=since)
        )
        if claimed.rowcount != 1:
            # Only where rows cannot be locked and passed over.
            raise StaleStateError("another machine claimed the inquiry meanwhile")
        # Nor a silence: it would last for ever.
        silent_since = None if row.silent_since is None else min(row.silent_since, now)
        return Inquiry(row.order_id, since, row.asked_at, row.fence + 1, silent_since)

    def is_held(self, inquiry: Inquiry) -> bool:
        """Tell whether it was not claimed or hastened since, and keep it so until this transaction ends."""
        table = schema.inquiries
        query = select(table.c.fence).where(table.c.order_id == inquiry.order_id).with_for_update()
        return self._connection.execute(query).scalar_one_or_none() == inquiry.fence

    def finish(self, inquiry: Inquiry, *, asked_at: datetime | None, due_at: datetime | None) -> None:
        """Say when to ask again, None for never, unless it was claimed or hastened since."""
        table = schema.inquiries
        is_ours = (table.c.order_id == inquiry.order_id, table.c.fence == inquiry.fence)
        answered = {} if asked_at is None else {"asked_at": asked_at, "silent_since": None}
        self._connection.execute(update(table).where(*is_ours).values(due_at=due_at, **answered))

    def unanswered(self, inquiry: Inquiry, *, at: datetime, due_at: datetime) -> None:
        """Say that no answer came, and when to ask again, unless it was claimed or hastened since."""
        table = schema.inquiries
        is_ours = (table.c.order_id == inquiry.order_id, table.c.fence == inquiry.fence)
        values = {"due_at": due_at, "silent_since": inquiry.silent_since or at}
        self._connection.execute(update(table).where(*is_ours).values(**values))

    def due_at(self, order_id: str) -> datetime | None:
        """Tell when the gateway is to be asked about an attempt; None for never, and where there is no such attempt."""
        query = select(schema.inquiries.c.due_at).where(schema.inquiries.c.order_id == order_id)
        found: datetime | None = self._connection.execute(query).scalar()
        return found

    def bring_forward(self, order_id: str, *, due_at: datetime) -> None:
        """Have the gateway asked at *due_at*, unless it is to be asked before."""
        table = schema.inquiries
        is_later = table.c.due_at.is_(None) | (table.c.due_at > due_at)
        self._connection.execute(
            update(table).where(table.c.order_id == order_id, is_later).values(due_at=due_at)
        )
