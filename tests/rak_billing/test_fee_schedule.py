"""The guide's tariff and the rules of every tariff."""

import pickle
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.errors import FeeError, FeeScheduleError
from rak_billing.fees.rounding import Rounding, RoundingMode
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.selectors import Selector
from support.bills import PAYMENT_DAY, guide_fee
from support.fees import changed

RAK_2018 = FeeSchedule.preset("rak-2018")
TOTALS = st.integers(0, 900_000_000).map(Money)


def fee(total, schedule=RAK_2018, **changes):
    return schedule.fee(total, **({"invoices": 1, "card": "moroccan", "on": PAYMENT_DAY} | changes))


@pytest.mark.parametrize(
    ("total", "gross", "net", "vat"),
    [
        ("113.02", "1.24", "1.13", "0.11"),
        ("218.83", "2.41", "2.19", "0.22"),
        ("105.81", "1.16", "1.05", "0.11"),
        ("45.00", "0.50", "0.45", "0.05"),
        ("15.00", "0.17", "0.15", "0.02"),
        ("5.00", "0.06", "0.05", "0.01"),
        ("143.25", "1.58", "1.44", "0.14"),
        ("55.00", "0.61", "0.55", "0.06"),
        ("14.50", "0.16", "0.15", "0.01"),
        ("300.00", "3.30", "3.00", "0.30"),
        ("0.45", "0.00", "0.00", "0.00"),
    ],
)
def test_the_guides_tariff(total, gross, net, vat):
    """Printed figures, amounts that tell rival readings apart, and a fee below a centime (rule I31)."""
    priced = guide_fee(total)
    assert (gross, net, vat) == (str(priced.gross), str(priced.net), str(priced.vat))


@pytest.mark.parametrize("card", ["moroccan", "international"])
def test_both_cards_cost_the_same(card):
    """The guide asks for the kind of card and prices one tariff (rule I17)."""
    assert Money(241) == fee(Money(21883), card=card).gross


@given(TOTALS)
def test_a_fee_is_the_exact_rate_rounded_once(total):
    """The centime taken is the nearest one to the exact fraction, halves up."""
    exact = Fraction(total.centimes * 11, 1000)
    charged = fee(total).gross.centimes
    assert exact - Fraction(1, 2) < charged <= exact + Fraction(1, 2)


@given(TOTALS)
def test_the_parts_add_up(total):
    """Net and VAT are the fee, and neither is negative."""
    priced = fee(total)
    assert priced.gross == priced.net + priced.vat
    assert min(priced.net.centimes, priced.vat.centimes) >= 0


@given(TOTALS, TOTALS)
def test_a_larger_bill_never_costs_less(one, other):
    """The fee grows with the total."""
    less, more = sorted([one, other])
    assert fee(less).gross <= fee(more).gross


@given(st.lists(st.integers(1, 100_000).map(Money), min_size=1, max_size=12), st.randoms())
def test_the_order_of_the_invoices_does_not_matter(amounts, random):
    """Only their total counts, given as a count or as amounts."""
    shuffled = random.sample(amounts, len(amounts))
    total = sum(amounts)
    expected = fee(total, invoices=len(amounts))
    assert expected == fee(total, invoices=amounts) == fee(total, invoices=shuffled)


@given(
    st.integers(0, 10**7),
    st.sampled_from(RoundingMode),
    st.sampled_from(["0", "0.75", "1.1", "2.999999", "100"]),
)
def test_every_percentage_and_mode_is_exact(centimes, mode, percent):
    """Another tariff is other data, evaluated as exactly."""
    schedule = changed(RAK_2018, percent=Fraction(percent), rounding=Rounding(mode))
    exact = centimes * Fraction(percent) / 100
    assert abs(fee(Money(centimes), schedule).gross.centimes - exact) < 1


def test_a_fee_keeps_what_it_was_computed_for():
    """Base, card and schedule stay with the figures."""
    priced = guide_fee("218.83")
    assert (Money(21883), "moroccan") == (priced.base, priced.card)
    assert ("rak-2018", "1") == (priced.schedule_id, priced.schedule_version)


