"""
The fee for paying online: dated rules as data, evaluated exactly.

What the rule is. The guide says that the fee is proportional to the chosen invoices and comes on top of
them (rules R24, R25), and shows two figures: 1,24 DH for 113,02 DH, and 2,41 DH for 218,83 DH. Of all
natural tariffs one fits both: 1.1 % of the *total*, rounded *once* to the centime, halves up. Rounding
each invoice by itself gives 2,40 for the second; a fixed part of a single centime is impossible. On an
order of 218,83 DH::

    218,83 × 1,1 ÷ 100 = 2,40713      exact, a fraction of whole numbers
    rounded once                      2,41 DH    what the customer pays
    2,41 ÷ 1,10 = 2,1909…             2,19 DH    without VAT
    2,41 − 2,19                       0,22 DH    VAT, by difference: the parts always add up

Why floats may not come near it. In binary floating point 1.1 % of 5, 15, 25, 35, 45 and 55 DH fall just
below a half centime that they hit exactly, so the fee comes out a centime low. Amounts enter as `Money`,
which refuses floats; rates enter as text and become fractions; the rest is whole numbers.

Why it is data. Who bears the fee, and for which cards, is set by law and contract and has changed since.
A schedule therefore names the text that it follows and the days on which it holds, and refuses to price
any other day or card. A `Fee` carries its schedule and its base: an order keeps the fee that its customer
accepted, and nothing computes it again later.

To the next editor: there is one evaluation, `FeeSchedule.fee`. Live totals and reports must be derived
from it and tested against it, never written beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args

import attrs

from cmi_gateway.errors import MoneyError
from cmi_gateway.money import Money
from rak_billing.errors import FeeError, FeeScheduleError
from rak_billing.fees import reader
from rak_billing.fees.fee import Fee
from rak_billing.fees.rounding import Rounding

__all__ = ["Bearer", "Card", "Fee", "FeeSchedule"]

Card = Literal["moroccan", "international"]
Bearer = Literal["customer", "merchant"]

_BEARERS: Final = get_args(Bearer)
_CARDS: Final = get_args(Card)
_HUNDRED: Final = 100
_TO_THE_CENTIME: Final = Rounding()


def _refuse(schedule: FeeSchedule, field: attrs.Attribute[Any], reason: str) -> FeeScheduleError:
    return FeeScheduleError(f"schedule {schedule.id!r:.40}", field.name, reason)


def _is_text(schedule: FeeSchedule, field: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise _refuse(schedule, field, "expected text")


def _is_date(schedule: FeeSchedule, field: attrs.Attribute[Any], value: object) -> None:
    if type(value) is not date:
        raise _refuse(schedule, field, f"expected a date such as 2018-01-01, not {type(value).__name__}")


def _is_percent(schedule: FeeSchedule, field: attrs.Attribute[Fraction], value: object) -> None:
    if not isinstance(value, Fraction):
        kind = type(value).__name__
        raise _refuse(schedule, field, f"expected an exact Fraction of percent, not {kind}")
    if not 0 <= value <= _HUNDRED:
        raise _refuse(schedule, field, f"expected 0 to 100 percent, not {value}")


def _in_order(cards: Iterable[Card]) -> tuple[Card, ...]:
    return tuple(cards)


@attrs.frozen
class FeeSchedule:
    """
    A tariff: what it takes, of whom, for which cards and on which days.

    Attributes:
        id: Identifier, such as ``rak-2018``.
        version: Changes when the text of the schedule is corrected.
        follows: The law, contract or publication that it puts into figures.
        valid_from: The first day on which it holds.
        valid_until: The last one, or None while no end is known.
        bearer: ``customer`` (the fee comes on top of the invoices) or ``merchant`` (the customer pays none).
        percent: Of the total of the chosen invoices, VAT included: ``Fraction(11, 10)`` is 1.1 %.
        cards: The kinds of card that it prices.
        vat_rate: VAT contained in the fee, in percent.
        rounding: Of the fee, applied once to the exact amount.

    Raises:
        FeeScheduleError: a value is not allowed; names the key and the reason.
    """

    id: str = attrs.field(validator=_is_text)
    version: str = attrs.field(validator=_is_text)
    follows: str = attrs.field(validator=_is_text)
    valid_from: date = attrs.field(validator=_is_date)
    valid_until: date | None = attrs.field(
        default=None, validator=attrs.validators.optional(_is_date), kw_only=True
    )
    bearer: Bearer = attrs.field(kw_only=True)
    percent: Fraction = attrs.field(validator=_is_percent, kw_only=True)
    cards: tuple[Card, ...] = attrs.field(converter=_in_order, kw_only=True)
    vat_rate: Fraction = attrs.field(validator=_is_percent, kw_only=True)
    rounding: Rounding = attrs.field(factory=Rounding, kw_only=True)

    @valid_until.validator
    def _ends_after_it_begins(self, field: attrs.Attribute[date | None], value: date | None) -> None:
        if value is not None and value < self.valid_from:
            raise _refuse(self, field, f"ends on {value}, before it begins on {self.valid_from}")

    @bearer.validator
    def _bearer_is_known(self, field: attrs.Attribute[Bearer], value: Bearer) -> None:
        if value not in _BEARERS:
            raise _refuse(self, field, f"expected one of {', '.join(_BEARERS)}, not {value!r:.40}")

    @cards.validator
    def _cards_are_known(self, field: attrs.Attribute[tuple[Card, ...]], value: tuple[Card, ...]) -> None:
        if not value or len(set(value)) != len(value) or not set(value) <= set(_CARDS):
            raise _refuse(self, field, f"expected some of {', '.join(_CARDS)}, each once, not {value!r:.80}")

    @classmethod
    def preset(cls, name: str) -> Self:
        """
        Give a schedule that comes with this package: ``rak-2018``.

        Raises:
            FeeScheduleError: there is no preset of this name.
        """
        return cls(**reader.read_schedule(reader.preset_text(name), f"preset {name}"))

    @classmethod
    def from_toml(cls, path: str | PathLike[str]) -> Self:
        """
        Read a schedule from a file; the packaged ``rak-2018.toml`` shows every key.

        Raises:
            FeeScheduleError: an unknown or missing key, or a value that is not allowed; names the
                file, the key and the reason.
            OSError: the file cannot be read.
        """
        source = str(path)
        try:
            return cls(**reader.read_schedule(Path(path).read_bytes(), source))
        except FeeScheduleError as error:
            raise FeeScheduleError(source, error.key, error.reason) from None

    @property
    def vat_factor(self) -> Fraction:
        """What a net amount is multiplied with to include VAT: 1.1 at a rate of 10 percent."""
        return 1 + self.vat_rate / _HUNDRED

    def exact_centimes(self, total: Money) -> Fraction:
        """Give the fee of *total* in centimes, before any rounding."""
        return total.centimes * self.percent / _HUNDRED

    def fee(self, total: Money, *, invoices: int | Sequence[Money], card: Card = "moroccan", on: date) -> Fee:
        """
        Compute the fee for paying invoices of *total* together.

        Args:
            total: The sum of the chosen invoices.
            invoices: How many they are, or their amounts. This tariff depends on neither, but what
                is given must hold: amounts must add up to *total*.
            card: The kind of card that the customer announces.
            on: The day of the payment, by Moroccan legal time.

        Raises:
            FeeError: the schedule does not price this card or date, or the amounts do not hold.
        """
        _check_amounts(total, invoices)
        self._check_scope(card, on)
        is_ours = self.bearer == "customer"
        gross = self.rounding.apply(self.exact_centimes(total)) if is_ours else 0
        net = _TO_THE_CENTIME.apply(gross / self.vat_factor)
        # By difference, so that the parts add up whatever the rounding.
        parts = {"gross": gross, "net": net, "vat": gross - net}
        amounts = {part: Money(centimes, total.currency) for part, centimes in parts.items()}
        return Fee(base=total, card=card, schedule=self, **amounts)

    def _check_scope(self, card: str, on: date) -> None:
        if card not in self.cards:
            raise FeeError(f"schedule {self.id} prices {', '.join(self.cards)} cards, not {card!r:.40}")
        if type(on) is not date:
            raise FeeError(f"expected the day of the payment as a date, not {type(on).__name__}")
        if on < self.valid_from or (self.valid_until is not None and on > self.valid_until):
            until = self.valid_until or "further notice"
            raise FeeError(f"schedule {self.id} holds from {self.valid_from} until {until}, not on {on}")


def _check_amounts(total: Money, invoices: int | Sequence[Money]) -> None:
    if not isinstance(total, Money) or total.centimes < 0:
        raise FeeError("expected the total as Money of zero or more; a float cannot hold centimes exactly")
    if isinstance(invoices, bool) or not isinstance(invoices, int | Sequence) or isinstance(invoices, str):
        raise FeeError(f"expected the invoices as a count or their amounts, not {type(invoices).__name__}")
    if isinstance(invoices, int):
        if invoices < 1:
            raise FeeError(f"expected one invoice or more, not {invoices}")
        return
    if not invoices or not all(isinstance(amount, Money) for amount in invoices):
        raise FeeError("expected the amounts of one invoice or more, each as Money")
    try:
        sum_of_invoices = sum(invoices, start=Money(0, total.currency))
    except MoneyError as error:
        raise FeeError("the amounts of the invoices do not add up in the currency of the total") from error
    if sum_of_invoices != total:
        raise FeeError(f"the invoices add up to {sum_of_invoices}, not to the total of {total}")
