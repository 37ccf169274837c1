"""What follows from what the gateway holds: the pure decision, for every state and answer."""

from datetime import UTC, datetime, timedelta
from itertools import product

import attrs
import pytest

from cmi_gateway.api.history import HistoryLine, LineKind, LineState, OrderHistory
from cmi_gateway.api.order import OrderState as Held
from cmi_gateway.api.order import OrderStatus
from cmi_gateway.money import Money
from rak_billing.payments.records import ReviewKind
from rak_billing.payments.states import EDGES, AttemptState, Event, OrderState
from rak_billing.recovery.deciding import NOTHING, Decision, Move, Situation, decide_look, next_due
from rak_billing.recovery.findings import Finding, Holds, finding_after_refund, finding_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TOTAL = Money(11426)
BASE = Situation(
    attempt=AttemptState.SENT,
    order=OrderState.OPEN,
    counts=False,
    is_held_elsewhere=False,
    switched_on=frozenset({"capture", "void", "refund"}),
    started_at=NOW - timedelta(hours=3),
    since=NOW - timedelta(hours=3),
    now=NOW,
)
#: States in which an attempt can be the payment that its order counts.
COUNTING = [
    AttemptState.AUTHORIZED,
    AttemptState.CAPTURE_REQUESTED,
    AttemptState.UNKNOWN,
    AttemptState.NEEDS_PERSON,
    AttemptState.CAPTURED,
    AttemptState.SETTLED,
    AttemptState.PART_REFUNDED,
    AttemptState.REFUNDED,
]
_UNCONFIRMED = COUNTING[:3]
PAID_ONLY = {AttemptState.PART_REFUNDED, AttemptState.REFUNDED}
ALONE = [
    AttemptState.SENT,
    AttemptState.DECLINED,
    AttemptState.SUPERSEDED,
    AttemptState.EXPIRED,
    AttemptState.DOUBTFUL,
    AttemptState.DUPLICATE,
    AttemptState.NEEDS_PERSON,
    AttemptState.VOIDED,
]


def order_states(state, counts):
    if not counts:
        return [OrderState.OPEN, OrderState.ACCEPTED, OrderState.PAID]
    if state is AttemptState.PART_REFUNDED:
        return [OrderState.PART_REFUNDED]
    if state is AttemptState.REFUNDED:
        return [OrderState.REFUNDED]
    return [OrderState.PAID] if state in {AttemptState.CAPTURED, AttemptState.SETTLED} else [
        OrderState.ACCEPTED,
        OrderState.PAID,
    ]  # fmt: skip


def situations():
    for counts, states in ((True, COUNTING), (False, ALONE)):
        for state in states:
            for order in order_states(state, counts):
                yield attrs.evolve(BASE, attempt=state, order=order, counts=counts)


@pytest.mark.parametrize("age", [timedelta(minutes=1), timedelta(hours=2), timedelta(days=6)])
def test_every_decision_has_its_edges(age):
    """Whatever the gateway says, whenever, with or without rights: each event that follows is in the table of states."""
    rights = (frozenset(), frozenset({"capture", "void", "refund"}))
    for it, holds, on, elsewhere, settled in product(
        situations(), Holds, rights, (False, True), (False, True)
    ):
        placed = attrs.evolve(
            it, switched_on=on, is_held_elsewhere=elsewhere, started_at=NOW - age, since=NOW - age
        )
        decision = decide_look(Finding(holds, is_settled=settled), placed)
        attempt, order = placed.attempt, placed.order
        for event in decision.events:
            attempt, _ = EDGES[attempt, event]
            order, _ = EDGES[order, event]
        assert decision.move is None or decision.move in on


@pytest.mark.parametrize("on", [frozenset(), frozenset({"void", "refund"})])
def test_money_is_never_captured_without_the_right(on):
    """Whatever the state: no capture where it is not switched on."""
    for it, holds in product(situations(), Holds):
        assert decide_look(Finding(holds), attrs.evolve(it, switched_on=on)).move is not Move.CAPTURE


def test_only_what_is_no_payment_of_its_order_is_given_back():
    """Void and refund befall payments too many, never the one that counts."""
    for it, holds, settled in product(situations(), Holds, (False, True)):
        decision = decide_look(Finding(holds, is_settled=settled), it)
        assert not (it.counts and decision.move in {Move.VOID, Move.REFUND})


