"""Empties the outbox: what a payment promised to send leaves this machine, once."""

import logging
from datetime import datetime
from threading import Lock

import attrs

from rak_billing.confirmation import CONFIRMATION_MAIL
from rak_billing.confirmation_mail import confirmation_mail
from rak_billing.errors import JournalError, MailError
from rak_billing.identifiers import ReceiptSecrets
from rak_billing.payments.port import JournalPort
from rak_billing.payments.records import OutboxEntry
from rak_billing.ports import Clock, Mailer
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


@attrs.frozen
class Delivery:
    """Delivers what is due for one operator, one entry at a time; many may run at once."""

    tenant: Tenant
    journal: JournalPort
    mailer: Mailer
    secrets: ReceiptSecrets = attrs.field(repr=False)
    clock: Clock

    def run(self) -> int:
        """Deliver all that is due, and return how much of it was delivered."""
        delivered = 0
        while (entry := self._claim()) is not None:
            delivered += self._deliver(entry)
        return delivered

    def _claim(self) -> OutboxEntry | None:
        now = self.clock()
        return self.journal.run(lambda tx: tx.outbox.claim(self.tenant.id, now=now))

    def _deliver(self, entry: OutboxEntry) -> bool:
        try:
            self._send(entry, at=self.clock())
        except MailError as error:
            _log.warning("%s was not sent, try %d: %s", entry.key, entry.tries, error)
            self._put_back(entry, str(error))
            return False
        at = self.clock()
        self.journal.run(lambda tx: tx.outbox.done(entry, at=at), repeatable=True)
        return True

    def _put_back(self, entry: OutboxEntry, error: str) -> None:
        now = self.clock()
        self.journal.run(lambda tx: tx.outbox.failed(entry, error=error, now=now), repeatable=True)

    def _send(self, entry: OutboxEntry, *, at: datetime) -> None:
        if entry.topic != CONFIRMATION_MAIL:
            raise JournalError(f"expected the topic {CONFIRMATION_MAIL}, got {entry.topic}")
        with self.journal.reading() as tx:
            snapshot = tx.receipts.of_order(entry.order_reference)
        if snapshot is None:
            raise JournalError("expected a receipt of an order whose confirmation is to be sent")
        message = confirmation_mail(
            Receipt.from_dict(snapshot),
            order_reference=entry.order_reference,
            link=self.tenant.receipt_url(self.secrets.of(entry.order_reference)),
            tenant=self.tenant,
            at=at,
        )
        self.mailer.send(message)
