"""The guide's two figures, the models that give both, and the bills that tell those models apart."""

from fractions import Fraction

import pytest

from cmi_gateway.money import Money
from rak_billing.fees.rounding import RoundingMode
from rak_billing.fees.vat import Vat
from support.fees import FIVE_BILLS, INCLUDED, fee_of, rule

HALVES = ("half-up", "half-even", "half-down")
HALVES_05 = (*HALVES, "05up")
NEAR_ONES = {
    "net-then-vat": HALVES,
    "net-per-invoice": HALVES,
    "net-and-vat-per-invoice": HALVES_05,
    "net-and-vat": HALVES,
}


def added(rate):
    return Vat(mode="added", rate=Fraction(rate))


def model(rate, mode="half-up", point="gross", vat=INCLUDED, *, rounding=(), **facts):
    return rule(
        percent=Fraction(rate), vat=vat, rounding={"mode": mode, "point": point, **dict(rounding)}, **facts
    )


def fitting():
    for mode in HALVES_05:
        yield f"1.1 once {mode}", model("1.1", mode)
        yield f"1 HT + 10 once {mode}", model("1", mode, vat=added(10))
        yield f"whole dirham {mode}", model("1.1", mode, rounding={"base_quantum": 100})
        yield f"through 0.001 {mode}", model("1.1", mode, rounding={"intermediate_quantum": Fraction(1, 10)})
        yield f"bounds unseen {mode}", model("1.1", mode, minimum=Money(124), maximum=Money(241))
    for point, modes in NEAR_ONES.items():
        for mode in modes:
            yield f"1 HT + 10 {point} {mode}", model("1", mode, point, added(10))
        for mode in HALVES:
            yield f"1.03 HT + 7 {point} {mode}", model("1.03", mode, point, added(7))
    yield "1.03 HT + 7 once down", model("1.03", "down", vat=added(7))
    for rate in ("1.0875", "1.088", "1.089"):
        for mode in HALVES:
            yield f"gross-up {rate} {mode}", model(rate, mode, gross_up="closed-form")
    for mode in ("down", "floor", "05up"):
        yield f"gross-up 1.09 {mode}", model("1.09", mode, gross_up="closed-form")
        yield f"0.92 HT + 20 once {mode}", model("0.92", mode, vat=added(20))
    for mode in ("up", "ceiling"):
        yield f"gross-up 1.085 {mode}", model("1.085", mode, gross_up="closed-form")
    yield "0.915 HT + 20 once 05up", model("0.915", "05up", vat=added(20))
    yield "0.91 HT + 20 per invoice up", model("0.91", "up", "net-and-vat-per-invoice", added(20))


def gross(a_rule, *amounts):
    return str(fee_of(a_rule, *amounts).gross)


@pytest.mark.parametrize("a_rule", [pytest.param(made, id=name) for name, made in fitting()])
def test_every_model_that_gives_the_guides_figures_can_be_said(a_rule):
    """113,02 costs 1,24 and 113,02 with 105,81 costs 2,41 by every one of them; only a float cannot be said."""
    assert ("1.24", "2.41") == (gross(a_rule, "113.02"), gross(a_rule, "113.02", "105.81"))


@pytest.mark.parametrize(
    ("first", "both", "a_rule"),
    [
        ("1.24", "2.40", model("1.1", point="gross-per-invoice")),
        ("1.25", "2.41", model("1.1", "up")),
        ("1.24", "2.40", model("1.1", "down")),
        ("1.25", "2.41", model("1.1", rounding={"base_quantum": 100, "base_mode": "up"})),
        ("1.24", "2.40", model("1.1", rounding={"base_quantum": 100, "base_mode": "down"})),
        ("1.13", "2.19", model("1")),
        ("1.36", "2.63", model("1", vat=added(20))),
        ("1.22", "2.37", model("0.95", vat=added(14))),
        ("1.25", "2.41", model("1.09", gross_up="closed-form")),
        ("1.26", "2.43", model("1.1", gross_up="closed-form")),
        ("1.20", "2.40", rule(per_invoice=Money(120))),
        ("1.24", "2.48", rule(per_invoice=Money(124))),
        ("1.25", "2.40", model("1.1", rounding={"quantum": 5})),
        ("1.20", "2.40", model("1.1", rounding={"quantum": 10})),
        ("1.00", "2.00", model("1.1", rounding={"quantum": 100})),
        ("1.50", "2.41", model("1.1", minimum=Money(150))),
        ("1.24", "2.40", model("1.1", maximum=Money(240))),
    ],
)
def test_what_the_guides_figures_refute_can_be_said_too(first, both, a_rule):
    """Known rival tariffs give their known, other figures."""
    assert (first, both) == (gross(a_rule, "113.02"), gross(a_rule, "113.02", "105.81"))


#: Eight readings of one contract, in the order of the fees of `FIVE_BILLS`.
READINGS = {
    "once, halves up": model("1.1"),
    "once, halves to the even": model("1.1", "half-even"),
    "once, halves down": model("1.1", "half-down"),
    "net, then VAT": model("1", point="net-then-vat", vat=added(10)),
    "net per invoice, VAT once": model("1", point="net-per-invoice", vat=added(10)),
    "net and VAT per invoice": model("1", point="net-and-vat-per-invoice", vat=added(10)),
    "net and VAT each from exact": model("1", point="net-and-vat", vat=added(10)),
    "grossed up 1.0875": model("1.0875", gross_up="closed-form"),
}


@pytest.mark.parametrize(("bill", "fees"), FIVE_BILLS.items())
def test_five_bills_have_these_fees(bill, fees):
    """Each reading of the contract charges what the table says."""
    assert fees == tuple(gross(reading, *bill) for reading in READINGS.values())


def test_five_bills_tell_the_readings_apart():
    """No two readings charge alike on all of them: five receipts settle the contract."""
    columns = list(zip(*FIVE_BILLS.values(), strict=True))
    assert len(READINGS) == len(set(columns))
    assert "3.31" == gross(model("1.104", "down"), "300.00") == gross(model("1.03", vat=added(7)), "300.00")


def test_the_second_invoice_alone_tells_net_rounding_apart():
    """105,81 by itself: 1,16 rounded once, 1,17 whenever the net fee is rounded first."""
    assert "1.16" == gross(READINGS["once, halves up"], "105.81")
    for point in NEAR_ONES:
        assert "1.17" == gross(model("1", point=point, vat=added(10)), "105.81")


def test_every_mode_is_tried_here():
    """No rounding mode is left out of the models, fitting or not."""
    used = {made.rounding.mode for _, made in fitting()}
    assert set(RoundingMode) == used
