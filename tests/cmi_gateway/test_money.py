"""`Money` is exact, strict in what it reads and honest in what it refuses."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway import AmountError, CurrencyMismatchError, Money, MoneyError

CENTIMES = st.integers(0, 999_999_999)


@given(CENTIMES)
def test_round_trip(centimes):
    """Whatever amount is written is read back the same."""
    assert Money(centimes) == Money.parse(Money(centimes).wire)


@pytest.mark.parametrize(
    ("text", "centimes"),
    [
        ("113.02", 11302),
        ("100", 10000),
        ("0.5", 50),
        ("0", 0),
        ("0000113.02", 11302),
        ("9999999.99", 999999999),
    ],
)
def test_parse_reads_the_wire_grammar(text, centimes):
    """Digits with at most two decimals after a dot are an amount."""
    assert Money(centimes) == Money.parse(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "113,02", "+1", "-1", "1e3", "NaN", "Infinity", "1_000", " 1", "1 ", "1\n", "1 000.00", "1.234", "1.", ".5",
     "١٢٣", "１２", "²", "0x10", "10000000", "9999999.990", "1" * 5000, "1.2.3", "1\u00a0000"],
)  # fmt: skip
def test_parse_refuses_everything_else(text):
    """Text outside the grammar raises a typed error and never another amount."""
    with pytest.raises(AmountError):
        Money.parse(text)


@given(st.text(max_size=12))
def test_parse_is_total(text):
    """Any text gives an amount that writes the same number, or an `AmountError`."""
    try:
        money = Money.parse(text)
    except AmountError:
        return
    assert text.isascii()
    assert float(text) == pytest.approx(money.centimes / 100)


@pytest.mark.parametrize("value", [113.02, 1.0, True, "113", None, 10**9, -(10**9)])
def test_centimes_must_be_whole(value):
    """Floats, booleans, text and amounts beyond the limit are refused where they enter."""
    with pytest.raises(AmountError):
        Money(value)


def test_a_float_is_refused_with_an_explanation():
    """The error for a float shows why and names the way out."""
    with pytest.raises(AmountError, match=r"218\.82999999999998.*Money\.parse"):
        Money(113.02)
    with pytest.raises(AmountError, match="float"):
        Money.parse(113.02)


@pytest.mark.parametrize(
    ("make", "quoted"),
    [
        (lambda: Money.parse("x" * 99), "'" + "x" * 39 + " is not an amount"),
        (lambda: Money.parse("1" * 5000), "'" + "1" * 39 + " is over the largest"),
        (lambda: Money(1, "x" * 99), "unknown currency '" + "x" * 39 + ";"),
    ],
)
def test_errors_quote_little(make, quoted):
    """An error shows the first forty characters of what came, however long it is."""
    with pytest.raises(AmountError) as caught:
        make()
    assert str(caught.value).startswith(quoted)


def test_text_forms():
    """`str` and `wire` write a dot and two decimals; repr names the currency."""
    money = Money.parse("113.02")
    assert ("113.02", "113.02", "Money('113.02' MAD)") == (str(money), money.wire, repr(money))


def test_negative_differences_have_no_wire_text():
    """A difference may be negative, but cannot be sent."""
    difference = Money(5) - Money(118)
    assert "-1.13" == str(difference)
    with pytest.raises(AmountError):
        _ = difference.wire


@given(CENTIMES, CENTIMES)
def test_amounts_order_as_their_centimes(one, other):
    """Each comparison of two amounts is that of their centimes."""
    left, right = Money(one), Money(other)
    assert (one < other, one <= other, one > other, one >= other) == (
        left < right,
        left <= right,
        left > right,
        left >= right,
    )
    assert Money(one) <= Money(one) >= Money(one)


def test_signs_of_small_amounts():
    """Nothing has no sign, and one centime below nothing has one and cannot be sent."""
    assert ("0.00", "0.00", "-0.01") == (str(Money(0)), Money(0).wire, str(Money(-1)))
    with pytest.raises(AmountError):
        _ = Money(-1).wire


@pytest.mark.parametrize("start", [-1, 1, True, False, 0.0])
def test_sums_start_from_zero_only(start):
    """The built-in sum may start from its own 0, and from no other number."""
    assert NotImplemented is Money(100).__radd__(start)


def test_sum_and_order():
    """Amounts of one currency add with `sum` and compare."""
    parts = [Money(11302), Money(10581)]
    assert Money(21883) == sum(parts)
    assert Money(124) < Money(241) <= Money(241) > Money(1) >= Money(1)
    assert not Money(1) < Money(1)
    assert not Money(1) > Money(1)
    assert not Money(2) <= Money(1)
    assert not Money(1) >= Money(2)


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"])
def test_currencies_do_not_mix(operation):
    """Sums and comparisons of two currencies raise instead of guessing a rate."""
    with pytest.raises(CurrencyMismatchError):
        getattr(Money(100), operation)(Money(100, "EUR"))
    with pytest.raises(CurrencyMismatchError):
        getattr(Money(100, "EUR"), operation)(Money(100))
    assert Money(100) != Money(100, "EUR")


@pytest.mark.parametrize(
    "operation", ["__add__", "__radd__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"]
)
def test_numbers_are_not_money(operation):
    """A bare number is no amount: the operation is left to Python, which raises TypeError."""
    assert NotImplemented is getattr(Money(100), operation)(100)


def test_currency_codes():
    """Letters and digits of ISO 4217 name the same currency; others are refused."""
    assert ("MAD", "504") == (Money(1).currency, Money(1).currency_number)
    assert Money(1, "MAD") == Money(1, "504")
    for unknown in ("mad", "XXX", "", None, 504, []):
        with pytest.raises(AmountError):
            Money(1, unknown)


def test_money_is_a_value():
    """Equal amounts hash alike, survive pickling and cannot be changed."""
    assert {Money(1)} == {pickle.loads(pickle.dumps(Money(1)))}
    with pytest.raises(AttributeError):
        Money(1).centimes = 2
    assert issubclass(AmountError, MoneyError)
