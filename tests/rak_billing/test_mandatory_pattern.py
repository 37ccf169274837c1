"""Mandatory invoices found in a text: by a pattern that does what is said of it, and cannot run for ever."""

import contextlib

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rak_billing.errors import MandatoryPatternError
from rak_billing.invoices import Statement
from rak_billing.mandatory_pattern import LONGEST_TEXT, MandatoryPattern
from support.bills import ACCOUNT, INVOICE_A, INVOICE_B

RULE = MandatoryPattern(
    r"\bEXIGIBLE\b", marked=["FACTURE EXIGIBLE AU 14/04"], plain=["FACTURE 02/2018", "NONEXIGIBLE"]
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("EAU - EXIGIBLE", True), ("eau exigible.", True), ("INEXIGIBLE", False), ("", False), ("EAU", False)],
)
def test_the_mark_is_found_as_a_word(text, expected):
    """Rule I07: the default pattern, whatever the size of the letters."""
    assert expected == RULE.finds(text)


def test_marked_invoices_become_mandatory():
    """By their text alone; a flag of billing stays, and an invoice without a text is left as it is."""
    marked = attrs.evolve(INVOICE_A, text="EXIGIBLE")
    flagged = attrs.evolve(INVOICE_B, is_mandatory=True, text="rien")
    statement = RULE.mark_all(Statement(ACCOUNT, [marked, flagged, INVOICE_B]))
    assert [True, True, False] == [invoice.is_mandatory for invoice in statement.invoices]
    assert "EXIGIBLE (paiement obligatoire)" in statement.invoices[0].description


def test_only_the_beginning_is_read():
    """A text of a megabyte costs no more than its first characters."""
    assert not RULE.finds(" " * LONGEST_TEXT + "EXIGIBLE")


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|a)*b",
        "a*a*a*b",
        "x+",
        r"(EXIGIBLE)\1",
        "(?=EXIGIBLE)",
        "(?i)EXIGIBLE",
        "(?:a?){30}",
        "a?" * 20,
        "a{0,40}b{0,40}",
        "a{1,99}{1,99}",
        r"\Z",
        "[a-",
        "(?:a",
        "a)",
        "",
        "a" * 121,
        "a{3,2}",
        "[z-a]",
        None,
        7,
    ],
)
def test_a_dangerous_pattern_is_refused(pattern):
    """Unbounded or nested repetition, references back, looking around, what is no pattern: before any text is read."""
    with pytest.raises(MandatoryPatternError):
        MandatoryPattern(pattern, marked=["EXIGIBLE"], plain=["EAU"])


@pytest.mark.parametrize(
    "pattern", [r"EXIGIBLE\s{0,3}:?\s?OUI", r"^(?:EXIG|OBLIG)[A-Z]{0,9}", r"[EÉ]XIGIBLE\.", "EXIGIBLE$"]
)
def test_bounded_patterns_are_allowed(pattern):
    """Classes, alternatives, anchors and short repetitions are enough to find a word."""
    text = {"$": "EXIGIBLE", ".": "ÉXIGIBLE."}.get(pattern[-1], "EXIGIBLE : OUI")
    assert MandatoryPattern(pattern, marked=text, plain="EAU").finds(text)


@pytest.mark.parametrize(
    ("marked", "plain", "key"),
    [(["EAU"], ["GAZ"], "marked"), (["EXIGIBLE"], ["NON EXIGIBLE"], "plain"), ([], ["EAU"], "marked"), (["EXIGIBLE"], [7], "plain")],
)  # fmt: skip
def test_a_pattern_that_does_something_else_is_refused(marked, plain, key):
    """Whoever writes one says what it finds, and is held to it."""
    with pytest.raises(MandatoryPatternError) as caught:
        MandatoryPattern(r"\bEXIGIBLE\b", marked=marked, plain=plain)
    assert key == caught.value.key


@pytest.mark.parametrize("table", [None, {}, {"pattern": "a"}, {"pattern": "a", "marked": 1, "plain": 2}])
def test_a_table_needs_its_three_keys(table):
    """As it stands in the operator's file."""
    with pytest.raises(MandatoryPatternError, match="mandatory_pattern"):
        MandatoryPattern.from_table(table, "rak.toml")


@example("[[a]")
@example("[a--b]")
@given(st.text(max_size=60) | st.text("ab?{}(|)[]^$\\.:,019 ", max_size=30))
def test_any_text_is_a_pattern_or_refused(pattern):
    """Hostile patterns end in one typed error; what is allowed reads the worst text."""
    with contextlib.suppress(MandatoryPatternError):
        assert MandatoryPattern(pattern, marked=["a"], plain=["\u2603"]).finds("a" * LONGEST_TEXT) in {
            True,
            False,
        }
