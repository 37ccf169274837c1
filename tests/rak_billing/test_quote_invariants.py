"""What holds for every quote, whatever the tariff, the bill, the rules of selection and the ticks."""

import json

import attrs
from hypothesis import assume, given
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.errors import SelectionError
from rak_billing.fees.rule import Bearer
from rak_billing.invoices import FEE_REFERENCE
from rak_billing.quote import Quote
from rak_billing.quote_seal import QuoteSeal
from rak_billing.selection import select
from rak_billing.selection.rules import NO_RULES
from rak_billing.testing.fees import fee_schedules, tariffs
from rak_billing.testing.invoices import bills, choices, selection_rules
from support.fees import DAY

SEAL = QuoteSeal(b"k" * 32)
OWNER = {"tenant": "RAK", "customer_ref": "1"}
CARDS = st.sampled_from(["moroccan", "international"])


def quoted(selection, schedule, card):
    fee = schedule.fee(selection.total, invoices=selection.amounts, card=card, on=DAY)
    return Quote.of(selection, fee)


@st.composite
def quotes(draw, bearers=tuple(Bearer)):
    """Draw a quote as a portal makes one: a bill, ticks, rules that accept them, and a schedule."""
    bill = draw(bills(1, 5))
    rules = draw(selection_rules() | st.just(NO_RULES))
    try:
        selection = select(bill, draw(choices(bill)), on=DAY, rules=rules)
    except SelectionError:
        payable = [invoice for invoice in bill if invoice.is_payable]
        assume(payable)
        selection = select(bill, [invoice.reference for invoice in payable], on=DAY, rules=NO_RULES)
    return quoted(selection, draw(fee_schedules(bearers=bearers)), draw(CARDS))


@given(quotes())
def test_the_grand_total_is_the_sum_of_the_lines(quote):
    """Every chosen invoice is one line, the fee is the last, and nothing else is paid."""
    *invoices, fee = quote.lines
    assert [invoice.reference for invoice in quote.selection.invoices] == [
        line.reference for line in invoices
    ]
    assert quote.total == sum(line.amount for line in quote.lines)
    assert (FEE_REFERENCE, quote.fee.gross) == (fee.reference, fee.amount)
    assert (quote.invoices_total, quote.total) == (
        sum(line.amount for line in invoices),
        quote.invoices_total + quote.fee.gross,
    )


@given(quotes([Bearer.UTILITY]))
def test_a_fee_that_the_operator_bears_is_a_line_of_nothing(quote):
    """The customer pays the invoices; what the service costs is the operator's, and is still known."""
    assert (Money(0), quote.invoices_total) == (quote.lines[-1].amount, quote.total)
    assert quote.fee.computation.gross == quote.fee.merchant_cost.centimes


@given(fee_schedules(), st.data())
def test_the_order_of_bill_and_ticks_does_not_matter(schedule, data):
    """Who ticks from the bottom, on a bill that is sorted otherwise, pays the same for the same invoices."""
    bill = data.draw(bills(1, 5, kind=st.just("invoice"), status=st.just("unpaid"), amount=st.integers(1, 10**6).map(Money)))  # fmt: skip
    ticks = data.draw(st.lists(st.sampled_from([i.reference for i in bill]), unique=True, min_size=1))
    shuffled = data.draw(st.permutations(bill)), data.draw(st.permutations(ticks))
    one = quoted(select(bill, ticks, on=DAY, rules=NO_RULES), schedule, "moroccan")
    other = quoted(select(*shuffled, on=DAY, rules=NO_RULES), schedule, "moroccan")
    assert (one.total, one.fee.gross, one.fee.net) == (other.total, other.fee.gross, other.fee.net)
    assert sorted(map(attrs.astuple, one.lines[:-1])) == sorted(map(attrs.astuple, other.lines[:-1]))


@given(quotes(), tariffs())
def test_a_sealed_fee_stays_what_it_was(quote, other):
    """Schedule, version, rule and computed parts are in the seal; no later tariff is asked when it is read."""
    opened = SEAL.read(SEAL.seal(quote, **OWNER))
    fee = quote.fee
    assert (fee.schedule_id, fee.schedule_version, str(fee.rule_number)) == (
        opened.fact("schedule"),
        opened.fact("schedule version"),
        opened.fact("fee rule"),
    )
    assert [[part.key, str(part.exact)] for part in fee.parts] == json.loads(opened.fact("fee parts"))
    assert (quote.total, str(fee.gross.centimes)) == (opened.total, opened.fact("fee"))
    opened.require_lines(quote.lines, quote.total)
    assert () == opened.changes_to(quote)
    again = quoted(quote.selection, other.in_force(max(DAY, other.schedules[0].valid_from)), "moroccan")
    # Two drawn tariffs may bear one name; what they charge, and by which rule, is what is sealed.
    charged = [
        (it.schedule_id, it.schedule_version, it.rule_number, it.gross, it.parts) for it in (fee, again.fee)
    ]
    assert charged[0] == charged[1] or opened.changes_to(again)
