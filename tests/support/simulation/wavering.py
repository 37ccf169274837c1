"""A gateway that does not say yes or no: answers that are open for minutes or days, and days without any answer."""

from __future__ import annotations

from datetime import datetime, timedelta

from cmi_gateway.api.history import LineState
from cmi_gateway.errors import OutcomeUnknownError
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.simulator.gateway import SimulatedGateway
from support.gateway_kit import MERCHANT

#: What a status shows of a transaction that the bank has not decided about.
OPEN_STATES = (LineState.PENDING, LineState.NEW, LineState.REVERSING)


class Wavering:
    """What the gateway does not tell just now, whatever it holds."""

    def __init__(self, gateway: SimulatedGateway, clock: VirtualClock) -> None:
        self._gateway, self._clock = gateway, clock
        self._until: dict[str, datetime] = {}
        self._silent_until = clock()

    def begin(self, order_id: str, shown: LineState, lasting: timedelta) -> None:
        """Have every status of an order show *shown* for so long; nothing of it can be moved meanwhile."""
        self._gateway.suspend(MERCHANT.client_id, order_id, shown)
        self._until[order_id] = self._clock() + lasting

    def fall_silent(self, lasting: timedelta) -> None:
        """Have every query fail for so long; callbacks arrive all the same."""
        self._silent_until = self._clock() + lasting

    def is_open(self, order_id: str) -> bool:
        """Tell whether the gateway shows neither yes nor no of an order."""
        return order_id in self._until

    def pass_on(self) -> None:
        """End what has lasted for long enough."""
        for order_id, until in list(self._until.items()):
            if until <= self._clock():
                self._end(order_id)

    def answer_or_fail(self) -> None:
        """Raise what a client meets while no query is answered."""
        if self._clock() < self._silent_until:
            raise OutcomeUnknownError("the connection ended before a whole answer came (simulated)")

    def mend(self) -> None:
        """Say yes or no again, of everything."""
        self._silent_until = self._clock()
        for order_id in list(self._until):
            self._end(order_id)

    def _end(self, order_id: str) -> None:
        del self._until[order_id]
        self._gateway.suspend(MERCHANT.client_id, order_id, None)
