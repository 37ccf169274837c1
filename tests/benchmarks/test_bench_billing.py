"""What pricing a bill costs."""

from datetime import date

from cmi_gateway import Money
from rak_billing import FeeSchedule, Invoice, Quote, select

DAY = date(2018, 9, 10)
INVOICES = [
    Invoice(f"{100 + number}", "ELECTRICITE", date(2018, 1, 1), date(2018, 2, 14), Money(11302 + number))
    for number in range(10)
]
CHOSEN = {invoice.reference for invoice in INVOICES}
TOTAL = sum(invoice.amount for invoice in INVOICES)


def test_fee(benchmark):
    """The fee of a total: 1.1 % of 1130.65 is 12.44."""
    schedule = FeeSchedule.preset("rak-2018")

    assert Money(1244) == benchmark(lambda: schedule.fee(TOTAL, invoices=10, on=DAY)).gross


def test_selection_fee_and_quote(benchmark):
    """From ten ticked boxes to the lines and total that a customer accepts."""
    schedule = FeeSchedule.preset("rak-2018")

    def price():
        selection = select(INVOICES, chosen=CHOSEN, on=DAY)
        return Quote.of(selection, schedule.fee(selection.total, invoices=10, on=DAY))

    quote = benchmark(price)
    assert TOTAL + Money(1244) == quote.total
    assert 11 == len(quote.lines)
