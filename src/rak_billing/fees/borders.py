"""The smallest amounts at which the rounding mode of a rule changes what it charges."""

from __future__ import annotations

from itertools import chain
from typing import Final

import attrs

from rak_billing.fees.evaluation import compute
from rak_billing.fees.rounding import RoundingMode
from rak_billing.fees.rule import FeeRule

__all__ = ["Border", "Borders", "border_amounts"]

#: These differ on exact halves only; the others nearly everywhere.
_HALVES: Final = (RoundingMode.HALF_UP, RoundingMode.HALF_EVEN, RoundingMode.HALF_DOWN)
_SEARCHED: Final = 6_000
#: Beyond, where a minimum or a first band may have hidden every border: each half of a natural rate is met so.
_STEP: Final = 500
_FARTHEST: Final = 100_000
_MOST: Final = 6


@attrs.frozen
class Border:
    """
    One amount, in centimes, and the whole fee by each mode.

    Attributes:
        amount: Of a single invoice.
        fees: In the order of the modes.
    """

    amount: int
    fees: tuple[int, ...]


@attrs.frozen
class Borders:
    """
    What was found.

    Attributes:
        modes: That were compared; the rule's own first.
        rows: The smallest amounts at which they do not all agree.
        searched: Up to this amount, in centimes, every one was tried.
        farthest: Beyond, those of each five whole units were, up to this one.
    """

    modes: tuple[RoundingMode, ...]
    rows: tuple[Border, ...]
    searched: int
    farthest: int = _FARTHEST


def border_amounts(rule: FeeRule, most: int = _MOST, searched: int = _SEARCHED) -> Borders:
    """
    Compare the mode of *rule* with its neighbours, by computing the fees of small amounts and of larger round ones.

    A mode that rounds to the nearest is compared with the other ways to treat a half, any other mode with halves up.

    Args:
        rule: The rule.
        most: How many amounts to find.
        searched: Up to which amount to try every one, in centimes.
    """
    own = rule.rounding.mode
    modes = (own, *(mode for mode in (_HALVES if own in _HALVES else _HALVES[:1]) if mode is not own))
    rules = [attrs.evolve(rule, rounding=attrs.evolve(rule.rounding, mode=mode)) for mode in modes]
    rows: list[Border] = []
    for amount in chain(range(1, searched + 1), range(searched + _STEP, _FARTHEST + 1, _STEP)):
        fees = tuple([compute(one, amount, 1, [amount]).gross for one in rules])
        if len(set(fees)) > 1:
            rows.append(Border(amount, fees))
            if len(rows) == most:
                break
    return Borders(modes, tuple(rows), searched)
