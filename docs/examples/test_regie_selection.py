"""How a régie tests its own rules: any bill of its kind, any ticks, and what every customer may count on."""

import tomllib
from datetime import date
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import rak_billing as rak
from rak_billing.selection.reading import read_rules
from rak_billing.testing.invoices import bills, choices

FILE = Path(__file__).with_name("regie_selection.toml")
RULES = read_rules(tomllib.loads(FILE.read_text("utf-8"))["selection"], FILE.name)
TODAY = date(2026, 11, 25)


@given(st.data())
def test_who_has_something_to_pay_can_always_pay(data):
    """No rule locks a customer out: from any choice there is a way to one that is accepted."""
    # With us nobody has more than twelve mandatory invoices: the thirteenth would be cut off before.
    bill = data.draw(bills(max_size=12))
    answer = rak.suggest(bill, data.draw(choices(bill)), TODAY, rules=RULES)
    barred = [
        i for i in bill if not i.is_payable or i.is_disputed or i.is_direct_debit or i.kind == "credit-note"
    ]
    assert isinstance(answer, rak.Suggestion) == (len(barred) < len(bill))


@given(st.data())
def test_nobody_pays_before_an_older_debt(data):
    """Of one contract nothing is paid while an older invoice that could be paid is left out."""
    bill = data.draw(bills(max_size=12))
    answer = rak.suggest(bill, data.draw(choices(bill)), TODAY, rules=RULES)
    if isinstance(answer, rak.Suggestion):
        again = rak.select(bill, [i.reference for i in answer.selection.invoices], TODAY, rules=RULES)
        assert answer.selection == again
