"""Named rounding of exact amounts, in whole numbers only: a mode and a quantum."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction

import attrs

__all__ = ["Rounding", "RoundingMode", "half_up"]


class RoundingMode(StrEnum):
    """The eight modes of decimal arithmetic, under their usual names."""

    CEILING = "ceiling"
    DOWN = "down"
    FLOOR = "floor"
    HALF_DOWN = "half-down"
    HALF_EVEN = "half-even"
    HALF_UP = "half-up"
    UP = "up"
    ZERO_FIVE_UP = "05up"


def half_up(numerator: int, denominator: int) -> int:
    """
    Round the fraction of two whole numbers to the nearest one, halves away from zero.

    Args:
        numerator: Any whole number.
        denominator: A positive one.
    """
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


@attrs.frozen
class Rounding:
    """
    How an exact amount of centimes becomes one that can be paid.

    Attributes:
        mode: Which neighbour is taken.
        quantum: The result is a multiple of so many centimes; a positive whole number.
    """

    mode: RoundingMode = attrs.field(default=RoundingMode.HALF_UP, converter=RoundingMode)
    quantum: int = attrs.field(
        default=1, validator=[attrs.validators.instance_of(int), attrs.validators.ge(1)]
    )

    def apply(self, exact: Fraction) -> int:
        """Round *exact* centimes to whole ones."""
        step = exact.denominator * self.quantum
        if self.mode is RoundingMode.HALF_UP:
            return half_up(exact.numerator, step) * self.quantum
        magnitude, rest = divmod(abs(exact.numerator), step)
        is_negative = exact < 0
        if rest and self._is_away(magnitude, 2 * rest - step, is_negative=is_negative):
            magnitude += 1
        return (-magnitude if is_negative else magnitude) * self.quantum

    def _is_away(self, magnitude: int, past_half: int, *, is_negative: bool) -> bool:
        """Tell whether an amount between two neighbours goes to the one farther from zero."""
        return {
            RoundingMode.CEILING: not is_negative,
            RoundingMode.DOWN: False,
            RoundingMode.FLOOR: is_negative,
            RoundingMode.HALF_DOWN: past_half > 0,
            RoundingMode.HALF_EVEN: past_half > 0 or (past_half == 0 and magnitude % 2 == 1),
            RoundingMode.UP: True,
            # Away from zero where the last kept digit would be 0 or 5, so that rounding again does no harm.
            RoundingMode.ZERO_FIVE_UP: magnitude % 5 == 0,
        }[self.mode]
