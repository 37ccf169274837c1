"""What exactly-once posting needs: when a delivery that may not be repeated was begun."""

from alembic import op
from sqlalchemy import Column

from rak_billing.payments.columns import PlainText

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column."""
    op.add_column("outbox", Column("begun_at", PlainText))
