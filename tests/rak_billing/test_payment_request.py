"""From an order to what the gateway is asked."""

from datetime import date

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmi_gateway as cmi
from rak_billing.invoices import Invoice
from rak_billing.payment_request import gateway_lines
from rak_billing.payments.records import LineRecord
from rak_billing.tenant import Tenant
from support.checkout_kit import Till, till
from support.gateway_kit import MERCHANT


def records(*centimes):
    invoices = [LineRecord(f"INV{i}", f"facture {i}", cmi.Money(c)) for i, c in enumerate(centimes)]
    return (*invoices, LineRecord("FRAIS", "Frais du service en ligne", cmi.Money(7), is_fee=True))


@given(st.lists(st.integers(min_value=1, max_value=10_000), min_size=1, max_size=40))
def test_lines_add_up_and_are_at_most_nine(centimes):
    """Whatever is paid, the gateway gets at most nine lines of the same sum, the fee last."""
    lines = gateway_lines(records(*centimes))
    assert len(lines) == min(len(centimes), 8) + 1
    assert sum(centimes) + 7 == sum(line.amount.centimes for line in lines)
    assert "FRAIS" == lines[-1].reference


def test_eight_invoices_have_a_line_each():
    """Eight and the fee are nine."""
    assert [*(f"INV{i}" for i in range(8)), "FRAIS"] == [
        line.reference for line in gateway_lines(records(*range(1, 9)))
    ]


def test_twelve_invoices_make_seven_lines_and_a_sum():
    """The eighth line stands for the other five."""
    lines = gateway_lines(records(*range(1, 13)))
    assert ("AUTRES", "5 autres factures", cmi.Money(8 + 9 + 10 + 11 + 12)) == (
        lines[7].reference, lines[7].description, lines[7].amount,
    )  # fmt: skip


def invoice(reference, service="EAU"):
    return Invoice(reference, service, "2018-02", date(2018, 4, 14), cmi.Money.parse("10.00"))


@pytest.fixture
def shop():
    with till() as opened:
        assert isinstance(opened, Till)
        yield opened


def test_twelve_invoices_can_be_paid_at_once(shop):
    """The form is signed, and the journal keeps all twelve."""
    shop.bills.invoices = [invoice(f"F{i}") for i in range(12)]
    shop.pay(*shop.bills.invoices)
    assert 13 == len(shop.rows("order_lines"))


@pytest.mark.parametrize("service", ["EAU &amp; GAZ", "DOCUMENT  N° 5", "L'EAU <x>", "ماء"])
def test_billings_own_text_never_stops_a_payment(shop, service):
    """Made fit for the gateway, and kept as it was."""
    bill = invoice("document-1", service)
    shop.bills.invoices = [bill]
    shop.bills.account = attrs.evolve(shop.bills.account, name="123", address="")
    fields = dict(shop.pay(bill).fields)
    assert ("doc.-1", "doc.-1") == (fields["ItemNumber1"], fields["ProductCode1"])
    assert bill.description == shop.rows("order_lines")[0]["description"]


def test_a_name_without_a_letter_becomes_the_reference(shop):
    """The gateway wants a name with a letter; the customer's number behind a word will do."""
    shop.bills.account = attrs.evolve(shop.bills.account, name="***")
    assert "Client 100200300" == dict(shop.pay(shop.bills.invoices[0]).fields)["BillToName"]


def test_unmasked_where_the_operator_says_so():
    """Name and address are sent as billing gave them."""
    tenant = attrs.evolve(Tenant.preset("rak"), mask_personal_data=False, contract_field="POLICE")
    with till(tenant=tenant) as shop:
        fields = dict(shop.pay(shop.bills.invoices[0]).fields)
    assert ("M. Ahmed BENNANI", "100200300") == (fields["BillToName"], fields["POLICE"])


def test_the_merchant_signs_it(shop):
    """What was built is accepted by the core: signed for the merchant's account."""
    fields = dict(shop.pay(shop.bills.invoices[0]).fields)
    assert MERCHANT.client_id == fields["clientid"]
