"""What pricing a bill costs."""

from datetime import date

import attrs

from cmi_gateway import Money
from rak_billing import FeeSchedule, Invoice, Quote, SelectionRules, select, suggest
from rak_billing.quote_seal import QuoteSeal
from rak_billing.selection.rules import AmountWithin, AtMostInvoices

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


def test_seal_and_open(benchmark):
    """What a recap page and « Payer » add: sealing a quote of ten invoices, opening it, comparing every fact."""
    selection = select(INVOICES, chosen=CHOSEN, on=DAY)
    quote = Quote.of(selection, FeeSchedule.preset("rak-2018").fee(selection.total, invoices=10, on=DAY))
    seal, owner = QuoteSeal(bytes(32)), {"tenant": "RAK", "customer_ref": "1"}

    assert () == benchmark(lambda: seal.open(seal.seal(quote, **owner), **owner).changes_to(quote))


def test_suggestion_on_a_large_bill(benchmark):
    """The search of 60 invoices for a total within ten dirhams, at most twelve of them."""
    bill = [attrs.evolve(INVOICES[0], reference=f"{n}", amount=Money(1000 + n * 37 % 911)) for n in range(60)]
    bounds = AmountWithin(Money(15_000), Money(16_000))
    rules = SelectionRules("bench", "1", (AtMostInvoices(12), bounds))

    assert benchmark(lambda: suggest(bill, [f"{n}" for n in range(30)], on=DAY, rules=rules)).is_smallest
