"""When the next request may leave, for all machines together: a row that each of them moves on."""

from datetime import datetime, timedelta

import attrs
from sqlalchemy import Connection, select, update

from rak_billing.payments import schema
from rak_billing.payments.upserts import insert_unless_there


@attrs.frozen
class Paces:
    """Instants at which something may be done, inside one transaction."""

    _connection: Connection = attrs.field(repr=False)

    def take(self, name: str, *, now: datetime, gap: timedelta) -> datetime:
        """
        Take the next instant of this name, now or later; the one after it is *gap* later.

        An instant that lies far ahead because a clock stood wrong is not waited for.
        """
        table = schema.paces
        insert_unless_there(self._connection, table, {"name": name, "next_at": now})
        query = select(table.c.next_at).where(table.c.name == name).with_for_update()
        free: datetime = self._connection.execute(query).scalar_one()
        slot = now if free <= now or free > now + _FARTHEST else free
        self._connection.execute(update(table).where(table.c.name == name).values(next_at=slot + gap))
        return slot


_FARTHEST = timedelta(minutes=10)
