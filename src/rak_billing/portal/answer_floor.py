"""
Answers that take the same time whatever they say.

A look-up of a known customer with nothing to pay and one of an unknown customer show the same page (rule R15);
a stopwatch must not tell them apart either.
The answer leaves at the next whole multiple of a fixed step after the question came, so that small differences
in the billing system disappear altogether.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import attrs

__all__ = ["AnswerFloor"]


@attrs.frozen
class AnswerFloor:
    """
    Holds an answer back until the next step of time.

    Attributes:
        seconds: Length of a step; zero switches the floor off.
        monotonic: A clock that never goes back, in seconds.
        sleep: Waits for that many seconds.
    """

    seconds: float = 0.5
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def started(self) -> float:
        """Note when a question came; hand the value to `hold`."""
        return self.monotonic()

    def hold(self, started: float) -> None:
        """Wait until a whole number of steps, at least one, has gone by since *started*."""
        if self.seconds <= 0:
            return
        elapsed = max(0.0, self.monotonic() - started)
        steps = max(1, math.ceil(elapsed / self.seconds))
        self.sleep(max(0.0, steps * self.seconds - elapsed))
