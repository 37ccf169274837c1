"""What counting without reading the past needs: indexes on what waits alone, and dead letters out of the way of the living."""

from alembic import op
from sqlalchemy import text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the indexes anew."""
    op.drop_index("ix_outbox_due", "outbox")
    for name, table, columns, condition in (
        ("ix_outbox_due", "outbox", ["due_at", "key"], "sent_at IS NULL AND parked_at IS NULL"),
        ("ix_outbox_dead", "outbox", ["parked_at", "key"], "sent_at IS NULL AND parked_at IS NOT NULL"),
        ("ix_reviews_waiting", "reviews", ["raised_at", "order_id"], "resolved_at IS NULL"),
    ):
        where = text(condition)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
