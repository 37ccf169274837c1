"""Empties the outbox: what a payment promised to send leaves this machine, once."""

import logging
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from threading import Lock
from typing import Final

import attrs

from rak_billing.confirmation import CONFIRMATION_MAIL, POSTING
from rak_billing.confirmation_mail import confirmation_mail
from rak_billing.errors import JournalError, MailError
from rak_billing.identifiers import ReceiptSecrets
from rak_billing.outbox_matters import NOT_PAID_ANY_MORE, park, put_right
from rak_billing.payments.port import JournalPort, TransactionPort
from rak_billing.payments.records import OutboxEntry, ReviewKind
from rak_billing.ports import Clock, Mailer
from rak_billing.posting_desk import PostingDesk
from rak_billing.receipt import Receipt
from rak_billing.tenant import Tenant

_log = logging.getLogger(__name__)


@attrs.frozen(eq=False)
class Notice:
    """Something to tell the operator once, however often and from however many threads it comes up."""

    _told: Lock = attrs.field(init=False, factory=Lock)

    def warn(self, words: str) -> None:
        """Log *words* the first time."""
        if self._told.acquire(blocking=False):
            _log.warning(words)


#: A mail that nobody takes, and what fails in ways that nobody foresaw, is given up after so many tries: some five days. What a
#: person revives gets as many anew.
MOST_TRIES: Final = 30


@attrs.frozen
class Delivery:
    """
    Delivers what is due for one operator, one entry at a time; many may run at once.

    Attributes:
        tenant: The operator.
        journal: Holds the outbox.
        mailer: Takes mails; without one they wait.
        postings: Puts payments into the books; without one there are none.
        secrets: Makes the receipts' links.
        clock: The present instant.
    """

    tenant: Tenant
    journal: JournalPort
    mailer: Mailer | None
    postings: PostingDesk | None
    secrets: ReceiptSecrets = attrs.field(repr=False)
    clock: Clock

    def steps(self) -> Iterator[bool]:
        """Deliver what is due, one entry at each step, and tell of each whether it was delivered."""
        while (entry := self._claim()) is not None:
            yield self._deliver(entry)

    def _claim(self) -> OutboxEntry | None:
        without = [CONFIRMATION_MAIL] if self.mailer is None else []
        without += [POSTING] if self.postings is None else []
        # The clock is read within: a lease must not run while its transaction waits.
        return self.journal.run(lambda tx: tx.outbox.claim(self.tenant.id, now=self.clock(), without=without))

    def _deliver(self, entry: OutboxEntry) -> bool:
        try:
            return self._hand_over(entry)
        except Exception as error:  # noqa: BLE001 - whatever one entry meets, the others must leave
            _log.exception("%s met a fault that nobody foresaw, try %d", entry.key, entry.tries)
            self._put_back_if_possible(entry, f"{type(error).__name__}, see the worker's log")
            return False

    def _put_back_if_possible(self, entry: OutboxEntry, words: str) -> None:
        try:
            self._put_back(entry, words)
        except Exception:  # noqa: BLE001 - as above; its lease keeps it from being tried at once
            _log.exception("%s could not even be put off", entry.key)

    def _hand_over(self, entry: OutboxEntry) -> bool:
        if entry.topic == POSTING and self.postings is not None:
            return self.postings.deliver(entry)
        if entry.topic == CONFIRMATION_MAIL and self.mailer is not None:
            return self._mail(entry, self.mailer)
        raise JournalError(f"expected the topic {CONFIRMATION_MAIL} or {POSTING}, got {entry.topic}")

    def _mail(self, entry: OutboxEntry, mailer: Mailer) -> bool:
        message = self._message(entry, at=self.clock())
        if message is None:
            at = self.clock()
            self.journal.run(
                lambda tx: park(tx, entry, NOT_PAID_ANY_MORE, at=at, why=ReviewKind.NOT_SENT), repeatable=True
            )
            return False
        try:
            mailer.send(message)
        except (MailError, OSError) as error:
            # Those of `smtplib` are among the latter, and name the address.
            reason = str(error) if isinstance(error, MailError) else type(error).__name__
            _log.warning("%s was not sent, try %d: %s", entry.key, entry.tries, reason)
            self._put_back(entry, reason)
            return False
        at = self.clock()
        # By itself: a fault in what follows must not undo it, or the mail would be sent again and again.
        self.journal.run(lambda tx: tx.outbox.done(entry, at=at), repeatable=True)
        if entry.tries > 1:
            self.journal.run(
                lambda tx: put_right(tx, entry, at=at, what=[ReviewKind.NOT_SENT]), repeatable=True
            )
        return True

    def _put_back(self, entry: OutboxEntry, words: str) -> None:
        """Leave an entry for later, or to a person; when it was begun stays written, so that a posting goes on as declared."""
        now = self.clock()
        why = ReviewKind.NOT_POSTED if entry.topic == POSTING else ReviewKind.NOT_SENT

        def write(tx: TransactionPort) -> None:
            if entry.tries_anew < MOST_TRIES:
                tx.outbox.unknown(entry, error=words, now=now)
            else:
                park(tx, entry, words, at=now, why=why)

        self.journal.run(write, repeatable=True)

    def _message(self, entry: OutboxEntry, *, at: datetime) -> EmailMessage | None:
        """Write the mail; None where the money went back meanwhile, since it would say that the bill is paid."""
        with self.journal.reading() as tx:
            order = tx.orders.order(entry.order_reference)
            snapshot = tx.receipts.of_order(entry.order_reference)
        if snapshot is None:
            raise JournalError("expected a receipt of an order whose confirmation is to be sent")
        if not order.state.holds_invoices:
            return None
        return confirmation_mail(
            Receipt.from_dict(snapshot),
            order_reference=entry.order_reference,
            link=self.tenant.receipt_url(self.secrets.of(entry.order_reference)),
            tenant=self.tenant,
            at=at,
        )
