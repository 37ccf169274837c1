"""A gateway that does not say yes or no: answers that are open for minutes or days, and days without any answer."""

from __future__ import annotations

from datetime import datetime, timedelta

from cmi_gateway.api.history import LineState
from cmi_gateway.api.transport import RawAnswer
from cmi_gateway.errors import OutcomeUnknownError
from cmi_gateway.simulator import api_answer
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
        self._hidden: dict[str, datetime] = {}
        self._silent_until = clock()

    def begin(self, order_id: str, shown: LineState, lasting: timedelta) -> None:
        """Have every status of an order show *shown* for so long; nothing of it can be moved meanwhile."""
        self._gateway.suspend(MERCHANT.client_id, order_id, shown)
        self._until[order_id] = self._clock() + lasting

    def show_soon(self, order_id: str, within: timedelta) -> None:
        """Have an order that is hidden show again within so long."""
        if order_id in self._hidden:
            self._hidden[order_id] = min(self._hidden[order_id], self._clock() + within)

    def fall_silent(self, lasting: timedelta) -> None:
        """Have every query fail for so long; callbacks arrive all the same."""
        self._silent_until = self._clock() + lasting

    def hide(self, order_id: str, lasting: timedelta) -> None:
        """Have no query know of an order for so long, as where one machine of the gateway lags behind another."""
        self._hidden[order_id] = self._clock() + lasting

    def pass_on(self) -> None:
        """End what has lasted for long enough."""
        for order_id, until in list(self._until.items()):
            if until <= self._clock():
                self._end(order_id)

    def answer_or_fail(self) -> None:
        """Raise what a client meets while no query is answered."""
        if self._clock() < self._silent_until:
            raise OutcomeUnknownError("the connection ended before a whole answer came (simulated)")

    def missing(self, body: bytes) -> RawAnswer | None:
        """Give the answer to a query of an order that does not show; None where it does."""
        order_id = next((one for one in self._hidden if f">{one}<".encode() in body), None)
        if order_id is None or self._hidden[order_id] <= self._clock():
            return None
        is_history = b"ORDERHISTORY" in body
        answer = api_answer.history_not_found if is_history else api_answer.status_not_found
        return RawAnswer(200, answer(order_id), api_answer.CONTENT_TYPE)

    def mend(self) -> None:
        """Say yes or no again, of everything."""
        self._silent_until = self._clock()
        self._hidden.clear()
        for order_id in list(self._until):
            self._end(order_id)

    def _end(self, order_id: str) -> None:
        del self._until[order_id]
        self._gateway.suspend(MERCHANT.client_id, order_id, None)
