"""Fee schedules read from files."""

import json
import os
from datetime import date
from fractions import Fraction
from importlib import resources

import pytest

from cmi_gateway.money import Money
from rak_billing.errors import FeeScheduleError
from rak_billing.fees.parts import PerBlock, PerIncrement
from rak_billing.fees.rounding import Rounding, RoundingMode
from rak_billing.fees.rule import Bearer, FeeRule
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.selectors import Selector
from rak_billing.fees.tiers import Tier, Tiers
from rak_billing.fees.vat import Vat, VatMode

GUIDE = resources.files("rak_billing.fees").joinpath("presets", "rak-2018.toml").read_text("utf-8")
ROUNDING = 'rounding = { point = "gross", mode = "half-up", quantum = 1 }'

EVERY_KEY_TEXT = """
id = "all"
version = "7"
follows = "nothing"
valid_from = 2018-01-01
valid_until = 2018-12-31
currency = "EUR"

[[rules]]
when = { cards = ["moroccan"], brands = ["visa"], channels = ["web"], customer_classes = ["residential"] }
bearer = "shared"
customer_share = "1/3"
percent = "1.1"
fixed = "1.00"
per_invoice = "0.10"
per_block = { invoices = 4, amount = "1.50" }
per_increment = { step = "500.00", amount = "3.75" }
minimum = "2.00"
maximum = "90.00"
vat = { mode = "added", rate = "20" }
gross_up = "none"
allocation = "last-line"

[rules.rounding]
mode = "up"
quantum = 5
point = "net-then-vat"
base_quantum = 100
base_mode = "down"
intermediate_quantum = "0.1"

[rules.tiers]
kind = "marginal"
bands = [{ up_to = "100.00", percent = "1", fixed = "0.50" }, { percent = "0.5" }]
"""


def euros(text):
    return Money.parse(text, "EUR")


EVERY_KEY = FeeSchedule(
    "all",
    "7",
    "nothing",
    date(2018, 1, 1),
    valid_until=date(2018, 12, 31),
    currency="EUR",
    rules=[
        FeeRule(
            when=Selector(["moroccan"], ["visa"], ["web"], ["residential"]),
            bearer="shared",
            customer_share=Fraction(1, 3),
            percent=Fraction(11, 10),
            fixed=euros("1"),
            per_invoice=euros("0.1"),
            per_block=PerBlock(invoices=4, amount=euros("1.5")),
            per_increment=PerIncrement(step=euros("500"), amount=euros("3.75")),
            tiers=Tiers(
                "marginal",
                [
                    Tier(up_to=euros("100"), percent=Fraction(1), fixed=euros("0.5")),
                    Tier(percent=Fraction(1, 2)),
                ],
            ),
            minimum=euros("2"),
            maximum=euros("90"),
            vat=Vat(mode="added", rate=Fraction(20)),
            gross_up="none",
            rounding=Rounding("up", 5, "net-then-vat", 100, "down", Fraction(1, 10)),
            allocation="last-line",
        )
    ],
)


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "tariff.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return FeeSchedule.from_toml(path)

    return read


def test_the_preset_is_the_guides_tariff():
    """Every figure of the packaged file is read exactly."""
    preset = FeeSchedule.preset("rak-2018")
    expected = FeeRule(
        when=Selector(cards=["moroccan", "international"]),
        bearer=Bearer.CUSTOMER,
        percent=Fraction(11, 10),
        vat=Vat(mode=VatMode.INCLUDED, rate=Fraction(10)),
    )
    assert (date(2018, 1, 1), None, (expected,)) == (preset.valid_from, preset.valid_until, preset.rules)


def test_a_file_is_read_like_a_preset(read):
    """The packaged file, copied, gives an equal schedule."""
    assert FeeSchedule.preset("rak-2018") == read(GUIDE)


def test_a_path_may_be_text(tmp_path):
    """Both text and path objects name a file."""
    (tmp_path / "t.toml").write_text(GUIDE, "utf-8")
    assert "rak-2018" == FeeSchedule.from_toml(os.fspath(tmp_path / "t.toml")).id


