"""
A fee that covers the commission on itself: the acquirer takes its percentage of the whole charge, fee included.

Where the commission on a charge X is ``t × X + k``, the fee on invoices A that leaves exactly A is
``(t × A + k) ÷ (1 − t)``; with VAT added to the commission, t includes that VAT.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from fractions import Fraction
from typing import Final

__all__ = ["LARGEST_RATE", "GrossUp", "smallest_covering"]


class GrossUp(StrEnum):
    """Whether the fee is computed on the invoices or covers the commission on the whole charge."""

    #: On the invoices alone.
    NONE = "none"
    #: Divided by one less the rate, then rounded as the rule says: may leave the operator a centime short.
    CLOSED_FORM = "closed-form"
    #: The smallest fee that leaves the operator no centime short once the commission is rounded too.
    EXACT_SEARCH = "exact-search"


#: In a hundred, VAT included. A commission of half the charge is a slip; and `smallest_covering` relies on it.
LARGEST_RATE: Final = 50

_FARTHEST: Final = 2


def smallest_covering(closed_form: Fraction, commission: Callable[[int], int]) -> int:
    """
    Find the smallest fee that covers the rounded commission on the charge that contains it.

    A fee two centimes under the closed form falls short of the exact commission by one centime or more, as the rate
    is at most a half, and rounding gives back less than one. So the search is short: a handful of steps at most.

    Args:
        closed_form: The exact fee, in centimes.
        commission: Gives the rounded commission when the fee is so many centimes.
    """
    fee = max(0, closed_form.numerator // closed_form.denominator - _FARTHEST)
    while fee < commission(fee):
        fee += 1
    return fee
