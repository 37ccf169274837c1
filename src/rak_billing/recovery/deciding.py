"""
What follows from what the gateway holds of an attempt: the decision, apart from gateway and database.

Money is moved in three cases only. What was accepted and is still reserved is captured, if that is safe. A payment too
many is voided while its batch is open, and refunded once it was settled. Everything that is not plain is put before a
person, with the reason.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final

import attrs

from rak_billing.payments.look_times import (
    EXPIRES_AFTER,
    NOT_FOUND_IS_FINAL_AFTER,
    SHORTEST_PAUSE,
    next_look,
    next_look_while_waited_for,
)
from rak_billing.payments.records import ReviewKind
from rak_billing.payments.states import AttemptState, Event, OrderState
from rak_billing.recovery.findings import Finding, Holds

#: Older authorizations are not captured without a person: banks drop them after days that nobody publishes.
OLDEST_CAPTURE: Final = timedelta(days=5)
#: What is accepted for so long and not confirmed is put before a person.
_PATIENCE: Final = timedelta(days=1)
#: So is what nobody told of, and of which the gateway says neither yes nor no for so long: it may hold the money.
_PATIENCE_WITH_PENDING: Final = timedelta(days=3)
_UNTIL_SURE_OF_NOTHING: Final = timedelta(days=1)
_UNTIL_SETTLED: Final = timedelta(days=4)
_TOMORROW: Final = timedelta(days=1)
#: The calendar never leaves so much between two looks.
_LONGEST_SILENCE: Final = timedelta(days=2)

_UNCONFIRMED: Final = frozenset(
    {AttemptState.AUTHORIZED, AttemptState.CAPTURE_REQUESTED, AttemptState.UNKNOWN}
)
_TAKEN: Final = frozenset({AttemptState.CAPTURED, AttemptState.SETTLED})
_UNPAID: Final = frozenset(
    {AttemptState.SENT, AttemptState.DECLINED, AttemptState.SUPERSEDED, AttemptState.EXPIRED}
)
_SEEN_TO_THE_END: Final = frozenset({AttemptState.SETTLED, AttemptState.REFUNDED, AttemptState.VOIDED})
_GIVEN_BACK: Final = frozenset({AttemptState.VOIDED, AttemptState.REFUNDED})
#: The answers that the gateway may give as well because it does not show the money yet.
_NO_MONEY: Final = frozenset({Holds.NOTHING, Holds.DECLINED})
_IN_DOUBT: Final = frozenset({AttemptState.DOUBTFUL, AttemptState.DUPLICATE})
_ABOUT_DOUBT: Final = frozenset({ReviewKind.DOUBTFUL_FAILURE, ReviewKind.PENDING})
_ABOUT_SURPLUS: Final = _ABOUT_DOUBT | {
    ReviewKind.DUPLICATE_PAYMENT,
    ReviewKind.NOT_VOIDED,
    ReviewKind.NOT_AT_THE_GATEWAY,
}
_ABOUT_CAPTURE: Final = _ABOUT_DOUBT | {
    ReviewKind.NOT_CAPTURED,
    ReviewKind.UNCONFIRMED,
    ReviewKind.NOT_AT_THE_GATEWAY,
}


@unique
class Move(StrEnum):
    """Money that is to be moved, by the name of the gateway's operation."""

    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


@attrs.frozen(kw_only=True)
class Situation:
    """
    Where an attempt stands when the answer comes.

    Attributes:
        attempt: Its state.
        order: Its order's.
        counts: Whether it is the payment that its order counts.
        transaction_id: The gateway's transaction that it counts, where that is known.
        is_held_elsewhere: Whether another attempt or order pays its invoices already.
        switched_on: The operations that this operator may use.
        started_at: When its form was signed.
        since: When the calendar of looks began: at the start, or when a callback or a person told of money.
        now: When the answer came.
    """

    attempt: AttemptState
    order: OrderState
    counts: bool
    transaction_id: str | None = None
    is_held_elsewhere: bool
    switched_on: frozenset[str]
    started_at: datetime
    since: datetime
    now: datetime


