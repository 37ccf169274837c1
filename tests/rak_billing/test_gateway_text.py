"""Billing text made fit for the gateway."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.field_checks import check_text
from rak_billing.gateway_text import fit, fit_apart, fit_name

HOSTILE = st.text(
    alphabet=st.one_of(st.sampled_from("&;#x0aAmpDOCUMENTdocument \n\x00\u00a0"), st.characters())
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  GERANCE  ELECTRICITE\r\n", "GERANCE ELECTRICITE"),
        ("Aït M'Hamed أمينة", "Aït M'Hamed أمينة"),
        ("Document N° 3, documents", "doc. N° 3, doc.s"),
        ("docu\x00ment", "doc."),
        ("EAU &amp; ASSAINISSEMENT", "EAU & ASSAINISSEMENT"),
        ("A &amp;amp; B", "A & B"),
        ("R&D; SARL &unknown; x", "R&D; SARL &unknown; x"),
        ("a\u200b\u202eb\ud800c", "abc"),
        ("", ""),
    ],
)
def test_text_is_made_fit(text, expected):
    """Spaces fold, control characters go, "document" shrinks, entities are read, the rest stays."""
    assert expected == fit(text, 100)


def test_text_is_cut_to_length():
    """A cut leaves no space at the end."""
    assert "GERANCE" == fit("GERANCE ELECTRICITE", 8)


@given(HOSTILE, st.integers(1, 60))
def test_the_gateway_client_takes_whatever_is_fit(text, limit):
    """No text of a billing system can make a payment form impossible to sign."""
    fitted = fit(text, limit)
    assert fitted == check_text("DescN", fitted, limit)


@given(HOSTILE)
def test_fitting_twice_changes_nothing(text):
    """What is fit stays as it is."""
    fitted = fit(text, 60)
    assert fitted == fit(fitted, 60)


def test_what_reads_as_a_result_stands_behind_a_word():
    """Payer's text that equals a result is refused by the gateway client; any other is left as it is."""
    results = {"00", "mad"}
    fitted = [
        fit_apart(text, 16, label="Client", is_result=results.__contains__) for text in (" 00 ", "mad", "007")
    ]
    assert ["Client 00", "Client mad", "007"] == fitted


def test_a_name_stays_a_name():
    """A name with a letter is sent, made fit."""
    assert "M. B… A…" == fit_name(" M. B… A… ", "123456789")


@pytest.mark.parametrize("name", ["", "…", "12345", "\x00"])
def test_a_name_without_a_letter_becomes_the_reference(name):
    """The gateway wants something to print as the customer's name."""
    assert "Client 123456789" == fit_name(name, "123456789")
