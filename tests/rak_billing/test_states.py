"""The payment's states: one table, one door."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rak_billing.payments.states import (
    EDGES,
    GATEWAY_EVENTS,
    AttemptState,
    Event,
    OrderState,
    PublicState,
    TransitionError,
    apply,
    apply_to_both,
    shown,
)

STATES = [*OrderState, *AttemptState]
ISSUED = [state for state in STATES if state not in {OrderState.DRAFT, AttemptState.DRAFT}]


@pytest.mark.parametrize("state", ISSUED)
def test_every_gateway_event_has_an_edge_from_every_state(state):
    """A callback is never refused by the table, once a form has left that it can be about."""
    assert set(GATEWAY_EVENTS) <= {event for (start, event) in EDGES if start is state}


def test_every_edge_has_a_label_and_stays_in_its_kind():
    """Each edge says why, and an order never becomes an attempt."""
    assert all(label and type(start) is type(end) for (start, _), (end, label) in EDGES.items())


@pytest.mark.parametrize("state", STATES)
def test_every_state_can_be_reached(state):
    """No state stands in the table that nothing leads to."""
    reached = {OrderState.DRAFT, AttemptState.DRAFT} | {end for end, _ in EDGES.values()}
    assert state in reached


def test_decline_then_approval_is_paid():
    """A decline is no end: the approval that follows is accepted and can be confirmed."""
    attempt, order = AttemptState.SENT, OrderState.OPEN
    for event in (Event.DECLINE, Event.APPROVE, Event.CONFIRM):
        attempt, order = apply(attempt, event), apply(order, event)
    assert (AttemptState.CAPTURED, OrderState.PAID) == (attempt, order)


def test_capture_requested_is_not_captured():
    """The callback's approval, and an operator who counts it, leave the capture to be seen; only the gateway's word is one."""
    attempt = apply(apply(AttemptState.SENT, Event.APPROVE), Event.TRUST)
    assert AttemptState.CAPTURE_REQUESTED is attempt
    assert AttemptState.AUTHORIZED is apply(attempt, Event.AUTHORIZE)
    assert AttemptState.CAPTURED is apply(attempt, Event.CONFIRM)


def test_a_late_approval_after_expiry_is_money():
    """Expired says that nothing was heard; what is heard later counts."""
    attempt, order = AttemptState.SENT, OrderState.OPEN
    for event in (Event.EXPIRE, Event.APPROVE):
        attempt, order = apply(attempt, event), apply(order, event)
    assert (AttemptState.CAPTURE_REQUESTED, OrderState.ACCEPTED) == (attempt, order)


#: Where nothing is left to be done or heard: the money was given back.
FINAL = {AttemptState.REFUNDED, AttemptState.VOIDED, OrderState.REFUNDED, OrderState.VOIDED}


@pytest.mark.parametrize("state", [state for state in STATES if state not in FINAL])
def test_every_state_has_a_way_out(state):
    """Nothing is stuck: whatever is not given back can still move."""
    assert any(end is not state for (start, _), (end, _) in EDGES.items() if start is state)


@given(st.lists(st.sampled_from(sorted(GATEWAY_EVENTS))))
def test_nothing_the_gateway_says_undoes_a_payment(events):
    """A paid attempt and order stay paid, whatever callbacks follow."""
    attempt, order = AttemptState.CAPTURED, OrderState.PAID
    for event in events:
        attempt, order = apply(attempt, event), apply(order, event)
    assert (AttemptState.CAPTURED, OrderState.PAID) == (attempt, order)


def test_a_refused_transition_names_state_and_event():
    """Confirming what was never accepted is refused, with both names."""
    with pytest.raises(TransitionError, match=r"AttemptState sent.*confirm") as caught:
        apply(AttemptState.SENT, Event.CONFIRM)
    assert (AttemptState.SENT, Event.CONFIRM) == (caught.value.state, caught.value.event)


@pytest.mark.parametrize(
    ("order", "attempt", "event", "refusing"),
    [
        (OrderState.OPEN, AttemptState.SENT, Event.CONFIRM, "OrderState open"),
        (OrderState.OPEN, AttemptState.VOIDED, Event.EXPIRE, "AttemptState voided"),
    ],
)
def test_a_payment_that_cannot_move_names_both_states_and_the_event(order, attempt, event, refusing):
    """Whichever of the two refuses, both are said: one alone would not tell where the payment stood."""
    with pytest.raises(TransitionError, match=f"^{refusing}: no edge for the event {event}") as caught:
        apply_to_both(order, attempt, event)
    assert {order, attempt} == {caught.value.state, caught.value.beside}
    assert all(f"{type(state).__name__} {state.value}" in str(caught.value) for state in (order, attempt))


def test_a_refused_transition_pickles():
    """Queues and logs keep the error whole."""
    error = TransitionError(OrderState.OPEN, Event.CONFIRM, beside=AttemptState.SENT)
    again = pickle.loads(pickle.dumps(error))
    kept = [(it.args, it.state, it.event, it.beside) for it in (error, again)]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_found_again_by_its_name(state):
    """What the journal wrote, it reads back."""
    assert state is type(state).named(state.value)


def test_the_page_tells_of_the_order_once_it_is_paid():
    """The older tab of an order that was paid in another says paid, not superseded."""
    assert PublicState.PAID is shown(AttemptState.SUPERSEDED, OrderState.PAID)


def test_the_page_of_a_second_payment_says_that_a_person_looks():
    """A duplicate is never shown as paid, though its order is."""
    assert PublicState.REVIEW is shown(AttemptState.DUPLICATE, OrderState.PAID)


@pytest.mark.parametrize("state", AttemptState)
def test_the_page_tells_of_the_attempt_while_the_order_is_open(state):
    """An open order shows what became of this very attempt."""
    assert state.public is shown(state, OrderState.OPEN)
