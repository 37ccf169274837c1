"""
The first tables: orders, attempts, callbacks, receipts, outbox, as they were before there were versions.

A copy, not an import: what a migration does must not change when the tables do.
"""

from alembic import op
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
)
from sqlalchemy.schema import CreateIndex, CreateTable

from rak_billing.payments.columns import PlainText, Whole, only_where

revision = "0001"
down_revision = None

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Table(
    "orders",
    metadata,
    Column("reference", PlainText, primary_key=True),
    Column("tenant", PlainText, nullable=False),
    Column("customer_ref", PlainText, nullable=False),
    Column("customer_name", PlainText, nullable=False),
    Column("customer_address", PlainText, nullable=False),
    Column("state", PlainText, nullable=False),
    Column("card", PlainText, nullable=False),
    Column("total_centimes", Whole, CheckConstraint("total_centimes > 0", "total_positive"), nullable=False),
    Column("currency", PlainText, nullable=False),
    Column("quote", PlainText, nullable=False),
    Column("quote_digest", PlainText, nullable=False),
    Column("created_at", PlainText, nullable=False),
    Index(None, "tenant", "customer_ref", "quote_digest"),
    sqlite_strict=True,
)

Table(
    "order_lines",
    metadata,
    Column("order_reference", PlainText, ForeignKey("orders.reference"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("is_fee", Integer, nullable=False),
    Column("reference", PlainText, nullable=False),
    Column("description", PlainText, nullable=False),
    Column("amount_centimes", Whole, nullable=False),
    PrimaryKeyConstraint("order_reference", "position"),
    Index(None, "reference"),
    sqlite_strict=True,
)

Table(
    "attempts",
    metadata,
    Column("order_id", PlainText, primary_key=True),
    Column("order_reference", PlainText, ForeignKey("orders.reference"), nullable=False, index=True),
    Column("state", PlainText, nullable=False),
    Column("token_hash", PlainText, nullable=False, unique=True),
    Column("form_fields", PlainText, nullable=False),
    Column("email", PlainText, nullable=False),
    Column("language", PlainText, nullable=False),
    Column("terms_version", PlainText, nullable=False),
    Column("terms_accepted_at", PlainText, nullable=False),
    Column("started_at", PlainText, nullable=False),
    Column("facts", PlainText),
    Column("payment_instant", PlainText),
    sqlite_strict=True,
)

Table(
    "issued_forms",
    metadata,
    Column("hash", PlainText, primary_key=True),
    Column("order_id", PlainText, nullable=False),
    sqlite_strict=True,
)

Table(
    "invoice_locks",
    metadata,
    Column("tenant", PlainText, nullable=False),
    Column("invoice_reference", PlainText, nullable=False),
    Column("order_reference", PlainText, ForeignKey("orders.reference"), nullable=False),
    Column("locked_at", PlainText, nullable=False),
    Column("released_at", PlainText),
    PrimaryKeyConstraint("order_reference", "invoice_reference"),
    Index(
        "uq_invoice_locks_held",
        "tenant",
        "invoice_reference",
        unique=True,
        **only_where("released_at IS NULL"),
    ),
    sqlite_strict=True,
)

Table(
    "callbacks",
    metadata,
    Column("digest", PlainText, primary_key=True),
    Column("hash", PlainText, nullable=False, index=True),
    Column("order_id", PlainText, nullable=False, index=True),
    Column("raw", LargeBinary, nullable=False),
    Column("received_at", PlainText, nullable=False),
    Column("outcome", PlainText),
    Column("reply", PlainText),
    sqlite_strict=True,
)

Table(
    "gateway_transactions",
    metadata,
    Column("order_id", PlainText, ForeignKey("attempts.order_id"), nullable=False),
    Column("transaction_id", PlainText, nullable=False),
    Column("outcome", PlainText, nullable=False),
    Column("callback_digest", PlainText, ForeignKey("callbacks.digest"), nullable=False),
    PrimaryKeyConstraint("order_id", "transaction_id", "outcome"),
    sqlite_strict=True,
)

Table(
    "rejections",
    metadata,
    Column("reason", PlainText, nullable=False),
    Column("day", PlainText, nullable=False),
    Column("count", Whole, nullable=False),
    PrimaryKeyConstraint("reason", "day"),
    sqlite_strict=True,
)

Table(
    "rejection_samples",
    metadata,
    Column("reason", PlainText, nullable=False),
    Column("day", PlainText, nullable=False),
    Column("position", Integer, nullable=False),
    Column("received_at", PlainText, nullable=False),
    Column("masked", PlainText, nullable=False),
    PrimaryKeyConstraint("reason", "day", "position"),
    sqlite_strict=True,
)

Table(
    "events",
    metadata,
    Column("order_reference", PlainText, ForeignKey("orders.reference"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("order_id", PlainText, nullable=False),
    Column("event", PlainText, nullable=False),
    Column("attempt_state", PlainText, nullable=False),
    Column("order_state", PlainText, nullable=False),
    Column("callback_digest", PlainText),
    Column("at", PlainText, nullable=False),
    PrimaryKeyConstraint("order_reference", "position"),
    sqlite_strict=True,
)

Table(
    "reviews",
    metadata,
    Column("order_id", PlainText, nullable=False),
    Column("kind", PlainText, nullable=False),
    Column("callback_digest", PlainText, nullable=False),
    Column("raised_at", PlainText, nullable=False),
    Column("resolved_at", PlainText),
    PrimaryKeyConstraint("order_id", "kind", "callback_digest"),
    sqlite_strict=True,
)

Table(
    "receipt_series",
    metadata,
    Column("tenant", PlainText, primary_key=True),
    Column("next_number", Whole, nullable=False),
    sqlite_strict=True,
)

Table(
    "receipts",
    metadata,
    Column("tenant", PlainText, nullable=False),
    Column("number", PlainText, nullable=False),
    Column("order_reference", PlainText, ForeignKey("orders.reference"), nullable=False, unique=True),
    Column("secret_hash", PlainText, nullable=False, unique=True),
    Column("snapshot", PlainText, nullable=False),
    Column("issued_at", PlainText, nullable=False),
    PrimaryKeyConstraint("tenant", "number"),
    sqlite_strict=True,
)

Table(
    "outbox",
    metadata,
    Column("key", PlainText, primary_key=True),
    Column("topic", PlainText, nullable=False),
    Column("order_reference", PlainText, ForeignKey("orders.reference"), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", PlainText, nullable=False),
    Column("sent_at", PlainText),
    Column("last_error", PlainText),
    # On the unsent rows alone: else finding the next takes the longer, the longer the past is.
    Index("ix_outbox_due", "due_at", "key", **only_where("sent_at IS NULL")),
    sqlite_strict=True,
)


def upgrade() -> None:
    """Create them."""
    for table in metadata.sorted_tables:
        op.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            op.execute(CreateIndex(index))
