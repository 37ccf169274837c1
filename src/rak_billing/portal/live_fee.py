"""
The fee rule of a page as two whole numbers, for the script that keeps the totals in step with the ticks.

The script multiplies centimes by the numerator, divides by the denominator and rounds halves up; it shows figures
and nothing more, for the server computes every total again.
A rule that cannot be said in these words has no live totals: the page then works with « Recalculer ».
"""

from __future__ import annotations

from typing import Final

import attrs

from rak_billing.fees.gross_up import GrossUp
from rak_billing.fees.rounding import Rounding
from rak_billing.fees.rule import Bearer, FeeRule
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.selectors import ONLINE, Card, Circumstances

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


def live_fee(schedule: FeeSchedule, card: Card) -> LiveFee | None:
    """
    Give the rule for *card* in the words of the script; None when it takes more words.

    Raises:
        FeeError: no rule of the schedule is for this card.
    """
    rule = schedule.rules[schedule.rule_for(Circumstances(card, channel=ONLINE)) - 1]
    if rule.bearer is Bearer.UTILITY or rule.is_free:
        return LiveFee(0, 1)
    rate = rule.charge_rate
    is_small = 2 * _LARGEST_AMOUNT * rate.numerator + rate.denominator < _EXACT_BELOW
    return LiveFee(rate.numerator, rate.denominator) if is_small and _is_plain(rule) else None


def _is_plain(rule: FeeRule) -> bool:
    others = (
        rule.fixed,
        rule.per_invoice,
        rule.per_block,
        rule.per_increment,
        rule.tiers,
        rule.minimum,
        rule.maximum,
    )
    return (
        rule.percent is not None
        and all(part is None for part in others)
        and rule.bearer is Bearer.CUSTOMER
        and rule.gross_up is GrossUp.NONE
        and rule.rounding == Rounding()
    )
