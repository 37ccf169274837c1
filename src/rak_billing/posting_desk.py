"""
Puts payments into the books, once each, in the way that the billing adapter declares.

What is about to leave is written down first. A worker that finds such a beginning and no end knows that nobody knows: only
the declared way says whether to post again, to search first, or to leave it to a person.
"""

from collections.abc import Callable
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
from rak_billing.outbox_matters import (
    NOT_PAID_ANY_MORE,
    park,
    put_before_a_person,
    put_right,
)
from rak_billing.payments.journal import Transaction
from rak_billing.payments.port import JournalPort, TransactionPort
from rak_billing.payments.records import OrderRecord, OutboxEntry, ReviewKind
from rak_billing.ports import Clock, PostingReceiver, PostingSearch, TransactionalPosting
from rak_billing.proving import require_accepted
from rak_billing.quote_seal import QuoteSeal
from rak_billing.receipt import Receipt

#: A posting that is tried again for ever is put before a person after so many tries, some twenty hours; and again each day, where
#: a person took it off the list and it is refused still.
TRIES_OF_A_DAY: Final = 12
_TRIES_OF_EACH_DAY_AFTER: Final = 4


@attrs.frozen
class PostingDesk:
    """Posts for one operator."""

    journal: JournalPort
    billing: PostingReceiver = attrs.field(repr=False)
    seal: QuoteSeal
    clock: Clock

    def deliver(self, entry: OutboxEntry) -> bool:
        """Post one entry; tell whether it is in the books now."""
        with self.journal.reading() as tx:
            order, receipt = _read(tx, entry)
        posting, reason = _posting(order, receipt), _why_not(self.seal, order, receipt)
        if reason is not None:
            return self._hold_back(entry, posting, reason)
        way = self.billing.exactly_once
        if way is ExactlyOnce.SAME_TRANSACTION:
            return self._within(entry, posting)
        if entry.begun_at is None:
            return self._post(entry, posting)
        match after_unknown(way):
            case NextStep.PARK:
                words = "an earlier try was begun, and nobody knows whether it arrived"
                return self._park(entry, words, is_open=False)
            case NextStep.SEARCH:
                return self._search_and_post(entry, posting, entry.begun_at)
            case NextStep.RETRY:
                return self._post(entry, posting)

    def _hold_back(self, entry: OutboxEntry, posting: Posting, reason: str) -> bool:
        """Give up what must not be posted; where an earlier try may have posted it, say so, and search where that can be done."""
        if entry.begun_at is None or self.billing.exactly_once is ExactlyOnce.SAME_TRANSACTION:
            return self._park(entry, reason)
        if after_unknown(self.billing.exactly_once) is not NextStep.SEARCH:
            words = f"{reason}; an earlier try was begun, and it may be in the books"
            return self._park(entry, words, even_if_fallen=True)
        match self._search(entry, posting, entry.begun_at):
            case Posted(reference):
                words = f"{reason}, and it is in the books: {reference or posting.key}"
                return self._park(entry, words, even_if_fallen=True)
            case NextStep.RETRY:
                return self._park(entry, reason)
            case _:
                return False

    def _within(self, entry: OutboxEntry, posting: Posting) -> bool:
        billing = cast("TransactionalPosting", self.billing)

        def work(tx: TransactionPort) -> PostingAnswer | None:
            # It may have been voided since it was read: nobody can, from here until all of this is kept.
            paid_by = tx.orders.accepted_attempt(entry.order_reference)
            found = None if paid_by is None else tx.orders.locked(paid_by.order_id)
            if found is None or not found[0].state.holds_invoices:
                park(tx, entry, NOT_PAID_ANY_MORE, at=self.clock(), why=ReviewKind.NOT_POSTED)
                return None
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

    def _search_and_post(self, entry: OutboxEntry, posting: Posting, begun_at: datetime) -> bool:
        match self._search(entry, posting, begun_at):
            case Posted() as found:
                self.journal.run(lambda tx: self._note(tx, entry, found), repeatable=True)
                return True
            case NextStep.RETRY:
                return self._post(entry, posting)
            case _:
                return False

    def _search(self, entry: OutboxEntry, posting: Posting, begun_at: datetime) -> Posted | NextStep | None:
        """Search by our key: what is found, RETRY for what is surely not there, None where the entry was put off."""
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
            return None
        step = after_search(found, since=self.clock() - begun_at, final_after=billing.final_after)
        if step is NextStep.SEARCH:
            self._unknown(entry, "not in the books yet, and it may still be on its way")
            return None
        return step

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
                return self._park(entry, error.reason, is_open=False)
            return self._unknown(entry, error.reason)
        self.journal.run(lambda tx: self._note(tx, entry, answer), repeatable=True)
        return not isinstance(answer, Refused)

    def _note(self, tx: TransactionPort, entry: OutboxEntry, answer: PostingAnswer) -> None:
        """Write what billing said: done, and the invoices are free, whoever has the entry by now; or given up."""
        at = self.clock()
        match answer:
            case Posted() | AlreadyPosted():
                if tx.outbox.done(entry, at=at):
                    tx.locks.release(entry.order_reference, at=at)
                    put_right(tx, entry, at=at, what=(ReviewKind.NOT_POSTED, ReviewKind.NOT_POSTED_YET))
            case Refused(reason, detail):
                words = f"billing refuses it: {reason.value} {detail}".strip()
                park(tx, entry, words, at=at, why=ReviewKind.NOT_POSTED, is_open=False)
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
            days = entry.tries_anew - TRIES_OF_A_DAY
            if days >= 0 and days % _TRIES_OF_EACH_DAY_AFTER == 0:
                put_before_a_person(tx, entry, ReviewKind.NOT_POSTED_YET, at=now)

        self.journal.run(write, repeatable=True)
        return False

    def _park(self, entry: OutboxEntry, error: str, **how: bool) -> bool:
        at = self.clock()
        self.journal.run(
            lambda tx: park(tx, entry, error, at=at, why=ReviewKind.NOT_POSTED, **how), repeatable=True
        )
        return False


def _read(tx: TransactionPort, entry: OutboxEntry) -> tuple[OrderRecord, Receipt]:
    order, snapshot = tx.orders.order(entry.order_reference), tx.receipts.of_order(entry.order_reference)
    if snapshot is None:
        raise JournalError("expected a receipt of an order that is to be posted")
    return order, Receipt.from_dict(snapshot)


def _why_not(seal: QuoteSeal, order: OrderRecord, receipt: Receipt) -> str | None:
    """Say why an order must not be posted; None where it may."""
    if not order.state.holds_invoices:
        return NOT_PAID_ANY_MORE
    try:
        require_accepted(seal, order, receipt)
    except QuoteSealError as error:
        # Changed since it was paid, or sealed with a key that was withdrawn: the books wait for a person.
        return f"not proved to be what the customer accepted: {error}"
    return None


def _posting(order: OrderRecord, receipt: Receipt) -> Posting:
    return Posting(
        key=order.reference,
        tenant=order.tenant,
        customer_ref=order.customer_ref,
        invoices=[PaidInvoice(line.reference, line.amount) for line in order.lines if not line.is_fee],
        posting_date=receipt.posting_date,
        receipt_number=receipt.number,
    )
