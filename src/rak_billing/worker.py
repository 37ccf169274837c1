"""
The worker: sends what is due, asks the gateway what is due, and rests; until it is told to stop.

Any number may run, on any number of machines. Stopped, it ends what it has in hand, which is one message or one look; killed, it
leaves a lease that runs out. What it cannot do now (a database or gateway that is away) it tries again at its next round.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

import attrs

from rak_billing.checkout import Checkout
from rak_billing.errors import BillingError
from rak_billing.recovery.sweeping import SweepReport

T = TypeVar("T")

_log = logging.getLogger(__name__)

#: Messages and looks between two questions whether to stop.
_AT_A_TIME: Final = 10
_BUDGET: Final = timedelta(seconds=10)
#: Seconds of rest where nothing was due, and after trouble.
_REST: Final = 1.0
_REST_AFTER_TROUBLE: Final = 10.0


@attrs.frozen
class Round:
    """
    What one round did.

    Attributes:
        delivered: Messages that left.
        sweep: What the sweep did.
        has_trouble: Whether some of it could not be done now.
    """

    delivered: int
    sweep: SweepReport
    has_trouble: bool = False

    @property
    def was_idle(self) -> bool:
        """Whether nothing was due."""
        return not self.delivered and self.sweep == SweepReport()


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
        delivered, sweep = 0, SweepReport()
        while not self.wait(0):
            done = self.round()
            delivered, sweep = delivered + done.delivered, sweep + done.sweep
            if done.was_idle or done.has_trouble:
                return Round(delivered, sweep, has_trouble=done.has_trouble)
        return Round(delivered, sweep)

    def round(self) -> Round:
        """Do some of what is due; trouble with database, gateway or billing is logged and left for the next round."""
        # The sweep first: what it confirms has mails to send.
        sweep, swept = _tried(lambda: self.checkout.sweep(limit=_AT_A_TIME, budget=_BUDGET), SweepReport())
        delivered, sent = _tried(lambda: self.checkout.deliver(limit=_AT_A_TIME), 0)
        return Round(delivered, sweep, has_trouble=not (swept and sent))


def _tried(work: Callable[[], T], otherwise: T) -> tuple[T, bool]:
    try:
        return work(), True
    except BillingError:
        _log.exception("a part of this round could not be done")
        return otherwise, False
