"""Named rounding, against the decimal arithmetic of the standard library."""

import decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rak_billing.errors import FeeScheduleError
from rak_billing.fees.rounding import Rounding, RoundingMode, half_up

#: Tenths, so that exact halves are common.
TENTHS = st.integers(-100_000, 100_000).map(lambda tenths: Fraction(tenths, 10))


@given(st.sampled_from(RoundingMode), TENTHS)
def test_every_mode_is_the_decimal_one(mode, exact):
    """The eight names mean what they mean in decimal arithmetic."""
    oracle = getattr(decimal, f"ROUND_{mode.value.upper().replace('-', '_')}")
    number = decimal.Decimal(exact.numerator) / exact.denominator
    assert int(number.quantize(decimal.Decimal(1), rounding=oracle)) == Rounding(mode).apply(exact)


@given(st.sampled_from(RoundingMode), TENTHS, st.sampled_from([1, 5, 10, 100]))
def test_a_result_is_a_near_multiple_of_the_quantum(mode, exact, quantum):
    """Rounding to five centimes gives five centimes, less than one quantum away."""
    rounded = Rounding(mode, quantum).apply(exact)
    assert rounded % quantum == 0
    assert abs(rounded - exact) < quantum


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_half_up_is_the_nearest_whole_number(numerator, denominator):
    """At most a half away, and away from zero when exactly a half."""
    distance = half_up(numerator, denominator) - Fraction(numerator, denominator)
    assert abs(distance) <= Fraction(1, 2)
    assert abs(distance) < Fraction(1, 2) or (distance > 0) == (numerator > 0)


def test_the_default_is_half_up_to_the_centime():
    """An amount is rounded as customers learnt it at school."""
    assert Rounding(RoundingMode.HALF_UP, 1) == Rounding()


@pytest.mark.parametrize("arguments", [("nearest",), ("half-up", 0), ("half-up", 0.5)])
def test_unknown_modes_and_quanta_are_refused(arguments):
    """A typing error in code shows at once."""
    with pytest.raises(FeeScheduleError):
        Rounding(*arguments)


def test_an_intermediate_quantum_is_optional():
    """Without one an exact amount stays exact; with one it is rounded there first, which may change the centime."""
    exact = Fraction(449, 1000)
    assert exact == Rounding().through(exact)
    through_tenths = Rounding(intermediate_quantum=Fraction(1, 10))
    assert Fraction(4, 10) == through_tenths.through(exact)
    assert (0, 1) == (Rounding().apply(Fraction(4999, 10000)), through_tenths.apply(Fraction(4999, 10000)))
