"""The pages about fees say what the code does."""

import re
import tomllib
from pathlib import Path

import attrs
import pytest

from rak_billing.fees.parts import PerBlock, PerIncrement
from rak_billing.fees.reader import preset_names
from rak_billing.fees.rounding import Rounding, RoundingPoint
from rak_billing.fees.rule import FeeRule
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.selectors import Selector
from rak_billing.fees.tariff import Tariff
from rak_billing.fees.tiers import Tier, Tiers
from rak_billing.fees.vat import Vat
from support.documented import documented
from support.fees import FIVE_BILLS

DOCS = Path(__file__).parents[2] / "docs"
FORMAT = (DOCS / "tariff-format.md").read_text(encoding="utf-8")
TABLES = (FeeSchedule, FeeRule, Selector, PerBlock, PerIncrement, Tiers, Tier, Vat, Rounding)


@pytest.mark.parametrize("kind", TABLES)
def test_every_key_is_documented(kind):
    """Each key of the model has a row with its meaning."""
    rows = set(re.findall(r"^\| `(\w+)` \| .+ \|$", FORMAT, re.MULTILINE))
    assert {field.name for field in attrs.fields(kind) if field.init} <= rows


def test_every_preset_and_point_is_named():
    """Who reads the page knows what there is to choose from."""
    for name in (*preset_names(), *RoundingPoint):
        assert name in FORMAT


def test_the_tariff_of_the_page_is_one(tmp_path):
    """The example of several schedules is read as it stands."""
    (text,) = [
        block for block in re.findall(r"```toml\n(.*?)```", FORMAT, re.DOTALL) if "[[schedules]]" in block
    ]
    (tmp_path / "t.toml").write_text(text, "utf-8")
    assert ["rak-2018", "ma-2024"] == [one.id for one in Tariff.from_toml(tmp_path / "t.toml").schedules]


def test_the_bands_of_the_page_are_read(tmp_path):
    """The example of tiers, put into a rule, is one."""
    (bands,) = [
        block for block in re.findall(r"```toml\n(.*?)```", FORMAT, re.DOTALL) if "[rules.tiers]" in block
    ]
    head = (
        'id = "t"\nversion = "1"\nfollows = "us"\nvalid_from = 2018-01-01\n[[rules]]\nbearer = "customer"\n'
    )
    (tmp_path / "t.toml").write_text(f'{head}vat.mode = "exempt"\n{bands}', "utf-8")
    assert 2 == len(FeeSchedule.from_toml(tmp_path / "t.toml").rules[0].tiers.bands)
    assert 2 == len(tomllib.loads(bands)["rules"]["tiers"]["bands"])


def example():
    return documented("examples/test_regie_fees.py")


def test_the_example_of_an_operators_test_passes():
    """Every test of the documented file runs, and there are some."""
    tests = [value for name, value in vars(example()).items() if name.startswith("test_")]
    for test in tests:
        test()
    assert 4 == len(tests)


def test_the_example_would_notice_a_dearer_tariff():
    """A file that charges more than was voted fails it."""
    module = example()
    (moroccan, foreign) = module.TARIFF.schedules[0].rules
    dearer = attrs.evolve(foreign, percent=foreign.percent * 2)
    module.TARIFF = Tariff.of(attrs.evolve(module.TARIFF.schedules[0], rules=[moroccan, dearer]))
    with pytest.raises(AssertionError):
        module.test_a_known_bill()


def test_five_bills_of_the_page_are_those_of_the_tests():
    """The table that settles a contract has the figures that the engine gives."""
    page = (DOCS / "unclear-contract.md").read_text(encoding="utf-8")
    for bill, fees in FIVE_BILLS.items():
        shown = " and ".join(amount.replace(".", ",") for amount in bill)
        together = f"{shown} together" if len(bill) > 1 else shown
        assert f"| {together} | {' | '.join(fee.replace('.', ',') for fee in fees)} |" in page
