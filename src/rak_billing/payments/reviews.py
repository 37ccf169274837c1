"""What a person must look at."""

from datetime import datetime
from enum import StrEnum, unique

import attrs
from sqlalchemy import Connection, insert, select

from rak_billing.payments import schema


@unique
class ReviewKind(StrEnum):
    """Why a person must look at a payment."""

    DUPLICATE_PAYMENT = "duplicate_payment"  # approved, not captured: to be voided
    DOUBTFUL_FAILURE = "doubtful_failure"  # a failure with a sign that the bank had authorized
    CLOCK_SKEW = "clock_skew"  # the gateway's time of the payment is far from ours
    MISMATCH = "mismatch"  # a true callback that does not fit the form we sent
    CONTRADICTION = "contradiction"  # a transaction that was told twice, with two outcomes


@attrs.frozen
class Review:
    """
    One matter for a person.

    Attributes:
        order_id: The gateway's order id of the attempt concerned.
        kind: What is the matter.
        callback_digest: The callback that brought it.
        raised_at: When it was noticed.
    """

    order_id: str
    kind: ReviewKind
    callback_digest: str
    raised_at: datetime


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
