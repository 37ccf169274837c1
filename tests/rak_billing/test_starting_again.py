"""A bill that is paid here cannot be started again, however long billing lists it still."""

import pytest

from rak_billing.billing_systems.posting_folder import PostingFolder
from rak_billing.errors import InvoicesAlreadyPaidError, QuoteChangedError
from rak_billing.staff import Resolution
from support.callbacks import approved
from support.checkout_kit import CUSTOMER, A, B, Bills, till


class HandedOver(Bills, PostingFolder):
    """Billing that lists a bill until its back end has taken the file."""

    def __init__(self, folder):
        Bills.__init__(self, A, B)
        PostingFolder.__init__(self, folder)


@pytest.fixture
def shop(place, tmp_path):
    """A shop whose payment of the first bill was handed over as a file that nobody has taken yet."""
    with till(place, billing=HandedOver(tmp_path / "files")) as opened:
        opened.form = opened.pay(A)
        opened.settle(approved(opened.form))
        opened.checkout.deliver()
        assert all(row["released_at"] for row in opened.rows("invoice_locks"))
        yield opened


def test_a_bill_whose_posting_was_handed_over_is_not_listed(shop):
    """Billing shows it still, and the customer is not asked for it again."""
    assert A in shop.checkout.billing.statement(CUSTOMER).invoices
    assert [B.reference] == [invoice.reference for invoice in shop.checkout.look_up(CUSTOMER).invoices]


def test_a_bill_whose_posting_was_handed_over_is_not_signed_for_again(shop):
    """Whoever kept the page open is told that it is paid; no card is authorized for it."""
    with pytest.raises(InvoicesAlreadyPaidError) as caught:
        shop.pay(A)
    assert (A.reference,) == caught.value.references
    with pytest.raises(QuoteChangedError):
        shop.pay(A, B)
    assert 1 == len(shop.rows("attempts"))
    assert shop.pay(B)


@pytest.mark.parametrize("word", [Resolution.VOIDED, Resolution.REFUNDED])
def test_a_bill_whose_payment_went_back_can_be_paid_again(shop, word):
    """It is nobody's any more."""
    staff = shop.checkout.staff()
    staff.resolve(shop.form.order_id, Resolution.PAID, by="k", why="w")
    staff.resolve(shop.form.order_id, word, by="k", why="w")
    assert 2 == len(shop.checkout.look_up(CUSTOMER).invoices)
    assert shop.pay(A)
