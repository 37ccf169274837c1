"""One callback on its way, and what a fault plan does to it before it leaves."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TypeVar

import attrs

from cmi_gateway.simulator.delivery import CallbackAnswer, Manner
from cmi_gateway.simulator.faults import (
    BrowserFirst,
    BrowserGone,
    BrowserTwice,
    CallbackLate,
    CallbackLost,
    CallbackReordered,
    CallbackSlow,
    CallbackTampered,
    CallbackTruncated,
    CallbackTwice,
    DeclineAfter,
    DeclinesBefore,
    PaymentFault,
    ReplyIgnored,
    ReplyLost,
)
from cmi_gateway.simulator.orders import Attempt, Fields
from cmi_gateway.simulator.transaction import RandomSource
from cmi_gateway.simulator.wire import callback_body

_F = TypeVar("_F", bound=PaymentFault)


class ReplyFate(Enum):
    """What becomes of the merchant's reply."""

    #: It is read and obeyed.
    READ = "read"
    #: It is read, and nothing is done about it.
    IGNORED = "ignored"
    #: The customer's page never hears of it, yet the capture that it asks for is done.
    LOST = "lost"


@attrs.frozen
class Sending:
    """
    One body for one address, before and after it was sent.

    Attributes:
        number: Its place among everything that was ever sent or lost.
        attempt: What it tells the merchant of.
        url, body: Where it goes, and what goes there.
        due: The instant from which it may leave.
        token: The customer's session that waits for the reply; None when none does.
        held: Whether it waits for the next callback of its order, or for *due*.
        manner: How it goes over the network.
        fate: What becomes of the reply.
        faults: Kinds of the faults that touched it.
        sent_at: When it left; None while it waits, and for one that was lost.
        answer: What came back.
    """

    number: int
    attempt: Attempt
    url: str
    body: bytes = attrs.field(repr=False)
    due: datetime
    token: str | None = attrs.field(default=None, repr=False)
    held: bool = False
    manner: Manner = attrs.Factory(Manner)
    fate: ReplyFate = ReplyFate.READ
    faults: tuple[str, ...] = ()
    sent_at: datetime | None = None
    answer: CallbackAnswer | None = None


@attrs.frozen
class Mishaps:
    """The *faults* of one payment, summed up; of two that say different things about one matter, the later counts."""

    faults: tuple[PaymentFault, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The faults, by their names in plans."""
        return tuple(fault.kind for fault in self.faults)

    @property
    def delay(self) -> float:
        """Seconds from the payment to its callback."""
        waits = [fault for fault in self.faults if isinstance(fault, (CallbackLate, BrowserFirst))]
        return sum(fault.seconds for fault in waits[-1:])

    @property
    def hold(self) -> float | None:
        """Seconds that the callback waits at most for the next of its order; None when it does not."""
        fault = self._last(CallbackReordered)
        return fault.seconds if fault else None

    @property
    def again(self) -> float | None:
        """Seconds from the callback to its repetition; None without one."""
        fault = self._last(CallbackTwice)
        return fault.seconds if fault else None

    @property
    def decline_after(self) -> float | None:
        """Seconds from the callback to a decline's; None without one."""
        fault = self._last(DeclineAfter)
        return fault.seconds if fault else None

    @property
    def declines_before(self) -> int:
        """How many declines' callbacks go first."""
        fault = self._last(DeclinesBefore)
        return fault.times if fault else 0

    @property
    def is_lost(self) -> bool:
        """Whether the callback never arrives."""
        return self._last(CallbackLost) is not None

    @property
    def manner(self) -> Manner:
        """How the callback goes over the network."""
        fault = self._last(CallbackSlow)
        return Manner(fault.seconds) if fault else Manner()

    @property
    def fate(self) -> ReplyFate:
        """What becomes of the reply."""
        if self._last(ReplyIgnored):
            return ReplyFate.IGNORED
        return ReplyFate.LOST if self._last(ReplyLost) else ReplyFate.READ

    @property
    def is_browser_first(self) -> bool:
        """Whether the customer goes back without waiting for the callback."""
        return self._last(BrowserFirst) is not None

    @property
    def is_browser_gone(self) -> bool:
        """Whether the customer never comes back."""
        return self._last(BrowserGone) is not None

    @property
    def is_browser_twice(self) -> bool:
        """Whether the return is posted twice."""
        return self._last(BrowserTwice) is not None

    def body_of(self, attempt: Attempt, random: RandomSource) -> bytes:
        """Write the callback of *attempt* as it arrives."""
        cut = self._last(CallbackTruncated)
        return callback_body(self._altered(attempt.fields), random)[: cut.size if cut else None]

    def _altered(self, fields: Fields) -> Fields:
        forged = self._last(CallbackTampered)
        if forged is None:
            return fields
        kept = [(name, value) for name, value in fields if name != forged.field]
        return (*kept, (forged.field, forged.value))

    def _last(self, kind: type[_F]) -> _F | None:
        return next((fault for fault in reversed(self.faults) if isinstance(fault, kind)), None)
