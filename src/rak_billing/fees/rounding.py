"""Named rounding of exact amounts, in whole numbers only: a mode, a quantum, and the point where it happens."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

import attrs

from rak_billing.fees.checks import is_at_least, member_of, refused

__all__ = ["PER_INVOICE_POINTS", "Rounding", "RoundingMode", "RoundingPoint", "half_up", "round_exact"]


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


class RoundingPoint(StrEnum):
    """
    Which of the exact figures are rounded. Two rules of one rate may differ by a centime here.

    The last three compute every invoice by itself and need the invoices' amounts.
    """

    #: The fee with VAT, once; the net part is found from it, and VAT is the difference.
    GROSS = "gross"
    #: The net fee; then VAT on the rounded net fee.
    NET_THEN_VAT = "net-then-vat"
    #: The net fee, and VAT on the exact net fee.
    NET_AND_VAT = "net-and-vat"
    #: The fee with VAT of each invoice.
    GROSS_PER_INVOICE = "gross-per-invoice"
    #: The net fee of each invoice; then VAT once, on their sum.
    NET_PER_INVOICE = "net-per-invoice"
    #: The net fee of each invoice, then VAT on each.
    NET_AND_VAT_PER_INVOICE = "net-and-vat-per-invoice"


#: The points at which every invoice is computed by itself.
PER_INVOICE_POINTS: Final = frozenset(
    {
        RoundingPoint.GROSS_PER_INVOICE,
        RoundingPoint.NET_PER_INVOICE,
        RoundingPoint.NET_AND_VAT_PER_INVOICE,
    }
)


def half_up(numerator: int, denominator: int) -> int:
    """
    Round the fraction of two whole numbers to the nearest one, halves away from zero.

    Args:
        numerator: Any whole number.
        denominator: A positive one.
    """
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


def round_exact(numerator: int, denominator: int, mode: RoundingMode) -> int:
    """Round the fraction of two whole numbers to a whole one; the denominator is positive."""
    if mode is RoundingMode.HALF_UP:
        return half_up(numerator, denominator)
    magnitude, rest = divmod(abs(numerator), denominator)
    if rest and _IS_AWAY[mode](magnitude, 2 * rest - denominator, numerator < 0):
        magnitude += 1
    return -magnitude if numerator < 0 else magnitude


#: Whether an amount between two neighbours goes to the one farther from zero: by the nearer neighbour, by how far
#: it lies past the middle, and by its sign.
_IS_AWAY: Final[dict[RoundingMode, Callable[[int, int, bool], bool]]] = {
    RoundingMode.CEILING: lambda _near, _past_half, is_negative: not is_negative,
    RoundingMode.DOWN: lambda _near, _past_half, _is_negative: False,
    RoundingMode.FLOOR: lambda _near, _past_half, is_negative: is_negative,
    RoundingMode.HALF_DOWN: lambda _near, past_half, _is_negative: past_half > 0,
    RoundingMode.HALF_EVEN: lambda near, past_half, _is_negative: (
        past_half > 0 or (past_half == 0 and near % 2 == 1)
    ),
    RoundingMode.UP: lambda _near, _past_half, _is_negative: True,
    # Away from zero where the last kept digit would be 0 or 5, so that rounding again does no harm.
    RoundingMode.ZERO_FIVE_UP: lambda near, _past_half, _is_negative: near % 5 == 0,
}


def _is_part_of_the_quantum(rounding: Rounding, field: attrs.Attribute[Any], value: object) -> None:
    if value is None:
        return
    if not isinstance(value, Fraction) or value <= 0:
        raise refused(field, f"expected a positive exact Fraction of a centime, not {value!r:.40}")
    # Else rounding twice could carry an amount that is right already past its own value.
    if (rounding.quantum / value).denominator != 1:
        raise refused(
            field, f"expected a part of the quantum of {rounding.quantum} centimes, such as 0.1, not {value}"
        )


def _mode(value: RoundingMode | str) -> RoundingMode:
    return member_of(RoundingMode, "mode", value)


def _point(value: RoundingPoint | str) -> RoundingPoint:
    return member_of(RoundingPoint, "point", value)


def _base_mode(value: RoundingMode | str) -> RoundingMode:
    return member_of(RoundingMode, "base_mode", value)


@attrs.frozen
class Rounding:
    """
    How an exact amount of centimes becomes one that can be paid.

    Attributes:
        mode: Which neighbour is taken.
        quantum: The result is a multiple of so many centimes; a positive whole number.
        point: Which of the exact figures are rounded.
        base_quantum: What the fee is computed on, the total or each invoice, is first rounded to so many centimes;
            1 leaves it as it is.
        base_mode: How that is done.
        intermediate_quantum: Round through it first, in centimes: ``Fraction(1, 10)`` is a thousandth of a dirham.
            None rounds once, as it should be done.
    """

    mode: RoundingMode = attrs.field(default=RoundingMode.HALF_UP, converter=_mode)
    quantum: int = attrs.field(default=1, validator=is_at_least(1))
    point: RoundingPoint = attrs.field(default=RoundingPoint.GROSS, converter=_point)
    base_quantum: int = attrs.field(default=1, validator=is_at_least(1))
    base_mode: RoundingMode = attrs.field(default=RoundingMode.HALF_UP, converter=_base_mode)
    intermediate_quantum: Fraction | None = attrs.field(default=None, validator=_is_part_of_the_quantum)

    @property
    def is_per_invoice(self) -> bool:
        """Whether every invoice is computed by itself."""
        return self.point in PER_INVOICE_POINTS

    def through(self, exact: Fraction) -> Fraction:
        """Round *exact* centimes to the intermediate quantum, where there is one."""
        if self.intermediate_quantum is None:
            return exact
        steps = exact / self.intermediate_quantum
        return round_exact(steps.numerator, steps.denominator, self.mode) * self.intermediate_quantum

    def apply(self, exact: Fraction) -> int:
        """Round *exact* centimes to whole ones."""
        if self.intermediate_quantum is not None:
            exact = self.through(exact)
        return round_exact(exact.numerator, exact.denominator * self.quantum, self.mode) * self.quantum

    def apply_to_base(self, centimes: int) -> int:
        """Round the amount that the fee is computed on."""
        if self.base_quantum == 1:
            return centimes
        return round_exact(centimes, self.base_quantum, self.base_mode) * self.base_quantum
