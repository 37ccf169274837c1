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
any other day, or a payment that none of its rules is for. A `Fee` carries its schedule and its base: an
order keeps the fee that its customer accepted, and nothing computes it again later.

To the next editor: there is one evaluation, `rak_billing.fees.evaluation.compute`. Live totals and reports
must be derived from it and tested against it, never written beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from os import PathLike
from pathlib import Path
from typing import Self

import attrs

from cmi_gateway.errors import MoneyError
from cmi_gateway.money import CURRENCY_NUMBERS, Money
from rak_billing.errors import FeeError
from rak_billing.fees import reader
from rak_billing.fees.checks import is_date, is_label, is_text, optional, refused, refused_key
from rak_billing.fees.evaluation import compute
from rak_billing.fees.fee import Fee
from rak_billing.fees.rule import FeeRule
from rak_billing.fees.selectors import CARDS, Card, Circumstances

__all__ = ["Card", "Fee", "FeeSchedule"]


def _as_tuple(rules: Iterable[FeeRule]) -> tuple[FeeRule, ...]:
    return tuple(rules)


@attrs.frozen
class FeeSchedule:
    """
    A tariff between two days: what it takes, of whom, and for which payments.

    Attributes:
        id: Identifier, such as ``rak-2018``.
        version: Changes when the text of the schedule is corrected.
        follows: The law, contract or publication that it puts into figures.
        valid_from: The first day on which it holds.
        valid_until: The last one, or None while no end is known.
        rules: A payment follows the first one that is for it.
        currency: Of every amount.

    Raises:
        FeeScheduleError: a value is not allowed; names the key and the reason.
    """

    id: str = attrs.field(validator=is_label)
    version: str = attrs.field(validator=is_label)
    follows: str = attrs.field(validator=is_text)
    valid_from: date = attrs.field(validator=is_date)
    valid_until: date | None = attrs.field(default=None, validator=optional(is_date), kw_only=True)
    currency: str = attrs.field(default="MAD", kw_only=True)
    rules: tuple[FeeRule, ...] = attrs.field(converter=_as_tuple, kw_only=True)

    @valid_until.validator
    def _ends_after_it_begins(self, field: attrs.Attribute[date | None], value: date | None) -> None:
        if value is not None and value < self.valid_from:
            raise refused(field, f"ends on {value}, before it begins on {self.valid_from}")

    @currency.validator
    def _currency_is_known(self, field: attrs.Attribute[str], value: object) -> None:
        if value not in CURRENCY_NUMBERS:
            raise refused(field, f"expected one of {', '.join(CURRENCY_NUMBERS)}, not {value!r:.40}")

    @rules.validator
    def _rules_hold_together(
        self, field: attrs.Attribute[tuple[FeeRule, ...]], rules: tuple[FeeRule, ...]
    ) -> None:
        if not rules or not all(isinstance(rule, FeeRule) for rule in rules):
            raise refused(field, "expected one rule or more")
        for number, rule in enumerate(rules, 1):
            for key, amount in rule.amounts():
                # A zero is a zero in every currency; defaults are zero dirhams.
                if amount.currency != self.currency and amount.centimes:
                    raise refused_key(
                        f"rules[{number}].{key}", f"is in {amount.currency}, not {self.currency}"
                    )
            for earlier, other in enumerate(rules[: number - 1], 1):
                if other.when.covers(rule.when):
                    raise refused_key(f"rules[{number}].when", f"never reached: rule {earlier} comes first")

    @classmethod
    def preset(cls, name: str) -> Self:
        """
        Give a schedule that comes with this package, such as ``rak-2018``.

        Raises:
            FeeScheduleError: there is no preset of this name.
        """
        return reader.read_schedule(cls, reader.preset_text(name), f"preset {name}")

    @classmethod
    def from_toml(cls, path: str | PathLike[str]) -> Self:
        """
        Read a schedule from a file; the packaged ``rak-2018.toml`` shows the usual keys.

        Raises:
            FeeScheduleError: an unknown or missing key, or a value that is not allowed; names the
                file, the key and the reason.
            OSError: the file cannot be read.
        """
        return reader.read_schedule(cls, Path(path).read_bytes(), str(path))

    @property
    def heading(self) -> tuple[str, str]:
        """Identifier and version."""
        return self.id, self.version

    @property
    def cards(self) -> tuple[Card, ...]:
        """The kinds of card that some rule is for."""
        return tuple(
            card
            for card in CARDS
            if any(rule.when.cards is None or card in rule.when.cards for rule in self.rules)
        )

    def in_force(self, on: date) -> Self:
        """
        Give this schedule, if it holds on that day; a `Tariff` gives the one of several that does.

        Raises:
            FeeError: it does not.
        """
        if type(on) is not date:
            raise FeeError(f"expected the day of the payment as a date, not {type(on).__name__}")
        if on < self.valid_from or (self.valid_until is not None and on > self.valid_until):
            until = self.valid_until or "further notice"
            raise FeeError(f"schedule {self.id} holds from {self.valid_from} until {until}, not on {on}")
        return self

    def rule_for(self, circumstances: Circumstances) -> int:
        """
        Give the number, from 1, of the first rule that is for these circumstances.

        Raises:
            FeeError: there is none.
        """
        for number, rule in enumerate(self.rules, 1):
            if rule.when.matches(circumstances):
                return number
        given = {name: value for name, value in attrs.asdict(circumstances).items() if value is not None}
        named = ", ".join(f"{name} {value!r:.40}" for name, value in given.items())
        raise FeeError(f"schedule {self.id} prices {', '.join(self.cards)} cards; no rule is for {named}")

    def fee(
        self,
        total: Money,
        *,
        invoices: int | Sequence[Money],
        card: Card = "moroccan",
        on: date,
        brand: str | None = None,
        channel: str | None = None,
        customer_class: str | None = None,
    ) -> Fee:
        """
        Compute the fee for paying invoices of *total* together.

        Args:
            total: The sum of the chosen invoices.
            invoices: How many they are, or their amounts, which must add up to *total*. A rule that computes
                every invoice by itself, or shares the fee out over them, needs the amounts.
            card: The kind of card that the customer announces.
            on: The day of the payment, by Moroccan legal time.
            brand: Of the card, such as ``visa``; None when it is not known. Rules for brands are then not for it.
            channel: Where it is paid, such as ``web``; likewise.
            customer_class: Such as ``residential``; likewise.

        Raises:
            FeeError: the schedule has no rule for this payment or day, the rule needs amounts where a count came,
                or the amounts do not hold.
        """
        _check_amounts(total, invoices)
        self.in_force(on)
        if total.currency != self.currency:
            raise FeeError(f"schedule {self.id} prices amounts in {self.currency}, not in {total.currency}")
        circumstances = Circumstances(card, brand, channel, customer_class)
        number = self.rule_for(circumstances)
        return _fee(self, number, circumstances, total, invoices)


