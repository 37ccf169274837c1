"""What retention needs: when the personal fields of a kept callback were taken out."""

from alembic import op
from sqlalchemy import Column

from rak_billing.payments.columns import PlainText

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column."""
    op.add_column("callbacks", Column("reduced_at", PlainText))