@attrs.frozen(kw_only=True)
class Decision:
    """
    What to write, and what to do then.

    Attributes:
        events: What happens to order and attempt, in this order.
        accepts: Whether money is accepted that no callback told of: the invoices are locked, the facts kept.
        review: Why a person must look, or None.
        settles: What a person need not look at any more.
        move: The money to be moved.
    """

    events: tuple[Event, ...] = ()
    accepts: bool = False
    review: ReviewKind | None = None
    settles: frozenset[ReviewKind] = frozenset()
    move: Move | None = None


NOTHING: Final = Decision()
#: A person said that the money went back, or we had it done; the gateway has it all the same.
_CONTRADICTED: Final = Decision(review=ReviewKind.CONTRADICTION, settles=_ABOUT_DOUBT)


def _wait(it: Situation) -> Decision:
    return Decision(review=overdue(it.attempt, counts=it.counts, waited=it.now - it.since))


def overdue(attempt: AttemptState, *, counts: bool, waited: timedelta) -> ReviewKind | None:
    """
    Say why a person must look at an attempt of which the gateway has not said what it holds for so long; None while it is early.

    Its answers may be unclear, or none may come: it may hold the money in either case.
    """
    if counts:
        return ReviewKind.UNCONFIRMED if attempt in _UNCONFIRMED and waited >= _PATIENCE else None
    is_open = attempt in _UNPAID | _IN_DOUBT | _GIVEN_BACK
    return ReviewKind.PENDING if is_open and waited >= _PATIENCE_WITH_PENDING else None


def _refer(it: Situation, why: ReviewKind) -> Decision:
    """Put it before a person; once is enough."""
    if it.attempt is AttemptState.NEEDS_PERSON or it.attempt.has_ended:
        return NOTHING
    return Decision(events=(Event.REFER,), review=why)


def _nothing(it: Situation) -> Decision:
    if it.now - it.since < NOT_FOUND_IS_FINAL_AFTER:
        # No order exists there until a card is submitted, and the payer may still be typing; or a callback told of money a
        # moment ago, which the gateway's own books do not show yet.
        return _wait(it)
    if it.counts:
        return _refer(it, ReviewKind.NOT_AT_THE_GATEWAY)
    is_old = it.now - it.started_at >= EXPIRES_AFTER
    if it.attempt is AttemptState.SENT and is_old:
        return Decision(events=(Event.EXPIRE,), settles=_ABOUT_DOUBT)
    return _no_money(it)


def _declined(it: Situation) -> Decision:
    if it.counts:
        return _refer(it, ReviewKind.NOT_AT_THE_GATEWAY)
    if it.attempt is AttemptState.SENT:
        return Decision(events=(Event.DECLINE,), settles=_ABOUT_DOUBT)
    return _no_money(it)


def _no_money(it: Situation) -> Decision:
    """Close what was only a doubt; what was approved once is not closed because the gateway does not show it now."""
    if it.attempt is AttemptState.DOUBTFUL:
        return Decision(events=(Event.EXPIRE,), settles=_ABOUT_DOUBT)
    if it.attempt is AttemptState.DUPLICATE:
        return Decision(review=ReviewKind.NOT_AT_THE_GATEWAY)
    return Decision(settles=_ABOUT_DOUBT) if it.attempt in _UNPAID | _GIVEN_BACK else NOTHING


def _reserved(finding: Finding, it: Situation) -> Decision:
    if it.attempt in _GIVEN_BACK:
        return _CONTRADICTED
    if it.counts:
        return _reserved_and_counted(finding, it)
    if it.attempt in _UNPAID | _IN_DOUBT:
        # What was told to be one too many is not taken for that the other payment fell: nothing was taken, and a person may
        # have cancelled the other one because the customer wanted none.
        if it.attempt is AttemptState.DUPLICATE or _is_surplus(it):
            return _give_back(Move.VOID, it)
        # Captured at the next look: its callback may be on the way, and ask for it by itself.
        return Decision(events=(Event.AUTHORIZE,), accepts=True, settles=_ABOUT_DOUBT)
    return NOTHING