@pytest.mark.parametrize("name", ["ma-1999", "../../tenants/rak", "rak-2018.toml", "", "RAK-2018"])
def test_an_unknown_preset_is_refused(name):
    """The known ones are listed, and no name leads out of the folder."""
    with pytest.raises(FeeScheduleError, match="rak-2018"):
        FeeSchedule.preset(name)


def test_rounding_and_end_may_be_left_out_or_given(read):
    """Half up to the centime is what is meant when nothing is said."""
    without = GUIDE.replace(ROUNDING, "")
    assert Rounding() == read(without).rules[0].rounding
    given = GUIDE.replace("[[rules]]", "valid_until = 2018-12-31\n[[rules]]").replace('"half-up"', '"up"')
    assert (date(2018, 12, 31), RoundingMode.UP) == (
        read(given).valid_until,
        read(given).rules[0].rounding.mode,
    )


def test_every_key_is_read(read):
    """A file with every key gives the rule that the same values give in code."""
    assert EVERY_KEY == read(EVERY_KEY_TEXT)


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ('percent = "1.1"', "percent = 1.1", "rules[1].percent"),
        ('percent = "1.1"', "percent = 1", "rules[1].percent"),
        ('percent = "1.1"', 'percent = "1,1"', "rules[1].percent"),
        ('percent = "1.1"', 'percent = "-1.1"', "rules[1].percent"),
        ('percent = "1.1"', 'percent = "1e1"', "rules[1].percent"),
        ('percent = "1.1"', 'percent = "1/0"', "rules[1].percent"),
        ('percent = "1.1"', 'percent = "101"', "rules[1].percent"),
        ('percent = "1.1"', "", "rules[1].percent"),
        ('percent = "1.1"', 'percent = "1.1"\nminimun = "3.00"', "rules[1].minimun"),
        ('percent = "1.1"', 'percent = "1.1"\nminimum = 3.00', "rules[1].minimum"),
        ('percent = "1.1"', 'percent = "1.1"\nminimum = "3,00"', "rules[1].minimum"),
        ('percent = "1.1"', 'percent = "1.1"\nminimum = "3.00"\nmaximum = "2.00"', "rules[1].maximum"),
        ('percent = "1.1"', 'per_block = { invoices = 0, amount = "1.50" }', "rules[1].per_block.invoices"),
        ('percent = "1.1"', "per_block = { invoices = 4 }", "rules[1].per_block.amount"),
        (
            'percent = "1.1"',
            'tiers = { kind = "slab", bands = [{ up_to = "0.00" }, {}] }',
            "rules[1].tiers.bands[1].up_to",
        ),
        (
            'percent = "1.1"',
            'tiers = { kind = "slab", bands = [{ up_to = "9.00" }, { up_to = "8.00" }, {}] }',
            "rules[1].tiers.bands",
        ),
        ('rate = "10"', "rate = 10", "rules[1].vat.rate"),
        ('mode = "included"', 'mode = "ttc"', "rules[1].vat.mode"),
        ('mode = "included", ', "", "rules[1].vat.mode"),
        ('vat = { mode = "included", rate = "10" }', "", "rules[1].vat"),
        ('vat = { mode = "included", rate = "10" }', "vat = 10", "rules[1].vat"),
        ('bearer = "customer"', 'bearer = "client"', "rules[1].bearer"),
        ('bearer = "customer"', 'bearer = "shared"', "rules[1].customer_share"),
        ('bearer = "customer"', "", "rules[1].bearer"),
        ('["moroccan", "international"]', '"moroccan"', "rules[1].when.cards"),
        ('["moroccan", "international"]', "[1]", "rules[1].when.cards[1]"),
        ('["moroccan", "international"]', '["visa"]', "rules[1].when.cards[1]"),
        ("when.cards", "when.card", "rules[1].when.card"),
        ("valid_from = 2018-01-01", 'valid_from = "2018-01-01"', "valid_from"),
        ("valid_from = 2018-01-01", "valid_from = 2018-01-01T00:00:00Z", "valid_from"),
        ('version = "1"', "version = 1", "version"),
        ('version = "1"', 'version = "1"\ncurrency = 504', "currency"),
        ('version = "1"', 'version = "1"\ncurrency = "DH"', "currency"),
        ("[[rules]]", "[rules]", "rules"),
        ("[[rules]]", "[[rule]]", "rule"),
        ('mode = "half-up"', 'mode = "nearest"', "rules[1].rounding.mode"),
        ('mode = "half-up"', "mode = 1", "rules[1].rounding.mode"),
        ("quantum = 1", "quantum = 0.5", "rules[1].rounding.quantum"),
        ("quantum = 1", "quantum = 0", "rules[1].rounding.quantum"),
        ("quantum = 1", "quantum = true", "rules[1].rounding.quantum"),
        ('point = "gross"', "point = 1", "rules[1].rounding.point"),
        (ROUNDING, 'rounding = "half-up"', "rules[1].rounding"),
        ('id = "rak-2018"', r'id = "rak\n2018"', "id"),
        ('id = "rak-2018"', f'id = "{"r" * 81}"', "id"),
        ('version = "1"', r'version = "\u202e1"', "version"),
        ("quantum = 1", f"quantum = 1{'0' * 400}", "rules[1].rounding.quantum"),
        ("quantum = 1", f"quantum = 0x{'f' * 2900}", "rules[1].rounding.quantum"),
        ('percent = "1.1"', f'percent = "1{"0" * 400}"', "rules[1].percent"),
        ('percent = "1.1"', 'percent = "NaN"', "rules[1].percent"),
        ('percent = "1.1"', 'percent = "١"', "rules[1].percent"),
        ('percent = "1.1"', 'fixed = "-0.00"', "rules[1].fixed"),
        ('percent = "1.1"', "fixed = -0.0", "rules[1].fixed"),
        ('percent = "1.1"', 'percent = "1.1"\npercent = "1.2"', "(file)"),
        (
            'percent = "1.1"',
            'tiers = { kind = "slab", bands = [{ pourcent = "1" }] }',
            "rules[1].tiers.bands[1].pourcent",
        ),
        ("id = ", "id == ", "(file)"),
    ],
)
def test_what_is_not_understood_is_refused(read, before, after, key):
    """A typing error sets no price: the error names the file, the key and the reason."""
    assert before in GUIDE
    with pytest.raises(FeeScheduleError) as caught:
        read(GUIDE.replace(before, after))
    assert (key, True) == (caught.value.key, caught.value.source.endswith("tariff.toml"))
    assert caught.value.reason


