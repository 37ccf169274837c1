"""Amounts of money: whole centimes and a currency, never a float."""

from __future__ import annotations

import re
from typing import Final

import attrs

from cmi_gateway.errors import AmountError, CurrencyMismatchError

#: The currencies that the gateway's fields can name: ISO 4217 letters and digits. All have two decimals.
CURRENCY_NUMBERS: Final = {"MAD": "504", "EUR": "978", "USD": "840", "GBP": "826", "CHF": "756", "CAD": "124"}
_CURRENCY_LETTERS: Final = {number: letters for letters, number in CURRENCY_NUMBERS.items()}

#: The largest amount that one payment may have, in centimes: 9,999,999.99.
MAX_CENTIMES: Final = 999_999_999

_WIRE: Final = re.compile(r"([0-9]+)(?:\.([0-9]{1,2}))?")
_SHOWN: Final = 40


def _currency(code: str) -> str:
    """Give the three letters of *code*, which may also be the three digits."""
    if isinstance(code, str):
        if code in CURRENCY_NUMBERS:
            return code
        if code in _CURRENCY_LETTERS:
            return _CURRENCY_LETTERS[code]
    known = ", ".join(CURRENCY_NUMBERS)
    raise AmountError(f"unknown currency {code!r:.{_SHOWN}}; expected one of {known}")


def _whole(_instance: Money, _field: object, centimes: int) -> None:
    if type(centimes) is float:
        raise AmountError(
            "a float cannot hold centimes exactly (113.02 + 105.81 gives 218.82999999999998); "
            "give whole centimes, or text to Money.parse('113.02')"
        )
    if type(centimes) is not int:
        raise AmountError(f"centimes must be a whole number (int), not {type(centimes).__name__}")
    if abs(centimes) > MAX_CENTIMES:
        raise AmountError(f"an amount lies within 9,999,999.99 either way, in centimes {MAX_CENTIMES}")


@attrs.frozen(order=False, repr=False)
class Money:
    """
    An exact amount in one currency.

    ``Money(11302)`` and ``Money.parse("113.02")`` are the same 113.02 dirhams. Amounts of one currency
    add, subtract and compare; `sum` works. A difference may be negative, but a negative amount has no
    wire text and cannot be charged.

    Attributes:
        centimes: Hundredths of the currency's unit, a whole number.
        currency: ISO 4217 letters, ``MAD`` unless said otherwise; the digits (``504``) are accepted too.

    Raises:
        AmountError: *centimes* is a float, not whole, or beyond 9,999,999.99; or the currency is unknown.
    """

    centimes: int = attrs.field(validator=_whole)
    currency: str = attrs.field(default="MAD", converter=_currency)

    @classmethod
    def parse(cls, text: str, currency: str = "MAD") -> Money:
        """
        Read the gateway's way of writing an amount: digits, perhaps a dot and one or two decimals.

        Nothing else is an amount here: no comma, sign, exponent, space, thousands mark, other script's
        digits or third decimal. What one reader takes for 1.234 another takes for 1,234.

        Raises:
            AmountError: *text* is anything else, or over 9,999,999.99.
        """
        if not isinstance(text, str):
            raise AmountError(
                f"an amount is parsed from text such as '113.02', not from {type(text).__name__}"
            )
        match = _WIRE.fullmatch(text)
        if match is None:
            raise AmountError(
                f"{text!r:.{_SHOWN}} is not an amount; expected digits with at most two decimals "
                "after a dot, such as '113.02'"
            )
        units, cents = match.groups(default="")
        # Text of a stranger may be a million digits long: int() would be slow, and refuses past 4300.
        if len(units.lstrip("0")) > len("9999999"):
            raise AmountError(f"{text!r:.{_SHOWN}} is over the largest amount, 9999999.99")
        return cls(int(units) * 100 + int(cents.ljust(2, "0")), currency)

    @property
    def wire(self) -> str:
        """
        The amount as the gateway reads it: ``113.02``.

        Raises:
            AmountError: the amount is negative; nothing negative can be charged.
        """
        if self.centimes < 0:
            raise AmountError("a negative amount cannot be sent to the gateway")
        return str(self)

    @property
    def currency_number(self) -> str:
        """The ISO 4217 digits of the currency, which the gateway's ``currency`` field holds: ``504``."""
        return CURRENCY_NUMBERS[self.currency]

    def __str__(self) -> str:
        units, cents = divmod(abs(self.centimes), 100)
        return f"{'-' if self.centimes < 0 else ''}{units}.{cents:02d}"

    def __repr__(self) -> str:
        # Safe while half made too: a traceback with local variables must not fail on a refused currency.
        return f"Money({str(self)!r} {getattr(self, 'currency', '?')})"

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.centimes + self._same(other), self.currency)

    def __radd__(self, other: int) -> Money:
        """Let the built-in `sum` start from its 0; any other number is refused."""
        return self if type(other) is int and other == 0 else NotImplemented

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.centimes - self._same(other), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.centimes < self._same(other) if isinstance(other, Money) else NotImplemented

    def __le__(self, other: Money) -> bool:
        return self.centimes <= self._same(other) if isinstance(other, Money) else NotImplemented

    def __gt__(self, other: Money) -> bool:
        return self.centimes > self._same(other) if isinstance(other, Money) else NotImplemented

    def __ge__(self, other: Money) -> bool:
        return self.centimes >= self._same(other) if isinstance(other, Money) else NotImplemented

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise CurrencyMismatchError(
                f"{self.currency} and {other.currency} do not add or compare; convert one of them first"
            )
        return other.centimes
