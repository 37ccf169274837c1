"""The gateway as the sweep asks it: never faster than it may, over all machines together."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import attrs

from cmi_gateway.api.operation import Operation, OperationDone
from cmi_gateway.api.order import OrderState
from cmi_gateway.api.resolving import Resolution
from cmi_gateway.money import Money
from rak_billing.payments.port import JournalPort
from rak_billing.ports import Clock, GatewayApi
from rak_billing.recovery.deciding import Move
from rak_billing.recovery.findings import Finding, finding_after_refund, finding_of

#: Between two requests, whichever machines send them.
GAP: Final = timedelta(seconds=1)
_PACE: Final = "gateway"


@attrs.frozen
class PacedGateway:
    """
    Asks and acts, a second apart.

    Attributes:
        api: Whom to ask.
        journal: Keeps the pace.
        clock: The present instant.
        sleep: Waits for so many seconds.
    """

    api: GatewayApi = attrs.field(repr=False)
    journal: JournalPort = attrs.field(repr=False)
    clock: Clock
    sleep: Callable[[float], object]

    def look(self, order_id: str, expected: Money) -> Finding:
        """
        Ask what the gateway holds of an attempt.

        Raises:
            ApiError: No answer; nothing is known.
        """
        self._wait()
        status = self.api.status(order_id, expected=expected)
        if status.state is not OrderState.REFUND:
            return finding_of(status, expected)
        self._wait()
        return finding_after_refund(self.api.history(order_id), status)

    def move(
        self,
        move: Move,
        order_id: str,
        amount: Money,
        transaction_id: str | None,
        *,
        key: str,
        remember: Callable[[Operation], object],
    ) -> OperationDone:
        """
        Have money moved, once: the history is read, *remember* keeps the record, then it is sent.

        The second of the two requests waits like the first, and before the record is kept: that is written just before sending.

        Raises:
            ApiError: As `cmi_gateway.ApiClient.refund` says.
        """

        def wait_and_remember(operation: Operation) -> None:
            self._wait()
            remember(operation)

        self._wait()
        match move:
            case Move.CAPTURE:
                return self.api.capture(order_id, amount, key=key, remember=wait_and_remember)
            case Move.VOID:
                return self.api.void(order_id, transaction_id, key=key, remember=wait_and_remember)
            case Move.REFUND:
                return self.api.refund(order_id, amount, key=key, remember=wait_and_remember)

    def resolve(self, operation: Operation) -> Resolution:
        """
        Ask whether an operation was carried out.

        Raises:
            ApiError: No answer; it stays open.
        """
        self._wait()
        return self.api.resolve(operation)

    def _wait(self) -> None:
        slot: datetime = self.journal.run(lambda tx: tx.paces.take(_PACE, now=self.clock(), gap=GAP))
        ahead = (slot - self.clock()).total_seconds()
        if ahead > 0:
            self.sleep(ahead)