@pytest.mark.parametrize("on", [frozenset(), frozenset({"capture", "void", "refund"})])
def test_money_at_the_gateway_is_never_passed_over(on):
    """Whatever state an attempt is in: money is counted, moved or told, unless a person has it already or it is counted so."""
    known = {
        Holds.TAKEN: {AttemptState.CAPTURED, AttemptState.SETTLED, AttemptState.PART_REFUNDED},
        Holds.RESERVED: {AttemptState.PART_REFUNDED},
        Holds.OTHER_AMOUNT: {AttemptState.PART_REFUNDED},
    }
    with_a_person = {AttemptState.NEEDS_PERSON, AttemptState.DUPLICATE}
    for it, holds, elsewhere, settled in product(situations(), known, (False, True), (False, True)):
        placed = attrs.evolve(it, switched_on=on, is_held_elsewhere=elsewhere)
        decision = decide_look(Finding(holds, is_settled=settled), placed)
        assert decision != NOTHING or placed.attempt in known[holds] | with_a_person, (placed, holds)


@pytest.mark.parametrize("minutes", [1, 6, 21, 59])
def test_not_found_proves_nothing_in_the_first_hour(minutes):
    """The payer may still be typing; or a callback told of money a moment ago."""
    young = NOW - timedelta(minutes=minutes)
    for it in situations():
        told = attrs.evolve(it, since=young)
        assert NOTHING == decide_look(Finding(Holds.NOTHING), told)
        assert NOTHING == decide_look(Finding(Holds.NOTHING), attrs.evolve(told, started_at=young))


@pytest.mark.parametrize("holds", [Holds.NOTHING, Holds.DECLINED])
def test_what_a_callback_approved_is_not_closed_by_an_absence(holds):
    """The bank reserved it: that the gateway does not show it now frees nobody of looking."""
    it = attrs.evolve(BASE, attempt=AttemptState.DUPLICATE, order=OrderState.PAID)
    assert Decision(review=ReviewKind.NOT_AT_THE_GATEWAY) == decide_look(Finding(holds), it)


@pytest.mark.parametrize("state", [*ALONE[:6]])
def test_what_stays_pending_is_put_before_a_person(state):
    """No callback came, and for three days the gateway says neither yes nor no: it may hold the money."""
    it = attrs.evolve(BASE, attempt=state)
    early, late = (
        decide_look(Finding(Holds.UNCLEAR), attrs.evolve(it, since=NOW - days, started_at=NOW - days))
        for days in (timedelta(days=3) - timedelta(seconds=1), timedelta(days=3))
    )
    assert (NOTHING, Decision(review=ReviewKind.PENDING)) == (early, late)


@pytest.mark.parametrize("holds", [Holds.NOTHING, Holds.DECLINED, Holds.VOIDED, Holds.TAKEN, Holds.RESERVED])
def test_what_was_pending_is_settled_by_any_plain_answer(holds):
    """A person need not look any more, whatever the answer is."""
    for state in (AttemptState.SENT, AttemptState.DECLINED, AttemptState.SUPERSEDED, AttemptState.DOUBTFUL):
        decision = decide_look(Finding(holds), attrs.evolve(BASE, attempt=state))
        assert ReviewKind.PENDING in decision.settles


def test_a_capture_by_whom_we_do_not_know_settles_that_it_was_unconfirmed():
    """Nobody has to look for what is known: neither when the answer confirms it, nor when that was found out before."""
    for state in (AttemptState.CAPTURE_REQUESTED, AttemptState.CAPTURED):
        it = attrs.evolve(BASE, attempt=state, order=OrderState.PAID, counts=True)
        assert ReviewKind.UNCONFIRMED in decide_look(Finding(Holds.TAKEN), it).settles


def test_what_was_one_too_many_counts_once_the_other_payment_fell():
    """Taken, and its bills are unpaid again: it is their payment. Reserved, it is still given back: nothing was taken."""
    it = attrs.evolve(BASE, attempt=AttemptState.DUPLICATE)
    taken, reserved = (decide_look(Finding(holds), it) for holds in (Holds.TAKEN, Holds.RESERVED))
    assert (True, (Event.APPROVE, Event.CONFIRM)) == (taken.accepts, taken.events)
    assert (False, Move.VOID) == (reserved.accepts, reserved.move)


def test_what_a_person_cancelled_before_it_counted_is_settled():
    """They had it before them: the look that shows it cancelled closes the matter, and raises none."""
    it = attrs.evolve(BASE, attempt=AttemptState.NEEDS_PERSON, order=OrderState.ACCEPTED, counts=True)
    decision = decide_look(Finding(Holds.VOIDED), it)
    assert ((Event.VOID,), None) == (decision.events, decision.review)
    assert ReviewKind.NOT_CAPTURED in decision.settles
    for other in (attrs.evolve(it, order=OrderState.PAID), attrs.evolve(it, attempt=AttemptState.AUTHORIZED)):
        assert ReviewKind.UNDONE is decide_look(Finding(Holds.VOIDED), other).review


def test_a_silent_attempt_expires_at_ninety_minutes():
    """Asked a minute earlier it stays; then it expires."""
    at_89, at_90 = (
        decide_look(Finding(Holds.NOTHING), attrs.evolve(BASE, started_at=NOW - timedelta(minutes=m)))
        for m in (89, 90)
    )
    assert ((), (Event.EXPIRE,)) == (at_89.events, at_90.events)


