"""Invoices, accounts and statements."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given

from cmi_gateway.money import Money
from rak_billing.errors import InvoiceError
from rak_billing.invoices import Account, Invoice, InvoiceKind, InvoiceStatus, VatLine
from rak_billing.testing.invoices import invoices, statements
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
    "make",
    [
        lambda: invoice(service="EAU\ud800"),
        lambda: Account("1", "Ana\ud800", ""),
        lambda: Account("1", "Ana", "RUE\0"),
    ],
)
def test_what_no_database_holds_is_refused_at_the_door(make):
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


PARTS = {"billed": Money(10700), "net": Money(10000), "vat": [VatLine("7", Money(700))]}


def test_an_invoice_needs_its_six_facts_only():
    """What billing does not know stays unsaid, and bars nothing."""
    plain = invoice()
    assert (InvoiceKind.INVOICE, InvoiceStatus.UNPAID, ()) == (plain.kind, plain.status, plain.vat)
    assert not plain.is_disputed
    assert not plain.is_direct_debit


def test_an_invoice_keeps_what_billing_knows():
    """Parts, kind, group, contract, meter and version; text from a file is taken for kind and status."""
    full = invoice(
        **PARTS, kind="instalment", status="posting", contract="C1", meter="M9", group="G", version="v7",
        period_until="2018-03", issue_date=date(2018, 3, 20),
    )  # fmt: skip
    assert (InvoiceKind.INSTALMENT, date(2018, 3, 1), Fraction(7)) == (
        full.kind,
        full.period_until,
        full.vat[0].rate,
    )
    assert not full.is_payable


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("kind", {"kind": "gift"}),
        ("status", {"status": "lost"}),
        ("is_disputed", {"is_disputed": "no"}),
        ("is_direct_debit", {"is_direct_debit": 1}),
        ("period", {"period_until": "2018"}),
        ("period_until", {"period_until": "2018-01"}),
        ("issue_date", {"issue_date": datetime(2018, 1, 1, tzinfo=UTC)}),
        ("billed", {"billed": 107.0}),
        ("net", {"net": "100"}),
        ("vat", {"vat": [7]}),
        ("vat", {"vat": [VatLine("7", Money(1)), VatLine(7, Money(2))]}),
        ("vat", PARTS | {"net": Money(9999)}),
        ("vat", PARTS | {"net": Money(10000, "EUR")}),
        ("contract", {"contract": ""}),
        ("meter", {"meter": "a\nb"}),
        ("group", {"group": 5}),
        ("version", {"version": "x" * 65}),
        ("text", {"text": b"EXIGIBLE"}),
    ],
)
def test_what_contradicts_itself_is_refused(field, changes):
    """A fact of another kind, or parts that do not make the whole, never reach a payment."""
    with pytest.raises(InvoiceError) as caught:
        invoice(**changes)
    assert field == caught.value.field


@pytest.mark.parametrize("rate", ["7", 7, Decimal(7), Fraction(7)])
def test_a_rate_is_exact(rate):
    """Text, whole numbers, decimals and fractions are."""
    assert Fraction(7) == VatLine(rate, Money(1)).rate


@pytest.mark.parametrize("rate", [7.0, "7 %", "", "NaN", "-1", 101, True, None, Decimal("Infinity")])
def test_a_rate_that_is_not_exact_is_refused(rate):
    """A float above all."""
    with pytest.raises(InvoiceError):
        VatLine(rate, Money(1))


def test_the_vat_amount_is_money():
    """As every amount."""
    with pytest.raises(InvoiceError):
        VatLine("7", 7)


@given(invoices())
def test_the_description_never_holds_the_back_ends_text(drawn):
    """It is generated: service, period, due date, and the mark of a mandatory one (rule R19)."""
    assert drawn.description.startswith(f"GERANCE:{drawn.service}, PERIODE:01/")
    assert drawn.description.endswith("obligatoire)") == drawn.is_mandatory


@given(statements())
def test_drawn_statements_are_statements(drawn):
    """The published strategies make nothing that the classes would refuse."""
    assert len({invoice.reference for invoice in drawn.invoices}) == len(drawn.invoices)
