"""Writing down what a look at the gateway taught, in one transaction that begins by looking whether it may."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from cmi_gateway.money import Money
from cmi_gateway.outcome import PaymentFacts
from rak_billing.confirmation import Confirmation
from rak_billing.payments.port import TransactionPort
from rak_billing.payments.records import AttemptRecord, Inquiry, OrderRecord, Review, ReviewKind
from rak_billing.payments.states import Event
from rak_billing.recovery.deciding import Decision, Move, Situation, decide_look, next_due, overdue
from rak_billing.recovery.findings import Finding

#: Who settled a review, where no person did.
SWEEP: Final = "sweep"
#: By so much the gateway's clock may differ from ours.
_CLOCKS: Final = timedelta(minutes=10)


@attrs.frozen
class Learned:
    """
    What came of a look.

    Attributes:
        attempt: As it stands now.
        events: What happened to it.
        move: The money to be moved, or None.
        total: Of the order.
        transaction_id: The transaction that the gateway showed.
    """

    attempt: AttemptRecord
    events: tuple[Event, ...]
    move: Move | None
    total: Money
    transaction_id: str | None


@attrs.frozen
class Learning:
    """Writes what looks teach, for one operator."""

    confirmation: Confirmation
    switched_on: frozenset[str]

    def learn(
        self, tx: TransactionPort, inquiry: Inquiry, finding: Finding, *, at: datetime
    ) -> Learned | None:
        """
        Decide about a finding and write it; None when the inquiry is no longer this machine's.

        Args:
            tx: Committed before any money is moved.
            inquiry: Claimed before the gateway was asked.
            finding: The answer.
            at: When it came.
        """
        found = tx.orders.locked(inquiry.order_id)
        if found is None or not tx.inquiries.is_held(inquiry):
            return None
        order, attempt = found
        decision = decide_look(finding, self._situation(tx, order, attempt, inquiry, at=at))
        order, attempt = self._write(tx, order, attempt, decision, finding, at=at)
        due_at = next_due(
            attempt.state,
            holds=finding.holds,
            since=inquiry.since,
            asked_at=at,
            before=inquiry.asked_at,
        )
        tx.inquiries.finish(inquiry, asked_at=at, due_at=due_at)
        return Learned(attempt, decision.events, decision.move, order.total, finding.transaction_id)

    def _situation(
        self,
        tx: TransactionPort,
        order: OrderRecord,
        attempt: AttemptRecord,
        inquiry: Inquiry,
        *,
        at: datetime,
    ) -> Situation:
        return Situation(
            attempt=attempt.state,
            order=order.state,
            counts=attempt.has_paid,
            transaction_id=attempt.facts.transaction_id if attempt.facts is not None else None,
            is_held_elsewhere=tx.locks.paid_by_another(order),
            switched_on=self.switched_on,
            # By a clock that stood ahead it began after the calendar did, and would never be old enough.
            started_at=min(attempt.started_at, inquiry.since),
            since=inquiry.since,
            now=at,
        )

    def _write(
        self,
        tx: TransactionPort,
        order: OrderRecord,
        attempt: AttemptRecord,
        decision: Decision,
        finding: Finding,
        *,
        at: datetime,
    ) -> tuple[OrderRecord, AttemptRecord]:
        facts = {"asked": "status", "transaction": finding.transaction_id}
        if decision.accepts:
            attempt = _accept(tx, order, attempt, finding, at=at)
        for event in decision.events:
            order, attempt = happen(tx, self.confirmation, event, order, attempt, facts=facts, at=at)
        if decision.review is not None:
            tx.reviews.keep(Review(attempt.order_id, decision.review, "", at))
        if decision.settles:
            tx.reviews.settle(
                attempt.order_id, by=SWEEP, why=finding.holds.name.lower(), at=at, kinds=decision.settles
            )
        return order, attempt


def happen(
    tx: TransactionPort,
    confirmation: Confirmation,
    event: Event,
    order: OrderRecord,
    attempt: AttemptRecord,
    *,
    facts: Mapping[str, Any],
    at: datetime,
) -> tuple[OrderRecord, AttemptRecord]:
    """Let one event happen, with what belongs to it: a receipt, or invoices that are free again."""
    if event is Event.CONFIRM:
        return confirmation.confirm(tx, order, attempt, at=at, facts=facts)
    was_holding = order.state.holds_invoices
    order, attempt = tx.orders.apply(event, order, attempt, at=at, facts=facts)
    if was_holding and not order.state.holds_invoices:
        # Else nobody could pay them again: an order that is not paid any more is never posted.
        tx.locks.release(order.reference, at=at)
    return order, attempt


def remind(tx: TransactionPort, inquiry: Inquiry, *, since: datetime, at: datetime) -> None:
    """Put an attempt before a person where nobody knows what the gateway holds of it, and has not known since long ago."""
    found = tx.orders.locked(inquiry.order_id)
    if found is None or not tx.inquiries.is_held(inquiry):
        return
    attempt = found[1]
    why = overdue(attempt.state, counts=attempt.has_paid, waited=at - since)
    if why is not None:
        tx.reviews.keep(Review(attempt.order_id, why, "", at))


def _accept(
    tx: TransactionPort, order: OrderRecord, attempt: AttemptRecord, finding: Finding, *, at: datetime
) -> AttemptRecord:
    """Lock the invoices of money that no callback told of, and keep what the gateway says of it."""
    tx.locks.take(order, at=at)
    authorized_at, transaction = finding.authorized_at, finding.transaction
    is_believed = authorized_at is not None and attempt.started_at - _CLOCKS <= authorized_at <= at + _CLOCKS
    if not is_believed:
        tx.reviews.keep(Review(attempt.order_id, ReviewKind.CLOCK_SKEW, "", at))
    facts = PaymentFacts(
        transaction_id=finding.transaction_id,
        authorization_code=(transaction.authorization_code or None) if transaction else None,
        gateway_time=authorized_at,
    )
    return tx.orders.keep_payment(attempt, facts, authorized_at if is_believed and authorized_at else at)
