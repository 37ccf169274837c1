"""Billing and mail as the simulated service meets them, with the troubles that such neighbours have."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from email.message import EmailMessage

from sqlalchemy import Connection

import cmi_gateway as cmi
from cmi_gateway.simulator.clock import VirtualClock
from rak_billing.billing_posting import (
    AlreadyPosted,
    PaidInvoice,
    Posted,
    Posting,
    PostingAnswer,
    Refused,
    RefusedReason,
)
from rak_billing.errors import (
    BillingUnavailableError,
    MailError,
    PostingNotSentError,
    PostingUnknownError,
)
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.invoices import Account, Invoice, Statement
from rak_billing.payments.outbox import LEASE
from support.checkout_kit import CUSTOMER
from support.simulation.faulty_journal import FaultyJournal
from support.simulation.stage import Errand, Stage

#: What the customer owes, in centimes; written as whole numbers, so that the checker owes nothing to our parsing.
INVOICES = {"100000001": 11302, "100000002": 12675, "100000003": 4999}
#: What may befall the next posting: no answer, and it is booked a quarter of an hour later; refused connection; no answer, and nothing was booked, or it was; an answer after a
#: quarter of an hour; the answer to a repeat, for the network brought it twice; the answer that it cannot be booked.
TROUBLES = ("late", "not sent", "lost", "booked", "slow", "slow and lost", "repeated", "conflict")
_SLOW = 900.0


class Leases:
    """Tells whether a worker was held up so long, or the clock moved so, that another may have taken over."""

    def __init__(self, time: Callable[[], tuple[datetime, int]]) -> None:
        self.time = time

    def is_lost(self, worker: Errand | None, after: timedelta = LEASE) -> bool:
        """Tell it of a worker since its last transaction."""
        if worker is None:
            return False
        now, jumps = self.time()
        then, jumps_then = worker.kept_at or (now, -1)
        return jumps != jumps_then or now - then >= after


class Bills:
    """Billing: what is unpaid, and books that are as simple as their declared way allows."""

    #: How long a posting may be under way: longer than the slowest answer.
    final_after = timedelta(minutes=20)

    def __init__(
        self,
        stage: Stage,
        exactly_once: ExactlyOnce,
        leases: Leases,
        journal: FaultyJournal,
        clock: VirtualClock,
    ) -> None:
        self.exactly_once = exactly_once
        self.trouble: str | None = None
        #: Until then it answers everything with an error.
        self.broken_until = clock()
        #: Keys that may be there twice: a worker stood still, between asking and posting, for longer than allowed.
        self.excused: set[str] = set()
        #: Keys that it would not take.
        self.refused: set[str] = set()
        self._stage, self._leases, self._journal, self._clock = stage, leases, journal, clock
        self._entries: list[Posting] = []
        #: Postings that are on their way still: when they arrive, how often the clock had been set, and what.
        self._on_the_way: list[tuple[datetime, int, Posting]] = []
        self._account = Account(CUSTOMER, "M. Ahmed BENNANI", "12 RUE DES ORANGERS KENITRA")
        self._invoices = [
            Invoice(
                reference, "ELECTRICITE", f"2018-{month:02d}", date(2018, month + 2, 14), cmi.Money(centimes)
            )
            for month, (reference, centimes) in enumerate(INVOICES.items(), start=1)
        ]
        if exactly_once is ExactlyOnce.SAME_TRANSACTION:
            # No key, so that nothing but the shared transaction keeps a repeat out.
            with journal.engine.begin() as connection:
                connection.exec_driver_sql("CREATE TABLE bookings (posting TEXT NOT NULL)")

    @property
    def is_broken(self) -> bool:
        """Whether it answers with an error."""
        return self._clock() < self.broken_until

    @property
    def entries(self) -> list[Posting]:
        """Give every entry that was ever made."""
        if self.exactly_once is not ExactlyOnce.SAME_TRANSACTION:
            self._arrive()
            return self._entries
        return [
            _posting_of(row.posting)
            for row in self._journal.rows("SELECT posting FROM bookings ORDER BY rowid")
        ]

    def _arrive(self) -> None:
        now, jumps = self._leases.time()
        for due, jumps_then, posting in [late for late in self._on_the_way if late[0] <= now]:
            self._on_the_way.remove((due, jumps_then, posting))
            if not (self._knows_repeats and posting.key in {entry.key for entry in self._entries}):
                self._entries.append(posting)
            if jumps != jumps_then:
                # Whoever searched meanwhile may have thought that it could not arrive any more.
                self.excused.add(posting.key)

    @property
    def _knows_repeats(self) -> bool:
        return self.exactly_once in {ExactlyOnce.KEY, ExactlyOnce.FILE}

    def is_on_the_way(self, key: str) -> bool:
        """Tell whether a posting of this key may arrive still."""
        self._arrive()
        return key in {posting.key for _, _, posting in self._on_the_way}

    def enter(self, posting: Posting) -> None:
        """Make an entry."""
        self._entries.append(posting)

    def statement(self, customer_ref: str) -> Statement | None:
        """Give what is unpaid."""
        self._stage.pause()
        if self.is_broken:
            raise BillingUnavailableError("HTTP 500")
        booked = {paid.reference for posting in self.entries for paid in posting.invoices}
        unpaid = [invoice for invoice in self._invoices if invoice.reference not in booked]
        return Statement(self._account, unpaid) if customer_ref == CUSTOMER else None

    def post(self, posting: Posting) -> PostingAnswer:
        """Book a payment; only billing that keeps keys, or files by name, knows a repeat."""
        self._stage.pause()
        trouble, self.trouble = self.trouble, None
        self._refuse_early(posting, trouble)
        if self._knows_repeats:
            known = [entry for entry in self.entries if entry.key == posting.key]
            if known:
                return AlreadyPosted() if known == [posting] else Refused(RefusedReason.KEY_REUSED)
        if trouble == "conflict":
            self.refused.add(posting.key)
            return Refused(RefusedReason.ALREADY_PAID)
        if self._leases.is_lost(self._stage.now, self.final_after):
            self.excused.add(posting.key)
        self.enter(posting)
        self._stage.pause()
        return self._answer(posting, trouble)

    def _refuse_early(self, posting: Posting, trouble: str | None) -> None:
        if self.is_broken:
            raise PostingUnknownError(posting.key, "HTTP 500, and nothing was booked")
        if trouble == "not sent":
            raise PostingNotSentError(posting.key, "no connection")
        if trouble == "lost":
            raise PostingUnknownError(posting.key, "no answer, and nothing was booked")
        if trouble == "late":
            now, jumps = self._leases.time()
            self._on_the_way.append((now + timedelta(seconds=_SLOW), jumps, posting))
            raise PostingUnknownError(posting.key, "no answer, and it is booked later")
        if trouble == "slow and lost":
            self._clock.advance(seconds=_SLOW)
            raise PostingUnknownError(
                posting.key, "no answer in a quarter of an hour, and nothing was booked"
            )

    def _answer(self, posting: Posting, trouble: str | None) -> PostingAnswer:
        if trouble == "booked":
            raise PostingUnknownError(posting.key, "no answer, and it was booked")
        if trouble == "slow":
            self._clock.advance(seconds=_SLOW)
        return AlreadyPosted() if trouble == "repeated" else Posted()

    def post_within(self, connection: Connection, posting: Posting) -> PostingAnswer:
        """Book a payment in the journal's own database."""
        trouble, self.trouble = self.trouble, None
        if self.is_broken or trouble == "not sent":
            raise PostingNotSentError(posting.key, "its table is locked")
        if trouble == "conflict":
            self.refused.add(posting.key)
            return Refused(RefusedReason.ALREADY_PAID)
        connection.exec_driver_sql("INSERT INTO bookings VALUES (?)", (json.dumps(posting.to_dict()),))
        if trouble is not None:
            raise PostingNotSentError(posting.key, "something failed after it was written")
        return Posted()

    def find_posting(self, posting: Posting) -> Posted | None:
        """Give the entry of a key, or None."""
        self._stage.pause()
        if self.is_broken:
            raise BillingUnavailableError("HTTP 500")
        return Posted() if posting.key in {entry.key for entry in self.entries} else None


