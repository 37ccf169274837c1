"""Exact figures as a whole-number expression over a constant, and the eight roundings of such figures."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import assert_never

import attrs

from rak_billing.fees.compiled.expressions import (
    ZERO,
    Constant,
    Expression,
    choice,
    greatest,
    least,
    quotient,
    remainder,
    sum_of,
    times,
)
from rak_billing.fees.rounding import Rounding, RoundingMode

__all__ = ["Ratio", "half_up", "rounded"]


@attrs.frozen
class Ratio:
    """
    An exact figure.

    Attributes:
        numerator: Never negative.
        denominator: Positive.
    """

    numerator: Expression
    denominator: int = 1

    def times(self, factor: Fraction) -> Ratio:
        """Multiply exactly; what can be divided out of the factor is."""
        whole = Fraction(factor.numerator, factor.denominator * self.denominator)
        return Ratio(times(self.numerator, whole.numerator), whole.denominator)

    def plus(self, other: Ratio) -> Ratio:
        """Add exactly."""
        common = lcm(self.denominator, other.denominator)
        return Ratio(sum_of(self.over(common), other.over(common)), common)

    def over(self, denominator: int) -> Expression:
        """Give the numerator over a multiple of the denominator."""
        return times(self.numerator, denominator // self.denominator)

    def at_least(self, centimes: int) -> Ratio:
        """Raise to a whole number."""
        return Ratio(greatest(self.numerator, Constant(centimes * self.denominator)), self.denominator)

    def at_most(self, centimes: int) -> Ratio:
        """Lower to a whole number."""
        return Ratio(least(self.numerator, Constant(centimes * self.denominator)), self.denominator)


def half_up(exact: Ratio) -> Expression:
    """Round to the nearest whole number, halves up."""
    return _cut(exact, exact.denominator // 2)


def _cut(exact: Ratio, more: int) -> Expression:
    """Round down what is *more* in its smallest unit; that there is a smallest unit makes every mode one of these."""
    return quotient(sum_of(exact.numerator, Constant(more)), exact.denominator)


def to_whole(exact: Ratio, mode: RoundingMode) -> Expression:
    """Round to a whole number; down is towards zero, as nothing is negative."""
    almost_one = exact.denominator - 1
    match mode:
        case RoundingMode.DOWN | RoundingMode.FLOOR:
            more = 0
        case RoundingMode.UP | RoundingMode.CEILING:
            more = almost_one
        case RoundingMode.HALF_UP:
            more = exact.denominator // 2
        case RoundingMode.HALF_DOWN:
            more = almost_one // 2
        case RoundingMode.HALF_EVEN:
            return _half_even(exact)
        case RoundingMode.ZERO_FIVE_UP:
            return choice(remainder(_cut(exact, 0), 5), ZERO, _cut(exact, almost_one), _cut(exact, 0))
        case _:
            assert_never(mode)
    return _cut(exact, more)


def _half_even(exact: Ratio) -> Expression:
    """Halves down where the number that is cut off is even, up where it is odd; odd denominators have no halves."""
    if exact.denominator % 2:
        return half_up(exact)
    odd = remainder(_cut(exact, 0), 2)
    return quotient(sum_of(exact.numerator, odd, Constant((exact.denominator - 1) // 2)), exact.denominator)


def rounded(exact: Ratio, rounding: Rounding) -> Expression:
    """Round centimes as `Rounding.apply` does: through the intermediate quantum, then to the quantum."""
    if rounding.intermediate_quantum is not None:
        step = rounding.intermediate_quantum
        steps = to_whole(exact.times(1 / step), rounding.mode)
        exact = Ratio(steps).times(step)
    quanta = to_whole(exact.times(Fraction(1, rounding.quantum)), rounding.mode)
    return times(quanta, rounding.quantum)


def rounded_base(amount: Expression, rounding: Rounding) -> Expression:
    """Round the amount that the fee is computed on, as `Rounding.apply_to_base` does."""
    quanta = to_whole(Ratio(amount, rounding.base_quantum), rounding.base_mode)
    return times(quanta, rounding.base_quantum)
