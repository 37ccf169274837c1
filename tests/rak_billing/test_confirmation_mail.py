"""The confirmation mail: what it says, and what it never says."""

import attrs
import pytest

from rak_billing.confirmation_mail import confirmation_mail, message_id
from rak_billing.tenant import Tenant
from support.callbacks import approved
from support.checkout_kit import NOON, A, till

TENANT = Tenant.preset("rak")


@pytest.fixture(scope="module")
def message():
    with till() as shop:
        shop.settle(approved(shop.pay(A)))
        shop.checkout.deliver()
        return shop.mailbox.messages[0]


def parts(message):
    return [part.get_content() for part in message.iter_parts()]


def test_text_and_html_say_the_same(message):
    """Total, day, posting date, receipt number, card and link stand in both."""
    for said in ("114,26\u00a0DH", "10/09/2018", "11/09/2018", "10000000001", "VISA", "**** 0010", "/recu/"):
        assert all(said in part for part in parts(message)), said


def test_it_holds_no_card_data_beyond_the_receipts(message):
    """No part of the masked number but its last four digits."""
    assert all("400000" not in part and "4000 00" not in part for part in parts(message))


def test_it_asks_not_to_be_answered(message):
    """In words for people and in a header for machines."""
    assert "auto-generated" == message["Auto-Submitted"]
    assert all("ne pas y répondre" in part for part in parts(message))


def test_its_id_comes_from_the_order():
    """The same order, the same id, whatever else changes."""
    assert "<recu.7F3K@paiement.rak.example>" == message_id("7F3K", TENANT)


def test_markup_in_facts_is_shown_not_obeyed():
    """What the gateway or billing wrote cannot become HTML."""
    with till() as shop:
        form = shop.pay(A)
        shop.settle(approved(form, **{"EXTRA.CARDBRAND": "<b>VISA</b>"}))
        receipt = shop.checkout.receipt(shop.seen(form).receipt_url.rsplit("/", 1)[1])
        mail = confirmation_mail(
            attrs.evolve(receipt, customer_name='<img src="x">'),
            order_reference="R",
            link="https://x.example/?a&b",
            tenant=TENANT,
            at=NOON,
        )
    assert "<b>VISA" not in parts(mail)[1]
    assert "<img" not in parts(mail)[1]
    assert "?a&amp;b" in parts(mail)[1]
