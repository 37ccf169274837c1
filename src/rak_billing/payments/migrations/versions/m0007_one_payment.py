"""
One transaction of the gateway pays one order.

A journal that holds two of one all the same keeps both payments; what was told of the second is called another thing, so
that the key can be added.
"""

from alembic import op
from sqlalchemy import text

from rak_billing.payments.columns import only_where

revision = "0007"
down_revision = "0006"

_SECOND = """
UPDATE gateway_transactions SET outcome = 'Approved too'
WHERE outcome = 'Approved' AND EXISTS (
    SELECT 1 FROM gateway_transactions AS first
    WHERE first.transaction_id = gateway_transactions.transaction_id
    AND first.outcome = 'Approved' AND first.order_id < gateway_transactions.order_id
)
"""


def upgrade() -> None:
    """Add the key."""
    op.execute(text(_SECOND))
    op.create_index(
        "uq_gateway_transactions_approved",
        "gateway_transactions",
        ["transaction_id"],
        unique=True,
        **only_where("outcome = 'Approved'"),
    )
