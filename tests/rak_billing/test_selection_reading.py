"""Rules of selection as a treasurer writes them: read exactly, or refused with file, key and reason."""

import contextlib
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.errors import SelectionRulesError
from rak_billing.selection.reading import read_rules
from rak_billing.selection.rules import (
    AmountWithin,
    AtMostInvoices,
    MandatoryIncluded,
    OldestFirst,
    PartialMode,
    PartialPayments,
    SelectionRules,
)

WHOLE = """
id = "regie"
version = "2026-1"
rules = [
    "mandatory-included",
    { rule = "oldest-first", within = "service" },
    { rule = "at-most-invoices", count = 4 },
    { rule = "amount-within", maximum = "50000.00" },
]
partial = { mode = "at-most", minimum = "50.00" }
"""


def read(text):
    return read_rules(tomllib.loads(text), "regie.toml")


def test_rules_are_read_as_written():
    """Names, settings, amounts, and the way parts are taken."""
    expected = SelectionRules(
        "regie",
        "2026-1",
        (
            MandatoryIncluded(),
            OldestFirst("service"),
            AtMostInvoices(4),
            AmountWithin(maximum=Money(5_000_000)),
        ),
        PartialPayments(PartialMode.AT_MOST, Money(5000)),
    )
    assert expected == read(WHOLE)


def test_settings_have_defaults():
    """A rule by its name alone is the rule without settings."""
    assert (OldestFirst("bill"),) == read('id = "a"\nversion = "1"\nrules = ["oldest-first"]').rules


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('id = "a"\nversion = "1"', "rules"),
        ('version = "1"\nrules = []', "id"),
        ('id = 1\nversion = "1"\nrules = []', "id"),
        ('id = "a"\nversion = 2026\nrules = []', "version"),
        ('id = "a"\nversion = "1"\nrules = []\nrule = 1', "rule"),
        ('id = "a"\nversion = "1"\nrules = "mandatory-included"', "rules"),
        ('id = "a"\nversion = "1"\nrules = [4]', "rules"),
        ('id = "a"\nversion = "1"\nrules = [{}]', "rules"),
        ('id = "a"\nversion = "1"\nrules = ["newest-first"]', "rules"),
        ('id = "a"\nversion = "1"\nrules = ["all-or-nothing", "all-or-nothing"]', "rules"),
        ('id = "a"\nversion = "1"\nrules = ["at-most-invoices"]', "rules.at-most-invoices.count"),
        (
            'id = "a"\nversion = "1"\nrules = [{rule = "at-most-invoices", count = "4"}]',
            "rules.at-most-invoices.count",
        ),
        (
            'id = "a"\nversion = "1"\nrules = [{rule = "amount-within", maximum = "NaN"}]',
            "rules.amount-within.maximum",
        ),
        (
            f'id = "a"\nversion = "1"\nrules = [{{rule = "at-most-invoices", count = 0x{"f" * 2900}}}]',
            "rules.at-most-invoices.count",
        ),
        (
            'id = "a"\nversion = "1"\nrules = [{rule = "at-most-invoices", count = 4.0}]',
            "rules.at-most-invoices.count",
        ),
        ('id = "a"\nversion = "1"\nrules = [{rule = "oldest-first", by = "age"}]', "rules.oldest-first.by"),
        (
            'id = "a"\nversion = "1"\nrules = [{rule = "oldest-first", within = 1}]',
            "rules.oldest-first.within",
        ),
        (
            'id = "a"\nversion = "1"\nrules = [{rule = "amount-within", minimum = 50.0}]',
            "rules.amount-within.minimum",
        ),
        (
            'id = "a"\nversion = "1"\nrules = [{rule = "amount-within", minimum = "50,00"}]',
            "rules.amount-within.minimum",
        ),
        ('id = "a"\nversion = "1"\nrules = []\npartial = "free"', "partial.selection"),
        ('id = "a"\nversion = "1"\nrules = []\npartial = {mode = "half"}', "partial.mode"),
        ('id = "a"\nversion = "1"\nrules = []\npartial = {maximum = "50.00"}', "partial.maximum"),
        ('id = "a"\nversion = "1"\nrules = []\npartial = {mode = "free", most = "1"}', "partial.most"),
        ('id = "a"\nversion = "1"\nrules = []\npartial = {minimum = "1.00"}', "partial.minimum"),
    ],
)
def test_what_does_not_fit_is_refused_with_file_and_key(text, key):
    """Nobody has to guess which of the rules was not understood."""
    with pytest.raises(SelectionRulesError) as caught:
        read(text)
    assert ("regie.toml", key) == (caught.value.source, caught.value.key)


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_TREES = st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["id", "version", "rules", "partial", "rule", "mode", "count", "minimum", "within"]), inner
))  # fmt: skip


@given(_TREES | st.fixed_dictionaries({"id": _TREES, "version": _TREES, "rules": _TREES, "partial": _TREES}))
def test_any_table_is_rules_or_a_typed_refusal(table):
    """Whatever stands in the file, nothing else is raised."""
    with contextlib.suppress(SelectionRulesError):
        assert isinstance(read_rules(table, "f"), SelectionRules)
