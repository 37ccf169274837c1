"""What a customer accepts before paying."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.errors import QuoteError
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.quote import Quote
from rak_billing.selection import select
from support.bills import INVOICE_A, INVOICE_B, PAYMENT_DAY, guide_fee

BILL = (INVOICE_A, INVOICE_B)


def quote(*invoices):
    selection = select(BILL, {invoice.reference for invoice in invoices}, on=PAYMENT_DAY)
    return Quote.of(selection, guide_fee(str(selection.total), [invoice.amount for invoice in invoices]))


@pytest.mark.parametrize(
    ("invoices", "expected"),
    [
        ([INVOICE_A], ("113.02", "1.24", "114.26")),
        ([INVOICE_A, INVOICE_B], ("218.83", "2.41", "221.24")),
        ([INVOICE_B], ("105.81", "1.16", "106.97")),
    ],
)
def test_the_guides_totals(invoices, expected):
    """Invoices, fee and grand total are those of the guide (rules R21, R29)."""
    made = quote(*invoices)
    assert expected == (str(made.invoices_total), str(made.fee.gross), str(made.total))


def test_the_fee_is_the_last_line():
    """It has the reserved reference and the guide's name (rule R28)."""
    *_, before_last, last = quote(INVOICE_A, INVOICE_B).lines
    assert (INVOICE_B.reference, INVOICE_B.description) == (before_last.reference, before_last.description)
    assert ("FRAIS", "Frais du service en ligne", Money(241)) == attrs.astuple(last, recurse=False)


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=15))
def test_the_lines_are_the_total(amounts):
    """What is listed is what is paid, to the centime."""
    bill = [attrs.evolve(INVOICE_A, reference=str(n), amount=Money(c)) for n, c in enumerate(amounts)]
    selection = select(bill, [invoice.reference for invoice in bill], on=PAYMENT_DAY)
    made = Quote.of(selection, guide_fee(str(selection.total), len(bill)))
    assert made.total == sum(line.amount for line in made.lines)


def test_a_fee_of_nothing_is_still_a_line():
    """A tiny invoice shows its fee of 0,00 (rule I31)."""
    selection = select([attrs.evolve(INVOICE_A, amount=Money(45))], [INVOICE_A.reference], on=PAYMENT_DAY)
    assert Money(0) == Quote.of(selection, guide_fee("0.45")).lines[-1].amount


def test_a_fee_for_another_total_is_refused():
    """A fee and a selection that do not belong together make no quote."""
    with pytest.raises(QuoteError, match="computed for 113"):
        Quote.of(select(BILL, [INVOICE_B.reference], on=PAYMENT_DAY), guide_fee("113.02"))


def test_more_than_one_payment_can_carry_is_refused():
    """Invoices just under the limit may not cross it with their fee."""
    bill = [attrs.evolve(INVOICE_A, amount=Money(999_999_999))]
    fee = FeeSchedule.preset("rak-2018").fee(Money(999_999_999), invoices=1, on=PAYMENT_DAY)
    with pytest.raises(QuoteError, match="one payment"):
        Quote.of(select(bill, [INVOICE_A.reference], on=PAYMENT_DAY), fee)
