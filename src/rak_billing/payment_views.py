"""What the pages of a portal are told about payments."""

from datetime import datetime

import attrs

from cmi_gateway.money import Money
from rak_billing.payments.records import AttemptRecord, OrderRecord
from rak_billing.payments.states import PublicState, shown


@attrs.frozen
class PaymentView:
    """
    What the journal says of one attempt, for the page that its return links lead to.

    Attributes:
        state: What the customer is told.
        order_reference: To be quoted to the operator.
        total: What was to be charged.
        receipt_url: The receipt, once this very attempt is paid; another attempt's receipt is another payer's.
        customer_ref: Whose invoices they are.
    """

    state: PublicState
    order_reference: str
    total: Money
    receipt_url: str | None = attrs.field(repr=False)
    customer_ref: str


@attrs.frozen
class OpenPayment:
    """
    A payment that was started and of which the gateway has said nothing yet.

    Attributes:
        order_reference: Of its order.
        started_at: When its form was signed, in UTC.
        total: What it would charge.
    """

    order_reference: str
    started_at: datetime
    total: Money


def view_of(order: OrderRecord, attempt: AttemptRecord, *, receipt_url: str) -> PaymentView:
    """Say what an attempt's return page shows; *receipt_url* is passed on only where this attempt paid."""
    return PaymentView(
        state=shown(attempt.state, order.state),
        order_reference=order.reference,
        total=order.total,
        receipt_url=receipt_url if order.state.was_paid and attempt.has_paid else None,
        customer_ref=order.customer_ref,
    )
