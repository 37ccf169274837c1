"""Schedules and rules for tests, a few words each."""

from datetime import date
from fractions import Fraction

import attrs

from cmi_gateway.money import Money
from rak_billing.fees.rounding import Rounding
from rak_billing.fees.rule import FeeRule
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.vat import Vat

VAT_10 = {"rate": Fraction(10)}
INCLUDED = Vat(mode="included", **VAT_10)
ADDED = Vat(mode="added", **VAT_10)
EXEMPT = Vat(mode="exempt")
DAY = date(2018, 9, 10)


def percent(text):
    return Fraction(text)


def money(text):
    return Money.parse(text)


def rule(**facts):
    """Give a rule that the customer bears, VAT of 10 percent included, with some facts changed."""
    rounding = facts.pop("rounding", {})
    rounding = Rounding(**rounding) if isinstance(rounding, dict) else rounding
    return FeeRule(**{"bearer": "customer", "vat": INCLUDED, "rounding": rounding, **facts})


def schedule(*rules, **facts):
    """Give a schedule of these rules, valid from 2018 on."""
    header = {"id": "test", "version": "1", "follows": "a test", "valid_from": date(2018, 1, 1)}
    return FeeSchedule(**{**header, **facts}, rules=rules)


def fee_of(a_rule, *amounts, **facts):
    """Compute the fee of invoices of these amounts by one rule."""
    amounts = [money(text) for text in amounts]
    return schedule(a_rule).fee(sum(amounts), invoices=amounts, **({"card": "moroccan", "on": DAY} | facts))


def changed(a_schedule, **changes):
    """Give a schedule of one rule with that rule changed."""
    (only,) = a_schedule.rules
    return attrs.evolve(a_schedule, rules=[attrs.evolve(only, **changes)])


#: What eight readings of one contract charge for five payments; `test_fee_models` names the readings.
FIVE_BILLS = {
    ("22.50", "22.50"): ("0.50", "0.50", "0.49", "0.50", "0.51", "0.50", "0.50", "0.49"),
    ("143.25",): ("1.58", "1.58", "1.58", "1.57", "1.57", "1.57", "1.57", "1.57"),
    ("27.50", "27.50"): ("0.61", "0.60", "0.60", "0.61", "0.62", "0.62", "0.61", "0.60"),
    ("14.50",): ("0.16", "0.16", "0.16", "0.17", "0.17", "0.17", "0.16", "0.16"),
    ("300.00",): ("3.30",) * 8,
}
