"""Fee schedules read from files."""

import json
import os
from datetime import date
from fractions import Fraction
from importlib import resources

import pytest

from rak_billing.errors import FeeScheduleError
from rak_billing.fees.rounding import Rounding, RoundingMode
from rak_billing.fees.schedule import FeeSchedule

GUIDE = resources.files("rak_billing.fees").joinpath("presets", "rak-2018.toml").read_text("utf-8")


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
    assert (Fraction(11, 10), Fraction(10)) == (preset.percent, preset.vat_rate)
    assert (date(2018, 1, 1), None) == (preset.valid_from, preset.valid_until)
    assert ("customer", ("moroccan", "international"), Rounding()) == (
        preset.bearer,
        preset.cards,
        preset.rounding,
    )


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
    without = GUIDE.replace('[rounding]\nmode = "half-up"\nquantum = 1 # centimes', "")
    assert Rounding() == read(without).rounding
    given = GUIDE.replace("[rounding]", "valid_until = 2018-12-31\n[rounding]").replace('"half-up"', '"up"')
    assert (date(2018, 12, 31), RoundingMode.UP) == (read(given).valid_until, read(given).rounding.mode)


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ('percent = "1.1"', "percent = 1.1", "percent"),
        ('percent = "1.1"', 'percent = "1,1"', "percent"),
        ('percent = "1.1"', 'percent = "-1.1"', "percent"),
        ('percent = "1.1"', 'percent = "1e1"', "percent"),
        ('percent = "1.1"', 'percent = "101"', "percent"),
        ('percent = "1.1"', "", "percent"),
        ('percent = "1.1"', 'percent = "1.1"\nminimum = "3.00"', "minimum"),
        ('vat_rate = "10"', "vat_rate = 10", "vat_rate"),
        ('bearer = "customer"', 'bearer = "client"', "bearer"),
        ('["moroccan", "international"]', '"moroccan"', "cards"),
        ('["moroccan", "international"]', "[1]", "cards"),
        ('["moroccan", "international"]', '["visa"]', "cards"),
        ("valid_from = 2018-01-01", 'valid_from = "2018-01-01"', "valid_from"),
        ("valid_from = 2018-01-01", "valid_from = 2018-01-01T00:00:00Z", "valid_from"),
        ('version = "1"', "version = 1", "version"),
        ('mode = "half-up"', 'mode = "nearest"', "rounding.mode"),
        ('mode = "half-up"', "mode = 1", "rounding.mode"),
        ("quantum = 1", "quantum = 0.5", "rounding.quantum"),
        ("quantum = 1", "quantum = 0", "rounding.quantum"),
        ("quantum = 1", "quantum = true", "rounding.quantum"),
        ("quantum = 1", "point = 1", "rounding.point"),
        ('[rounding]\nmode = "half-up"\nquantum = 1 # centimes', 'rounding = "half-up"', "rounding"),
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


def test_a_file_that_is_not_utf8_is_refused(read):
    """TOML is UTF-8, and an error says so."""
    with pytest.raises(FeeScheduleError, match="UTF-8"):
        read(b'id = "\xe9"')


def test_a_missing_file_is_the_systems_error(tmp_path):
    """A path that does not exist is no fault of a schedule."""
    with pytest.raises(FileNotFoundError):
        FeeSchedule.from_toml(tmp_path / "none.toml")


def test_json_text_is_not_toml(read):
    """Another format is refused as a whole."""
    with pytest.raises(FeeScheduleError, match="TOML"):
        read(json.dumps({"percent": 1.1}))
