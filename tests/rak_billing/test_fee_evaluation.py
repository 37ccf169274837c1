"""What holds for every fee, whatever the schedule and the invoices."""

import pickle
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.errors import FeeError
from rak_billing.fees.allocation import Allocation
from rak_billing.fees.evaluation import commission
from rak_billing.fees.parts import PerBlock, PerIncrement
from rak_billing.fees.rounding import PER_INVOICE_POINTS, Rounding, RoundingMode, RoundingPoint
from rak_billing.fees.rule import Bearer
from rak_billing.fees.tiers import Tier, TierKind, Tiers
from rak_billing.testing.fees import (
    amounts,
    exact_percents,
    fee_rules,
    fee_schedules,
    selected_amounts,
    tariffs,
)
from support.fees import ADDED, DAY, EXEMPT, INCLUDED, fee_of, money, rule, schedule

CARDS = st.sampled_from(["moroccan", "international"])


def priced(a_schedule, amounts, card="moroccan", **facts):
    return a_schedule.fee(sum(amounts), invoices=amounts, card=card, on=DAY, **facts)


@given(fee_schedules(), selected_amounts(), CARDS)
def test_no_fee_is_negative_and_its_parts_add_up(a_schedule, amounts, card):
    """Net and VAT are the gross, for customer and operator alike."""
    fee = priced(a_schedule, amounts, card)
    assert fee.gross == fee.net + fee.vat
    assert min(fee.gross, fee.net, fee.vat, fee.merchant_cost, fee.merchant_net) >= Money(0)
    assert fee.merchant_net <= fee.merchant_cost
    assert fee.computation.gross == fee.gross.centimes + fee.merchant_cost.centimes


@given(fee_schedules(), selected_amounts(), CARDS)
def test_a_fee_is_a_multiple_of_its_quantum(a_schedule, amounts, card):
    """What is rounded to five centimes is paid in five centimes."""
    fee = priced(a_schedule, amounts, card)
    assert 0 == fee.gross.centimes % fee.rule.rounding.quantum


@given(fee_schedules(), selected_amounts(), CARDS)
def test_the_shares_are_the_fee(a_schedule, amounts, card):
    """One share for each invoice, none negative, and not a centime lost; none where nothing is shared out."""
    fee = priced(a_schedule, amounts, card)
    if fee.rule.allocation is Allocation.NONE:
        assert () == fee.shares
    else:
        assert (len(amounts), fee.gross) == (len(fee.shares), sum(fee.shares))
        assert min(fee.shares) >= Money(0)


@given(
    fee_rules().filter(lambda drawn: not (drawn.tiers and drawn.tiers.kind is TierKind.SLAB)),
    selected_amounts(),
    st.data(),
)
def test_a_larger_bill_never_costs_less(drawn, amounts, data):
    """Whichever invoice grows; a slab of a lower rate is the one exception."""
    place = data.draw(st.integers(0, len(amounts) - 1))
    larger = list(amounts)
    larger[place] += Money(data.draw(st.integers(0, 100_000)))
    less, more = priced(schedule(drawn), amounts), priced(schedule(drawn), larger)
    assert less.gross <= more.gross
    assert less.merchant_cost <= more.merchant_cost or drawn.bearer is Bearer.SHARED


@given(fee_schedules(), selected_amounts(), st.randoms())
def test_the_order_of_the_invoices_does_not_matter(a_schedule, amounts, random):
    """Who ticks from the bottom pays the same."""
    shuffled = random.sample(amounts, len(amounts))
    one, other = priced(a_schedule, amounts), priced(a_schedule, shuffled)
    assert (one.gross, one.net, one.vat, one.merchant_cost) == (
        other.gross,
        other.net,
        other.vat,
        other.merchant_cost,
    )


@given(fee_schedules(bearers=[Bearer.UTILITY]), selected_amounts(), CARDS)
def test_what_the_operator_bears_costs_the_customer_nothing(a_schedule, amounts, card):
    """The customer pays the invoices."""
    fee = priced(a_schedule, amounts, card)
    assert (Money(0), Money(0), Money(0)) == (fee.gross, fee.net, fee.vat)
    assert set(fee.shares) <= {Money(0)}


