"""What is to leave has its operator beside it, so that a claim walks past nobody else's backlog."""

from alembic import op
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, text

from rak_billing.payments.columns import PlainText, only_where

revision = "0008"
down_revision = "0007"

metadata = MetaData(
    naming_convention={
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Only for the key that points to it.
Table("orders", metadata, Column("reference", PlainText, primary_key=True))

# As it stands when the column is filled: SQLite takes NOT NULL only in a table that is made anew.
outbox = Table(
    "outbox",
    metadata,
    Column("key", PlainText, primary_key=True),
    Column("topic", PlainText, nullable=False),
    Column("order_reference", PlainText, ForeignKey("orders.reference"), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", PlainText, nullable=False),
    Column("sent_at", PlainText),
    Column("last_error", PlainText),
    Column("parked_at", PlainText),
    Column("begun_at", PlainText),
    Column("tenant", PlainText),
    sqlite_strict=True,
)

_FILL = "UPDATE outbox SET tenant = (SELECT orders.tenant FROM orders WHERE orders.reference = outbox.order_reference)"


def upgrade() -> None:
    """Add the column, fill it from the orders, and put it first in the indexes."""
    op.drop_index("ix_outbox_due", "outbox")
    op.drop_index("ix_outbox_dead", "outbox")
    op.add_column("outbox", Column("tenant", PlainText))
    op.execute(text(_FILL))
    with op.batch_alter_table("outbox", copy_from=outbox) as batch:
        batch.alter_column("tenant", nullable=False)
    for name, columns, condition in (
        ("ix_outbox_due", ["tenant", "due_at", "key"], "sent_at IS NULL AND parked_at IS NULL"),
        ("ix_outbox_dead", ["tenant", "parked_at", "key"], "sent_at IS NULL AND parked_at IS NOT NULL"),
    ):
        op.create_index(name, "outbox", columns, **only_where(condition))
