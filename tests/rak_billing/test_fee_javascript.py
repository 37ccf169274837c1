"""The fee as a script, run by Node.js, against the evaluation."""

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.fees.compiled.javascript import javascript_function
from rak_billing.fees.evaluation import compute
from rak_billing.fees.parts import PerBlock, PerIncrement
from rak_billing.fees.rounding import RoundingMode, RoundingPoint
from rak_billing.fees.rule import FeeRule
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.tiers import Tier, TierKind, Tiers
from rak_billing.testing.fees import fee_rules, selected_amounts
from support.fees import ADDED, EXEMPT, INCLUDED, rule
from support.node import needs_node, running_calculator

RAK_2018 = FeeSchedule.preset("rak-2018").rules[0]
HUGE = rule(percent=Fraction(10**40 + 1, 10**41))


@pytest.fixture(scope="module")
def node():
    with running_calculator() as node:
        yield node


def truth(a_rule: FeeRule, centimes):
    """Give what the evaluation says the customer and the operator pay."""
    figures = compute(a_rule, sum(centimes), len(centimes), centimes)
    return {
        "gross": figures.customer_gross,
        "net": figures.customer_net,
        "merchant_gross": figures.merchant_gross,
        "merchant_net": figures.merchant_net,
    }


@needs_node
@given(a_rule=fee_rules(), amounts=selected_amounts(least=0))
@example(a_rule=HUGE, amounts=[Money(999_999_999)])
def test_the_script_says_what_the_evaluation_says(node, a_rule, amounts):
    """For any valid rule and any selection: gross, net and who pays, to the centime."""
    centimes = [amount.centimes for amount in amounts]
    assert truth(a_rule, centimes) == node.call(javascript_function(a_rule), centimes)


@needs_node
@given(
    facts=st.fixed_dictionaries(
        {
            "rounding": st.sampled_from(RoundingMode).map(lambda mode: {"mode": mode}),
            "vat": st.sampled_from([ADDED, EXEMPT]),
            "percent": st.integers(1, 4500).map(lambda hundredths: Fraction(hundredths, 100)),
            "fixed": st.integers(0, 500).map(Money),
        }
    ),
    bounds=st.lists(st.integers(0, 5000).map(Money), min_size=2, max_size=2).map(sorted),
    total=st.integers(0, 10**6),
)
def test_the_search_for_a_covering_fee_ends_where_the_evaluation_ends(node, facts, bounds, total):
    """Its few tries are enough at every rate up to a half, between bounds, in all eight modes."""
    minimum, maximum = bounds
    searched = rule(**facts, gross_up="exact-search", minimum=minimum, maximum=maximum)
    assert truth(searched, [total]) == node.call(javascript_function(searched), [total])


SLABS = [
    Tier(up_to=Money(40), percent=Fraction(1)),
    Tier(up_to=Money(90), fixed=Money(7)),
    Tier(fixed=Money(2)),
]
THIRD = {"bearer": "shared", "customer_share": Fraction(100, 3)}
#: What chance seldom draws: halves, ends of bands, begun blocks, numbers that end with a five.
EDGES = {
    **{
        f"{mode}, of {parts}": rule(percent=Fraction(100, parts), rounding={"mode": mode}, vat=vat)
        for mode in RoundingMode
        for parts, vat in ((2, EXEMPT), (7, INCLUDED), (8, ADDED))
    },
    **{
        f"{mode} of the base": rule(percent=Fraction(50), rounding={"base_quantum": 10, "base_mode": mode})
        for mode in RoundingMode
    },
    **{
        f"{mode} in two steps": rule(
            percent=Fraction(9), vat=EXEMPT, rounding={"mode": mode, "intermediate_quantum": Fraction(1, 2)}
        )
        for mode in RoundingMode
    },
    **{
        f"{point}, {vat.mode}, {mode}": rule(
            percent=Fraction(7), vat=vat, rounding={"point": point, "mode": mode}, **THIRD
        )
        for point in RoundingPoint
        for vat in (ADDED, INCLUDED)
        for mode in ("down", "half-up")
    },
    **{f"{kind} tiers": rule(tiers=Tiers(kind, SLABS), vat=EXEMPT) for kind in TierKind},
    "increments": rule(per_increment=PerIncrement(step=Money(7), amount=Money(3))),
    "blocks": rule(per_block=PerBlock(invoices=2, amount=Money(100)), per_invoice=Money(3)),
    "bounds": rule(percent=Fraction(20), minimum=Money(5), maximum=Money(20)),
    "closed form": rule(percent=Fraction(20), fixed=Money(3), gross_up="closed-form"),
    "search": rule(percent=Fraction(45), gross_up="exact-search", vat=ADDED),
}
WHOLE_RANGE = """(amounts) => {{
  const feeOf = {code};
  const answers = amounts.map((amount) => [[amount], [amount, amount + 1n, 3n]].map((chosen) => feeOf(chosen)));
  return answers.flat().flatMap((fee) => [fee.gross, fee.net, fee.merchant_gross, fee.merchant_net]);
}}"""


@needs_node
@pytest.mark.parametrize("a_rule", EDGES.values(), ids=EDGES)
def test_no_amount_up_to_two_dirhams_is_an_exception(node, a_rule):
    """Every one, alone and with two others, where chance would need luck to find an edge."""
    amounts = range(201)
    selections = [chosen for amount in amounts for chosen in ([amount], [amount, amount + 1, 3])]
    expected = [figure for chosen in selections for figure in truth(a_rule, chosen).values()]
    found = node.call(WHOLE_RANGE.format(code=javascript_function(a_rule)), list(amounts))
    assert expected == list(found.values())


def test_the_guides_script_is_two_lines_of_arithmetic():
    """What the customer's browser computes can be read, and checked, by eye."""
    text = javascript_function(RAK_2018)
    assert "const whole_gross = (((total * 11n) + 500n) / 1000n);" in text
    assert "const net = (((whole_gross * 10n) + 5n) / 11n);" in text


@given(fee_rules())
def test_a_script_holds_nothing_but_numbers_of_the_schedule(a_rule):
    """Nothing has to be escaped: no quote, bracket or sign that could end a script stands there."""
    assert not set("\"'`<\\[]") & set(javascript_function(a_rule).replace(" < ", "").replace("<=", ""))
