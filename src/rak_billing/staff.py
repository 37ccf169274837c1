"""
What lies before the operator's staff, and what they decide about it.

A person sees what the gateway's back office and the books say, and tells it to the journal; the journal follows by the same
events as everything else, with who said so and why. There is no way to set a state.
"""

import sys
from datetime import datetime
from enum import StrEnum, unique
from itertools import islice
from typing import Final

import attrs

from cmi_gateway.outcome import PaymentFacts
from rak_billing.checkout_checks import check_limit, is_text
from rak_billing.confirmation import POSTING, Confirmation, key_of
from rak_billing.errors import ResolutionError
from rak_billing.order_history import History, history_of
from rak_billing.payments.port import JournalPort, TransactionPort
from rak_billing.payments.records import (
    AttemptRecord,
    DeadLetter,
    OperationOutcome,
    OrderRecord,
    Review,
    ReviewKind,
)
from rak_billing.payments.states import AttemptState, Event, OrderState, PublicState
from rak_billing.ports import Clock
from rak_billing.recovery.learning import happen

#: What was expected of a person, in the words of `rak_billing.errors.ResolutionError`.
NO_ATTEMPT: Final = "expected the gateway's order id of one of this operator's attempts"
NO_ORDER: Final = (
    "expected the reference of one of this operator's orders, or the gateway's order id of an attempt at it"
)
NO_LETTER: Final = "expected the key of something that was given up"
NOBODY: Final = "expected who says so, and why"
UNDECIDED: Final = "it is not known what became of its money: say paid, voided, refunded or unpaid"
PAID_ALREADY: Final = "its invoices are paid already: void or refund this one"
NOT_PAYABLE: Final = "its order was voided or refunded with another payment: void or refund this one"

_ABOUT_POSTING: Final = (ReviewKind.NOT_POSTED, ReviewKind.NOT_POSTED_YET)
_ABOUT_MAIL: Final = (ReviewKind.NOT_SENT,)
_TAKEN: Final = frozenset({AttemptState.CAPTURED, AttemptState.SETTLED, AttemptState.PART_REFUNDED})


@unique
class Resolution(StrEnum):
    """What a person found out about a payment."""

    PAID = "paid"  # the back office shows the money as taken
    VOIDED = "voided"  # it was cancelled there
    REFUNDED = "refunded"  # it was given back there
    UNPAID = "unpaid"  # there never was any money
    SEEN = "seen"  # nothing has to change


@attrs.frozen
class Matter:
    """
    A payment that waits for a person.

    Attributes:
        order_id: The gateway's order id of the attempt.
        order: Its order.
        attempt_state: Where the attempt stands.
        reviews: Why, the oldest first.
    """

    order_id: str
    order: OrderRecord
    attempt_state: AttemptState
    reviews: tuple[Review, ...]


