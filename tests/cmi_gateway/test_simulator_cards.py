"""Test cards, and the form they are typed into."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.simulator.card_form import CardEntry, CardFormErrors, read_card_form
from cmi_gateway.simulator.cards import CARDS, find_card, looks_real
from support.simulator_kit import (
    DECLINED_05,
    DECLINED_51,
    DECLINED_54,
    MASTERCARD,
    REFUSED_3DS,
    VISA,
    card_form,
)

TODAY = date(2018, 9, 10)
OTHER_REAL_LOOKING = "4111111111111111"
PUBLISHED = {VISA, MASTERCARD, "9876011807712000"}


def test_the_table_documents_every_promised_outcome():
    """Accepted with and without 3-D Secure, declined 05, 51, 54, and 3-D Secure refused all have a card."""
    assert find_card(VISA).outcome == "paiement accepté, sans 3-D Secure"
    assert find_card(MASTERCARD).outcome == "paiement accepté, avec 3-D Secure (code 123)"
    assert [find_card(number).decline_code for number in (DECLINED_05, DECLINED_51, DECLINED_54)] == [
        "05",
        "51",
        "54",
    ]
    assert "3-D Secure refusée" in find_card(REFUSED_3DS).outcome


def test_our_own_numbers_cannot_be_real():
    """Every number that is not published by CMI fails the Luhn check, so no bank can have issued it."""
    # One digit added in front keeps the check's result and takes the number out of the table.
    assert not any(looks_real("0" + card.number) for card in CARDS if card.number not in PUBLISHED)


def test_masks_have_the_gateways_two_shapes():
    """Both masks show the first six digits and the last four, as real answers do."""
    card = find_card(VISA)
    assert (card.masked_pan, card.masked_number) == ("400000***0010", "4000 00** **** 0010")


def test_a_filled_in_form_gives_the_card_and_its_echo():
    """The echo holds what the gateway sends back, and neither number nor security code."""
    entry = read_card_form(card_form("4000 0000 0000 0010"), TODAY)
    assert isinstance(entry, CardEntry)
    echo = dict(entry.echo)
    assert echo["cardHolderName"] == "Amina Ait Ben"
    assert {"pan", "cv2"}.isdisjoint(echo)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cardHolderName", ""),
        ("cardHolderName", "4111 1111"),
        ("cardHolderName", "x" * 51),
        ("pan", "4000000000000011"),
        ("pan", "411111"),
        ("Ecom_Payment_Card_ExpDate_Month", "13"),
        ("Ecom_Payment_Card_ExpDate_Month", None),
        ("cv2", "12"),
        ("cv2", "١٢٣"),
        ("choix1", None),
    ],
)
def test_each_unusable_input_gets_its_own_message(field, value):
    """A form with one thing wrong has one message, under that input's name."""
    errors = read_card_form(card_form(**{field: value}), TODAY)
    assert isinstance(errors, CardFormErrors)
    assert [field] == list(errors.problems)


def test_a_card_is_good_to_the_end_of_its_month():
    """The month of today is accepted and the month before it is not."""
    this, last = (
        card_form(Ecom_Payment_Card_ExpDate_Month=m, Ecom_Payment_Card_ExpDate_Year="18")
        for m in ("09", "08")
    )
    assert isinstance(read_card_form(this, TODAY), CardEntry)
    assert isinstance(read_card_form(last, TODAY), CardFormErrors)


def test_a_real_looking_number_is_refused_and_forgotten():
    """A number that could be somebody's card gets its own message, and is nowhere in what is kept."""
    errors = read_card_form(card_form(OTHER_REAL_LOOKING), TODAY)
    assert "pan_real" == errors.problems["pan"]
    assert OTHER_REAL_LOOKING not in repr(errors)


@given(st.dictionaries(st.sampled_from(sorted(card_form())), st.text(max_size=60)))
def test_any_form_is_an_entry_or_errors(form):
    """Whatever is typed, the answer is a card of the table or messages."""
    assert isinstance(read_card_form(form, TODAY), CardEntry | CardFormErrors)