def _fee(
    schedule: FeeSchedule,
    number: int,
    circumstances: Circumstances,
    total: Money,
    invoices: int | Sequence[Money],
) -> Fee:
    rule, currency = schedule.rules[number - 1], total.currency
    if isinstance(invoices, int):
        if rule.is_per_invoice:
            raise FeeError(
                f"schedule {schedule.id} works invoice by invoice: it needs their amounts, not a count"
            )
        count, amounts = invoices, None
    else:
        count, amounts = len(invoices), [amount.centimes for amount in invoices]
    figures = compute(rule, total.centimes, count, amounts)
    nothing = Money(0, currency)
    try:
        return Fee(
            base=total,
            gross=Money(figures.customer_gross, currency),
            net=Money(figures.customer_net, currency),
            vat=Money(figures.customer_gross - figures.customer_net, currency),
            merchant_cost=Money(figures.merchant_gross, currency) if figures.merchant_gross else nothing,
            merchant_net=Money(figures.merchant_net, currency) if figures.merchant_net else nothing,
            shares=tuple([Money(share, currency) for share in figures.shares]),
            invoices=count,
            circumstances=circumstances,
            schedule=schedule,
            rule_number=number,
            computation=figures,
        )
    except MoneyError as error:
        raise FeeError(f"the fee of schedule {schedule.id} is more than an amount may be") from error


def _check_amounts(total: Money, invoices: int | Sequence[Money]) -> None:
    if not isinstance(total, Money) or total.centimes < 0:
        raise FeeError("expected the total as Money of zero or more; a float cannot hold centimes exactly")
    if isinstance(invoices, bool) or not isinstance(invoices, int | Sequence) or isinstance(invoices, str):
        raise FeeError(f"expected the invoices as a count or their amounts, not {type(invoices).__name__}")
    if isinstance(invoices, int):
        if invoices < 1:
            raise FeeError(f"expected one invoice or more, not {invoices}")
        return
    if not invoices or not all(isinstance(amount, Money) and amount.centimes >= 0 for amount in invoices):
        raise FeeError("expected the amounts of one invoice or more, each as Money of zero or more")
    if any(amount.currency != total.currency for amount in invoices):
        raise FeeError(
            f"the amounts of the invoices are not all in {total.currency}, the currency of the total"
        )
    sum_of_invoices = sum([amount.centimes for amount in invoices])
    if sum_of_invoices != total.centimes:
        raise FeeError(f"the invoices add up to {sum_of_invoices} centimes, not to the total of {total}")
