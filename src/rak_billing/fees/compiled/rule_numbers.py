"""Which rule of a tariff a row follows, as one number; and why a payment is not priced, as a negative one."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

import attrs

from cmi_gateway.money import MAX_CENTIMES
from rak_billing.errors import NotCompilableError
from rak_billing.fees.compiled.program import Program, compile_rule
from rak_billing.fees.rule import FeeRule
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.selectors import Selector
from rak_billing.fees.tariff import Tariff

__all__ = ["NumberedRule", "Refusal", "numbered_rules", "rule_number_column"]


class Refusal(IntEnum):
    """Why a payment is not priced: what `Tariff.fee` raises an error for."""

    #: An amount is missing, negative, or more than an amount may be.
    AMOUNT = -1
    #: No schedule holds on the day, or there is no day.
    DAY = -2
    #: No rule is for card, brand, channel and class of customer.
    RULE = -3
    #: The invoices of one payment follow different rules.
    MIXED = -4
    #: The total, the number of invoices or the fee is more than may be.
    SIZE = -5
    #: It is not said which payment the invoice belongs to.
    PAYMENT = -6


@attrs.frozen
class NumberedRule:
    """
    A rule of a tariff under a number of its own.

    Attributes:
        number: From 1, through all schedules.
        schedule: Its schedule.
        place: Its number within the schedule.
        program: Its steps.
    """

    number: int
    schedule: FeeSchedule
    place: int
    program: Program

    @property
    def rule(self) -> FeeRule:
        """The rule itself."""
        return self.schedule.rules[self.place - 1]


def numbered_rules(tariff: Tariff, engine: str) -> tuple[NumberedRule, ...]:
    """
    Number the rules of all schedules through.

    Args:
        tariff: Its schedules.
        engine: What an error calls the engine.

    Raises:
        NotCompilableError: the schedules are not of one currency, which one column of amounts cannot be.
    """
    currencies = sorted({schedule.currency for schedule in tariff.schedules})
    if len(currencies) > 1:
        reason = f"has schedules in {' and '.join(currencies)}, and a column of amounts is in one currency"
        in_french = f"est en {' et '.join(currencies)}, et une colonne de montants n'a qu'une monnaie"
        raise NotCompilableError(engine, reason, in_french)
    places = (
        (schedule, place) for schedule in tariff.schedules for place in range(1, len(schedule.rules) + 1)
    )
    return tuple(
        NumberedRule(number, schedule, place, compile_rule(schedule.rules[place - 1]))
        for number, (schedule, place) in enumerate(places, 1)
    )


def rule_number_column(rules: tuple[NumberedRule, ...], *, is_grouped: bool) -> str:
    """Write the number of the rule that a row follows, or of the reason why it follows none."""
    first, last = rules[0].schedule.valid_from, rules[-1].schedule.valid_until
    within = f"day >= DATE '{first}'" + (f" AND day <= DATE '{last}'" if last else "")
    lines = [
        *([f"WHEN payment IS NULL THEN {Refusal.PAYMENT.value}"] if is_grouped else ()),
        f"WHEN amount IS NULL OR amount < 0 OR amount > {MAX_CENTIMES} THEN {Refusal.AMOUNT.value}",
        f"WHEN day IS NULL OR NOT ({within}) THEN {Refusal.DAY.value}",
        *(
            f"WHEN {' AND '.join(_conditions(numbered)) or 'TRUE'} THEN {numbered.number}"
            for numbered in rules
        ),
    ]
    return f"CASE {' '.join(lines)} ELSE {Refusal.RULE.value} END"


def _conditions(numbered: NumberedRule) -> Iterator[str]:
    schedule = numbered.schedule
    yield f"day >= DATE '{schedule.valid_from}'"
    if schedule.valid_until is not None:
        yield f"day <= DATE '{schedule.valid_until}'"
    yield from _selected(numbered.rule.when)


def _selected(when: Selector) -> Iterator[str]:
    # The words of a selector are small letters, digits and hyphens; see `rak_billing.fees.selectors`.
    facts = {
        "card": when.cards,
        "brand": when.brands,
        "channel": when.channels,
        "customer_class": when.customer_classes,
    }
    for column, words in facts.items():
        if words is not None:
            listed = ", ".join(f"'{word}'" for word in words)
            yield f"{column} IN ({listed})"
