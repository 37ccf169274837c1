"""What a person must look at."""

from collections.abc import Collection
from datetime import datetime

import attrs
from sqlalchemy import Connection, select, update

from rak_billing.payments import schema
from rak_billing.payments.records import Review, ReviewKind
from rak_billing.payments.upserts import insert_unless_there


@attrs.frozen
class Reviews:
    """Matters for a person, inside one transaction."""

    _connection: Connection = attrs.field(repr=False)

    def keep(self, review: Review) -> None:
        """Put a matter before a person unless it lies there; one that was settled is opened again."""
        table = schema.reviews
        if insert_unless_there(self._connection, table, _row(review)):
            return
        is_it = (
            table.c.order_id == review.order_id,
            table.c.kind == review.kind.value,
            table.c.callback_digest == review.callback_digest,
            table.c.resolved_at.is_not(None),
        )
        fresh = {
            "raised_at": review.raised_at, "resolved_at": None, "resolved_by": None, "resolved_why": None,
        }  # fmt: skip
        self._connection.execute(update(table).where(*is_it).values(fresh))

    def settle(
        self,
        order_id: str,
        *,
        by: str,
        why: str,
        at: datetime,
        kinds: Collection[ReviewKind] | None = None,
        callback_digest: str | None = None,
    ) -> int:
        """Close what lies before a person about an attempt: all, or these kinds, or of this callback; return how many were closed."""
        table = schema.reviews
        chosen = [table.c.order_id == order_id, table.c.resolved_at.is_(None)]
        if kinds is not None:
            chosen.append(table.c.kind.in_(sorted(kind.value for kind in kinds)))
        if callback_digest is not None:
            chosen.append(table.c.callback_digest == callback_digest)
        closed = self._connection.execute(
            update(table).where(*chosen).values(resolved_at=at, resolved_by=by, resolved_why=why)
        )
        return closed.rowcount

    def unresolved(self) -> tuple[Review, ...]:
        """Return what nobody has settled yet, the oldest first."""
        table = schema.reviews
        query = select(table).where(table.c.resolved_at.is_(None))
        rows = self._connection.execute(query.order_by(table.c.raised_at, table.c.order_id, table.c.kind))
        return tuple(
            Review(row.order_id, ReviewKind(row.kind), row.callback_digest, row.raised_at) for row in rows
        )


def _row(review: Review) -> dict[str, object]:
    return {
        "order_id": review.order_id,
        "kind": review.kind.value,
        "callback_digest": review.callback_digest,
        "raised_at": review.raised_at,
    }
