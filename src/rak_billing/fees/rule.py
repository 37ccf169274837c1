"""
One rule of a schedule: which payments it is for, who bears the fee, and how it is computed.

The order of operations is fixed, and every explanation follows it:

1. the base, the total or each invoice, is rounded to the base quantum (a centime, unless told otherwise);
2. the parts are added up exactly: percentage, fixed, per invoice, per block, per increment, tiers;
3. grossing up divides the sum, so that the fee covers the commission on itself;
4. minimum and maximum bound the result;
5. VAT is found in it or added to it;
6. the figures named by the point are rounded;
7. the whole is divided between customer and operator;
8. the customer's part is shared out over the invoices.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction

import attrs

from cmi_gateway.money import Money
from rak_billing.fees.allocation import Allocation
from rak_billing.fees.checks import (
    HUNDRED,
    is_amount,
    is_one_of,
    is_percent,
    member_of,
    optional,
    refused_key,
)
from rak_billing.fees.gross_up import LARGEST_RATE, GrossUp
from rak_billing.fees.parts import PerBlock, PerIncrement
from rak_billing.fees.rounding import Rounding, RoundingPoint
from rak_billing.fees.selectors import Selector
from rak_billing.fees.tiers import Tiers
from rak_billing.fees.vat import Vat

__all__ = ["Bearer", "FeeRule"]


class Bearer(StrEnum):
    """Who pays the fee."""

    #: It is added to the invoices.
    CUSTOMER = "customer"
    #: The operator: the customer pays the invoices and nothing more.
    UTILITY = "utility"
    #: Both, in a stated proportion.
    SHARED = "shared"


def _bearer(value: Bearer | str) -> Bearer:
    return member_of(Bearer, "bearer", value)


def _gross_up(value: GrossUp | str) -> GrossUp:
    return member_of(GrossUp, "gross_up", value)


def _allocation(value: Allocation | str) -> Allocation:
    return member_of(Allocation, "allocation", value)


@attrs.frozen(kw_only=True)
class FeeRule:
    """
    How the fee of one kind of payment is computed; the module says in which order.

    Amounts and rates are those of the text that the rule follows, with VAT or without, as *vat* says.

    Attributes:
        when: The payments that it is for.
        bearer: Who pays the fee.
        customer_share: What the customer pays of a shared fee, in percent.
        percent: Of the base: ``Fraction(11, 10)`` is 1.1 %.
        fixed: For each payment.
        per_invoice: For each invoice.
        per_block: For each block of invoices begun.
        per_increment: For each step of the base begun.
        tiers: Rates by amount.
        minimum: The least that the fee is; of each invoice, where invoices are computed by themselves.
        maximum: The most; likewise.
        vat: On the fee.
        gross_up: Whether the fee covers the commission on itself.
        rounding: Mode, quantum, point.
        allocation: How the customer's fee is shared out over the invoices.

    Raises:
        FeeScheduleError: a value is not allowed, or does not go with another; names the key and the reason.
    """

    when: Selector = attrs.field(factory=Selector, validator=is_one_of(Selector))
    # No default: who pays is never a guess.
    bearer: Bearer = attrs.field(converter=_bearer)
    customer_share: Fraction | None = attrs.field(default=None, validator=optional(is_percent))
    percent: Fraction | None = attrs.field(default=None, validator=optional(is_percent))
    fixed: Money | None = attrs.field(default=None, validator=optional(is_amount))
    per_invoice: Money | None = attrs.field(default=None, validator=optional(is_amount))
    per_block: PerBlock | None = attrs.field(default=None, validator=optional(is_one_of(PerBlock)))
    per_increment: PerIncrement | None = attrs.field(
        default=None, validator=optional(is_one_of(PerIncrement))
    )
    tiers: Tiers | None = attrs.field(default=None, validator=optional(is_one_of(Tiers)))
    minimum: Money | None = attrs.field(default=None, validator=optional(is_amount))
    maximum: Money | None = attrs.field(default=None, validator=optional(is_amount))
    vat: Vat = attrs.field(validator=is_one_of(Vat))
    gross_up: GrossUp = attrs.field(default=GrossUp.NONE, converter=_gross_up)
    rounding: Rounding = attrs.field(factory=Rounding, validator=is_one_of(Rounding))
    allocation: Allocation = attrs.field(default=Allocation.NONE, converter=_allocation)

    def __attrs_post_init__(self) -> None:
        self._check_parts()
        self._check_share()
        self._check_point()
        if self.gross_up is not GrossUp.NONE:
            self._check_gross_up()

    def _check_parts(self) -> None:
        parts = ("percent", "fixed", "per_invoice", "per_block", "per_increment", "tiers")
        if all(getattr(self, part) is None for part in parts):
            raise refused_key(
                "percent", f"missing, as is every other part: expected one of {', '.join(parts)}"
            )
        if self.minimum and self.maximum and self.maximum.centimes < self.minimum.centimes:
            raise refused_key("maximum", f"{self.maximum} is below the minimum of {self.minimum}")

    def _check_share(self) -> None:
        is_shared = self.bearer is Bearer.SHARED
        if is_shared != (self.customer_share is not None):
            reason = "missing from a shared fee" if is_shared else "only a shared fee has one"
            raise refused_key("customer_share", reason)
        if self.customer_share in {0, HUNDRED}:
            raise refused_key(
                "customer_share", "expected more than 0 and less than 100: else one bears it all"
            )

    def _check_point(self) -> None:
        if not self.rounding.is_per_invoice:
            return
        for key in ("fixed", "per_block"):
            if getattr(self, key) is not None:
                reason = (
                    f"belongs to the whole payment, and the point {self.rounding.point} computes each invoice"
                )
                raise refused_key(key, f"{reason} by itself: use per_invoice, or another point")

    def _check_gross_up(self) -> None:
        if self.bearer is not Bearer.CUSTOMER:
            raise refused_key("gross_up", f"a fee borne by {self.bearer} is not part of the charge")
        for key in ("per_increment", "tiers"):
            if getattr(self, key) is not None:
                raise refused_key("gross_up", f"has no closed form with {key}")
        if self.charge_rate > Fraction(LARGEST_RATE, HUNDRED):
            raise refused_key("gross_up", f"needs a rate of at most {LARGEST_RATE} percent, VAT included")
        rounding = self.rounding
        is_plain = rounding.base_quantum == rounding.quantum == 1 and rounding.intermediate_quantum is None
        if self.gross_up is GrossUp.EXACT_SEARCH and not (is_plain and rounding.point is RoundingPoint.GROSS):
            raise refused_key("gross_up", "exact-search rounds once, on the gross, to the centime")

    @property
    def charge_rate(self) -> Fraction:
        """What the commission takes of a charge, VAT included, as a fraction of one."""
        return (self.percent or Fraction(0)) / HUNDRED * self.vat.factor_on_stated

    @property
    def is_per_invoice(self) -> bool:
        """Whether it needs the amount of every invoice."""
        return self.rounding.is_per_invoice or self.allocation is not Allocation.NONE

    @property
    def is_free(self) -> bool:
        """Whether the fee is nothing, whatever the amount."""
        bands = self.tiers.bands if self.tiers else ()
        rates = (self.percent, self.minimum, self.fixed, self.per_invoice, *(band.percent for band in bands))
        amounts = [rate.centimes if isinstance(rate, Money) else rate for rate in rates]
        counted = [part.amount.centimes for part in (self.per_block, self.per_increment) if part]
        is_capped = self.maximum is not None and not self.maximum.centimes
        return is_capped or not any((*amounts, *counted, *(band.fixed.centimes for band in bands)))

    def amounts(self) -> Iterator[tuple[str, Money]]:
        """Give every amount of money with its key, for whoever checks them together."""
        for key in ("fixed", "per_invoice", "minimum", "maximum"):
            if getattr(self, key) is not None:
                yield key, getattr(self, key)
        if self.per_block:
            yield "per_block.amount", self.per_block.amount
        if self.per_increment:
            yield "per_increment.step", self.per_increment.step
            yield "per_increment.amount", self.per_increment.amount
        for number, band in enumerate(self.tiers.bands if self.tiers else (), 1):
            yield f"tiers.bands[{number}].fixed", band.fixed
            if band.up_to:
                yield f"tiers.bands[{number}].up_to", band.up_to
