"""
What one callback does to an order: the decision, apart from the database.

The gateway's outcome alone does not decide. An approval for invoices that are paid already must not be captured,
whichever attempt it comes from; that is the one case in which our answer differs from the usual one.
"""

from typing import assert_never

import attrs

from cmi_gateway.callback import Reply
from cmi_gateway.outcome import Approved, Declined, Failed, NotAuthenticated, Outcome
from rak_billing.payments.records import ReviewKind
from rak_billing.payments.states import Event, OrderState


@attrs.frozen
class Decision:
    """
    What to write and what to answer.

    Attributes:
        event: What happens to the order and its attempt.
        reply: What the gateway is told.
        review: Why a person must look, or None.
    """

    event: Event
    reply: Reply
    review: ReviewKind | None = None


def decide(
    outcome: Outcome,
    usual: Reply,
    *,
    order_state: OrderState,
    paid_by_another: bool,
    is_its_payment: bool = False,
    is_another_payment: bool = False,
    has_ended: bool = False,
) -> Decision:
    """
    Decide about a callback that fits its order and is no repeat.

    Args:
        outcome: What the gateway says became of the attempt.

        usual: The answer that fits the outcome by itself.

        order_state: Where the order stands.

        paid_by_another: Whether another order, accepted or paid, holds any of its invoices.

        is_its_payment: Whether this very transaction is what the order is paid by already: the gateway was asked before
            this callback came.

        is_another_payment: Whether the attempt was paid by another transaction before.

        has_ended: Whether the attempt's money was given back before.
    """
    match outcome:
        case Approved():
            is_payable = order_state is OrderState.OPEN and not paid_by_another
            if has_ended:
                return _approved_too_late(is_payable=is_payable, is_another_payment=is_another_payment)
            if is_payable or is_its_payment:
                return Decision(Event.APPROVE, usual)
            return Decision(Event.DUPLICATE, Reply.ACKNOWLEDGE, ReviewKind.DUPLICATE_PAYMENT)
        case Declined() | NotAuthenticated():
            return Decision(Event.DECLINE, usual)
        case Failed(authorization_sign=True):
            return Decision(Event.DOUBT, usual, ReviewKind.DOUBTFUL_FAILURE)
        case Failed():
            return Decision(Event.FAIL, usual)
        case _:
            assert_never(outcome)


def _approved_too_late(*, is_payable: bool, is_another_payment: bool) -> Decision:
    """Capture nothing of an attempt whose money was given back, and tell a person, unless it was a payment too many."""
    why = ReviewKind.DUPLICATE_PAYMENT if is_another_payment else None
    return Decision(Event.DUPLICATE, Reply.ACKNOWLEDGE, ReviewKind.CONTRADICTION if is_payable else why)
