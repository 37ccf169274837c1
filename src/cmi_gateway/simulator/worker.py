"""The one thread that sends what has become due while a simulator is being served."""

from __future__ import annotations

import logging
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

from cmi_gateway.simulator.courier import Courier

#: Seconds between two looks at the clock, which may be one that somebody moves by hand.
_SECONDS: Final = 0.1
_log = logging.getLogger(__name__)


class DueWorker:
    """
    Sends a courier's due callbacks from a thread, for as long as the block lasts.

    Args:
        courier: Whose callbacks wait. One slow merchant delays the others: real gateways have queues too.
    """

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._stop = Event()
        self._thread = Thread(target=self._run, name="due callbacks", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_SECONDS):
            try:
                self._courier.deliver_due()
            except Exception as error:  # noqa: BLE001 - a sender of the test's own may raise anything
                _log.error("sending a due callback failed: %s", type(error).__name__)
