"""Rates by amount: the whole amount at the rate of its band, or each slice of it at its own."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any

import attrs

from cmi_gateway.money import Money
from rak_billing.fees.checks import (
    HUNDRED,
    ZERO,
    is_amount,
    is_percent,
    is_positive_amount,
    member_of,
    optional,
    refused,
)

__all__ = ["Slice", "Tier", "TierKind", "Tiers"]


class TierKind(StrEnum):
    """What the rate of a band applies to."""

    #: The whole amount has the rate of the band that it lies in.
    SLAB = "slab"
    #: Each slice of the amount has the rate of the band that the slice lies in.
    MARGINAL = "marginal"


@attrs.frozen(kw_only=True)
class Tier:
    """
    One band.

    Attributes:
        up_to: Its last amount, which belongs to it; None for the last band, which has no end.
        percent: Of the amount, or of the slice.
        fixed: Added to that, once.
    """

    up_to: Money | None = attrs.field(default=None, validator=optional(is_positive_amount))
    percent: Fraction = attrs.field(default=ZERO, validator=is_percent)
    fixed: Money = attrs.field(default=Money(0), validator=is_amount)


@attrs.frozen
class Slice:
    """
    What one band makes of an amount, in centimes.

    Attributes:
        amount: What its rate applies to.
        tier: The band.
    """

    amount: int
    tier: Tier

    @property
    def exact(self) -> Fraction:
        """The fee of this slice, before any rounding."""
        return self.amount * self.tier.percent / HUNDRED + self.tier.fixed.centimes


def _as_tuple(bands: Iterable[Tier]) -> tuple[Tier, ...]:
    return tuple(bands)


def _kind(value: TierKind | str) -> TierKind:
    return member_of(TierKind, "kind", value)


@attrs.frozen
class Tiers:
    """
    Bands in order, each beginning where the one before it ends.

    Attributes:
        kind: What the rate of a band applies to.
        bands: At least one; their ends rise, and only the last has none.
    """

    kind: TierKind = attrs.field(converter=_kind)
    bands: tuple[Tier, ...] = attrs.field(converter=_as_tuple)

    @bands.validator
    def _bands_are_in_order(self, field: attrs.Attribute[Any], bands: tuple[Tier, ...]) -> None:
        if not bands or not all(isinstance(band, Tier) for band in bands):
            raise refused(field, "expected one band or more")
        if bands[-1].up_to is not None:
            raise refused(field, f"amounts over {bands[-1].up_to} have no band: the last one has no up_to")
        ends = [band.up_to for band in bands[:-1]]
        if None in ends:
            raise refused(field, "only the last band goes without up_to")
        if any(low.centimes >= high.centimes for low, high in pairwise(end for end in ends if end)):
            raise refused(field, f"expected rising ends, not {', '.join(map(str, ends))}")

    def slices(self, amount: int) -> tuple[Slice, ...]:
        """Cut *amount* centimes into what each band has of it: one slice of a slab, several of marginal bands."""
        if self.kind is TierKind.SLAB:
            return (Slice(amount, next(band for band in self.bands if _ends_after(band, amount))),)
        begins = [0, *(band.up_to.centimes for band in self.bands if band.up_to)]
        return tuple(
            Slice((amount if _ends_after(band, amount) else end) - begin, band)
            for band, begin, end in zip(self.bands, begins, [*begins[1:], amount], strict=True)
            # The first band has its slice even of nothing.
            if begin < amount or begin == 0
        )


def _ends_after(band: Tier, amount: int) -> bool:
    return band.up_to is None or amount <= band.up_to.centimes
