"""
The fee schedule as two whole numbers, for the script that keeps the totals in step with the ticks.

The script multiplies centimes by the numerator, divides by the denominator and rounds halves up; it shows figures
and nothing more, for the server computes every total again.
A schedule that cannot be said in these words has no live totals: the page then works with « Recalculer ».
"""

from __future__ import annotations

from typing import Final

import attrs

from rak_billing.fees.rounding import RoundingMode
from rak_billing.fees.schedule import FeeSchedule

__all__ = ["LiveFee", "live_fee"]

# Twice the largest amount times the numerator must stay exact in a browser's numbers.
_LARGEST_AMOUNT: Final = 999_999_999
_EXACT_BELOW: Final = 2**53


@attrs.frozen
class LiveFee:
    """
    A plain percentage: centimes × numerator ÷ denominator, rounded once, halves up.

    Attributes:
        numerator: Of the rate as a fraction of the total.
        denominator: Likewise.
    """

    numerator: int
    denominator: int


def live_fee(schedule: FeeSchedule) -> LiveFee | None:
    """Give *schedule* in the words of the script; None when it takes more words."""
    if schedule.bearer == "merchant":
        return LiveFee(0, 1)
    rate = schedule.percent / 100
    rounding = schedule.rounding
    if rounding.mode is not RoundingMode.HALF_UP or rounding.quantum != 1:
        return None
    if 2 * _LARGEST_AMOUNT * rate.numerator + rate.denominator >= _EXACT_BELOW:
        return None
    return LiveFee(rate.numerator, rate.denominator)