def _posting_of(text: str) -> Posting:
    facts = json.loads(text)
    return Posting(
        key=facts["key"],
        tenant=facts["tenant"],
        customer_ref=facts["customer_ref"],
        invoices=[PaidInvoice(reference, cmi.Money(centimes)) for reference, centimes in facts["invoices"]],
        posting_date=date.fromisoformat(facts["posting_date"]),
        receipt_number=facts["receipt_number"],
    )


class Post:
    """Takes mails; may refuse, or take one and say that it did not."""

    def __init__(self, stage: Stage, leases: Leases) -> None:
        self.sent: Counter[str] = Counter()
        #: What each of them says.
        self.words: dict[str, str] = {}
        #: Mails that may be sent again: somebody died, or was not answered, between sending and marking.
        self.excused: set[str] = set()
        self.trouble: str | None = None
        self._stage, self._leases = stage, leases

    def send(self, message: EmailMessage) -> None:
        """Take *message*."""
        self._stage.pause()
        key, errand = message["Message-ID"], self._stage.now
        trouble, self.trouble = self.trouble, None
        if trouble == "refuses":
            raise MailError("try later")
        slow = [other for other in self._stage.waiting if key in other.sending]
        if any(self._leases.is_lost(worker) for worker in [errand, *slow]):
            self.excused.add(key)
        self.sent[key] += 1
        self.words[key] = message.get_body(("plain",)).get_content()
        if errand is not None:
            errand.sending.add(key)
        if trouble == "lies":
            self.excused.add(key)
            raise MailError("taken, and the line went dead")
        self._stage.pause()