@given(fee_schedules(), selected_amounts(), CARDS)
def test_a_count_and_amounts_cost_the_same_or_a_count_is_refused(a_schedule, amounts, card):
    """A rule that works invoice by invoice says so, instead of guessing."""
    by_amounts = priced(a_schedule, amounts, card)
    if by_amounts.rule.is_per_invoice:
        with pytest.raises(FeeError, match="needs their amounts"):
            a_schedule.fee(sum(amounts), invoices=len(amounts), card=card, on=DAY)
    else:
        assert by_amounts == a_schedule.fee(sum(amounts), invoices=len(amounts), card=card, on=DAY)


@given(tariffs(), selected_amounts(), st.data())
def test_each_day_of_a_tariff_has_one_schedule(tariff, amounts, data):
    """The schedule that holds on the day prices the payment; the fee keeps it, also through a queue."""
    day = data.draw(st.dates(tariff.schedules[0].valid_from))
    (holds,) = [one for one in tariff.schedules if one.valid_from <= day <= (one.valid_until or day)]
    fee = tariff.fee(sum(amounts), invoices=amounts, on=day)
    assert (holds.id, holds.version) == (fee.schedule_id, fee.schedule_version)
    again = pickle.loads(pickle.dumps(fee))
    assert (fee, fee.explain()) == (again, again.explain())


BOUND = st.none() | st.integers(0, 5000).map(Money)
COVERING = st.builds(
    lambda bounds, **facts: rule(
        **facts, gross_up="exact-search", **dict(zip(("minimum", "maximum"), sorted(bounds), strict=True))
    ),
    bounds=st.tuples(amounts(0, 300), amounts(300, 100_000)),
    percent=exact_percents("0", "40"),
    fixed=BOUND,
    vat=st.sampled_from([INCLUDED, ADDED, EXEMPT]),
    rounding=st.builds(Rounding, st.sampled_from(RoundingMode)),
)


@given(COVERING, selected_amounts())
def test_an_exact_search_leaves_nothing_short(drawn, paid):
    """The fee covers the rounded commission on the charge, and one centime less would not."""
    fee = priced(schedule(drawn), paid)
    (unit,) = fee.computation.units
    found = fee.gross.centimes
    assert found >= commission(drawn, unit, found)[-1]
    assert not found or found - 1 < commission(drawn, unit, found - 1)[-1]


@given(fee_rules(points=PER_INVOICE_POINTS), selected_amounts())
def test_a_payment_of_single_invoices_is_the_sum_of_them(drawn, amounts):
    """Where invoices are computed by themselves, ten of them cost what ten payments cost."""
    if drawn.rounding.point is RoundingPoint.NET_PER_INVOICE or drawn.bearer is Bearer.SHARED:
        return
    alone = sum(priced(schedule(drawn), [amount]).computation.gross for amount in amounts)
    assert alone == priced(schedule(drawn), amounts).computation.gross


@pytest.mark.parametrize(
    ("facts", "amounts", "gross"),
    [
        ({"fixed": money("3.60")}, ["113.02"], "3.60"),
        ({"per_invoice": money("1.50")}, ["113.02", "105.81"], "3.00"),
        ({"per_block": PerBlock(invoices=4, amount=money("1.50"))}, ["1.00"] * 4, "1.50"),
        ({"per_block": PerBlock(invoices=4, amount=money("1.50"))}, ["1.00"] * 5, "3.00"),
        ({"per_increment": PerIncrement(step=money("500"), amount=money("3.75"))}, ["500.00"], "3.75"),
        ({"per_increment": PerIncrement(step=money("500"), amount=money("3.75"))}, ["500.01"], "7.50"),
        ({"percent": Fraction(1), "fixed": money("0.50")}, ["100.00"], "1.50"),
        ({"percent": Fraction(1), "minimum": money("3")}, ["100.00"], "3.00"),
        ({"percent": Fraction(1), "maximum": money("3")}, ["400.00"], "3.00"),
        ({"percent": Fraction(1), "minimum": money("3"), "vat": ADDED}, ["100.00"], "3.30"),
        ({"percent": Fraction(1), "vat": EXEMPT}, ["100.00"], "1.00"),
        ({"percent": Fraction("1.1"), "gross_up": "exact-search"}, ["113.02"], "1.26"),
        ({"percent": Fraction("1.1"), "gross_up": "exact-search"}, ["113.02", "105.81"], "2.43"),
        ({"percent": Fraction(50), "gross_up": "exact-search"}, ["0.01"], "0.01"),
        ({"percent": Fraction(1), "bearer": "shared", "customer_share": Fraction(50)}, ["100.10"], "0.50"),
    ],
)
def test_the_forms_of_fees_in_use(facts, amounts, gross):
    """Each part, bound and mode does what its name says."""
    assert gross == str(fee_of(rule(**facts), *amounts).gross)


