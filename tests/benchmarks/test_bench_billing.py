"""What pricing a bill costs."""

from datetime import date
from fractions import Fraction

import attrs

from cmi_gateway import Money
from rak_billing import FeeRule, FeeSchedule, Invoice, Quote, SelectionRules, select, suggest
from rak_billing.fees.rounding import Rounding
from rak_billing.fees.vat import Vat
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


def test_one_quote_of_ten_invoices(benchmark):
    """From ten ticked boxes to the lines and total that a customer accepts; the aim is under 40 µs."""
    schedule = FeeSchedule.preset("rak-2018")

    def price():
        selection = select(INVOICES, chosen=CHOSEN, on=DAY)
        quote = Quote.of(selection, schedule.fee(selection.total, invoices=10, on=DAY))
        return quote.total, quote.lines

    total, lines = benchmark(price)
    assert TOTAL + Money(1244) == total
    assert 11 == len(lines)


def test_fee_of_amounts_shared_out(benchmark):
    """A rule that computes every invoice by itself and shares the fee out works ten times."""
    schedule = attrs.evolve(
        FeeSchedule.preset("rak-2018"),
        rules=[
            FeeRule(
                bearer="customer",
                percent=Fraction(1),
                vat=Vat(mode="added", rate=Fraction(10)),
                rounding=Rounding(point="net-and-vat-per-invoice"),
                allocation="largest-remainder",
            )
        ],
    )
    amounts = [invoice.amount for invoice in INVOICES]

    assert 10 == len(benchmark(lambda: schedule.fee(TOTAL, invoices=amounts, on=DAY)).shares)


def test_explanation(benchmark):
    """The steps of a fee, as the order keeps them."""
    fee = FeeSchedule.preset("rak-2018").fee(TOTAL, invoices=10, on=DAY)

    assert 6 == len(benchmark(fee.explain))


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
