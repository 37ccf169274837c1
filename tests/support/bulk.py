"""Payments for the engines, and what the evaluation says they cost."""

from datetime import date
from types import SimpleNamespace

import attrs
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.errors import FeeError
from rak_billing.fees.compiled.payments_query import payments_query, read_tariff
from rak_billing.fees.selectors import CARDS
from rak_billing.testing.fees import amounts

NULL_FEE = (None, None, None, None)


@attrs.frozen
class Payment:
    """One payment: the amounts of its invoices in centimes, and what rules look at."""

    amounts: tuple[int, ...]
    day: date
    card: str
    brand: str | None = None
    channel: str | None = None
    customer_class: str | None = None

    def rows(self, name):
        facts = (self.day, self.card, self.brand, self.channel, self.customer_class)
        return [(name, amount, *facts) for amount in self.amounts]


@st.composite
def payments(draw, most_invoices=5):
    """Draw a payment, on a day that a drawn tariff may not know, with words that no rule may be for."""
    centimes = st.lists(amounts(0).map(lambda amount: amount.centimes), min_size=1, max_size=most_invoices)
    return Payment(
        amounts=tuple(draw(centimes)),
        day=draw(st.dates(date(2017, 12, 1), date(2030, 1, 1))),
        card=draw(st.sampled_from([*CARDS, *CARDS, "unknown"])),
        brand=draw(st.sampled_from([None, "visa", "amex"])),
        channel=draw(st.sampled_from([None, "web", "counter"])),
        customer_class=draw(st.sampled_from([None, "residential"])),
    )


def truth(tariff, payment):
    """Give what `Tariff.fee` says: the customer's gross and net, the operator's, or nothing where it refuses."""
    own = [Money(amount) for amount in payment.amounts]
    facts = {"brand": payment.brand, "channel": payment.channel, "customer_class": payment.customer_class}
    try:
        fee = tariff.fee(sum(own), invoices=own, card=payment.card, on=payment.day, **facts)
    except FeeError:
        return NULL_FEE
    return tuple(amount.centimes for amount in (fee.gross, fee.net, fee.merchant_cost, fee.merchant_net))


def fee_query(tariff, source, dialect, *, is_grouped=True):
    """Give the query of one tariff over a source that has our columns already."""
    return payments_query(source, [read_tariff(tariff, dialect)], dialect, is_grouped=is_grouped)


def answers(rows):
    """Give the four figures by payment."""
    found = {}
    for row in rows:
        named = SimpleNamespace(**row)
        figures = (named.gross, named.net, named.merchant_gross, named.merchant_net)
        found[named.payment] = tuple(None if figure is None else int(figure) for figure in figures)
    return found
