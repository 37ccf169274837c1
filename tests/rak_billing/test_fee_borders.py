"""Amounts at which the rounding mode matters."""

from fractions import Fraction

import pytest

from cmi_gateway.money import Money
from rak_billing.fees.borders import border_amounts
from support.fees import ADDED, rule


def found(a_rule, **limits):
    borders = border_amounts(a_rule, **limits)
    return [(row.amount, *row.fees) for row in borders.rows]


def test_the_guides_tariff_meets_a_half_every_ten_dirhams():
    """Five, fifteen, twenty-five dirhams: halves up, to the even and down."""
    expected = [(500, 6, 6, 5), (1500, 17, 16, 16), (2500, 28, 28, 27)]
    assert expected == found(rule(percent=Fraction("1.1")), most=3)


@pytest.mark.parametrize("mode", ["up", "down", "ceiling", "floor", "05up"])
def test_other_modes_are_compared_with_halves_up(mode):
    """They differ from the first centimes on."""
    borders = border_amounts(rule(percent=Fraction(1), rounding={"mode": mode}))
    assert (mode, "half-up") == borders.modes
    assert borders.rows[0].amount <= 50


def test_a_fixed_fee_has_none():
    """Nothing is rounded, so nothing is found, and how far was looked is said."""
    borders = border_amounts(rule(fixed=Money(360)), searched=500)
    assert ((), 500) == (borders.rows, borders.searched)


def test_a_border_behind_a_minimum_is_found():
    """Up to 300 DH the fee is its minimum; the first half beyond is met at 305."""
    a_rule = rule(percent=Fraction(1), minimum=Money(300), vat=ADDED)
    assert [(30500, 336, 336, 335)] == found(a_rule, most=1)


def test_each_point_has_its_own_borders():
    """Where the net is rounded first, other amounts lie on the border."""
    assert [(50, 1, 0, 0)] == found(
        rule(percent=Fraction(1), vat=ADDED, rounding={"point": "net-then-vat"}), most=1
    )
