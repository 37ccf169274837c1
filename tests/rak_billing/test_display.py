"""How amounts, dates and instants are shown."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.display import amount_text, date_text, instant_text
from rak_billing.errors import InstantError


@pytest.mark.parametrize(
    ("centimes", "expected"),
    [
        (11302, "113,02\u00a0DH"),
        (123456, "1\u202f234,56\u00a0DH"),
        (999_999_999, "9\u202f999\u202f999,99\u00a0DH"),
        (0, "0,00\u00a0DH"),
        (5, "0,05\u00a0DH"),
        (-123456, "-1\u202f234,56\u00a0DH"),
    ],
)
def test_amounts_are_french(centimes, expected):
    """Comma, narrow spaces between thousands, and no break before « DH »."""
    assert expected == amount_text(Money(centimes))


def test_another_currency_shows_its_letters():
    """« DH » stands for dirhams only."""
    assert "10,00\u00a0EUR" == amount_text(Money(1000, "EUR"))


@given(st.integers(-999_999_999, 999_999_999))
def test_a_shown_amount_reads_back(centimes):
    """Nothing is lost or rounded on the page."""
    digits = amount_text(Money(centimes)).removesuffix("\u00a0DH").replace("\u202f", "").replace(",", "")
    assert centimes == int(digits)


def test_dates_are_french():
    """Day, month and four digits of the year."""
    assert "14/04/2018" == date_text(date(2018, 4, 14))
    assert "01/02/0987" == date_text(date(987, 2, 1))


def test_instants_are_shown_in_legal_time():
    """The receipt's instant is Moroccan time, whatever is stored."""
    assert "10/09/2018 10:48:58" == instant_text(datetime(2018, 9, 10, 9, 48, 58, tzinfo=UTC))


def test_an_instant_without_offset_is_not_shown():
    """A page never guesses the hour."""
    with pytest.raises(InstantError):
        instant_text(datetime(2018, 9, 10, 9, 48, 58))  # noqa: DTZ001 - the naive instant is the point
