"""
What a checkout needs of a journal, for a portal that keeps payments in a database of its own.

`rak_billing.Journal` is one implementation. Any other fits that has these methods and passes the tests of
`rak_billing.testing.journal_conformance`. What a method promises is said there once more, as a test.

Two promises are about all of it. A transaction is kept whole or leaves no trace. And where two transactions concern the
same order, invoice, callback, series of receipts or entry of the outbox, one of them waits for the other, or is refused with an
error and `Journal.run` does it again: they never both act on what only one of them saw.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from cmi_gateway.outcome import PaymentFacts
from rak_billing.payments.records import (
    AttemptRecord,
    DeadLetter,
    Inquiry,
    KnownCallback,
    OperationOutcome,
    OperationRecord,
    OrderRecord,
    OutboxEntry,
    PastEvent,
    Review,
    ReviewKind,
)
from rak_billing.payments.states import Event

T = TypeVar("T")


class OrdersPort(Protocol):
    """Orders, attempts and their history."""

    def add(self, order: OrderRecord) -> None:
        """Write down a new order; a second open one of the same customer and quote is refused with a JournalError."""
        ...

    def add_attempt(self, attempt: AttemptRecord, *, form_hash: str) -> None:
        """Write down a new attempt, and the hash of its form for ever."""
        ...

    def order(self, reference: str) -> OrderRecord:
        """Return an order, or raise JournalError."""
        ...

    def locked(self, order_id: str) -> tuple[OrderRecord, AttemptRecord] | None:
        """Return order and attempt of a gateway order id, or None; the order and its invoices are this transaction's."""
        ...

    def hold_invoices(self, tenant: str, references: Collection[str]) -> None:
        """Have every other transaction that decides about these invoices wait until this one ends."""
        ...

    def attempt(self, order_id: str) -> AttemptRecord | None:
        """Return the attempt of a gateway order id, or None."""
        ...

    def attempt_of_token(self, token_hash: str) -> AttemptRecord | None:
        """Return the attempt of a return token, by the token's hash, or None."""
        ...

    def accepted_attempt(self, order_reference: str) -> AttemptRecord | None:
        """Return the one attempt of an order that is its payment (`AttemptRecord.has_paid`), or None."""
        ...

    def open_twin(self, tenant: str, customer_ref: str, quote_digest: str) -> OrderRecord | None:
        """Return the customer's open order of this quote, or None; nobody removes it before this transaction ends."""
        ...

    def sent_attempts(self, tenant: str, references: Collection[str]) -> tuple[AttemptRecord, ...]:
        """Return the undecided attempts that would pay any of these invoices, the oldest first."""
        ...

    def keep_payment(self, attempt: AttemptRecord, facts: PaymentFacts, instant: datetime) -> AttemptRecord:
        """Write the facts of the accepted payment beside its attempt; JournalError where another one of its order pays."""
        ...

    def apply(
        self,
        event: Event,
        order: OrderRecord,
        attempt: AttemptRecord,
        *,
        at: datetime,
        callback_digest: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> tuple[OrderRecord, AttemptRecord]:
        """
        Move both by one event (`rak_billing.payments.states.apply_to_both`) and add it to the history.

        An attempt that does not count any more after it (`rak_billing.payments.states.counts`) loses its payment
        instant, for good: two attempts of one order never have one at a time.

        Raises:
            TransitionError: There is no such move; names both states and the event.
            StaleStateError: They moved since they were read.
        """
        ...

    def history(self, order_reference: str) -> Sequence[PastEvent]:
        """Return the events of an order, the oldest first."""
        ...


class LocksPort(Protocol):
    """Invoices that are accepted or paid here; a lock keeps what is not posted yet from being paid by a second order."""

    def paid(self, tenant: str, references: Collection[str]) -> frozenset[str]:
        """Return those of *references* that an order holds which is accepted or paid, posted or not."""
        ...

    def take(self, order: OrderRecord, *, at: datetime) -> None:
        """Lock the invoices of an order, again after they were freed; JournalError if one is locked already."""
        ...

    def release(self, order_reference: str, *, at: datetime) -> None:
        """Free the invoices of an order."""
        ...

    def paid_by_another(self, order: OrderRecord) -> bool:
        """Tell whether another order, accepted or paid, holds any invoice of this one, posted or not."""
        ...


class CallbacksPort(Protocol):
    """Callbacks whose signature holds."""

    def known(self, *, digest: str, presented_hash: str, order_id: str) -> KnownCallback:
        """Return all that was written before about a callback, its hash and its order id."""
        ...

    def hash_is_known(self, presented_hash: str) -> bool:
        """Tell whether a callback with this HASH is kept."""
        ...

    def keep(self, *, digest: str, presented_hash: str, order_id: str, raw: bytes, at: datetime) -> bool:
        """Keep a callback as it came; tell whether it was new."""
        ...

    def keep_transaction(self, *, order_id: str, transaction_id: str, outcome: str, digest: str) -> None:
        """Remember who first told this outcome; JournalError for one told before, or an approval of two order ids."""
        ...

    def answer(self, digest: str, *, outcome: str, reply: str) -> None:
        """Write the answer; a second HASH that fitted its order is refused with a JournalError."""
        ...


class InquiriesPort(Protocol):
    """When the gateway is asked about an attempt, and by whom."""

    def open(self, order_id: str, *, tenant: str, since: datetime, due_at: datetime) -> None:
        """Begin to ask about a new attempt at *due_at*."""
        ...

    def hasten(self, order_id: str, *, at: datetime) -> None:
        """
        Have the gateway asked at once, and the calendar begin anew; whoever is asking has no say any more.

        Nothing happens where there is no such attempt.
        """
        ...

    def claim(self, tenant: str, *, now: datetime, lease_until: datetime) -> Inquiry | None:
        """
        Take an inquiry of the operator's that is due; nobody else gets it during its lease.

        What fell due in the last minute comes first, since a customer may be waiting for it; then what has been due for
        the longest time.

        Due later than in two days is due now, and its calendar begins now: only a clock that stood ahead wrote that.
        """
        ...

    def is_held(self, inquiry: Inquiry) -> bool:
        """Tell whether it was not claimed or hastened since, and keep it so until this transaction ends."""
        ...

    def finish(self, inquiry: Inquiry, *, asked_at: datetime | None, due_at: datetime | None) -> None:
        """
        Say when to ask again, None for never, unless it was claimed or hastened since.

        With *asked_at*, an answer came: a silence that lasted until now has ended.
        """
        ...

    def unanswered(self, inquiry: Inquiry, *, at: datetime, due_at: datetime) -> None:
        """Say that no answer came, and when to ask again, unless it was claimed or hastened since; a silence begins or lasts."""
        ...

    def due_at(self, order_id: str) -> datetime | None:
        """Tell when the gateway is to be asked about an attempt; None for never, and where there is no such attempt."""
        ...

    def bring_forward(self, order_id: str, *, due_at: datetime) -> None:
        """Have the gateway asked at *due_at*, unless it is to be asked before."""
        ...


class OperationsPort(Protocol):
    """Captures, voids and refunds, each written down before it is sent."""

    def add(self, operation: OperationRecord) -> None:
        """Write one down; JournalError for a second of the same key, or a second open one of an attempt."""
        ...

    def open_of(self, order_id: str) -> OperationRecord | None:
        """Return the operation on an attempt of which nobody knows what became of it, or None."""
        ...

    def count(self, order_id: str, kind: str) -> int:
        """Return how many operations of this kind there were on an attempt."""
        ...

    def resolve(self, key: str, outcome: OperationOutcome, *, at: datetime) -> bool:
        """Write what became of an open operation; tell whether it was open."""
        ...


class PacesPort(Protocol):
    """When the next request may leave, for all machines together."""

    def take(self, name: str, *, now: datetime, gap: timedelta) -> datetime:
        """Take the next instant of this name, now or later; the one after it is *gap* later."""
        ...


class RejectionsPort(Protocol):
    """Callbacks that were not believed."""

    def add(self, reason: str, raw: bytes, *, at: datetime) -> None:
        """Count one, and keep a masked sample of the first few of the day."""
        ...

    def counts(self) -> dict[str, int]:
        """Return how many there were, by reason."""
        ...


class ReviewsPort(Protocol):
    """What a person must look at."""

    def keep(self, review: Review) -> None:
        """Put a matter before a person unless it lies there; one that was settled is opened again."""
        ...

    def settle(
        self,
        order_id: str,
        *,
        by: str,
        why: str,
        at: datetime,
        kinds: Collection[ReviewKind] | None = None,
        callback_digest: str | None = None,
    ) -> int:
        """Close what lies before a person about an attempt: all, or these kinds, or of this callback; return how many."""
        ...

    def unresolved(self) -> tuple[Review, ...]:
        """Return what nobody has settled yet, the oldest first."""
        ...


class ReceiptsPort(Protocol):
    """Receipts and the series that number them."""

    def next_number(self, tenant: str, *, first: int) -> str:
        """Take the next number of an operator's unbroken series; it is spent only if this transaction is kept."""
        ...

    def add(
        self,
        *,
        tenant: str,
        number: str,
        order_reference: str,
        secret_hash: str,
        snapshot: Mapping[str, Any],
        at: datetime,
    ) -> None:
        """Write down a receipt; JournalError for a second one of the same order, number or secret."""
        ...

    def of_secret(self, secret_hash: str) -> Mapping[str, Any] | None:
        """Return the receipt of this link, by the hash of its secret, or None."""
        ...

    def order_of_secret(self, secret_hash: str) -> str:
        """Return the order of the receipt with this link; there must be one."""
        ...

    def of_order(self, order_reference: str) -> Mapping[str, Any] | None:
        """Return the receipt of an order, or None."""
        ...


class OutboxPort(Protocol):
    """What must leave this machine, written in the transaction that pays."""

    def add(self, *, key: str, tenant: str, topic: str, order_reference: str, at: datetime) -> None:
        """Put in an entry about an order of the operator's, due at once; JournalError for a second one of the same key."""
        ...

    def claim(self, tenant: str, *, now: datetime, without: Collection[str] = ()) -> OutboxEntry | None:
        """
        Take the operator's entry that has been due for the longest time; nobody else gets it during its lease.

        Due later than in two days is due now: only a clock that stood ahead wrote that.
        """
        ...

    def begin(self, entry: OutboxEntry, *, at: datetime) -> bool:
        """Write down that an entry is about to leave; False if it was claimed anew since."""
        ...

    def done(self, entry: OutboxEntry, *, at: datetime) -> bool:
        """Mark an entry as delivered, even if it was claimed anew or given up since; False if it was marked already."""
        ...

    def failed(self, entry: OutboxEntry, *, error: str, now: datetime) -> None:
        """Put an entry back for later that did not leave, unless it was claimed anew since."""
        ...

    def unknown(self, entry: OutboxEntry, *, error: str, now: datetime) -> None:
        """Put an entry back for later of which nobody knows whether it arrived; its beginning stays written."""
        ...

    def park(self, entry: OutboxEntry, *, error: str, at: datetime, is_open: bool = True) -> bool:
        """Give an entry up until a person looks; False if it was claimed anew since. Not *is_open*: its beginning is forgotten."""
        ...

    def dead_letters(self, tenant: str) -> tuple[DeadLetter, ...]:
        """Return what the operator's workers gave up, the oldest first."""
        ...

    def revive(self, key: str, *, at: datetime, is_done: bool) -> bool:
        """
        Take up again what was given up, or mark it as delivered by hand; tell whether there was such an entry.

        Taken up again, it is known when it was begun, and how often it was tried before.
        """
        ...

    def is_delivered(self, key: str) -> bool:
        """Tell whether there is an entry of this key that was delivered, or marked so by hand."""
        ...

    def waiting(self, tenant: str) -> int:
        """Return how many of the operator's entries are not delivered yet."""
        ...


class TransactionPort(Protocol):
    """The parts of a journal inside one transaction."""

    @property
    def orders(self) -> OrdersPort:
        """Orders and attempts."""
        ...

    @property
    def locks(self) -> LocksPort:
        """Paid invoices."""
        ...

    @property
    def callbacks(self) -> CallbacksPort:
        """Believed callbacks."""
        ...

    @property
    def inquiries(self) -> InquiriesPort:
        """When to ask the gateway."""
        ...

    @property
    def operations(self) -> OperationsPort:
        """Captures, voids and refunds."""
        ...

    @property
    def paces(self) -> PacesPort:
        """When the next request may go to the gateway."""
        ...

    @property
    def rejections(self) -> RejectionsPort:
        """Callbacks that were not believed."""
        ...

    @property
    def reviews(self) -> ReviewsPort:
        """Matters for a person."""
        ...

    @property
    def receipts(self) -> ReceiptsPort:
        """Receipts."""
        ...

    @property
    def outbox(self) -> OutboxPort:
        """What must leave."""
        ...


class JournalPort(Protocol):
    """A journal, shared by all threads."""

    def run(self, work: Callable[[TransactionPort], T], *, repeatable: bool = False) -> T:
        """
        Do *work* in one transaction, and again where it met another one.

        Raises:
            CommitUnknownError: Whether it was kept is unknown, and *repeatable* is not said.
            JournalError: It was refused; nothing was kept.
        """
        ...

    def reading(self) -> AbstractContextManager[TransactionPort]:
        """Open a transaction that only reads, all of it from one moment."""
        ...
