"""
The sweep: look at what is due, one attempt at a time, until nothing is due, the limit is reached or the time is up.

Every step is its own transaction, so that it may end anywhere and go on elsewhere; many may run at once.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from cmi_gateway.errors import ApiError, OperationBlockedError, RequestRefusedError
from cmi_gateway.money import Money
from rak_billing.payments.look_times import SHORTEST_PAUSE
from rak_billing.payments.port import JournalPort, TransactionPort
from rak_billing.payments.records import Inquiry, OperationOutcome, OperationRecord
from rak_billing.payments.states import Event
from rak_billing.ports import Clock
from rak_billing.recovery.gateway import PacedGateway
from rak_billing.recovery.learning import Learning, remind
from rak_billing.recovery.moving import Mover

_log = logging.getLogger(__name__)

#: For how long an attempt is one machine's: longer than a look with everything that may follow it takes.
LEASE: Final = timedelta(minutes=5)
_LONGEST_BACK_OFF: Final = timedelta(hours=1)


@attrs.frozen(kw_only=True)
class SweepReport:
    """
    What one sweep did.

    Attributes:
        asked: Attempts that the gateway was asked about and answered.
        unanswered: Attempts that it gave no readable answer about; asked again later.
        failed: Attempts whose look met a fault that nobody foresaw, told in the log; looked at again later.
        confirmed: Payments that are known to be taken now.
        captured: Of those, the ones that the sweep had taken.
        voided: Payments too many that were cancelled.
        refunded: Payments too many that were given back.
        expired: Attempts that came to nothing.
        referred: Attempts that were put before a person.
        is_finished: Whether nothing more was due; else call again.
        is_shut_out: Whether the gateway refuses this account, so that no other answer can be had until somebody mends
            user, password, permission or address, and a new client is made (`cmi_gateway.ApiClient.resume`).
    """

    asked: int = 0
    unanswered: int = 0
    failed: int = 0
    confirmed: int = 0
    captured: int = 0
    voided: int = 0
    refunded: int = 0
    expired: int = 0
    referred: int = 0
    is_finished: bool = True
    is_shut_out: bool = False

    def __add__(self, other: "SweepReport") -> "SweepReport":
        """Add what another sweep did after this one."""
        numbers: dict[str, Any] = {field: getattr(self, field) + getattr(other, field) for field in _FIELDS}
        return attrs.evolve(other, **numbers, is_shut_out=self.is_shut_out or other.is_shut_out)


_COUNTED: Final = {Event.CONFIRM: "confirmed", Event.EXPIRE: "expired", Event.REFER: "referred"}
_FIELDS: Final = tuple(field.name for field in attrs.fields(SweepReport) if field.type is int)
_MOVED: Final = {"capture": "captured", "void": "voided", "refund": "refunded"}


@attrs.frozen
class Sweep:
    """Looks for one operator."""

    tenant: str
    gateway: PacedGateway
    learning: Learning

    @property
    def journal(self) -> JournalPort:
        """Where all is written."""
        return self.gateway.journal

    @property
    def clock(self) -> Clock:
        """The present instant."""
        return self.gateway.clock

    def run(self, *, limit: int, budget: timedelta) -> SweepReport:
        """Look at no more than *limit* attempts, and begin no look after *budget*."""
        began, counts = self.clock(), Counter[str]()
        for _ in range(limit):
            if self.clock() - began >= budget:
                return _report(counts, is_finished=False)
            inquiry = self._claim()
            if inquiry is None:
                return _report(counts, is_finished=True)
            if not self._look(inquiry, counts):
                _log.error("the gateway refuses this account: nothing is asked until its set-up is mended")
                return _report(counts, is_finished=False, is_shut_out=True)
        return _report(counts, is_finished=False)

    def _claim(self) -> Inquiry | None:
        def claim(tx: TransactionPort) -> Inquiry | None:
            # Not before it: a lease must not run while its transaction waits.
            now = self.clock()
            return tx.inquiries.claim(self.tenant, now=now, lease_until=now + LEASE)

        return self.journal.run(claim)

    def _look(self, inquiry: Inquiry, counts: "Counter[str]") -> bool:
        """Look at one attempt; False when the gateway shuts us out, so that no other answer can be had."""
        try:
            expected, operation = self._read(inquiry)
            if operation is not None:
                self._resolve(inquiry, operation, expected, counts)
            else:
                self._ask(inquiry, expected, counts)
        except ApiError as error:
            counts["unanswered"] += 1
            _log.warning("the gateway gave no answer about %s: %s", inquiry.order_id, error)
            self._back_off(inquiry)
            return not isinstance(error, (RequestRefusedError, OperationBlockedError))
        except Exception:  # noqa: BLE001 - whatever one attempt meets, the others must be looked at
            counts["failed"] += 1
            _log.exception("the look at %s met a fault that nobody foresaw", inquiry.order_id)
            self._back_off(inquiry)
        return True

    def _read(self, inquiry: Inquiry) -> tuple[Money, OperationRecord | None]:
        with self.journal.reading() as tx:
            attempt = tx.orders.attempt(inquiry.order_id)
            assert attempt is not None, "an inquiry has an attempt: the database sees to it"
            order = tx.orders.order(attempt.order_reference)
            return order.total, tx.operations.open_of(inquiry.order_id)

    def _mover(self) -> Mover:
        return Mover(self.gateway, self.learning)

    def _resolve(
        self, inquiry: Inquiry, operation: OperationRecord, expected: Money, counts: "Counter[str]"
    ) -> None:
        outcome = self._mover().resolve(inquiry, operation, expected)
        counts["asked"] += 1
        self._count(outcome, operation.kind, counts)

    def _ask(self, inquiry: Inquiry, expected: Money, counts: "Counter[str]") -> None:
        finding = self.gateway.look(inquiry.order_id, expected)
        at = self.clock()
        learned = self.journal.run(lambda tx: self.learning.learn(tx, inquiry, finding, at=at))
        counts["asked"] += 1
        if learned is None:
            return
        counts.update(_COUNTED[event] for event in learned.events if event in _COUNTED)
        if learned.move is not None:
            outcome = self._mover().move(inquiry, learned)
            self._count(outcome, learned.move.value, counts)

    def _count(self, outcome: OperationOutcome | None, kind: str, counts: "Counter[str]") -> None:
        if outcome is OperationOutcome.DONE:
            counts[_MOVED[kind]] += 1
            counts["confirmed"] += kind == "capture"

    def _back_off(self, inquiry: Inquiry) -> None:
        now = self.clock()
        due_at = _later(inquiry.since, now)
        self.journal.run(lambda tx: tx.inquiries.unanswered(inquiry, at=now, due_at=due_at))
        # From when a callback or a person spoke of it last: what they took off the list is not back at the next look.
        since = max(inquiry.silent_since or now, inquiry.since)
        try:
            self.journal.run(lambda tx: remind(tx, inquiry, since=since, at=now))
        except Exception:  # noqa: BLE001 - an attempt that cannot be read is put off all the same
            _log.exception("whether %s is to be put before a person could not be seen", inquiry.order_id)


def _report(counts: Mapping[str, int], *, is_finished: bool, is_shut_out: bool = False) -> SweepReport:
    numbers: dict[str, Any] = {field: counts.get(field, 0) for field in _FIELDS}
    return SweepReport(**numbers, is_finished=is_finished, is_shut_out=is_shut_out)


def _later(since: datetime, now: datetime) -> datetime:
    """Give when to ask again after no answer came: the longer it has been silent, the longer the pause."""
    return now + min(max((now - since) / 2, SHORTEST_PAUSE), _LONGEST_BACK_OFF)
