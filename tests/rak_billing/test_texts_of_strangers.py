"""Texts that no database can hold, at every door: answered like any other that nobody knows."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rak_billing.errors import BillingError, QuoteChangedError, ResolutionError
from rak_billing.staff import Resolution
from support.callbacks import approved
from support.checkout_kit import CUSTOMER, A, till

HOSTILE = ["\ud800", "\udcff", "\0", "a\0b", "", "\U0010ffff"]
ANY = st.text(st.characters(exclude_categories=()), max_size=12)


@pytest.fixture
def shop(place):
    with till(place) as opened:
        opened.form = opened.pay(A)
        opened.settle(approved(opened.form))
        yield opened


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_text_is_nobody_s(shop, text):
    """No order, no payment, no receipt, no dead letter, no open payment has such a name."""
    checkout, staff = shop.checkout, shop.checkout.staff()
    who = {"by": "k", "why": "w"}
    for ask in (
        lambda: staff.history(text),
        lambda: staff.resolve(text, Resolution.SEEN, **who),
        lambda: staff.revive(text, delivered=False, **who),
    ):
        with pytest.raises(ResolutionError):
            ask()
    assert (None, None, ()) == (
        checkout.payment(text),
        checkout.receipt(text),
        checkout.open_payments(CUSTOMER, {text}),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_a_choice_that_is_no_text_is_shown_again(shop, text):
    """As any reference that is not on the bill; nothing is written."""
    with pytest.raises(QuoteChangedError):
        shop.pay(A, accepted=shop.total(A), chosen={A.reference, text})
    assert 1 == len(shop.rows("attempts"))


@pytest.mark.parametrize("text", HOSTILE[:4])
def test_what_staff_type_in_another_encoding_is_kept_as_it_can_be(shop, text):
    """A terminal's own encoding is no reason to refuse what they found out."""
    why = f"d{text}bit"
    shop.checkout.staff().resolve(shop.form.order_id, Resolution.PAID, by="k", why=why)
    (event,) = [event for event in shop.checkout.staff().history(shop.form.order_id).events if event.facts]
    assert event.facts["why"].startswith("d")
    assert event.facts["why"].encode()


@given(text=ANY)
@settings(max_examples=60, deadline=None)
def test_any_text_at_any_door_is_answered_in_the_words_of_the_library(text):
    """What is raised is one of ours, whatever the text."""
    with till() as shop:
        staff = shop.checkout.staff()
        for ask in (
            lambda: shop.pay(A, chosen={text}, accepted=shop.total(A)),
            lambda: shop.checkout.open_payments(text, {text}),
            lambda: shop.checkout.look_up(text),
            lambda: staff.history(text),
            lambda: staff.resolve(text, Resolution.SEEN, by=text, why=text),
            lambda: staff.revive(text, delivered=True, by=text, why=text),
        ):
            with suppress(BillingError):
                ask()