def test_a_float_is_refused_with_the_reason(read):
    """1.1 in binary is not 1.1."""
    with pytest.raises(FeeScheduleError, match=r"float 1\.1, which is not exact: write it in quotes"):
        read(GUIDE.replace('percent = "1.1"', "percent = 1.1"))


def test_a_file_that_is_not_utf8_is_refused(read):
    """TOML is UTF-8, and an error says so."""
    with pytest.raises(FeeScheduleError, match="UTF-8"):
        read(b'id = "\xe9"')


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"id = {'[' * 2000}", "nested too deep"),
        ("id = " + "[\n" * 5000, "nested too deep"),
        (".".join(["a"] * 20_000) + " = 1", "longer than 3000"),
        ("id = 1" + "0" * 5000, "longer than 3000"),
        ("# nothing\n" * 1_000_000, "262144 bytes at most"),
    ],
    ids=["deep", "deep over lines", "dotted", "digits", "ten megabytes"],
)
def test_a_hostile_file_is_refused_at_once(read, text, reason):
    """Whatever would take the reader long, or crash it, ends in the one typed error that names the file."""
    with pytest.raises(FeeScheduleError, match=reason):
        read(text)


def test_a_file_of_a_windows_editor_is_read(read):
    """The mark of its encoding, which nobody sees, is no flaw."""
    assert FeeSchedule.preset("rak-2018") == read(GUIDE.replace("\n", "\r\n").encode("utf-8-sig"))


def test_a_missing_file_is_the_systems_error(tmp_path):
    """A path that does not exist is no fault of a schedule."""
    with pytest.raises(FileNotFoundError):
        FeeSchedule.from_toml(tmp_path / "none.toml")


def test_json_text_is_not_toml(read):
    """Another format is refused as a whole."""
    with pytest.raises(FeeScheduleError, match="TOML"):
        read(json.dumps({"percent": 1.1}))