@pytest.mark.parametrize(
    ("kind", "amount", "gross"),
    [
        ("slab", "100.00", "1.00"),
        ("slab", "100.01", "2.50"),
        ("slab", "1000.01", "10.00"),
        ("marginal", "100.00", "1.00"),
        ("marginal", "200.00", "3.50"),
        ("marginal", "1100.00", "20.50"),
    ],
)
def test_tiers_by_slab_and_by_slice(kind, amount, gross):
    """A band's last amount belongs to it; marginal bands add up."""
    bands = [
        Tier(up_to=money("100"), percent=Fraction(1)),
        Tier(up_to=money("1000"), percent=Fraction(2), fixed=money("0.50")),
        Tier(percent=Fraction(1)),
    ]
    assert gross == str(fee_of(rule(tiers=Tiers(kind, bands)), amount).gross)


@pytest.mark.parametrize(
    ("allocation", "shares"), [("largest-remainder", ["1.24", "1.17"]), ("last-line", ["1.24", "1.17"])]
)
def test_the_guides_fee_shared_out(allocation, shares):
    """2,41 over 113,02 and 105,81: exactly 1,24470 and 1,16530, so both ways give the odd centime to the second."""
    fee = fee_of(rule(percent=Fraction("1.1"), allocation=allocation), "113.02", "105.81")
    assert shares == [str(share) for share in fee.shares]


@pytest.mark.parametrize(
    ("allocation", "amounts", "shares"),
    [
        ("largest-remainder", ["10.00", "20.00", "10.00"], [25, 50, 25]),
        ("largest-remainder", ["0.02", "0.01", "0.04"], [29, 14, 57]),
        ("last-line", ["0.02", "0.01", "0.04"], [28, 14, 58]),
        ("largest-remainder", ["0.00", "0.00", "0.00"], [34, 33, 33]),
    ],
)
def test_centimes_cut_off_are_given_back(allocation, amounts, shares):
    """To the largest remainders or to the last invoice; of nothing, to all alike."""
    fee = fee_of(rule(fixed=money("1"), allocation=allocation), *amounts)
    assert shares == [share.centimes for share in fee.shares]


@pytest.mark.parametrize(
    ("point", "vat", "shares"),
    [
        ("gross-per-invoice", ADDED, ["0.25", "0.25"]),
        ("net-and-vat-per-invoice", ADDED, ["0.25", "0.25"]),
        ("net-per-invoice", ADDED, ["0.26", "0.25"]),
        ("net-and-vat", ADDED, ["0.25", "0.25"]),
    ],
)
def test_an_invoice_bears_its_own_fee(point, vat, shares):
    """Where each invoice is computed by itself, its share is its fee."""
    fee = fee_of(
        rule(percent=Fraction(1), vat=vat, rounding={"point": point}, allocation="largest-remainder"),
        "22.50",
        "22.50",
    )
    assert shares == [str(share) for share in fee.shares]


def test_a_shared_fee_is_divided_to_the_centime():
    """The customer's part is rounded, the operator's is the rest; each has a net of its own."""
    fee = fee_of(
        rule(percent=Fraction("1.1"), bearer="shared", customer_share=Fraction(50)), "113.02", "105.81"
    )
    assert ("1.21", "1.10", "1.20", "1.09") == (
        str(fee.gross),
        str(fee.net),
        str(fee.merchant_cost),
        str(fee.merchant_net),
    )


def test_a_fee_beyond_all_amounts_is_refused():
    """A fee that no amount can hold is an error, not a wrap-around."""
    huge = rule(per_invoice=money("9999999.99"))
    with pytest.raises(FeeError, match="more than an amount may be"):
        fee_of(huge, "1.00", "1.00")


def test_a_fee_names_its_parts():
    """What is written down with the order: every part, exact."""
    fee = fee_of(rule(percent=Fraction("1.1"), fixed=money("0.50")), "218.83")
    assert [("percent", Fraction(240713, 1000)), ("fixed", Fraction(50))] == [
        attrs.astuple(part) for part in fee.parts
    ]
