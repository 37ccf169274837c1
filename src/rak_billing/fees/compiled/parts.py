"""The parts of a rule as expressions: what `rak_billing.fees.evaluation` adds up before any rounding."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce

from cmi_gateway.money import Money
from rak_billing.fees.checks import HUNDRED
from rak_billing.fees.compiled.expressions import (
    ZERO,
    Constant,
    Expression,
    choice,
    difference,
    greatest,
    least,
    quotient,
    sum_of,
    times,
)
from rak_billing.fees.compiled.ratio import Ratio
from rak_billing.fees.gross_up import GrossUp
from rak_billing.fees.rule import FeeRule
from rak_billing.fees.tiers import Tier, TierKind, Tiers

__all__ = ["bounded", "grossed_up", "stated"]


def stated(rule: FeeRule, base: Expression, count: Expression) -> Ratio:
    """Add up the parts of *rule* on *base* centimes of *count* invoices."""
    parts = []
    if rule.percent is not None:
        parts.append(Ratio(base).times(rule.percent / HUNDRED))
    if rule.fixed is not None:
        parts.append(Ratio(Constant(rule.fixed.centimes)))
    if rule.per_invoice is not None:
        parts.append(Ratio(times(count, rule.per_invoice.centimes)))
    if rule.per_block is not None:
        parts.append(Ratio(times(_begun(count, rule.per_block.invoices), rule.per_block.amount.centimes)))
    if rule.per_increment is not None:
        steps = _begun(base, rule.per_increment.step.centimes)
        parts.append(Ratio(times(steps, rule.per_increment.amount.centimes)))
    if rule.tiers is not None:
        parts.append(_tiers(rule.tiers, base))
    return reduce(Ratio.plus, parts)


def grossed_up(rule: FeeRule, exact: Ratio) -> Ratio:
    """Divide by one less the rate, where the rule says so."""
    return exact if rule.gross_up is GrossUp.NONE else exact.times(1 / (1 - rule.charge_rate))


def bounded(rule: FeeRule, exact: Ratio) -> Ratio:
    """Keep within minimum and maximum."""
    if rule.maximum is not None:
        exact = exact.at_most(rule.maximum.centimes)
    return exact if rule.minimum is None else exact.at_least(rule.minimum.centimes)


def _begun(number: Expression, by: int) -> Expression:
    return number if by == 1 else quotient(sum_of(number, Constant(by - 1)), by)


def _tiers(tiers: Tiers, base: Expression) -> Ratio:
    if tiers.kind is TierKind.SLAB:
        return _slab(tiers.bands, base)
    return _marginal(tiers.bands, base)


def _exact(band: Tier, amount: Expression) -> Ratio:
    return Ratio(amount).times(band.percent / HUNDRED).plus(Ratio(Constant(band.fixed.centimes)))


def _slab(bands: tuple[Tier, ...], base: Expression) -> Ratio:
    """From the last band to the first: each is chosen where the amount does not lie beyond it."""
    exact = _exact(bands[-1], base)
    for band in reversed(bands[:-1]):
        exact = _chosen(base, _end(band), _exact(band, base), exact)
    return exact


def _marginal(bands: tuple[Tier, ...], base: Expression) -> Ratio:
    """Every band has its slice; its fixed amount belongs to whoever reaches it, the first band's to all."""
    exact, begin = Ratio(ZERO), 0
    for band in bands:
        slice_ = base if begin == 0 else difference(greatest(base, Constant(begin)), Constant(begin))
        if band.up_to is not None:
            slice_ = least(slice_, Constant(_end(band) - begin))
        piece = Ratio(slice_).times(band.percent / HUNDRED)
        exact = exact.plus(piece).plus(_reached(base, begin, band.fixed))
        begin = _end(band) if band.up_to is not None else begin
    return exact


def _reached(base: Expression, begin: int, fixed: Money) -> Ratio:
    amount = Constant(fixed.centimes)
    if begin == 0 or not fixed.centimes:
        return Ratio(amount)
    return Ratio(choice(base, Constant(begin), ZERO, amount))


def _chosen(base: Expression, end: int, then: Ratio, otherwise: Ratio) -> Ratio:
    common = then.plus(otherwise).denominator
    return Ratio(choice(base, Constant(end), then.over(common), otherwise.over(common)), common)


def _end(band: Tier) -> int:
    assert band.up_to is not None  # only the last band has no end
    return band.up_to.centimes


def of_fee(rule: FeeRule, fee: Expression) -> Ratio:
    """Give what the commission takes of the fee itself, before bounds and VAT."""
    return Ratio(fee).times((rule.percent or Fraction(0)) / HUNDRED)
