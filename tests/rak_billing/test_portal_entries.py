"""What a customer types, made plain and judged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rak_billing.portal.drafts import Draft
from rak_billing.portal.entries import Entries, plain_email, plain_reference
from rak_billing.portal.texts import Texts

FRENCH = Texts.load("fr")
GOOD = {"customer_ref": "123456789", "email": "a@x.ma", "email_again": "a@x.ma", "card": "moroccan"}


def anchors(**changes):
    entries = Entries.read(GOOD | changes)
    return [problem.anchor for problem in entries.problems(FRENCH, "Code Client")]


@pytest.mark.parametrize(
    "typed",
    [
        "123456789",
        " 123 456 789 ",
        "123.456.789",
        "123-456-789",
        "123\u00a0456\u202f789",
        "١٢٣٤٥٦٧٨٩",
        "１２３456–789",
    ],
)
def test_separators_and_kinds_of_digits_do_not_count(typed):
    """Rule R07: the code is what remains when the bill's typography is gone."""
    assert "123456789" == plain_reference(typed)


def test_leading_zeros_are_kept():
    """The code is text, not a number."""
    assert "0000424" == plain_reference("0000-424")


@given(st.text(max_size=50))
def test_a_plain_code_stays_as_it_is(typed):
    """Making plain twice is making plain once."""
    once = plain_reference(typed)
    assert once == plain_reference(once)


def test_the_domain_of_an_email_has_no_case():
    """Rule R08: trimmed, and the domain folded; the part before the @ is the customer's own."""
    assert "Amina@example.com" == plain_email("  Amina@Example.COM ")
    assert [] == anchors(email="a@X.MA ", email_again=" a@x.ma")


def test_a_good_form_has_no_problem():
    """The guide's entries pass."""
    assert [] == anchors()


@pytest.mark.parametrize("code", ["", "  ", "---"])
def test_a_code_is_asked_for(code):
    """An empty code, or one of separators only, is missing."""
    assert ["customer_ref"] == anchors(customer_ref=code)


@pytest.mark.parametrize("code", ["1'; DROP TABLE", "12/34", "é", "<b>", "1" * 33, "%00"])
def test_a_code_is_letters_and_digits(code):
    """Nothing else reaches the billing system."""
    assert ["customer_ref"] == anchors(customer_ref=code)


@pytest.mark.parametrize(
    "email",
    [
        "",
        "a",
        "a@b",
        "a b@x.ma",
        "a@x.ma\r\nBcc: b@x.ma",
        "a@x.ma,b@x.ma",
        "<a@x.ma>",
        "a@-x.ma",
        "é@x.ma",
        "a" * 80 + "@x.ma",
    ],
)
def test_an_email_is_one_plain_address(email):
    """No second address, no header, nothing that mail systems would have to guess about."""
    assert ["email"] == anchors(email=email, email_again=email)


def test_both_emails_must_be_the_same():
    """Rule R08: the second one is where the difference is shown."""
    assert ["email_again"] == anchors(email_again="b@x.ma")


@pytest.mark.parametrize("card", ["", "martian"])
def test_a_card_type_is_one_of_two(card):
    """Rule R11: exactly one."""
    assert ["card"] == anchors(card=card)


def test_every_problem_is_named_at_once():
    """The customer corrects the form in one go."""
    assert ["customer_ref", "email", "card"] == anchors(customer_ref="", email="", card="")


def test_correcting_the_email_keeps_the_ticks():
    """« Modifier » on the recap does not undo step 3 for the same customer."""
    before = Draft("123456789", "old@x.ma", "moroccan", ("A",))
    assert ("A",) == Entries.read(GOOD).draft_after(before).chosen


def test_another_customer_starts_without_ticks():
    """Ticks belong to the bill that they were made on."""
    before = Draft("555", "old@x.ma", "moroccan", ("A",))
    assert Entries.read(GOOD).draft_after(before).chosen is None
