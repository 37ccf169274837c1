"""A fee shared out over its invoices, to the centime and without a rest."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

__all__ = ["Allocation", "share_out"]


class Allocation(StrEnum):
    """How the fee is shared out over the invoices."""

    #: Not at all: it stands in a line of its own.
    NONE = "none"
    #: Centimes cut off go to the largest remainders; of equal ones the first invoice has it.
    LARGEST_REMAINDER = "largest-remainder"
    #: Centimes cut off go to the last invoice.
    LAST_LINE = "last-line"


def share_out(centimes: int, weights: Sequence[int], how: Allocation) -> tuple[int, ...]:
    """
    Share *centimes* in proportion to *weights*; the shares add up to them, and none is negative.

    Args:
        centimes: Zero or more.
        weights: Zero or more each, one for each invoice; all zero means equal shares.
        how: Who has the centimes that were cut off. With `Allocation.NONE` there are no shares.
    """
    if how is Allocation.NONE:
        return ()
    total = sum(weights)
    if not total:
        weights, total = [1] * len(weights), len(weights)
    # Cut off, not rounded: the rest is then never negative, whoever has it.
    shares = [centimes * weight // total for weight in weights]
    rest = centimes - sum(shares)
    if how is Allocation.LAST_LINE:
        shares[-1] += rest
        return tuple(shares)
    remainders = [centimes * weight % total for weight in weights]
    for place in sorted(range(len(weights)), key=lambda place: -remainders[place])[:rest]:
        shares[place] += 1
    return tuple(shares)
