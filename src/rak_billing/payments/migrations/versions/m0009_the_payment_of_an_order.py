"""An order has one payment; since when the gateway is silent, and how often what was revived was tried before, is known."""

from alembic import op
from sqlalchemy import Column, Integer, text

from rak_billing.payments.columns import PlainText, only_where

revision = "0009"
down_revision = "0008"

# What was cancelled or disproved kept the instant of its payment until now, and so did what stood in another state after that:
# only these can be a payment that counts.
_FALLEN = """
UPDATE attempts SET payment_instant = NULL
WHERE payment_instant IS NOT NULL AND (
    state NOT IN (
        'authorized', 'capture_requested', 'unknown', 'captured', 'settled', 'part_refunded', 'refunded', 'needs_person'
    )
    OR order_reference IN (SELECT reference FROM orders WHERE state = 'open')
)
"""
# Of those that are left one may have been put before a person after it fell, beside the one that paid.
_BESIDE = """
UPDATE attempts SET payment_instant = NULL
WHERE payment_instant IS NOT NULL AND EXISTS (
    SELECT 1 FROM attempts AS other
    WHERE other.order_reference = attempts.order_reference
    AND other.order_id <> attempts.order_id
    AND other.payment_instant IS NOT NULL
    AND (
        (attempts.state = 'needs_person' AND other.state <> 'needs_person')
        OR (
            (attempts.state = 'needs_person') = (other.state = 'needs_person')
            AND (
                other.payment_instant > attempts.payment_instant
                OR (other.payment_instant = attempts.payment_instant AND other.order_id > attempts.order_id)
            )
        )
    )
)
"""
# Undecided, asked about, and not to be asked about any more: the gateway never said what it holds of these.
_FORGOTTEN = """
UPDATE inquiries SET due_at = asked_at
WHERE due_at IS NULL AND asked_at IS NOT NULL AND order_id IN (
    SELECT order_id FROM attempts
    WHERE state IN ('sent', 'authorized', 'capture_requested', 'unknown', 'doubtful', 'duplicate')
)
"""


def upgrade() -> None:
    """Take the instant from what does not count, have the database refuse a second payment, and take up what was forgotten."""
    op.execute(text(_FALLEN))
    op.execute(text(_BESIDE))
    op.create_index(
        "uq_attempts_payment",
        "attempts",
        ["order_reference"],
        unique=True,
        **only_where("payment_instant IS NOT NULL"),
    )
    op.add_column("inquiries", Column("silent_since", PlainText))
    op.execute(text(_FORGOTTEN))
    op.add_column("outbox", Column("tries_before", Integer))
