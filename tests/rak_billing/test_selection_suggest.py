"""The smallest change that makes a choice acceptable, against trying every choice there is."""

from datetime import date
from itertools import combinations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rak_billing as rak
from cmi_gateway.money import Money
from rak_billing.invoices import Invoice
from rak_billing.selection import SelectionRule as Why
from rak_billing.selection import searching
from rak_billing.selection.candidates import by_age
from rak_billing.selection.judging import bill_of, judge
from rak_billing.selection.rules import (
    AllOrNothing,
    AmountWithin,
    AtMostInvoices,
    GroupsTogether,
    MandatoryIncluded,
    NotDisputed,
    OldestFirst,
    SelectionRules,
)
from rak_billing.selection.suggesting import NoSuggestion, Suggestion, suggest
from rak_billing.testing.invoices import amounts, bills, choices, selection_rules
from support.bills import INVOICE_A, INVOICE_B, PAYMENT_DAY


def month(number, **changes):
    invoice = Invoice(str(number), "EAU", date(2018, 1, 1), date(2018, 1, 1), Money(1000))
    return attrs.evolve(invoice, due_date=date(2018 + number // 12, number % 12 + 1, 1), **changes)


def asked(bill, chosen, *rules):
    return suggest(bill, chosen, on=PAYMENT_DAY, rules=SelectionRules("test", "1", rules))


def acceptable(bill):
    """Give every acceptable choice, by trying all."""
    names = [invoice.reference for invoice in by_age(bill.open)]
    every = (choice for size in range(len(names) + 1) for choice in combinations(names, size))
    return [frozenset(choice) for choice in every if not judge(bill, choice).refusals]


@given(st.data())
def test_the_change_is_the_smallest_there_is(data):
    """No other choice differs by fewer invoices, and of those as small this one pays the older ones."""
    money = st.builds(Money, st.integers(-100, 5000), st.sampled_from(["MAD", "MAD", "MAD", "EUR"]))
    due_date = st.integers(1, 4).map(lambda month: date(2019, month, 1))
    invoices = data.draw(bills(max_size=7, due_date=due_date, amount=money | amounts()))
    ticked, rules = data.draw(choices(invoices)), data.draw(selection_rules())
    bill = bill_of(invoices, rules)
    answer = suggest(invoices, ticked, on=PAYMENT_DAY, rules=rules)
    found = acceptable(bill)
    if not found:
        assert isinstance(answer, NoSuggestion)
        assert answer.is_proved
        assert answer.refusals
        return
    assert isinstance(answer, Suggestion)
    free = {invoice.reference for invoice in bill.open}.intersection(ticked)
    age = [invoice.reference for invoice in by_age(bill.open)]
    best = min(found, key=lambda c: (len(c ^ free), [name not in c for name in age]))
    assert best == {invoice.reference for invoice in answer.selection.invoices}
    assert answer.is_smallest
    assert best == {*ticked} - {*answer.remove} | {*answer.add}


def test_an_acceptable_choice_needs_no_change():
    """The suggestion is the choice itself."""
    answer = rak.suggest([INVOICE_A, INVOICE_B], [INVOICE_A.reference], on=PAYMENT_DAY)
    assert ((), ()) == (answer.add, answer.remove)
    assert rak.select([INVOICE_A, INVOICE_B], [INVOICE_A.reference], on=PAYMENT_DAY) == answer.selection


def test_what_is_not_on_the_bill_goes():
    """Strangers are removed, the mandatory one comes."""
    bill = [INVOICE_A, attrs.evolve(INVOICE_B, is_mandatory=True)]
    answer = suggest(bill, ["999", INVOICE_A.reference], on=PAYMENT_DAY)
    assert ((INVOICE_B.reference,), ("999",)) == (answer.add, answer.remove)


def test_of_too_many_the_newest_goes():
    """Older debts are kept."""
    answer = asked([month(n) for n in range(5)], list("01234"), AtMostInvoices(4))
    assert ((), ("4",)) == (answer.add, answer.remove)


def test_an_amount_that_no_choice_reaches_is_said():
    """The closest choice says what is missing."""
    answer = asked([month(0), month(1)], ["0"], AmountWithin(minimum=Money(5000)))
    assert [Why.AMOUNT_TOO_SMALL] == [refusal.rule for refusal in answer.refusals]


def test_demands_that_contradict_each_other_are_said():
    """Five mandatory invoices and four at most: nobody can pay, and the reason is the number."""
    bill = [month(n, is_mandatory=True) for n in range(5)]
    answer = asked(bill, [], MandatoryIncluded(), AtMostInvoices(4))
    assert ([Why.TOO_MANY], True) == ([refusal.rule for refusal in answer.refusals], answer.is_proved)


def test_a_bill_with_nothing_to_choose_says_why():
    """Every invoice is barred, or there is none."""
    answer = asked([month(0, is_disputed=True)], ["0"], NotDisputed())
    assert [Why.DISPUTED] == [refusal.rule for refusal in answer.refusals]
    assert [Why.NOTHING_CHOSEN] == [refusal.rule for refusal in asked([], []).refusals]


@pytest.mark.parametrize("size", [40, 150, 151, 1000])
def test_large_bills_get_an_acceptable_answer(size):
    """Within bounds, and the same each time; whether it is the smallest is said."""
    bill = [month(n, amount=Money(1000 + n * 37 % 911)) for n in range(size)]
    rules = (AtMostInvoices(12), OldestFirst(), AmountWithin(Money(3000), Money(20_000)))
    ticked = [str(n) for n in range(0, size, 3)]
    answer = asked(bill, ticked, *rules)
    assert answer == asked(bill, ticked, *rules)
    assert (size <= 150, True) == (answer.is_smallest, len(answer.selection.invoices) <= 12)


def test_a_search_that_is_spent_says_so(monkeypatch):
    """An exact sum among many is hard: the best easy choice is given, and none is claimed the smallest."""
    monkeypatch.setattr(searching, "_MOST_STEPS", 50)
    bill = [month(n, amount=Money(1000 + n * 37 % 911)) for n in range(30)]
    answer = asked(bill, ["3", "7"], AmountWithin(Money(9000), Money(9900)))
    assert (Suggestion, False) == (type(answer), answer.is_smallest)
    impossible = asked(bill, ["3", "7"], AmountWithin(Money(1), Money(2)), AllOrNothing())
    assert NoSuggestion is type(impossible)
    even = [month(n, amount=Money(1000 + n * 74 % 1822)) for n in range(30)]
    hard = asked(even, ["3", "7"], AmountWithin(Money(7777), Money(7777)))
    assert (NoSuggestion, False) == (type(hard), hard.is_proved)


def test_a_group_comes_as_a_whole():
    """Its members count one by one as changes."""
    bill = [month(0, group="G"), month(1, group="G"), month(2, group="G"), month(3)]
    assert ("2",) == asked(bill, ["0", "1"], GroupsTogether()).add
    assert ("0",) == asked(bill, ["0", "3"], GroupsTogether()).remove
