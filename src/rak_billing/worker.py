"""
The worker: sends what is due, asks the gateway what is due, and rests; until it is told to stop.

Any number may run, on any number of machines. Stopped, it ends what it has in hand, which is one message or one look; killed, it
leaves a lease that runs out. What it cannot do now (a database or gateway that is away) it tries again at its next round.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

import attrs

from rak_billing.checkout import Checkout
from rak_billing.recovery.sweeping import SweepReport

_log = logging.getLogger(__name__)

#: Looks and messages of one round at most, and the time after which none of them is begun: neither kind keeps the other waiting.
_LOOKS: Final = 10
_MESSAGES: Final = 1000
_BUDGET: Final = timedelta(seconds=10)
#: Seconds of rest where nothing was due, and after trouble.
_REST: Final = 1.0
_REST_AFTER_TROUBLE: Final = 10.0


@attrs.frozen(kw_only=True)
class Round:
    """
    What one round did.

    Attributes:
        delivered: Messages that left.
        refused: Messages that did not; due again after a pause, or given up.
        sweep: What the sweep did.
        has_trouble: Whether some of it could not be done now.
    """

    delivered: int = 0
    refused: int = 0
    sweep: SweepReport = attrs.field(factory=SweepReport)
    has_trouble: bool = False

    @property
    def was_idle(self) -> bool:
        """Whether nothing was due."""
        return not (self.delivered or self.refused) and self.sweep == SweepReport()

    def __add__(self, other: "Round") -> "Round":
        """Add what was done after this."""
        return Round(
            delivered=self.delivered + other.delivered,
            refused=self.refused + other.refused,
            sweep=self.sweep + other.sweep,
            has_trouble=self.has_trouble or other.has_trouble,
        )


@attrs.frozen
class Worker:
    """
    Works for one checkout.

    Attributes:
        checkout: With a mailer, an api, and a billing system that takes postings, or some of them.
        wait: Waits for so many seconds, and tells whether to stop: `threading.Event.wait` of an event that says so.
        rest: Seconds of rest where nothing was due.
    """

    checkout: Checkout
    wait: Callable[[float], bool]
    rest: float = _REST

    def run(self) -> None:
        """Work until told to stop."""
        while not self.wait(0):
            done = self.round()
            rest = _REST_AFTER_TROUBLE if done.has_trouble else self.rest if done.was_idle else 0
            if rest and self.wait(rest):
                return

    def drain(self) -> Round:
        """Do all that is due now, and return what it came to."""
        total = Round()
        while not self.wait(0):
            done = self.round()
            total += done
            if done.was_idle or done.has_trouble:
                break
        return total

    def round(self) -> Round:
        """Do some of what is due; trouble of any kind is logged and left for the next round."""
        # The sweep first: what it confirms has mails to send.
        return _together(self._looks()) + _together(self._messages())

    def _looks(self) -> Iterator[Round]:
        until = self.checkout.clock() + _BUDGET
        for _ in range(_LOOKS):
            if self._is_over(until):
                return
            report = self.checkout.sweep(limit=1, budget=_BUDGET)
            # Shut out, it rests: another look would only put off what is due.
            yield Round(sweep=report, has_trouble=report.is_shut_out)
            if report.is_finished or report.is_shut_out:
                return

    def _messages(self) -> Iterator[Round]:
        until = self.checkout.clock() + _BUDGET
        for has_left in islice(self.checkout.deliveries(), _MESSAGES):
            yield Round(delivered=1) if has_left else Round(refused=1)
            if self._is_over(until):
                return

    def _is_over(self, until: datetime) -> bool:
        return self.wait(0) or self.checkout.clock() >= until


def _together(parts: Iterator[Round]) -> Round:
    """Add up what was done until trouble came."""
    total = Round()
    try:
        for part in parts:
            total += part
    except Exception:  # noqa: BLE001 - no trouble ends a worker; it rests, and goes on
        _log.exception("a part of this round could not be done")
        total += Round(has_trouble=True)
    return total