def _reserved_and_counted(finding: Finding, it: Situation) -> Decision:
    if it.attempt in _TAKEN:
        # Somebody cancelled the capture, and left the authorization.
        return Decision(review=ReviewKind.UNDONE)
    if it.attempt not in _UNCONFIRMED or it.now - it.since < SHORTEST_PAUSE:
        # With a person; or the capture that our answer asked for may still be under way.
        return NOTHING
    if it.transaction_id and finding.transaction_id and it.transaction_id != finding.transaction_id:
        # A second authorization under one order id: the first may have been captured, and this one never is by us.
        return _refer(it, ReviewKind.CONTRADICTION)
    authorized_at = finding.authorized_at or it.started_at
    is_safe = (
        Move.CAPTURE in it.switched_on
        and not it.is_held_elsewhere
        and it.now - authorized_at < OLDEST_CAPTURE
        and it.order.holds_invoices
    )
    if not is_safe:
        return _refer(it, ReviewKind.NOT_CAPTURED)
    seen = () if it.attempt is AttemptState.AUTHORIZED else (Event.AUTHORIZE,)
    return Decision(events=seen, move=Move.CAPTURE)


def _taken(finding: Finding, it: Situation) -> Decision:
    if it.attempt in _GIVEN_BACK:
        return _CONTRADICTED
    settled = (Event.SETTLE,) if finding.is_settled else ()
    if it.counts:
        if it.attempt in _UNCONFIRMED or it.attempt is AttemptState.NEEDS_PERSON:
            return Decision(events=(Event.CONFIRM, *settled), settles=_ABOUT_CAPTURE)
        is_new = it.attempt is AttemptState.CAPTURED
        return Decision(events=settled, settles=_ABOUT_CAPTURE) if is_new else NOTHING
    if it.attempt in _UNPAID | _IN_DOUBT:
        if _is_surplus(it):
            return _give_back(Move.REFUND if finding.is_settled else Move.VOID, it)
        return Decision(events=(Event.APPROVE, Event.CONFIRM, *settled), accepts=True, settles=_ABOUT_SURPLUS)
    return NOTHING


def _is_surplus(it: Situation) -> bool:
    return it.is_held_elsewhere or it.order is not OrderState.OPEN


def _give_back(move: Move, it: Situation) -> Decision:
    is_known = it.attempt is AttemptState.DUPLICATE
    return Decision(
        events=() if is_known else (Event.DUPLICATE,),
        review=None if is_known else ReviewKind.DUPLICATE_PAYMENT,
        move=move if move in it.switched_on else None,
    )


def _other_amount(it: Situation) -> Decision:
    return _CONTRADICTED if it.attempt in _GIVEN_BACK else _refer(it, ReviewKind.OTHER_AMOUNT)


def _voided(it: Situation) -> Decision:
    if it.counts:
        return _undone(it) if it.attempt in _UNCONFIRMED | _TAKEN | {AttemptState.NEEDS_PERSON} else NOTHING
    if it.attempt.has_ended:
        return Decision(settles=_ABOUT_DOUBT)
    return Decision(events=(Event.RELEASE,), settles=_ABOUT_SURPLUS)


def _undone(it: Situation) -> Decision:
    """Follow what was cancelled; what a person had before them and nobody had counted as paid is settled by that."""
    is_expected = it.attempt is AttemptState.NEEDS_PERSON and not it.order.was_paid
    return Decision(
        events=(Event.VOID,), review=None if is_expected else ReviewKind.UNDONE, settles=_ABOUT_CAPTURE
    )


def _returned(it: Situation, event: Event) -> Decision:
    if not it.counts:
        is_over = event is Event.REFUND and it.attempt in {AttemptState.DUPLICATE, AttemptState.NEEDS_PERSON}
        if is_over:
            return Decision(events=(Event.RETURN,), settles=_ABOUT_SURPLUS | {ReviewKind.OTHER_AMOUNT})
        if it.attempt in _UNPAID:
            return _refer(it, ReviewKind.UNDONE)
        return Decision(settles=_ABOUT_DOUBT) if it.attempt in _GIVEN_BACK else NOTHING
    if not it.order.was_paid:
        return _refer(it, ReviewKind.UNDONE)
    first = () if it.attempt in _TAKEN or it.attempt.has_ended else (Event.CONFIRM,)
    is_new = it.attempt is not AttemptState.REFUNDED and not (
        it.attempt is AttemptState.PART_REFUNDED and event is Event.REFUND_PART
    )
    return Decision(events=(*first, event), review=ReviewKind.UNDONE) if is_new else NOTHING


