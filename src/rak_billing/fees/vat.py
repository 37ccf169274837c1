"""VAT on the fee itself: contained in the stated figures, added to them, or none."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import Any

import attrs

from rak_billing.fees.checks import HUNDRED, ZERO, is_percent, member_of, refused

__all__ = ["Vat", "VatMode"]


class VatMode(StrEnum):
    """How VAT relates to the figures of a rule."""

    #: The figures contain it (TTC).
    INCLUDED = "included"
    #: It comes on top of them (HT).
    ADDED = "added"
    #: There is none.
    EXEMPT = "exempt"


def _mode(value: VatMode | str) -> VatMode:
    return member_of(VatMode, "mode", value)


@attrs.frozen(kw_only=True)
class Vat:
    """
    VAT on the fee.

    Attributes:
        mode: How it relates to the figures of the rule.
        rate: In percent: ``Fraction(10)``; zero where exempt.
    """

    mode: VatMode = attrs.field(converter=_mode)
    rate: Fraction = attrs.field(default=ZERO, validator=is_percent)

    @rate.validator
    def _goes_with_the_mode(self, field: attrs.Attribute[Any], value: Fraction) -> None:
        is_exempt = self.mode is VatMode.EXEMPT
        if is_exempt and value:
            raise refused(field, f"an exempt fee has no VAT of {value} percent")
        if not is_exempt and not value:
            raise refused(field, "expected a rate; where there is no VAT the mode is 'exempt'")

    #: What a net amount is multiplied with to include VAT: 1.1 at a rate of 10 percent. Kept, as every fee needs it.
    factor: Fraction = attrs.field(init=False, repr=False, eq=False)

    @factor.default
    def _one_and_the_rate(self) -> Fraction:
        return 1 + self.rate / HUNDRED

    @property
    def factor_on_stated(self) -> Fraction:
        """What a figure of the rule is multiplied with to include VAT."""
        return self.factor if self.mode is VatMode.ADDED else Fraction(1)

    def gross(self, stated: Fraction) -> Fraction:
        """Give a figure of the rule with VAT."""
        return stated * self.factor if self.mode is VatMode.ADDED else stated

    def net(self, stated: Fraction) -> Fraction:
        """Give a figure of the rule without VAT."""
        return stated / self.factor if self.mode is VatMode.INCLUDED else stated
