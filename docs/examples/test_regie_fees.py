"""An operator's test of its own fee file; run it with ``pytest``."""

from datetime import date
from fractions import Fraction
from pathlib import Path

from hypothesis import given

import cmi_gateway as cmi
import rak_billing as rak
from rak_billing.fees.law import legal_findings
from rak_billing.testing.fees import selected_amounts

TARIFF = rak.Tariff.from_toml(Path(__file__).with_name("regie_fees.toml"))
TODAY = date(2026, 11, 23)


def fee(amounts: list[cmi.Money], card: str) -> rak.Fee:
    return TARIFF.fee(sum(amounts, start=cmi.Money(0)), invoices=amounts, card=card, on=TODAY)


def test_a_known_bill():
    """The example of the council's decision: 218,83 DH cost 2,41 DH by a card from abroad, nothing by a Moroccan one."""
    bill = [cmi.Money.parse("113.02"), cmi.Money.parse("105.81")]
    assert fee(bill, "international").gross == cmi.Money.parse("2.41")
    assert fee(bill, "moroccan").gross == cmi.Money(0)


@given(selected_amounts())
def test_nobody_pays_more_than_voted(bill):
    """A card from abroad costs 1,1 % at most, and the half centime of rounding; never more than 50 DH."""
    asked = fee(bill, "international").gross
    assert asked.centimes <= sum(amount.centimes for amount in bill) * Fraction(11, 1000) + Fraction(1, 2)
    assert asked <= cmi.Money.parse("50.00")


@given(selected_amounts())
def test_moroccan_cards_cost_the_customer_nothing(bill):
    """The régie bears their commission, and knows what it costs."""
    ours = fee(bill, "moroccan")
    assert ours.gross == cmi.Money(0)
    assert ours.computation.gross == ours.merchant_cost.centimes


def test_the_law_has_nothing_against_it():
    """No rule makes a customer bear a fee on a Moroccan card from 2024 on."""
    assert legal_findings(TARIFF) == ()
