"""
The fee computed a second time, by other means: exact fractions, and decimal arithmetic of the standard library to round.

Nothing of `rak_billing.fees` computes here; its rules are only read. Every kind of part meets every rounding point,
mode, way to gross up and way to share out, on random amounts.
"""

import decimal
from fractions import Fraction
from itertools import product

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rak_billing.errors import FeeScheduleError
from rak_billing.fees.allocation import Allocation
from rak_billing.fees.gross_up import GrossUp
from rak_billing.fees.parts import PerBlock, PerIncrement
from rak_billing.fees.rounding import Rounding, RoundingMode, RoundingPoint
from rak_billing.fees.tiers import Tier, Tiers
from rak_billing.testing.fees import fee_rules, selected_amounts
from support.fees import ADDED, DAY, EXEMPT, INCLUDED, money, rule, schedule

DIGITS = decimal.Context(prec=60, traps=[decimal.InvalidOperation])


def to_multiple(exact, step, mode):
    """Round by the standard library: whole steps first, then what lies between, as a digit that keeps its side of a half."""
    whole, rest = divmod(Fraction(exact), step)
    between = 0 if not rest else 5 if 2 * rest == step else 3 if 2 * rest < step else 7
    rounded = DIGITS.create_decimal(f"{whole}.{between}").quantize(
        decimal.Decimal(1), "ROUND_" + mode.name.replace("ZERO_FIVE_UP", "05UP"), context=DIGITS
    )
    return int(rounded) * step


def rounded(a_rule, exact):
    """Round to what can be paid, through the intermediate quantum where there is one."""
    how = a_rule.rounding
    if how.intermediate_quantum is not None:
        exact = to_multiple(exact, how.intermediate_quantum, how.mode)
    return to_multiple(exact, how.quantum, how.mode)


def parts_of(a_rule, base, count):
    """Add up what the rule states, of one base."""
    total = Fraction(0)
    if a_rule.percent is not None:
        total += Fraction(base, 100) * a_rule.percent
    if a_rule.fixed is not None:
        total += a_rule.fixed.centimes
    if a_rule.per_invoice is not None:
        total += a_rule.per_invoice.centimes * count
    if a_rule.per_block is not None:
        full, more = divmod(count, a_rule.per_block.invoices)
        total += a_rule.per_block.amount.centimes * (full + bool(more))
    if a_rule.per_increment is not None:
        full, more = divmod(base, a_rule.per_increment.step.centimes)
        total += a_rule.per_increment.amount.centimes * (full + bool(more))
    if a_rule.tiers is not None:
        total += tiers_of(a_rule.tiers, base)
    return total


def tiers_of(tiers, base):
    """Walk up the bands."""
    total, begin = Fraction(0), 0
    for band in tiers.bands:
        end = base if band.up_to is None else band.up_to.centimes
        if tiers.kind == "slab" and base <= end:
            return base * band.percent / 100 + band.fixed.centimes
        if tiers.kind == "marginal":
            total += (min(base, end) - begin) * band.percent / 100 + band.fixed.centimes
            if base <= end:
                return total
        begin = end
    raise AssertionError("the last band has no end")


def within(a_rule, exact):
    if a_rule.minimum is not None:
        exact = max(exact, Fraction(a_rule.minimum.centimes))
    if a_rule.maximum is not None:
        exact = min(exact, Fraction(a_rule.maximum.centimes))
    return exact


def vat_of(a_rule):
    """Give the rate as a fraction of one, and whether it comes on top of the stated figures."""
    return a_rule.vat.rate / 100, a_rule.vat.mode == "added"


def exact_net_and_gross(a_rule, centimes, count):
    """Compute one payment, or one invoice, without rounding anything but its base."""
    rate, on_top = vat_of(a_rule)
    base = to_multiple(centimes, a_rule.rounding.base_quantum, a_rule.rounding.base_mode)
    stated = parts_of(a_rule, base, count)
    exact = stated
    if a_rule.gross_up is not GrossUp.NONE:
        taken = a_rule.percent / 100 if a_rule.percent is not None else Fraction(0)
        exact = stated / (1 - (taken * (1 + rate) if on_top else taken))
    exact = within(a_rule, exact)
    return (exact, exact * (1 + rate)) if on_top else (exact / (1 + rate), exact)


def covering(a_rule, centimes, count):
    """Try one fee after the other: the first that pays the commission on a charge that contains it."""
    rate, on_top = vat_of(a_rule)
    stated = parts_of(a_rule, centimes, count)
    # From far below; a fee of nothing pays no commission but one of nothing.
    fee = max(0, int(exact_net_and_gross(a_rule, centimes, count)[1]) - 20)
    while True:
        commission = within(a_rule, stated + fee * (a_rule.percent or Fraction(0)) / 100)
        if rounded(a_rule, commission * (1 + rate) if on_top else commission) <= fee:
            return fee
        fee += 1


