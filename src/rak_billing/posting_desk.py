"""
Puts payments into the books, once each, in the way that the billing adapter declares.

What is about to leave is written down first. A worker that finds such a beginning and no end knows that nobody knows: only
the declared way says whether to post again, to search first, or to leave it to a person.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final, assert_never, cast

import attrs

from rak_billing.billing_posting import AlreadyPosted, PaidInvoice, Posted, Posting, PostingAnswer, Refused
from rak_billing.errors import (
    BillingUnavailableError,
    JournalError,
    PostingNotSentError,
    PostingUnknownError,
    QuoteSealError,
)
from rak_billing.exactly_once import ExactlyOnce, NextStep, after_search, after_unknown
from rak_billing.payments.journal import Transaction
from rak_billing.payments.port import JournalPort, TransactionPort
from rak_billing.payments.records import OutboxEntry, Review, ReviewKind
from rak_billing.ports import Clock, PostingReceiver, PostingSearch, TransactionalPosting
from rak_billing.proving import require_accepted
from rak_billing.quote_seal import QuoteSeal
from rak_billing.receipt import Receipt

#: Who settled a review, where no person did.
WORKER: Final = "worker"
#: Why a mail or posting does not leave: its order was voided or given back while it waited.
NOT_PAID_ANY_MORE: Final = "the order is not paid any more"
#: A posting that is tried again for ever is put before a person after so many tries: some twenty hours.
TRIES_OF_A_DAY: Final = 12


@attrs.frozen
class PostingDesk:
    """Posts for one operator."""

    journal: JournalPort
    billing: PostingReceiver = attrs.field(repr=False)
    seal: QuoteSeal
    clock: Clock

    def deliver(self, entry: OutboxEntry) -> bool:
        """Post one entry; tell whether it is in the books now."""
        try:
            posting = self._posting(entry)
        except QuoteSealError as error:
            # Changed since it was paid, or sealed with a key that was withdrawn: the books wait for a person.
            return self._park(entry, f"not proved to be what the customer accepted: {error}")
        if posting is None:
            return self._park(entry, NOT_PAID_ANY_MORE)
        way = self.billing.exactly_once
        if way is ExactlyOnce.SAME_TRANSACTION:
            return self._within(entry, posting)
        if entry.begun_at is not None:
            step = after_unknown(way)
            if step is NextStep.PARK:
                return self._park(entry, "an earlier try was begun, and nobody knows whether it arrived")
            if step is NextStep.SEARCH and not self._may_repeat(entry, posting, entry.begun_at):
                return False
        return self._post(entry, posting)

    def _posting(self, entry: OutboxEntry) -> Posting | None:
        with self.journal.reading() as tx:
            order = tx.orders.order(entry.order_reference)
            snapshot = tx.receipts.of_order(entry.order_reference)
        if snapshot is None:
            raise JournalError("expected a receipt of an order that is to be posted")
        receipt = Receipt.from_dict(snapshot)
        if not order.state.holds_invoices:
            return None
        require_accepted(self.seal, order, receipt)
        return Posting(
            key=order.reference,
            tenant=order.tenant,
            customer_ref=order.customer_ref,
            invoices=[PaidInvoice(line.reference, line.amount) for line in order.lines if not line.is_fee],
            posting_date=receipt.posting_date,
            receipt_number=receipt.number,
        )

    def _within(self, entry: OutboxEntry, posting: Posting) -> bool:
        billing = cast("TransactionalPosting", self.billing)

        def work(tx: TransactionPort) -> PostingAnswer | None:
            # Billing need not know a repeat: what keeps one out is that the entry is still this worker's.
            if not tx.outbox.begin(entry, at=self.clock()):
                return None
            answer = billing.post_within(cast("Transaction", tx).connection, posting)
            self._note(tx, entry, answer)
            return answer

        try:
            return isinstance(self.journal.run(work), (Posted, AlreadyPosted))
        except PostingNotSentError as error:
            return self._put_back(entry, error.reason)

    def _may_repeat(self, entry: OutboxEntry, posting: Posting, begun_at: datetime) -> bool:
        """Search by our key; what is found is done, what is surely not there may be posted."""
        billing = cast("PostingSearch", self.billing)
        now = self.clock()
        if begun_at > now:
            # Written by a clock that stood ahead: counted from now on, else it would not be final for years.
            begun_at = now
            self.journal.run(lambda tx: tx.outbox.begin(entry, at=now), repeatable=True)
        try:
            found = billing.find_posting(posting)
        except BillingUnavailableError as error:
            self._unknown(entry, str(error))
            return False
        step = after_search(found, since=self.clock() - begun_at, final_after=billing.final_after)
        if isinstance(step, Posted):
            self.journal.run(lambda tx: self._note(tx, entry, step), repeatable=True)
            return False
        if step is NextStep.SEARCH:
            self._unknown(entry, "not in the books yet, and it may still be on its way")
        return step is NextStep.RETRY

    def _post(self, entry: OutboxEntry, posting: Posting) -> bool:
        # The clock is read within: begun before it was, its answer would be thought final too early.
        if not self.journal.run(lambda tx: tx.outbox.begin(entry, at=self.clock())):
            return False
        try:
            answer = self.billing.post(posting)
        except PostingNotSentError as error:
            return self._put_back(entry, error.reason)
        except PostingUnknownError as error:
            if after_unknown(self.billing.exactly_once) is NextStep.PARK:
                return self._park(entry, error.reason)
            return self._unknown(entry, error.reason)
        self.journal.run(lambda tx: self._note(tx, entry, answer), repeatable=True)
        return not isinstance(answer, Refused)

    def _note(self, tx: TransactionPort, entry: OutboxEntry, answer: PostingAnswer) -> None:
        """Write what billing said: done, and the invoices are free; or given up."""
        at = self.clock()
        match answer:
            case Posted() | AlreadyPosted():
                tx.outbox.done(entry, at=at)
                tx.locks.release(entry.order_reference, at=at)
                put_right(tx, entry, at=at, what=(ReviewKind.NOT_POSTED, ReviewKind.NOT_POSTED_YET))
            case Refused(reason, detail):
                park(tx, entry, f"billing refuses it: {reason.value} {detail}".strip(), at=at)
            case _:
                assert_never(answer)

    def _put_back(self, entry: OutboxEntry, error: str) -> bool:
        return self._later(entry, lambda tx, now: tx.outbox.failed(entry, error=error, now=now))

    def _unknown(self, entry: OutboxEntry, error: str) -> bool:
        return self._later(entry, lambda tx, now: tx.outbox.unknown(entry, error=error, now=now))

    def _later(self, entry: OutboxEntry, mark: Callable[[TransactionPort, datetime], object]) -> bool:
        now = self.clock()

        def write(tx: TransactionPort) -> None:
            mark(tx, now)
            if entry.tries == TRIES_OF_A_DAY:
                _put_before_a_person(tx, entry, ReviewKind.NOT_POSTED_YET, at=now)

        self.journal.run(write, repeatable=True)
        return False

    def _park(self, entry: OutboxEntry, error: str) -> bool:
        at = self.clock()
        self.journal.run(lambda tx: park(tx, entry, error, at=at), repeatable=True)
        return False


def park(
    tx: TransactionPort,
    entry: OutboxEntry,
    error: str,
    *,
    at: datetime,
    why: ReviewKind = ReviewKind.NOT_POSTED,
) -> None:
    """Give an entry up and put it before a person."""
    if not tx.outbox.park(entry, error=error, at=at):
        return
    _put_before_a_person(tx, entry, why, at=at)


def _put_before_a_person(tx: TransactionPort, entry: OutboxEntry, why: ReviewKind, *, at: datetime) -> None:
    attempt = tx.orders.accepted_attempt(entry.order_reference)
    if attempt is not None:
        tx.reviews.keep(Review(attempt.order_id, why, "", at))


def put_right(tx: TransactionPort, entry: OutboxEntry, *, at: datetime, what: Collection[ReviewKind]) -> None:
    """Take an entry that left after all off the list of what a person must look at."""
    attempt = tx.orders.accepted_attempt(entry.order_reference) if entry.tries > 1 else None
    if attempt is not None:
        tx.reviews.settle(attempt.order_id, by=WORKER, why="it left", at=at, kinds=what)
