"""A clock that only moves when told to: days pass in a test without waiting for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock


class VirtualClock:
    """
    A clock for `cmi_gateway.simulator.gateway.SimulatedGateway` and for whoever must share its time.

    ::

        clock = VirtualClock(datetime(2018, 9, 10, 9, 48, 56, tzinfo=UTC))
        clock.advance(days=16)  # every authorization is now too old to capture
        clock()

    It stands still between moves and is safe to use from several threads.

    Args:
        start: The first instant, aware.

    Raises:
        ValueError: *start* is not aware.
    """

    def __init__(self, start: datetime) -> None:
        self._lock = Lock()
        self._now = _in_utc(start)

    def __call__(self) -> datetime:
        """Give the current instant, in UTC."""
        with self._lock:
            return self._now

    def __repr__(self) -> str:
        return f"VirtualClock({self()!r})"

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> datetime:
        """
        Let time pass, and give the new instant.

        Raises:
            ValueError: the sum is negative; `set` puts a clock back.
            OverflowError: the instant would lie beyond the calendar.
        """
        step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if step < timedelta():
            raise ValueError("expected time to go forward; set() puts the clock back")
        with self._lock:
            self._now += step
            return self._now

    def set(self, instant: datetime) -> None:
        """
        Go to *instant*, later or earlier.

        Raises:
            ValueError: *instant* is not aware.
        """
        moved = _in_utc(instant)
        with self._lock:
            self._now = moved


def _in_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("expected an aware instant, such as datetime(2018, 9, 10, tzinfo=UTC)")
    return instant.astimezone(UTC)