def fee_by_hand(a_rule, amounts):
    """Give the whole fee and its net part, and what each invoice weighs."""
    rate, _ = vat_of(a_rule)
    point = a_rule.rounding.point
    if point.endswith("per-invoice"):
        units = [exact_net_and_gross(a_rule, amount, 1) for amount in amounts]
    else:
        units = [exact_net_and_gross(a_rule, sum(amounts), len(amounts))]
    if point.startswith("gross"):
        grosses = [rounded(a_rule, gross) for _, gross in units]
        if a_rule.gross_up is GrossUp.EXACT_SEARCH:
            grosses = [covering(a_rule, sum(amounts), len(amounts))]
        net = to_multiple(sum(grosses) / (1 + rate), 1, RoundingMode.HALF_UP)
        return sum(grosses), net, grosses if len(grosses) == len(amounts) else amounts
    nets = [rounded(a_rule, net) for net, _ in units]
    if point == "net-per-invoice":
        return sum(nets) + rounded(a_rule, sum(nets) * rate), sum(nets), nets
    taxed = [net for net, _ in units] if point == "net-and-vat" else nets
    each = [net + rounded(a_rule, of * rate) for net, of in zip(nets, taxed, strict=True)]
    return sum(each), sum(nets), each if point.endswith("per-invoice") else amounts


def shared_out(centimes, weights, how):
    """Give every invoice what it is due in whole centimes, then hand out the rest one by one."""
    if how is Allocation.NONE:
        return []
    total = sum(weights)
    due = [
        Fraction(centimes * weight, total) if total else Fraction(centimes, len(weights))
        for weight in weights
    ]
    shares = [int(one) for one in due]
    while sum(shares) < centimes:
        gaps = [one - share for one, share in zip(due, shares, strict=True)]
        shares[-1 if how is Allocation.LAST_LINE else gaps.index(max(gaps))] += 1
    return shares


def assert_recomputed(a_rule, invoices):
    """Compare every figure of the fee with the one computed here."""
    amounts = [invoice.centimes for invoice in invoices]
    fee = schedule(a_rule).fee(sum(invoices), invoices=invoices, on=DAY)
    rate, _ = vat_of(a_rule)
    gross, net, weights = fee_by_hand(a_rule, amounts)
    shares = {"customer": 100, "utility": 0, "shared": a_rule.customer_share}
    customer = rounded(a_rule, gross * shares[a_rule.bearer] / Fraction(100)) if a_rule.bearer == "shared" else gross * shares[a_rule.bearer] // 100  # fmt: skip
    nets = {
        paid: net if a_rule.bearer != "shared" and paid else to_multiple(paid / (1 + rate), 1, RoundingMode.HALF_UP)
        for paid in (customer, gross - customer)
    }  # fmt: skip
    assert (customer, nets[customer]) == (fee.gross.centimes, fee.net.centimes)
    assert (gross - customer, nets[gross - customer]) == (
        fee.merchant_cost.centimes,
        fee.merchant_net.centimes,
    )
    assert shared_out(customer, weights, a_rule.allocation) == [share.centimes for share in fee.shares]


@given(fee_rules(), selected_amounts(most_invoices=6))
def test_any_rule_is_recomputed(drawn, invoices):
    """Whatever a schedule can say, on any bill, to the centime."""
    assert_recomputed(drawn, invoices)


BANDS = [
    Tier(up_to=money("100"), percent=Fraction(1), fixed=money("0.30")),
    Tier(up_to=money("1000"), percent=Fraction(7, 9)),
    Tier(percent=Fraction("0.333")),
]
PARTS = {
    "percent": {"percent": Fraction("1.1")},
    "endless percent": {"percent": Fraction(8, 7)},
    "fixed": {"fixed": money("3.60")},
    "per invoice": {"per_invoice": money("1.23")},
    "per block": {"per_block": PerBlock(invoices=4, amount=money("1.51"))},
    "per increment": {"per_increment": PerIncrement(step=money("500"), amount=money("3.75"))},
    "slab": {"tiers": Tiers("slab", BANDS)},
    "marginal": {"tiers": Tiers("marginal", BANDS)},
    "bounded": {"percent": Fraction(1), "minimum": money("0.35"), "maximum": money("9.99")},
}


def told(**facts):
    """Give the rule, or None where these facts are refused together."""
    try:
        return rule(**facts)
    except FeeScheduleError:
        return None


def combinations(part, point):
    for mode, gross_up, how, vat in product(RoundingMode, GrossUp, Allocation, (INCLUDED, ADDED, EXEMPT)):
        facts = PARTS[part] | {"vat": vat, "gross_up": gross_up, "allocation": how}
        if made := told(**facts, rounding=Rounding(mode, point=point)):
            yield made


@pytest.mark.parametrize("point", RoundingPoint)
@pytest.mark.parametrize("part", PARTS)
def test_each_part_with_each_point_mode_gross_up_and_allocation(part, point):
    """Not one combination is left to chance; those that make no sense are refused when the rule is made."""
    made = list(combinations(part, point))

    @given(st.sampled_from(made), selected_amounts(most_invoices=5))
    def check(drawn, invoices):
        assert_recomputed(drawn, invoices)

    if made:
        check()
    for a_rule in made:
        assert_recomputed(a_rule, [money("22.50"), money("22.50"), money("143.25")])
    assert bool(made) == (part not in {"fixed", "per block"} or not Rounding(point=point).is_per_invoice)


def test_the_oracle_is_the_guides():
    """It gives the two published figures too, so a fault common to both would have to be in the guide."""
    guide = rule(percent=Fraction("1.1"))
    assert [124, 241] == [fee_by_hand(guide, amounts)[0] for amounts in ([11302], [11302, 10581])]


def test_the_oracle_knows_every_key_of_a_rule():
    """A key that it does not read would be compared by nobody."""
    known = {"when", "bearer", "customer_share", "percent", "fixed", "per_invoice", "per_block", "per_increment", "tiers", "minimum", "maximum", "vat", "gross_up", "rounding", "allocation"}  # fmt: skip
    assert known == {field.name for field in attrs.fields(type(rule(percent=Fraction(1))))}
