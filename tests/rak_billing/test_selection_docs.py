"""The page on rules of selection: its example runs, its tables name every rule, and its files are read."""

import re
import tomllib
from pathlib import Path

import pytest

from rak_billing.mandatory_pattern import MandatoryPattern
from rak_billing.selection.reading import read_rules
from rak_billing.selection.rules import RULES, PartialMode
from support.documented import documented

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "selection-rules.md").read_text("utf-8")


def example():
    return documented("examples/test_regie_selection.py")


@pytest.mark.parametrize(
    "name", ["test_who_has_something_to_pay_can_always_pay", "test_nobody_pays_before_an_older_debt"]
)
def test_the_example_of_a_regie_holds(name):
    """Whoever copies it begins with tests that pass."""
    getattr(example(), name)()


@pytest.mark.parametrize("word", [*RULES, *PartialMode])
def test_every_rule_is_on_the_page(word):
    """A rule that a file may name is explained."""
    assert f"`{word}`" in PAGE


def test_the_tables_of_the_page_are_read():
    """What stands there can be pasted into an operator's file."""
    first, second = (tomllib.loads(text) for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
    assert "regie" == read_rules(first["selection"], "page").id
    assert MandatoryPattern.from_table(second["mandatory_pattern"], "page").finds("EXIGIBLE")
