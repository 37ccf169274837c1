"""Invoices, accounts and statements."""

from datetime import UTC, date, datetime

import pytest

from cmi_gateway.money import Money
from rak_billing.errors import InvoiceError
from rak_billing.invoices import Account, Invoice
from support.bills import ACCOUNT, INVOICE_A, INVOICE_B, STATEMENT

GOOD = {
    "reference": "383180218210",
    "service": "EAU",
    "period": "2018-02",
    "due_date": date(2018, 4, 14),
    "amount": Money(100),
}


def invoice(**changes):
    return Invoice(**(GOOD | changes))


@pytest.mark.parametrize(
    "make", [lambda: invoice(service="EAU\ud800"), lambda: Account("1", "Ana\ud800", "")]
)
def test_half_a_character_is_refused_at_the_door(make):
    """Text that no database can hold never reaches a payment."""
    with pytest.raises(InvoiceError):
        make()


def test_the_description_is_the_guides():
    """An invoice reads as on the guide's page, to the letter (rule R19)."""
    assert "GERANCE:ELECTRICITE, PERIODE:01/02/2018, DATE ECHEANCE:14/04/2018" == INVOICE_A.description
    assert "GERANCE:ELECTRICITE, PERIODE:01/03/2018, DATE ECHEANCE:14/05/2018" == INVOICE_B.description


def test_a_mandatory_invoice_says_so():
    """The mark stands in the description (rules R23, I07)."""
    expected = "GERANCE:EAU, PERIODE:01/02/2018, DATE ECHEANCE:14/04/2018 — EXIGIBLE (paiement obligatoire)"
    assert expected == invoice(is_mandatory=True).description


@pytest.mark.parametrize("period", ["2018-02", date(2018, 2, 1), date(2018, 2, 28)])
def test_a_period_is_a_month(period):
    """A date or a text both mean the month that they lie in (rule I08)."""
    assert date(2018, 2, 1) == invoice(period=period).period


@pytest.mark.parametrize(
    "period",
    [
        "2018-13",
        "2018-00",
        "0000-01",
        "2018-2",
        "02/2018",
        "2018-02-01",
        201802,
        None,
        datetime(2018, 2, 1, tzinfo=UTC),
    ],
)
def test_anything_else_is_no_period(period):
    """What is not plainly a month is refused, by name."""
    with pytest.raises(InvoiceError) as caught:
        invoice(period=period)
    assert "period" == caught.value.field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reference", ""),
        ("reference", "1" * 33),
        ("reference", " 12"),
        ("reference", "1\n2"),
        ("reference", 123456789),
        ("reference", "FRAIS"),
        ("reference", "frais"),
        ("service", ""),
        ("service", "   "),
        ("service", "E" * 65),
        ("service", "EAU\r\nBcc: x"),
        ("service", None),
        ("due_date", "2018-04-14"),
        ("due_date", datetime(2018, 4, 14, tzinfo=UTC)),
        ("amount", 113.02),
        ("amount", "113.02"),
        ("is_mandatory", "N"),
    ],
)
def test_a_field_that_does_not_hold_is_named(field, value):
    """Bad data of the billing system stop at the door, with the name of the field."""
    with pytest.raises(InvoiceError) as caught:
        invoice(**{field: value})
    assert field == caught.value.field


@pytest.mark.parametrize("reference", ["0", "0012", "A-1/2", "1" * 32])
def test_references_are_opaque(reference):
    """Leading zeros and letters stay as they are (rule I04)."""
    assert reference == invoice(reference=reference).reference


@pytest.mark.parametrize(("centimes", "expected"), [(1, True), (0, False), (-500, False)])
def test_only_a_debt_is_payable(centimes, expected):
    """Credits and settled invoices may be stated, and are not payable."""
    assert expected is invoice(amount=Money(centimes)).is_payable


def test_a_repr_hides_who_the_customer_is():
    """Name and address stay out of logs."""
    assert "BENALI" not in repr(STATEMENT)
    assert "MOHAMED" not in repr(STATEMENT)


@pytest.mark.parametrize("fields", [("", "A", "B"), ("1", None, "B"), ("1", "A", 3)])
def test_an_account_is_text(fields):
    """An account without a reference, or with something else than text, is refused."""
    with pytest.raises(InvoiceError):
        Account(*fields)


def test_a_statement_can_leave_out_invoices():
    """What is paid and not posted yet is taken off the bill; the account stays."""
    rest = STATEMENT.without({INVOICE_A.reference, "unknown"})
    assert (ACCOUNT, (INVOICE_B,)) == (rest.account, rest.invoices)