def test_what_is_not_confirmed_in_a_day_is_put_before_a_person_too():
    """The gateway stays unclear: asked on, and a person knows."""
    it = attrs.evolve(BASE, attempt=AttemptState.CAPTURE_REQUESTED, order=OrderState.ACCEPTED, counts=True)
    assert NOTHING == decide_look(Finding(Holds.UNCLEAR), it)
    old = attrs.evolve(it, since=NOW - timedelta(days=1))
    assert Decision(review=ReviewKind.UNCONFIRMED) == decide_look(Finding(Holds.UNCLEAR), old)


def test_a_capture_that_was_cancelled_is_told():
    """The gateway shows the authorization again: nothing is captured a second time."""
    it = attrs.evolve(BASE, attempt=AttemptState.CAPTURED, order=OrderState.PAID, counts=True)
    assert Decision(review=ReviewKind.UNDONE) == decide_look(Finding(Holds.RESERVED), it)


@pytest.mark.parametrize(
    ("state", "holds"),
    [
        (Held.PAID, Holds.TAKEN),
        (Held.AMOUNT_MISMATCH, Holds.OTHER_AMOUNT),
        (Held.CAPTURED, Holds.UNCLEAR),
        (Held.VOIDED, Holds.VOIDED),
        (Held.FAILED, Holds.DECLINED),
        (Held.PENDING, Holds.UNCLEAR),
        (Held.NOT_FOUND, Holds.NOTHING),
        (Held.UNKNOWN, Holds.UNCLEAR),
        (Held.REFUND, Holds.UNCLEAR),
    ],
)
def test_a_status_is_read_without_hope(state, holds):
    """Only the exact amount is taken; what proves nothing is unclear."""
    assert holds is finding_of(OrderStatus(order_id="1", state=state), TOTAL).holds


def line(state, kind=LineKind.PAYMENT, number=1, **facts):
    return HistoryLine(
        kind=kind, state=state, transaction_id=f"T{number}", return_code="00", **({"original": TOTAL} | facts)
    )


def test_an_authorization_of_another_amount_is_no_authorization():
    """Reserved, but not what was asked for: a person looks."""
    for original, holds in (
        (TOTAL, Holds.RESERVED),
        (Money(1), Holds.OTHER_AMOUNT),
        (None, Holds.OTHER_AMOUNT),
    ):
        shown = line(LineState.AUTHORIZED, original=original)
        status = OrderStatus(order_id="1", state=Held.AUTHORIZED, transaction=shown)
        assert holds is finding_of(status, TOTAL).holds
    nothing = OrderStatus(order_id="1", state=Held.AUTHORIZED)
    found = finding_of(nothing, TOTAL)
    assert (Holds.OTHER_AMOUNT, None, None) == (found.holds, found.transaction_id, found.authorized_at)


@pytest.mark.parametrize(
    ("lines", "holds"),
    [
        ([], Holds.UNCLEAR),
        ([line(LineState.SETTLED, captured=TOTAL)], Holds.UNCLEAR),
        (
            [
                line(LineState.SETTLED, captured=TOTAL),
                line(LineState.CAPTURED, LineKind.REFUND, 2, captured=Money(426)),
            ],
            Holds.PART_RETURNED,
        ),
        (
            [
                line(LineState.SETTLED, captured=TOTAL),
                line(LineState.CAPTURED, LineKind.REFUND, 2, captured=TOTAL),
            ],
            Holds.RETURNED,
        ),
        (
            [line(LineState.PENDING), line(LineState.CAPTURED, LineKind.REFUND, 2, captured=TOTAL)],
            Holds.UNCLEAR,
        ),
    ],
)
def test_after_a_refund_the_history_tells_what_is_left(lines, holds):
    """Part or whole; nothing while a transaction is on its way."""
    history = OrderHistory(order_id="1", is_found=bool(lines), lines=tuple(lines))
    status = OrderStatus(order_id="1", state=Held.REFUND, transaction=lines[-1] if lines else None)
    assert holds is finding_after_refund(history, status).holds


