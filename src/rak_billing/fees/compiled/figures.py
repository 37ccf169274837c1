"""The steps of a rule, in the order of operations that `rak_billing.fees.rule` states."""

from __future__ import annotations

from fractions import Fraction
from typing import Final, assert_never

from rak_billing.fees.checks import HUNDRED
from rak_billing.fees.compiled.expressions import (
    ZERO,
    Constant,
    Expression,
    Variable,
    choice,
    difference,
    greatest,
    quotient,
    sum_of,
)
from rak_billing.fees.compiled.parts import bounded, grossed_up, of_fee, stated
from rak_billing.fees.compiled.ratio import Ratio, half_up, rounded, rounded_base
from rak_billing.fees.compiled.steps import (
    BASE,
    BOUNDED,
    GROSS,
    MERCHANT_GROSS,
    MERCHANT_NET,
    NET,
    START,
    STATED,
    WHOLE_GROSS,
    WHOLE_NET,
    WHOLE_VAT,
    Step,
)
from rak_billing.fees.gross_up import GrossUp
from rak_billing.fees.rounding import RoundingPoint
from rak_billing.fees.rule import Bearer, FeeRule
from rak_billing.fees.vat import VatMode

__all__ = ["payment_steps", "unit_steps"]

# `smallest_covering` begins two centimes under the closed form. It ends less than four over where it began: the closed
# form covers the exact commission, two centimes more leave a whole one over, and rounding adds less than one.
_BEHIND: Final = 2
_TRIES: Final = 5


def unit_steps(rule: FeeRule, amount: Expression, count: Expression) -> tuple[Step, ...]:
    """
    Give the steps that end in the rounded figures of a unit.

    Args:
        rule: The rule.
        amount: Of the unit, in centimes.
        count: How many invoices it has.
    """
    base = Step(BASE, rounded_base(amount, rule.rounding))
    sum_of_parts = stated(rule, Variable(BASE), count)
    before = Step(STATED, sum_of_parts.numerator)
    exact = bounded(rule, grossed_up(rule, _result(before, sum_of_parts)))
    within = Step(BOUNDED, exact.numerator)
    kept = _result(within, exact)
    return base, before, within, *_rounded(rule, kept, _result(before, sum_of_parts))


def _result(step: Step, exact: Ratio) -> Ratio:
    return Ratio(Variable(step.name), exact.denominator)


def _rounded(rule: FeeRule, exact: Ratio, before: Ratio) -> tuple[Step, ...]:
    rounding, vat = rule.rounding, rule.vat
    net = Step(WHOLE_NET, rounded(_net(rule, exact), rounding))
    match rounding.point:
        case RoundingPoint.GROSS | RoundingPoint.GROSS_PER_INVOICE:
            gross = exact.times(vat.factor_on_stated)
            if rule.gross_up is GrossUp.EXACT_SEARCH:
                return _search(rule, gross, before)
            return (Step(WHOLE_GROSS, rounded(gross, rounding)),)
        case RoundingPoint.NET_THEN_VAT | RoundingPoint.NET_AND_VAT_PER_INVOICE:
            return net, Step(WHOLE_VAT, _vat_on(rule, Ratio(Variable(WHOLE_NET))))
        case RoundingPoint.NET_AND_VAT:
            return net, Step(WHOLE_VAT, _vat_on(rule, _net(rule, exact)))
        case RoundingPoint.NET_PER_INVOICE:
            return (net,)
    assert_never(rounding.point)


def _net(rule: FeeRule, exact: Ratio) -> Ratio:
    return exact.times(1 / rule.vat.factor) if rule.vat.mode is VatMode.INCLUDED else exact


def _vat_on(rule: FeeRule, net: Ratio) -> Expression:
    return rounded(net.times(rule.vat.rate / HUNDRED), rule.rounding)


def _search(rule: FeeRule, closed_form: Ratio, before: Ratio) -> tuple[Step, ...]:
    """Try one fee after the other, each where the one before it falls short."""
    behind = Constant(_BEHIND)
    cut = quotient(closed_form.numerator, closed_form.denominator)
    start = Step(START, difference(greatest(cut, behind), behind))
    fees = [sum_of(Variable(START), Constant(number)) for number in range(_TRIES + 1)]
    found = fees[-1]
    for fee in reversed(fees[:-1]):
        found = choice(_commission(rule, before, fee), fee, fee, found)
    return start, Step(WHOLE_GROSS, found)


def _commission(rule: FeeRule, before: Ratio, fee: Expression) -> Expression:
    exact = bounded(rule, before.plus(of_fee(rule, fee)))
    return rounded(exact.times(rule.vat.factor_on_stated), rule.rounding)


def payment_steps(rule: FeeRule) -> tuple[Step, ...]:
    """Give the steps from the rounded figures, summed where invoices have their own, to who pays what."""
    gross, net = Variable(WHOLE_GROSS), Variable(WHOLE_NET)
    first: tuple[Step, ...]
    match rule.rounding.point:
        case RoundingPoint.GROSS | RoundingPoint.GROSS_PER_INVOICE:
            first = (Step(WHOLE_NET, _net_of(rule, gross)),)
        case RoundingPoint.NET_PER_INVOICE:
            vat = Step(WHOLE_VAT, _vat_on(rule, Ratio(net)))
            first = (vat, Step(WHOLE_GROSS, sum_of(net, Variable(WHOLE_VAT))))
        case RoundingPoint.NET_THEN_VAT | RoundingPoint.NET_AND_VAT | RoundingPoint.NET_AND_VAT_PER_INVOICE:
            first = (Step(WHOLE_GROSS, sum_of(net, Variable(WHOLE_VAT))),)
        case _:
            assert_never(rule.rounding.point)
    return *first, *_borne(rule, gross, net)


def _borne(rule: FeeRule, gross: Expression, net: Expression) -> tuple[Step, ...]:
    match rule.bearer:
        case Bearer.CUSTOMER:
            return _outcomes(gross, net, ZERO, ZERO)
        case Bearer.UTILITY:
            return _outcomes(ZERO, ZERO, gross, net)
        case Bearer.SHARED:
            share = Ratio(gross).times((rule.customer_share or Fraction(0)) / HUNDRED)
            customer, merchant = Variable(GROSS), Variable(MERCHANT_GROSS)
            return _outcomes(
                rounded(share, rule.rounding),
                _net_of(rule, customer),
                difference(gross, customer),
                _net_of(rule, merchant),
            )
    assert_never(rule.bearer)


def _outcomes(
    gross: Expression, net: Expression, merchant_gross: Expression, merchant_net: Expression
) -> tuple[Step, ...]:
    return (
        Step(GROSS, gross),
        Step(NET, net),
        Step(MERCHANT_GROSS, merchant_gross),
        Step(MERCHANT_NET, merchant_net),
    )


def _net_of(rule: FeeRule, gross: Expression) -> Expression:
    return half_up(Ratio(gross).times(1 / rule.vat.factor))
