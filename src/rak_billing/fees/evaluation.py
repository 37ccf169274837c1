"""
The one evaluation of a rule: from amounts to the centimes that customer and operator pay.

Fractions of whole numbers from beginning to end; what is rounded, and when, is said in `rak_billing.fees.rule`.
Explanations read the intermediate figures kept here and compute nothing of their own; live totals and bulk reports
are compiled from the same rules and tested against this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import assert_never

import attrs

from rak_billing.fees.allocation import Allocation, share_out
from rak_billing.fees.checks import HUNDRED
from rak_billing.fees.gross_up import GrossUp, smallest_covering
from rak_billing.fees.rounding import RoundingPoint, half_up
from rak_billing.fees.rule import Bearer, FeeRule
from rak_billing.fees.vat import Vat

__all__ = ["Computation", "Part", "Unit", "commission", "compute"]


@attrs.frozen
class Part:
    """
    One part of a fee.

    Attributes:
        key: As in the rule: ``percent``, ``fixed``, …
        exact: In centimes, before any rounding.
    """

    key: str
    exact: Fraction


@attrs.frozen
class Unit:
    """
    What is computed by itself, the whole payment or one invoice; every figure in centimes and exact.

    Attributes:
        amount: Its total.
        base: That, rounded to the base quantum.
        count: How many invoices it has.
        parts: In the order of the rule.
        stated: Their sum.
        grossed: That, after grossing up.
        bounded: That, within minimum and maximum.
        vat: What turns that into net and gross.
    """

    amount: int
    base: int
    count: int
    parts: tuple[Part, ...]
    stated: Fraction
    grossed: Fraction
    bounded: Fraction
    vat: Vat

    @property
    def net(self) -> Fraction:
        """The fee without VAT."""
        return self.vat.net(self.bounded)

    @property
    def gross(self) -> Fraction:
        """The fee with VAT."""
        return self.vat.gross(self.bounded)


@attrs.frozen
class Computation:
    """
    A fee with all that led to it; every amount in centimes.

    Attributes:
        units: The payment, or each of its invoices.
        grosses: The gross of each unit, where the point rounds that; else empty.
        nets: The net of each unit, where the point rounds that; else empty.
        vats: VAT of each unit, or once for all; empty where the gross is rounded.
        gross: The whole fee, whoever bears it.
        net: Without VAT.
        vat: Its VAT.
        customer_gross: What the customer pays of it.
        customer_net: Without VAT.
        merchant_gross: What the operator pays of it.
        merchant_net: Without VAT.
        shares: What the customer pays, by invoice; empty without allocation.
        weights: In proportion to which it was shared out; likewise.
    """

    units: tuple[Unit, ...]
    grosses: tuple[int, ...]
    nets: tuple[int, ...]
    vats: tuple[int, ...]
    gross: int
    net: int
    vat: int
    customer_gross: int
    customer_net: int
    merchant_gross: int
    merchant_net: int
    shares: tuple[int, ...]
    weights: tuple[int, ...]


def compute(rule: FeeRule, total: int, count: int, amounts: Sequence[int] | None) -> Computation:
    """
    Apply *rule* to a payment.

    Args:
        rule: The rule.
        total: Of the invoices, in centimes; zero or more.
        count: How many they are.
        amounts: Of each; None will do where the rule is not `FeeRule.is_per_invoice`.
    """
    if rule.rounding.is_per_invoice:
        units = tuple(_unit(rule, amount, 1) for amount in amounts or ())
    else:
        units = (_unit(rule, total, count),)
    grosses, nets, vats = _rounded(rule, units)
    # By difference, so that the parts add up whatever the rounding.
    gross = sum(grosses) if grosses else sum(nets) + sum(vats)
    net = sum(nets) if nets else _net_of(rule, gross)
    customer, customer_net, merchant, merchant_net = _borne(rule, gross, net)
    weights = _weights(rule, amounts, grosses, nets, vats)
    return Computation(
        units=units,
        grosses=grosses,
        nets=nets,
        vats=vats,
        gross=gross,
        net=net,
        vat=gross - net,
        customer_gross=customer,
        customer_net=customer_net,
        merchant_gross=merchant,
        merchant_net=merchant_net,
        shares=share_out(customer, weights, rule.allocation),
        weights=weights,
    )


def _unit(rule: FeeRule, amount: int, count: int) -> Unit:
    base = rule.rounding.apply_to_base(amount)
    parts = _parts(rule, base, count)
    # Most rules have one part; adding it to zero would cost as much as computing it.
    stated = parts[0].exact if len(parts) == 1 else sum((part.exact for part in parts), Fraction(0))
    grossed = stated if rule.gross_up is GrossUp.NONE else stated / (1 - rule.charge_rate)
    bounded = _bounded(rule, grossed)
    return Unit(amount, base, count, parts, stated, grossed, bounded, rule.vat)


def _parts(rule: FeeRule, base: int, count: int) -> tuple[Part, ...]:
    parts = []
    if rule.percent is not None:
        # Most fees are this; two operations of fractions would take thrice as long.
        exact = Fraction(base * rule.percent.numerator, rule.percent.denominator * HUNDRED)
        parts.append(Part("percent", exact))
    if rule.fixed is not None:
        parts.append(Part("fixed", Fraction(rule.fixed.centimes)))
    if rule.per_invoice is not None:
        parts.append(Part("per_invoice", Fraction(count * rule.per_invoice.centimes)))
    if rule.per_block is not None:
        parts.append(
            Part("per_block", Fraction(rule.per_block.blocks(count) * rule.per_block.amount.centimes))
        )
    if rule.per_increment is not None:
        steps = rule.per_increment.steps(base)
        parts.append(Part("per_increment", Fraction(steps * rule.per_increment.amount.centimes)))
    if rule.tiers is not None:
        exact = sum((piece.exact for piece in rule.tiers.slices(base)), Fraction(0))
        parts.append(Part("tiers", exact))
    return tuple(parts)


def _bounded(rule: FeeRule, exact: Fraction) -> Fraction:
    if rule.minimum is not None and exact < rule.minimum.centimes:
        return Fraction(rule.minimum.centimes)
    if rule.maximum is not None and exact > rule.maximum.centimes:
        return Fraction(rule.maximum.centimes)
    return exact


_Centimes = tuple[int, ...]


def _rounded(rule: FeeRule, units: tuple[Unit, ...]) -> tuple[_Centimes, _Centimes, _Centimes]:
    """Round what the point names: the gross amounts, or net amounts and VAT."""
    apply = rule.rounding.apply
    match rule.rounding.point:
        case RoundingPoint.GROSS | RoundingPoint.GROSS_PER_INVOICE:
            if rule.gross_up is GrossUp.EXACT_SEARCH:
                return (_covering(rule, units[0]),), (), ()
            return tuple([apply(unit.gross) for unit in units]), (), ()
        case RoundingPoint.NET_THEN_VAT | RoundingPoint.NET_AND_VAT_PER_INVOICE:
            nets = tuple([apply(unit.net) for unit in units])
            return (), nets, tuple(apply(net * rule.vat.rate / HUNDRED) for net in nets)
        case RoundingPoint.NET_AND_VAT:
            nets = tuple([apply(unit.net) for unit in units])
            return (), nets, tuple(apply(unit.net * rule.vat.rate / HUNDRED) for unit in units)
        case RoundingPoint.NET_PER_INVOICE:
            nets = tuple([apply(unit.net) for unit in units])
            return (), nets, (apply(sum(nets) * rule.vat.rate / HUNDRED),)
    assert_never(rule.rounding.point)


def commission(rule: FeeRule, unit: Unit, fee: int) -> tuple[Fraction, Fraction, int]:
    """
    Give what the acquirer takes of a charge that contains *fee*: of the parts, within bounds and with VAT, rounded.

    The rule's figures are those of the commission: its parts on the invoices, and its percentage of the fee as well.
    """
    exact = unit.stated + fee * (rule.percent or Fraction(0)) / HUNDRED
    taken = rule.vat.gross(_bounded(rule, exact))
    return exact, taken, rule.rounding.apply(taken)


def _covering(rule: FeeRule, unit: Unit) -> int:
    return smallest_covering(unit.gross, lambda fee: commission(rule, unit, fee)[-1])


def _borne(rule: FeeRule, gross: int, net: int) -> tuple[int, int, int, int]:
    """Divide the whole fee: the customer's gross and net, the operator's gross and net."""
    match rule.bearer:
        case Bearer.CUSTOMER:
            return gross, net, 0, 0
        case Bearer.UTILITY:
            return 0, 0, gross, net
        case Bearer.SHARED:
            customer = rule.rounding.apply(gross * (rule.customer_share or Fraction(0)) / HUNDRED)
            merchant = gross - customer
            return customer, _net_of(rule, customer), merchant, _net_of(rule, merchant)
    assert_never(rule.bearer)


def _net_of(rule: FeeRule, gross: int) -> int:
    factor = rule.vat.factor
    return half_up(gross * factor.denominator, factor.numerator)


def _weights(
    rule: FeeRule, amounts: Sequence[int] | None, grosses: _Centimes, nets: _Centimes, vats: _Centimes
) -> _Centimes:
    """Give what each invoice weighs when the fee is shared out: its own fee where it has one, else its amount."""
    if rule.allocation is Allocation.NONE:
        return ()
    match rule.rounding.point:
        case RoundingPoint.GROSS_PER_INVOICE:
            return grosses
        case RoundingPoint.NET_AND_VAT_PER_INVOICE:
            return tuple(net + vat for net, vat in zip(nets, vats, strict=True))
        case RoundingPoint.NET_PER_INVOICE:
            return nets
        case RoundingPoint.GROSS | RoundingPoint.NET_THEN_VAT | RoundingPoint.NET_AND_VAT:
            return tuple(amounts or ())
    assert_never(rule.rounding.point)