@pytest.mark.parametrize(
    ("state", "days", "due"),
    [
        (AttemptState.SETTLED, 0, None),
        (AttemptState.VOIDED, 0, None),
        (AttemptState.REFUNDED, 0, None),
        (AttemptState.CAPTURED, 1, timedelta(days=1)),
        (AttemptState.CAPTURED, 4, None),
        (AttemptState.AUTHORIZED, 0, timedelta(minutes=5)),
        (AttemptState.EXPIRED, 1, None),
        (AttemptState.NEEDS_PERSON, 2, timedelta(days=1)),
        (AttemptState.NEEDS_PERSON, 15, None),
    ],
)
def test_looks_end_where_nothing_more_can_come(state, days, due):
    """What is seen to the end is not asked about; what is with a person, daily for two weeks."""
    yesterday = NOW - timedelta(days=1)
    since = NOW - timedelta(days=days)
    holds = {AttemptState.VOIDED: Holds.VOIDED, AttemptState.REFUNDED: Holds.RETURNED}.get(state, Holds.TAKEN)
    found = next_due(state, holds=holds, since=since, asked_at=NOW, before=yesterday)
    assert (None if due is None else NOW + due) == found


@pytest.mark.parametrize(
    ("state", "is_asked_again"),
    [(AttemptState.EXPIRED, True), (AttemptState.CAPTURED, True), (AttemptState.VOIDED, False)],
)
def test_after_days_without_a_look_there_is_one_more(state, is_asked_again):
    """The clock may have jumped by years while the customer was typing; the next day tells."""
    years = timedelta(days=4000)
    first = next_due(state, holds=Holds.VOIDED, since=NOW - years, asked_at=NOW)
    assert first == (NOW + timedelta(days=1) if is_asked_again else None)
    yesterday = NOW - timedelta(days=1)
    assert next_due(state, holds=Holds.VOIDED, since=NOW - years, asked_at=NOW, before=yesterday) is None


@pytest.mark.parametrize("days", [0, 1, 2, 14, 15, 40, 400])
def test_what_the_gateway_does_not_tell_is_asked_about_for_as_long_as_it_takes(days):
    """Pending or unreadable: once a day, and never for the last time."""
    for state in set(ALONE) - {AttemptState.VOIDED, AttemptState.NEEDS_PERSON}:
        since, before = NOW - timedelta(days=days), NOW - timedelta(days=min(days, 1))
        due = next_due(state, holds=Holds.UNCLEAR, since=since, asked_at=NOW, before=before)
        assert due is not None
        assert NOW < due <= NOW + timedelta(days=1)


def test_what_counts_and_is_not_confirmed_is_asked_about_for_as_long_as_it_takes():
    """Whatever the answers were: money that counts is not forgotten."""
    for state, holds in product(_UNCONFIRMED, Holds):
        since, before = NOW - timedelta(days=40), NOW - timedelta(days=1)
        assert next_due(state, holds=holds, since=since, asked_at=NOW, before=before) is not None


@pytest.mark.parametrize("state", [AttemptState.VOIDED, AttemptState.REFUNDED])
def test_what_staff_say_went_back_is_asked_about_until_the_gateway_says_so(state):
    """They may have erred: an unclear answer is asked about on, "not found" for a day, and its own plain word ends it."""
    for days, holds, is_asked in (
        (0, Holds.UNCLEAR, True),
        (40, Holds.UNCLEAR, True),
        (0, Holds.NOTHING, True),
        (0, Holds.DECLINED, True),
        (1, Holds.NOTHING, False),
        (0, Holds.VOIDED, False),
        (0, Holds.RETURNED, False),
        (0, Holds.TAKEN, False),
    ):
        due = next_due(state, holds=holds, since=NOW - timedelta(days=days), asked_at=NOW)
        assert is_asked == (due is not None), (days, holds)
        assert due is None or NOW < due <= NOW + timedelta(days=1)


def accepted(**changes):
    """A payment that a callback told of, and that its order counts."""
    facts = {"attempt": AttemptState.CAPTURE_REQUESTED, "order": OrderState.ACCEPTED, "counts": True}
    return attrs.evolve(BASE, **(facts | changes))


@pytest.mark.parametrize(
    "change",
    [
        {"is_held_elsewhere": True},
        {"since": NOW - timedelta(minutes=5) + timedelta(seconds=1)},
        {"started_at": NOW - timedelta(days=5)},
        {"order": OrderState.OPEN},
    ],
    ids=["invoices held elsewhere", "our answer may be under way", "too old", "no order holds it"],
)
def test_money_is_captured_only_where_that_is_safe(change):
    """Each condition by itself keeps the sweep from asking for it; with all of them it asks."""
    assert Move.CAPTURE is decide_look(Finding(Holds.RESERVED), accepted()).move
    assert decide_look(Finding(Holds.RESERVED), accepted(**change)).move is None


@pytest.mark.parametrize(("is_settled", "move"), [(False, Move.VOID), (True, Move.REFUND)])
def test_a_payment_too_many_is_voided_while_its_batch_is_open(is_settled, move):
    """And refunded after that, never before: a refund of what is not settled may be refused, or lost."""
    second = attrs.evolve(BASE, attempt=AttemptState.DUPLICATE, order=OrderState.PAID)
    assert move is decide_look(Finding(Holds.TAKEN, is_settled=is_settled), second).move
