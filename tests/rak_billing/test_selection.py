"""Which invoices may and must be paid together."""

from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.errors import SelectionError
from rak_billing.selection import Selection, SelectionRule, select
from support.bills import INVOICE_A, INVOICE_B, PAYMENT_DAY

BILL = (INVOICE_A, INVOICE_B)
A, B = INVOICE_A.reference, INVOICE_B.reference
MANDATORY_B = attrs.evolve(INVOICE_B, is_mandatory=True)


def refusals(invoices, chosen):
    with pytest.raises(SelectionError) as caught:
        select(invoices, chosen, on=PAYMENT_DAY)
    assert all(refusal.message for refusal in caught.value.refusals)
    return [(refusal.rule, refusal.reference) for refusal in caught.value.refusals]


def test_the_total_is_that_of_the_chosen_invoices():
    """Only what was ticked counts (rules R24, I05)."""
    assert Money(11302) == select(BILL, {A}, on=PAYMENT_DAY).total
    assert Money(21883) == select(BILL, {A, B}, on=PAYMENT_DAY).total


@given(st.permutations([A, B]))
def test_the_order_of_the_ticks_changes_nothing(chosen):
    """A selection has the order of the bill."""
    assert select(BILL, {A, B}, on=PAYMENT_DAY) == select(BILL, chosen, on=PAYMENT_DAY)


def test_what_can_be_read_only_once_is_enough():
    """Generators, as database cursors give them, are judged like lists."""
    assert select(BILL, [B, A], on=PAYMENT_DAY) == select(iter(BILL), iter([B, A]), on=PAYMENT_DAY)
    assert refusals(BILL, [A, A, "999"]) == refusals(iter(BILL), iter([A, A, "999"]))


def test_a_selection_keeps_its_day():
    """The day is an argument and stays with the answer."""
    assert PAYMENT_DAY == select(BILL, [A], on=PAYMENT_DAY).on


def test_at_least_one_invoice():
    """Nothing chosen is refused (rule R22)."""
    assert [(SelectionRule.NOTHING_CHOSEN, None)] == refusals(BILL, [])


def test_an_unknown_reference_is_named():
    """A reference that is not on the bill is refused."""
    assert [(SelectionRule.UNKNOWN_REFERENCE, "999")] == refusals(BILL, [A, "999"])


def test_an_invoice_is_chosen_once():
    """The same reference twice is refused, not paid twice."""
    assert [(SelectionRule.DUPLICATE_REFERENCE, A)] == refusals(BILL, [A, A])


def test_a_bill_with_the_same_reference_twice_cannot_be_paid():
    """Which of the two would be meant? Neither is taken."""
    assert [(SelectionRule.DUPLICATE_REFERENCE, A)] == refusals((INVOICE_A, INVOICE_A), [A])


def test_a_duplicate_elsewhere_on_the_bill_does_no_harm():
    """An invoice that is stated once can be paid beside a doubtful pair."""
    assert Money(10581) == select((INVOICE_A, INVOICE_A, INVOICE_B), [B], on=PAYMENT_DAY).total


def test_a_mandatory_invoice_may_not_be_left_out():
    """The refusal names it, and nothing is added silently (rule R23)."""
    assert [(SelectionRule.MANDATORY_LEFT_OUT, B)] == refusals((INVOICE_A, MANDATORY_B), [A])


def test_the_customer_reads_which_invoice_is_mandatory():
    """The message is French and holds the reference."""
    with pytest.raises(SelectionError) as caught:
        select((INVOICE_A, MANDATORY_B), [A], on=PAYMENT_DAY)
    assert f"La facture {B} est exigible : son paiement est obligatoire." == caught.value.refusals[0].message


def test_a_mandatory_invoice_alone_is_enough():
    """Optional ones may stay away."""
    assert (MANDATORY_B,) == select((INVOICE_A, MANDATORY_B), [B], on=PAYMENT_DAY).invoices


@pytest.mark.parametrize("centimes", [0, -1])
def test_only_payable_amounts(centimes):
    """A credit or a settled invoice cannot be chosen."""
    credit = attrs.evolve(INVOICE_A, amount=Money(centimes))
    assert [(SelectionRule.NOT_PAYABLE, A)] == refusals((credit, INVOICE_B), [A, B])


def test_a_mandatory_credit_locks_nobody_out():
    """What cannot be paid is not demanded."""
    credit = attrs.evolve(MANDATORY_B, amount=Money(-100))
    assert Money(11302) == select((INVOICE_A, credit), [A], on=PAYMENT_DAY).total


def test_every_refusal_is_listed():
    """The customer learns all reasons at once."""
    expected = [(SelectionRule.UNKNOWN_REFERENCE, "999"), (SelectionRule.MANDATORY_LEFT_OUT, B)]
    assert expected == refusals((INVOICE_A, MANDATORY_B), ["999"])


@pytest.mark.parametrize("amount", [Money(100, "EUR"), Money(999_999_999)])
def test_what_is_not_one_payment_is_refused(amount):
    """Two currencies, or more than a payment can carry, end in a refusal and not in a crash."""
    bill = (INVOICE_A, attrs.evolve(INVOICE_B, amount=amount))
    assert [(SelectionRule.NOT_ONE_PAYMENT, None)] == refusals(bill, [A, B])


def test_one_text_is_not_a_collection():
    """A single reference given as text is a caller's slip, and is said so."""
    with pytest.raises(TypeError, match="letter by letter"):
        select(BILL, A, on=PAYMENT_DAY)


def test_the_day_is_a_date():
    """An instant has no place where a day is meant."""
    with pytest.raises(TypeError, match="on is a day"):
        select(BILL, [A], on=datetime(2018, 9, 10, tzinfo=UTC))


def test_a_selection_made_by_hand_pays_whole_invoices():
    """Amounts of their own are for those who ask for them."""
    selection = Selection((INVOICE_A, INVOICE_B), Money(21883), PAYMENT_DAY)
    assert (Money(11302), Money(10581)) == selection.amounts
