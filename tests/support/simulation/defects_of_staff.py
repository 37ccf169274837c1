"""Mistakes about what people say, and about a gateway that says neither yes nor no."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

from pytest import MonkeyPatch  # noqa: PT013 - a type
from sqlalchemy import exists

from rak_billing import staff
from rak_billing.errors import JournalError
from rak_billing.payments import purging, schema, states
from rak_billing.payments.inquiries import Inquiries
from rak_billing.payments.locks import InvoiceLocks
from rak_billing.payments.operations import Operations
from rak_billing.payments.records import OperationOutcome, OperationRecord
from rak_billing.payments.states import AttemptState, Event
from rak_billing.recovery import deciding, learning
from rak_billing.recovery.deciding import Decision, Move, Situation
from rak_billing.recovery.moving import Mover
from rak_billing.staff import StaffDesk
from support.simulation.zoo import defect


@defect
def a_payment_that_fell_keeps_its_instant(patch: MonkeyPatch) -> None:
    """What was cancelled or disproved counts as the payment of its order, once it stands elsewhere again."""
    patch.setattr(states, "counts", lambda *_: True)


@defect
def a_pending_attempt_is_dropped_after_a_day(patch: MonkeyPatch) -> None:
    """Neither yes nor no is taken for no."""
    right = deciding.next_due

    def next_due(attempt: AttemptState, *, is_unclear: bool, **when: Any) -> datetime | None:
        return right(attempt, is_unclear=is_unclear and attempt not in _UNPAID, **when)

    patch.setattr(learning, "next_due", next_due)


_UNPAID = {AttemptState.SENT, AttemptState.DECLINED, AttemptState.SUPERSEDED, AttemptState.EXPIRED}


@defect
def what_staff_called_gone_is_asked_about_once(patch: MonkeyPatch) -> None:
    """The one look after a person's word gets neither yes nor no, and there is no other."""
    right = deciding.next_due

    def next_due(attempt: AttemptState, **facts: Any) -> datetime | None:
        return None if attempt in deciding._GIVEN_BACK else right(attempt, **facts)

    patch.setattr(learning, "next_due", next_due)


@defect
def staff_count_money_without_looking_who_else_paid(patch: MonkeyPatch) -> None:
    """A person saw that the money was taken, so that its order is paid: its invoices are neither looked for nor locked."""
    right = StaffDesk._accept

    def accept(self: StaffDesk, *facts: Any, **how: Any) -> Any:
        with MonkeyPatch.context() as within:
            within.setattr(InvoiceLocks, "paid_by_another", lambda *_: False)
            within.setattr(InvoiceLocks, "take", lambda *_, **__: None)
            return right(self, *facts, **how)

    patch.setattr(StaffDesk, "_accept", accept)


@defect
def the_word_of_staff_leaves_an_operation_open(patch: MonkeyPatch) -> None:
    """What became of the money is written, and what became of the capture is asked about for ever."""
    right = Operations.resolve

    def resolve(self: Operations, key: str, outcome: OperationOutcome, *, at: datetime) -> bool:
        return outcome is OperationOutcome.OVERRULED or right(self, key, outcome, at=at)

    patch.setattr(Operations, "resolve", resolve)


@defect
def the_sweep_moves_what_a_person_ended(patch: MonkeyPatch) -> None:
    """Whether its look is still worth anything is not asked again before the money is moved."""

    def keep(self: Mover, tx: Any, inquiry: Any, move: Move, operation: Any) -> None:
        found = tx.orders.locked(inquiry.order_id)
        if found is None:
            raise JournalError("nothing is sent")
        at = self.clock()
        record = OperationRecord(operation.key, inquiry.order_id, move.value, operation.to_text(), at)
        tx.operations.add(record)
        if move is Move.CAPTURE and found[1].state is AttemptState.AUTHORIZED:
            tx.orders.apply(Event.CAPTURE, *found, at=at, facts={"operation": operation.key})

    patch.setattr(Mover, "_keep", keep)


@defect
def not_found_closes_a_duplicate(patch: MonkeyPatch) -> None:
    """The gateway told of a payment too many and does not find it now, so that there is none."""
    right = deciding._no_money

    def no_money(it: Situation) -> Decision:
        if it.attempt is AttemptState.DUPLICATE:
            return Decision(events=(Event.EXPIRE,), settles=deciding._ABOUT_SURPLUS)
        return right(it)

    patch.setattr(deciding, "_no_money", no_money)


@defect
def the_purge_takes_what_is_asked_about(patch: MonkeyPatch) -> None:
    """An order that nobody paid is old, and that the gateway has not said its last word is not looked at."""
    right = purging._has_attempt

    def has_attempt(*conditions: Any) -> Any:
        is_about_inquiries = any("inquiries" in str(condition) for condition in conditions)
        return exists().where(schema.orders.c.reference == "") if is_about_inquiries else right(*conditions)

    patch.setattr(purging, "_has_attempt", has_attempt)


@defect
def nobody_checks_what_staff_said(patch: MonkeyPatch) -> None:
    """A person said it, so that the gateway is not asked once more."""
    right = StaffDesk._resolve

    def resolve(self: StaffDesk, *facts: Any, **how: Any) -> Any:
        with MonkeyPatch.context() as within:
            within.setattr(Inquiries, "hasten", lambda *_, **__: None)
            return right(self, *facts, **how)

    patch.setattr(StaffDesk, "_resolve", resolve)


@defect
def a_contradiction_is_told_to_nobody(patch: MonkeyPatch) -> None:
    """The gateway has the money that a person called given back, and who spoke last is right."""
    patch.setattr(deciding, "_CONTRADICTED", deciding.NOTHING)


@defect
def a_payment_called_gone_stays_gone(patch: MonkeyPatch) -> None:
    """What was disproved or expired is not counted again when the gateway shows that it was taken."""
    right = deciding._taken

    def taken(finding: Any, it: Situation) -> Decision:
        return deciding.NOTHING if it.attempt is AttemptState.EXPIRED else right(finding, it)

    rules = {holds: taken if rule is right else rule for holds, rule in deciding._RULES.items()}
    patch.setattr(deciding, "_RULES", rules)


@defect
def seen_takes_a_doubt_off_the_list(patch: MonkeyPatch) -> None:
    """A person looked, and what they saw is not asked."""
    patch.setattr(staff, "PublicState", SimpleNamespace(REVIEW=None))
    right = StaffDesk._resolve

    def resolve(self: StaffDesk, tx: Any, order_id: str, word: Any, *facts: Any, **how: Any) -> Any:
        if word is not staff.Resolution.SEEN:
            return right(self, tx, order_id, word, *facts, **how)
        with MonkeyPatch.context() as within:
            within.setattr(Inquiries, "hasten", lambda *_, **__: None)
            return right(self, tx, order_id, word, *facts, **how)

    patch.setattr(StaffDesk, "_resolve", resolve)


@defect
def a_disproved_order_keeps_its_invoices(patch: MonkeyPatch) -> None:
    """The order is to be paid again, and nobody can: its invoices are locked by it still."""

    def happen(
        tx: Any, confirmation: Any, event: Event, order: Any, attempt: Any, *, facts: Any, at: Any
    ) -> Any:
        if event is Event.CONFIRM:
            return confirmation.confirm(tx, order, attempt, at=at, facts=facts)
        return tx.orders.apply(event, order, attempt, at=at, facts=facts)

    patch.setattr(staff, "happen", happen)
