"""
What recovery needs: finer states, events that say where from, looks at the gateway, operations, and parked deliveries.

"Accepted" of an attempt is "capture requested" now, and what was paid by the callback alone is no more than that: the
order is paid, and nobody had asked the gateway. Attempts that are not decided yet are looked at from now on.
"""

from alembic import op
from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, Table, text
from sqlalchemy.schema import CreateIndex, CreateTable

from rak_billing.payments.columns import PlainText, only_where

revision = "0004"
down_revision = "0003"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Only for the keys that point to it.
Table("attempts", metadata, Column("order_id", PlainText, primary_key=True))

inquiries = Table(
    "inquiries",
    metadata,
    Column("order_id", PlainText, ForeignKey("attempts.order_id"), primary_key=True),
    Column("tenant", PlainText, nullable=False),
    Column("since", PlainText, nullable=False),
    Column("due_at", PlainText),
    Column("asked_at", PlainText),
    Column("fence", Integer, nullable=False),
    Index("ix_inquiries_due", "tenant", "due_at", "order_id", **only_where("due_at IS NOT NULL")),
    sqlite_strict=True,
)

operations = Table(
    "operations",
    metadata,
    Column("key", PlainText, primary_key=True),
    Column("order_id", PlainText, ForeignKey("attempts.order_id"), nullable=False, index=True),
    Column("kind", PlainText, nullable=False),
    Column("record", PlainText, nullable=False),
    Column("sent_at", PlainText, nullable=False),
    Column("outcome", PlainText),
    Column("resolved_at", PlainText),
    Index("uq_operations_open", "order_id", unique=True, **only_where("outcome IS NULL")),
    sqlite_strict=True,
)

paces = Table(
    "paces",
    metadata,
    Column("name", PlainText, primary_key=True),
    Column("next_at", PlainText, nullable=False),
    sqlite_strict=True,
)

_STATEMENTS = (
    "UPDATE events SET event = 'trust', attempt_state = 'capture_requested' WHERE event = 'confirm'",
    "UPDATE events SET attempt_state = 'capture_requested' WHERE attempt_state IN ('accepted', 'paid')",
    "UPDATE attempts SET state = 'capture_requested' WHERE state IN ('accepted', 'paid')",
    """
    UPDATE events SET
    order_before = COALESCE(
        (SELECT b.order_state FROM events b
         WHERE b.order_reference = events.order_reference AND b.position = events.position - 1), 'open'),
    attempt_before = COALESCE(
        (SELECT b.attempt_state FROM events b
         WHERE b.order_reference = events.order_reference AND b.order_id = events.order_id
         AND b.position < events.position ORDER BY b.position DESC LIMIT 1), 'sent')
    """,
    """
    INSERT INTO inquiries (order_id, tenant, since, due_at, fence)
    SELECT a.order_id, o.tenant, a.started_at, a.started_at, 0
    FROM attempts a JOIN orders o ON o.reference = a.order_reference
    WHERE o.state <> 'paid' OR a.state IN ('doubtful', 'duplicate')
    """,
)


def upgrade() -> None:
    """Add columns and tables, then say in the new words what is there."""
    for table, column in (
        ("events", "attempt_before"),
        ("events", "order_before"),
        ("events", "facts"),
        ("reviews", "resolved_by"),
        ("reviews", "resolved_why"),
        ("outbox", "parked_at"),
    ):
        op.add_column(table, Column(column, PlainText))
    for made in (inquiries, operations, paces):
        op.execute(CreateTable(made))
        for index in sorted(made.indexes, key=lambda index: str(index.name)):
            op.execute(CreateIndex(index))
    for statement in _STATEMENTS:
        op.execute(text(statement))
