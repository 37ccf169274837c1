"""What a person must look at."""

import attrs
from sqlalchemy import Connection, insert, select

from rak_billing.payments import schema
from rak_billing.payments.records import Review, ReviewKind


@attrs.frozen
class Reviews:
    """Matters for a person, inside one transaction."""

    _connection: Connection = attrs.field(repr=False)

    def add(self, review: Review) -> None:
        """Put a matter before a person."""
        self._connection.execute(
            insert(schema.reviews).values(
                order_id=review.order_id,
                kind=review.kind.value,
                callback_digest=review.callback_digest,
                raised_at=review.raised_at,
            )
        )

    def unresolved(self) -> tuple[Review, ...]:
        """Return what nobody has settled yet, the oldest first."""
        table = schema.reviews
        query = select(table).where(table.c.resolved_at.is_(None))
        rows = self._connection.execute(query.order_by(table.c.raised_at, table.c.order_id, table.c.kind))
        return tuple(
            Review(row.order_id, ReviewKind(row.kind), row.callback_digest, row.raised_at) for row in rows
        )
