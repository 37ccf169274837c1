"""The pure decision about a callback."""

import pytest

from cmi_gateway.callback import Reply
from cmi_gateway.outcome import Approved, Declined, Failed, NotAuthenticated, PaymentFacts
from rak_billing.payments.records import ReviewKind
from rak_billing.payments.states import AttemptState, Event, OrderState, apply_to_both
from rak_billing.settlement import Decision, decide

FACTS = PaymentFacts()


def test_an_approval_of_an_open_order_is_captured():
    """The usual answer to an approval stands."""
    decision = decide(Approved(FACTS), Reply.CAPTURE, order_state=OrderState.OPEN, paid_by_another=False)
    assert Decision(Event.APPROVE, Reply.CAPTURE) == decision


@pytest.mark.parametrize(
    ("state", "paid_by_another"),
    [
        (OrderState.ACCEPTED, False),
        (OrderState.PAID, False),
        (OrderState.OPEN, True),
        (OrderState.PAID, True),
    ],
)
def test_an_approval_of_what_is_paid_is_not_captured(state, paid_by_another):
    """A second payment is acknowledged, not captured, and put before a person."""
    decision = decide(Approved(FACTS), Reply.CAPTURE, order_state=state, paid_by_another=paid_by_another)
    assert Decision(Event.DUPLICATE, Reply.ACKNOWLEDGE, ReviewKind.DUPLICATE_PAYMENT) == decision


@pytest.mark.parametrize("outcome", [Declined("51", "", FACTS), NotAuthenticated("", FACTS)])
def test_a_decline_is_acknowledged(outcome):
    """The bank's and the card holder's no are the same to the order."""
    decision = decide(outcome, Reply.ACKNOWLEDGE, order_state=OrderState.OPEN, paid_by_another=False)
    assert Decision(Event.DECLINE, Reply.ACKNOWLEDGE) == decision


def test_a_doubtful_failure_is_put_before_a_person():
    """A sign of an authorization in a failure is never passed over."""
    outcome = Failed("error", authorization_sign=True, facts=FACTS)
    decision = decide(outcome, Reply.FAILURE, order_state=OrderState.OPEN, paid_by_another=False)
    assert Decision(Event.DOUBT, Reply.FAILURE, ReviewKind.DOUBTFUL_FAILURE) == decision


def test_a_plain_failure_changes_nothing():
    """Nobody was charged and nobody needs to look."""
    outcome = Failed("error", authorization_sign=False, facts=FACTS)
    decision = decide(outcome, Reply.ACKNOWLEDGE, order_state=OrderState.OPEN, paid_by_another=False)
    assert Decision(Event.FAIL, Reply.ACKNOWLEDGE) == decision


@pytest.mark.parametrize("attempt", [state for state in AttemptState if state is not AttemptState.DRAFT])
def test_what_we_have_captured_can_be_confirmed_and_undone(attempt):
    """Wherever an attempt stands when our answer asks for its money, it can be known as taken, and as cancelled, after that."""
    if attempt.has_ended:
        with_money = decide(
            Approved(FACTS), Reply.CAPTURE, order_state=OrderState.OPEN, paid_by_another=False, has_ended=True
        )
        assert Reply.ACKNOWLEDGE is with_money.reply
        return
    decision = decide(Approved(FACTS), Reply.CAPTURE, order_state=OrderState.OPEN, paid_by_another=False)
    order, after = apply_to_both(OrderState.OPEN, attempt, decision.event)
    assert Reply.CAPTURE is decision.reply
    for event in (Event.CONFIRM, Event.VOID):
        if not (event is Event.CONFIRM and after in {AttemptState.CAPTURED, AttemptState.SETTLED}):
            apply_to_both(order, after, event)


def test_an_approval_of_what_was_found_before_gets_the_usual_answer():
    """The gateway was asked first, and its callback comes late: it is the same payment, not a second one."""
    decision = decide(
        Approved(FACTS),
        Reply.CAPTURE,
        order_state=OrderState.ACCEPTED,
        paid_by_another=False,
        is_its_payment=True,
    )
    assert Decision(Event.APPROVE, Reply.CAPTURE) == decision


def test_a_late_callback_of_a_second_payment_that_was_voided_needs_nobody():
    """The sweep found and voided it first: acknowledged, and no review."""
    decision = decide(
        Approved(FACTS), Reply.CAPTURE, order_state=OrderState.PAID, paid_by_another=False, has_ended=True
    )
    assert Decision(Event.DUPLICATE, Reply.ACKNOWLEDGE) == decision


def test_an_approval_of_what_was_given_back_is_not_captured():
    """It was voided at the gateway before its callback came: a person looks, nothing counts."""
    decision = decide(
        Approved(FACTS), Reply.CAPTURE, order_state=OrderState.OPEN, paid_by_another=False, has_ended=True
    )
    assert Decision(Event.DUPLICATE, Reply.ACKNOWLEDGE, ReviewKind.CONTRADICTION) == decision


@pytest.mark.parametrize("state", [OrderState.REFUNDED, OrderState.VOIDED, OrderState.PART_REFUNDED])
def test_another_payment_of_what_was_given_back_is_put_before_a_person(state):
    """The card was charged once more after the first payment was given back: not captured, and nobody may miss it."""
    decision = decide(
        Approved(FACTS),
        Reply.CAPTURE,
        order_state=state,
        paid_by_another=False,
        is_another_payment=True,
        has_ended=True,
    )
    assert Decision(Event.DUPLICATE, Reply.ACKNOWLEDGE, ReviewKind.DUPLICATE_PAYMENT) == decision