@attrs.frozen
class StaffDesk:
    """
    The staff's side of the journal, for one operator.

    Attributes:
        tenant: The operator.
        journal: Where all is written.
        confirmation: Issues receipts of what a person confirms.
        clock: The present instant.
    """

    tenant: str
    journal: JournalPort
    confirmation: Confirmation
    clock: Clock

    def waiting(self, limit: int | None = None) -> tuple[Matter, ...]:
        """
        Return what waits for a person, the oldest first, no more than *limit* payments of it.

        Raises:
            TenantError: *limit* is less than 1.
        """
        if limit is not None:
            check_limit(limit)
        found: dict[str, list[Review]] = {}
        with self.journal.reading() as tx:
            for review in tx.reviews.unresolved():
                found.setdefault(review.order_id, []).append(review)
            matters = (self._matter(tx, order_id, reviews) for order_id, reviews in found.items())
            # No list is longer than that; a limit beyond it is none.
            most = None if limit is None else min(limit, sys.maxsize)
            return tuple(islice((matter for matter in matters if matter is not None), most))

    def _matter(self, tx: TransactionPort, order_id: str, reviews: list[Review]) -> Matter | None:
        attempt = tx.orders.attempt(order_id)
        if attempt is None:
            # A true callback of an order that is no more, or of another shop's.
            return None
        order = tx.orders.order(attempt.order_reference)
        return Matter(order_id, order, attempt.state, tuple(reviews)) if order.tenant == self.tenant else None

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """Return the mails and postings that were given up."""
        with self.journal.reading() as tx:
            return tx.outbox.dead_letters(self.tenant)

    def history(self, reference: str) -> History:
        """
        Return all that happened to an order, by its reference or the gateway's order id of one of its attempts.

        Raises:
            ResolutionError: This operator has none.
        """
        with self.journal.reading() as tx:
            found = history_of(tx, self.tenant, reference) if is_text(reference) else None
        if found is None:
            raise ResolutionError(reference, NO_ORDER)
        return found

    def resolve(self, order_id: str, resolution: Resolution, *, by: str, why: str) -> AttemptState:
        """
        Write what a person found out about an attempt, close what lay before them, and return where it stands now.

        Args:
            order_id: The gateway's order id.
            resolution: What was found out.
            by: Who says so.
            why: How they know, for whoever reads the history in ten years.

        Raises:
            ResolutionError: There is no such attempt, nobody or nothing is named, or the money cannot be what they say.
            TransitionError: It cannot be so in the state that the attempt is in.
        """
        facts = _who(order_id, by, why) | {"resolution": resolution.value}
        at = self.clock()
        return self.journal.run(lambda tx: self._resolve(tx, order_id, resolution, facts, at=at))

    def _resolve(
        self,
        tx: TransactionPort,
        order_id: str,
        resolution: Resolution,
        facts: dict[str, str],
        *,
        at: datetime,
    ) -> AttemptState:
        found = tx.orders.locked(order_id) if is_text(order_id) else None
        if found is None or found[0].tenant != self.tenant:
            raise ResolutionError(order_id, NO_ATTEMPT)
        order, attempt = found
        if resolution is Resolution.SEEN and attempt.state.public is PublicState.REVIEW:
            # Off the list it would be forgotten, with the invoices locked and the customer waiting.
            raise ResolutionError(order_id, UNDECIDED)
        events = _events(resolution, attempt)
        if resolution is Resolution.PAID and not (attempt.has_paid and order.state.holds_invoices):
            events, attempt = self._accept(tx, order, attempt, at=at)
        for event in events:
            order, attempt = happen(tx, self.confirmation, event, order, attempt, facts=facts, at=at)
        operation = None if resolution is Resolution.SEEN else tx.operations.open_of(order_id)
        if operation is not None:
            # What the gateway's history could not tell they have seen; else it would be before them again tomorrow.
            tx.operations.resolve(operation.key, OperationOutcome.OVERRULED, at=at)
        tx.reviews.settle(order_id, by=facts["by"], why=facts["why"], at=at)
        tx.inquiries.hasten(order_id, at=at)
        return attempt.state

    def _accept(
        self, tx: TransactionPort, order: OrderRecord, attempt: AttemptRecord, *, at: datetime
    ) -> tuple[tuple[Event, ...], AttemptRecord]:
        """Count money that does not count yet, or not any more; never beside another payment of the same invoices."""
        if order.state.holds_invoices or tx.locks.paid_by_another(order):
            raise ResolutionError(attempt.order_id, PAID_ALREADY)
        if order.state is OrderState.OPEN:
            events: tuple[Event, ...] = (Event.APPROVE, Event.CONFIRM)
        elif attempt.order_id == _payer(tx, order):
            # The receipt is this payment's, and stands.
            events = (Event.REINSTATE,)
        else:
            raise ResolutionError(attempt.order_id, NOT_PAYABLE)
        if not tx.outbox.is_delivered(key_of(POSTING, order)):
            tx.locks.take(order, at=at)
        return events, tx.orders.keep_payment(attempt, attempt.facts or PaymentFacts(), at)

    def revive(self, key: str, *, delivered: bool, by: str, why: str) -> None:
        """
        Take up again what was given up, or note that a person delivered it; written to the order's history.

        Args:
            key: Of the dead letter.
            delivered: Whether it is in the books, or with the customer, by other ways.
            by: Who says so.
            why: How they know.

        Raises:
            ResolutionError: There is no such dead letter, or nobody or nothing is named.
        """
        facts = _who(key, by, why) | {"delivered" if delivered else "revived": key}
        at = self.clock()
        self.journal.run(lambda tx: self._revive(tx, key, facts, is_done=delivered, at=at))

    def _revive(
        self, tx: TransactionPort, key: str, facts: dict[str, str], *, is_done: bool, at: datetime
    ) -> None:
        letter = next((dead for dead in tx.outbox.dead_letters(self.tenant) if dead.key == key), None)
        if letter is None or not tx.outbox.revive(key, at=at, is_done=is_done):
            raise ResolutionError(key, NO_LETTER)
        reference, is_posting = letter.order_reference, letter.topic == POSTING
        if is_done and is_posting:
            tx.locks.release(reference, at=at)
        order_id = tx.orders.history(reference)[-1].order_id
        found = tx.orders.locked(order_id)
        assert found is not None, "an event has an attempt: both are written together"
        happen(tx, self.confirmation, Event.NOTE, *found, facts=facts, at=at)
        kinds = _ABOUT_POSTING if is_posting else _ABOUT_MAIL
        for order_id in {event.order_id for event in tx.orders.history(reference)}:
            tx.reviews.settle(order_id, by=facts["by"], why=facts["why"], at=at, kinds=kinds)


def _who(reference: str, by: str, why: str) -> dict[str, str]:
    if not by.strip() or not why.strip():
        raise ResolutionError(reference, NOBODY)
    # Typed in a terminal of another encoding, some of it may be no text; who and why stay readable all the same.
    return {"by": _written(by), "why": _written(why)}


def _written(words: str) -> str:
    return words.encode(errors="replace").decode().replace("\0", "?")


def _payer(tx: TransactionPort, order: OrderRecord) -> str | None:
    """Give the order id of the attempt by which an order was paid first."""
    paid = (event for event in tx.orders.history(order.reference) if event.order_state is OrderState.PAID)
    return next((event.order_id for event in paid), None)


def _events(resolution: Resolution, attempt: AttemptRecord) -> tuple[Event, ...]:
    counts, state = attempt.has_paid, attempt.state
    match resolution:
        case Resolution.PAID:
            return (Event.NOTE if state in _TAKEN else Event.CONFIRM,)
        case Resolution.VOIDED:
            return (Event.VOID if counts else Event.RELEASE,)
        case Resolution.REFUNDED:
            return (Event.REFUND if counts else Event.RETURN,)
        case Resolution.UNPAID:
            return (Event.DISPROVE if counts else Event.EXPIRE,)
        case Resolution.SEEN:
            return (Event.NOTE,)