def test_a_fee_pickles():
    """A fee may wait in a queue."""
    priced = guide_fee("218.83")
    assert priced == pickle.loads(pickle.dumps(priced))


def test_a_merchant_who_bears_the_fee_leaves_none_to_the_customer():
    """The customer pays nothing for the service, whatever the rate; the operator pays it all."""
    priced = fee(Money(21883), changed(RAK_2018, bearer="utility"))
    assert (Money(0), Money(0), Money(0)) == (priced.gross, priced.net, priced.vat)
    assert (Money(241), Money(219)) == (priced.merchant_cost, priced.merchant_net)


@pytest.mark.parametrize("card", ["", "Moroccan", "visa", None, "international"])
def test_a_card_must_be_priced(card):
    """Neither an unknown kind nor one that the tariff leaves out gets a fee."""
    moroccan_only = changed(RAK_2018, when=Selector(cards=["moroccan"]))
    with pytest.raises(FeeError, match="prices moroccan cards"):
        fee(Money(100), moroccan_only, card=card)


@pytest.mark.parametrize("day", [date(2018, 1, 1), date(2018, 12, 31)])
def test_the_first_and_last_day_are_valid(day):
    """Both ends of the validity are included."""
    assert (
        Money(124) == fee(Money(11302), attrs.evolve(RAK_2018, valid_until=date(2018, 12, 31)), on=day).gross
    )


@pytest.mark.parametrize("day", [date(2017, 12, 31), date(2019, 1, 1)])
def test_other_days_have_no_fee(day):
    """A tariff prices no day on which it does not hold."""
    with pytest.raises(FeeError, match="holds from 2018-01-01 until 2018-12-31"):
        fee(Money(100), attrs.evolve(RAK_2018, valid_until=date(2018, 12, 31)), on=day)


def test_the_guides_tariff_has_no_known_end():
    """It holds today, and refuses the days before the guide."""
    assert Money(124) == fee(Money(11302), on=date(2026, 11, 23)).gross
    with pytest.raises(FeeError, match="until further notice"):
        fee(Money(11302), on=date(2017, 12, 31))


@pytest.mark.parametrize("day", [datetime(2018, 9, 10, tzinfo=UTC), "2018-09-10", None])
def test_the_day_is_a_date(day):
    """An instant is not a day."""
    with pytest.raises(FeeError, match="day of the payment"):
        fee(Money(100), on=day)


@pytest.mark.parametrize("total", [113.02, 11302, "113.02", Decimal("113.02"), None, Money(-1)])
def test_only_money_has_a_fee(total):
    """No float, bare number or text can enter, nor a negative total."""
    with pytest.raises(FeeError, match="Money"):
        fee(total)


@pytest.mark.parametrize(
    "invoices",
    [
        0,
        -1,
        True,
        1.0,
        "2",
        None,
        [],
        [Money(21883), 0],
        [Money(11302)],
        [Money(11302), Money(10582)],
        [Money(21883, "EUR")],
    ],
)
def test_the_invoices_must_hold(invoices):
    """A count is at least one, and amounts are money that adds up to the total."""
    with pytest.raises(FeeError, match="invoice"):
        fee(Money(21883), invoices=invoices)


def test_the_amounts_of_the_invoices_are_taken():
    """Amounts that add up give the same fee as their count."""
    assert fee(Money(21883), invoices=2) == fee(Money(21883), invoices=[Money(11302), Money(10581)])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("version", 1),
        ("follows", "  "),
        ("valid_from", datetime(2018, 1, 1, tzinfo=UTC)),
        ("valid_until", "2018-12-31"),
        ("valid_until", date(2017, 12, 31)),
        ("currency", "XYZ"),
        ("rules", []),
        ("rules", ["1.1"]),
    ],
)
def test_a_schedule_refuses_what_is_not_allowed(field, value):
    """A tariff made in code is checked like one from a file, and names the field."""
    with pytest.raises(FeeScheduleError) as caught:
        attrs.evolve(RAK_2018, **{field: value})
    assert field == caught.value.key