_RULES: Final[Mapping[Holds, Callable[[Finding, Situation], Decision]]] = {
    Holds.NOTHING: lambda _, it: _nothing(it),
    Holds.UNCLEAR: lambda _, it: _wait(it),
    Holds.DECLINED: lambda _, it: _declined(it),
    Holds.RESERVED: _reserved,
    Holds.TAKEN: _taken,
    Holds.OTHER_AMOUNT: lambda _, it: _other_amount(it),
    Holds.VOIDED: lambda _, it: _voided(it),
    Holds.PART_RETURNED: lambda _, it: _returned(it, Event.REFUND_PART),
    Holds.RETURNED: lambda _, it: _returned(it, Event.REFUND),
}


def decide_look(finding: Finding, it: Situation) -> Decision:
    """Decide what follows from one look at the gateway."""
    return _RULES[finding.holds](finding, it)


def next_due(
    attempt: AttemptState,
    *,
    holds: Holds,
    since: datetime,
    asked_at: datetime,
    before: datetime | None = None,
) -> datetime | None:
    """
    Give when to look again at an attempt that is in this state after a look at *asked_at*; None for never.

    What is paid is looked at until its batch is closed, a few days at most: somebody may cancel it at the gateway. What came to
    nothing is looked at for a day, since a late approval is money; what went back is, until the gateway says so itself, since a
    person may have erred. Where the gateway does not say what it holds, there is always
    one more look the next day, for as long as it takes. After days without any look there is one more in every
    case: nobody may have worked, but the clock may have jumped as well, and the customer be typing still.

    Args:
        attempt: Its state.
        holds: What the gateway said at this look.
        since: When the calendar began.
        asked_at: When this look was.
        before: When the look before it was, or None.
    """
    if attempt in _GIVEN_BACK:
        return _due_after_it_went_back(holds, since, asked_at)
    is_unclear = holds is Holds.UNCLEAR
    was_silent = asked_at - (before or since) > _LONGEST_SILENCE
    if was_silent and attempt not in _SEEN_TO_THE_END:
        return asked_at + _TOMORROW
    due_at = _by_calendar(attempt, since, asked_at, is_unclear=is_unclear)
    is_open = attempt in _UNCONFIRMED or (is_unclear and attempt in _UNPAID | _IN_DOUBT)
    return asked_at + _TOMORROW if due_at is None and is_open else due_at


def _due_after_it_went_back(holds: Holds, since: datetime, asked_at: datetime) -> datetime | None:
    if holds is Holds.UNCLEAR:
        return next_look(since, asked_at) or asked_at + _TOMORROW
    is_sure = holds not in _NO_MONEY or asked_at - since >= _UNTIL_SURE_OF_NOTHING
    return None if is_sure else next_look(since, asked_at)


def _by_calendar(
    attempt: AttemptState, since: datetime, asked_at: datetime, *, is_unclear: bool
) -> datetime | None:
    if attempt is AttemptState.CAPTURE_REQUESTED:
        return next_look_while_waited_for(since, asked_at) or next_look(since, asked_at)
    if attempt in _SEEN_TO_THE_END:
        return None
    if attempt is AttemptState.AUTHORIZED:
        # To be captured, at the next look.
        return asked_at + SHORTEST_PAUSE
    if attempt in {AttemptState.CAPTURED, AttemptState.PART_REFUNDED}:
        tomorrow = asked_at + _TOMORROW
        return tomorrow if tomorrow - since <= _UNTIL_SETTLED else None
    if attempt in _UNPAID and not is_unclear and asked_at - since >= _UNTIL_SURE_OF_NOTHING:
        return None
    return next_look(since, asked_at)
