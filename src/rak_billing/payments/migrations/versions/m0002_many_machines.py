"""
What several machines need: rows of invoices to lock, and two more unique keys.

The keys hold already wherever one writer at a time wrote, as SQLite has it; so they can be added to a journal in use.
"""

from alembic import op
from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, Table, text
from sqlalchemy.schema import CreateTable

from rak_billing.payments.columns import PlainText, Whole, only_where

revision = "0002"
down_revision = "0001"

metadata = MetaData(naming_convention={"pk": "pk_%(table_name)s"})

invoices = Table(
    "invoices",
    metadata,
    Column("tenant", PlainText, nullable=False),
    Column("reference", PlainText, nullable=False),
    PrimaryKeyConstraint("tenant", "reference"),
    sqlite_strict=True,
)

tallies = Table(
    "tallies",
    metadata,
    Column("tenant", PlainText, nullable=False),
    Column("state", PlainText, nullable=False),
    Column("month", PlainText, nullable=False),
    Column("currency", PlainText, nullable=False),
    Column("orders", Whole, nullable=False),
    Column("total_centimes", Whole, nullable=False),
    PrimaryKeyConstraint("tenant", "state", "month", "currency"),
    sqlite_strict=True,
)

_KNOWN_INVOICES = """
INSERT INTO invoices (tenant, reference)
SELECT DISTINCT orders.tenant, order_lines.reference
FROM order_lines JOIN orders ON orders.reference = order_lines.order_reference
WHERE order_lines.is_fee = 0
"""


def upgrade() -> None:
    """Create the tables, fill in the invoices that are known, and add the keys."""
    op.execute(CreateTable(invoices))
    op.execute(CreateTable(tallies))
    op.execute(text(_KNOWN_INVOICES))
    op.create_index(
        "uq_orders_open",
        "orders",
        ["tenant", "customer_ref", "quote_digest"],
        unique=True,
        **only_where("state = 'open'"),
    )
    op.create_index(
        "uq_callbacks_processed",
        "callbacks",
        ["hash"],
        unique=True,
        **only_where("outcome <> 'unmatched'"),
    )
