"""A payment as the billing system is told of it."""

from datetime import date

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.billing_posting import PaidInvoice, Posting
from rak_billing.errors import InvoiceError, PostingFactError

A, B = PaidInvoice("123456789", Money(11302)), PaidInvoice("987654321", Money(10581))
POSTING = Posting(
    key="RAK-7f3kq9z2mb4wx1t8",
    tenant="rak",
    customer_ref="123456789",
    invoices=[A, B],
    posting_date=date(2018, 9, 11),
    receipt_number="10000764160",
)


def test_the_total_is_that_of_the_invoices():
    """The control total is 218,83 DH for the guide's two invoices: the fee is no part of it."""
    assert Money(21883) == POSTING.total


def test_it_is_told_in_plain_values():
    """Nothing but what billing needs is in it, and amounts are whole centimes."""
    assert {
        "key": "RAK-7f3kq9z2mb4wx1t8",
        "tenant": "rak",
        "customer_ref": "123456789",
        "invoices": [["123456789", 11302], ["987654321", 10581]],
        "currency": "MAD",
        "total": 21883,
        "posting_date": "2018-09-11",
        "receipt_number": "10000764160",
    } == POSTING.to_dict()


def test_a_digest_is_kept_for_ever():
    """Another release finds the digest that this one wrote into a file or a book."""
    assert "adfa1c6a2f2c26fb2e4cd310eb5ee84e678a74ca9d11856fe9f5d64417eade0a" == POSTING.digest


@pytest.mark.parametrize(
    "change",
    [
        {"key": "RAK-2"},
        {"tenant": "other"},
        {"customer_ref": "1"},
        {"invoices": (A,)},
        {"invoices": (B, A)},
        {"posting_date": date(2018, 9, 12)},
        {"receipt_number": "10000764161"},
    ],
)
def test_every_fact_is_in_the_digest(change):
    """No fact can change under a key without being noticed."""
    assert POSTING.digest != attrs.evolve(POSTING, **change).digest


@pytest.mark.parametrize("key", ["", "../etc/passwd", "a/b", ".hidden", "a b", "a\n", "é", "k" * 65, None, 7])
def test_a_key_fits_a_file_name_a_header_and_a_column(key):
    """What would need escaping anywhere, or lead elsewhere, is refused at once."""
    with pytest.raises(PostingFactError, match="key: expected 1 to 64 letters"):
        attrs.evolve(POSTING, key=key)


@pytest.mark.parametrize(
    ("invoices", "words"),
    [
        ((), "at least one"),
        (["123456789"], "PaidInvoice values"),
        ((A, A), "each invoice once"),
        ((A, PaidInvoice("2", Money(1, "EUR"))), "add up"),
        ((PaidInvoice("1", Money(999_999_999)), A), "add up"),
    ],
)
def test_invoices_that_make_no_payment_are_refused(invoices, words):
    """Nothing, a repetition, two currencies, or more than any payment is no posting."""
    with pytest.raises(PostingFactError, match=words):
        attrs.evolve(POSTING, invoices=invoices)


@pytest.mark.parametrize("centimes", [0, -1])
def test_something_is_paid_on_each_invoice(centimes):
    """Nothing or less is no payment."""
    with pytest.raises(PostingFactError, match="more than nothing"):
        PaidInvoice("1", Money(centimes))


@pytest.mark.parametrize(
    ("reference", "amount"), [("", Money(1)), ("1\n", Money(1)), (1, Money(1)), ("1", 1.0)]
)
def test_an_invoice_has_a_reference_and_an_amount(reference, amount):
    """The rules of the bills hold on the way back too."""
    with pytest.raises(InvoiceError):
        PaidInvoice(reference, amount)


@given(st.lists(st.integers(1, 10_000_000), min_size=1, max_size=20))
def test_the_total_is_the_exact_sum(amounts):
    """Whatever is paid, centimes are added as whole numbers."""
    invoices = [PaidInvoice(str(number), Money(amount)) for number, amount in enumerate(amounts)]
    assert sum(amounts) == attrs.evolve(POSTING, invoices=invoices).total.centimes
