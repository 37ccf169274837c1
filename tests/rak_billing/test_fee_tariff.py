"""Several dated schedules as one tariff."""

from datetime import UTC, date, datetime
from fractions import Fraction

import attrs
import pytest

from cmi_gateway.money import Money
from rak_billing.errors import FeeError, FeeScheduleError
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.selectors import Selector
from rak_billing.fees.tariff import Tariff
from support.fees import rule, schedule

OLD = attrs.evolve(FeeSchedule.preset("rak-2018"), valid_until=date(2023, 12, 31))
NEW = FeeSchedule.preset("ma-2024")
RAK = Tariff.of(NEW, OLD)

TWO = """
[[schedules]]
id = "old"
version = "1"
follows = "us"
valid_from = 2018-01-01
valid_until = 2023-12-31
[[schedules.rules]]
bearer = "customer"
percent = "1.1"
vat = { mode = "included", rate = "10" }

[[schedules]]
id = "new"
version = "1"
follows = "the law"
valid_from = 2024-01-01
[[schedules.rules]]
bearer = "utility"
percent = "0.75"
vat = { mode = "added", rate = "10" }
"""


@pytest.mark.parametrize(
    ("day", "expected", "gross", "cost"),
    [
        (date(2018, 1, 1), "rak-2018", 241, 0),
        (date(2023, 12, 31), "rak-2018", 241, 0),
        (date(2024, 1, 1), "ma-2024", 0, 181),
        (date(2026, 11, 23), "ma-2024", 0, 181),
    ],
)
def test_the_day_picks_the_schedule(day, expected, gross, cost):
    """The last day of one is followed by the first of the next; the fee keeps which it was."""
    fee = RAK.fee(Money(21883), invoices=2, on=day)
    assert (expected, gross, cost) == (fee.schedule_id, fee.gross.centimes, fee.merchant_cost.centimes)


@pytest.mark.parametrize("day", [date(2017, 12, 31), datetime(2018, 9, 10, tzinfo=UTC), "2018-09-10"])
def test_a_day_without_schedule_has_no_fee(day):
    """Neither a day before the tariff nor what is no day."""
    with pytest.raises(FeeError):
        RAK.fee(Money(21883), invoices=2, on=day)


def test_a_tariff_that_ended_says_when():
    """The error names both ends."""
    with pytest.raises(FeeError, match="holds from 2018-01-01 until 2023-12-31, not on 2024-01-01"):
        Tariff.of(OLD).in_force(date(2024, 1, 1))


@pytest.mark.parametrize(
    ("schedules", "reason"),
    [
        ([FeeSchedule.preset("rak-2018"), NEW], "overlap: rak-2018 ends on no known day"),
        ([attrs.evolve(OLD, valid_until=date(2024, 1, 1)), NEW], "overlap"),
        ([attrs.evolve(OLD, valid_until=date(2023, 12, 30)), NEW], "gap: rak-2018 ends on 2023-12-30"),
        ([NEW, OLD], "overlap"),
        ([], "one schedule or more"),
        (["rak-2018"], "one schedule or more"),
    ],
)
def test_overlaps_and_gaps_are_refused(schedules, reason):
    """No day has two prices or none."""
    with pytest.raises(FeeScheduleError, match=reason):
        Tariff(schedules)


def test_a_file_holds_several_schedules_or_one(tmp_path):
    """Both are a tariff."""
    (tmp_path / "two.toml").write_text(TWO, "utf-8")
    assert ["old", "new"] == [one.id for one in Tariff.from_toml(tmp_path / "two.toml").schedules]
    assert (FeeSchedule.preset("rak-2018"),) == Tariff.preset("rak-2018").schedules


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ("valid_from = 2024-01-01", "valid_from = 2023-12-31", "schedules[2].valid_from"),
        ("valid_from = 2024-01-01", "valid_from = 2024-01-02", "schedules[2].valid_from"),
        ('percent = "0.75"', 'percent = "101"', "schedules[2].rules[1].percent"),
        ('percent = "1.1"', "percent = 1.1", "schedules[1].rules[1].percent"),
        ("\n[[schedules]]", '\nid = "x"\n[[schedules]]', "id"),
        (TWO, "schedules = 1", "schedules"),
        (TWO, "schedules = [1]", "schedules[1]"),
    ],
)
def test_an_error_names_file_schedule_and_key(tmp_path, before, after, key):
    """Schedules and rules are counted from one."""
    (tmp_path / "t.toml").write_text(TWO.replace(before, after, 1), "utf-8")
    with pytest.raises(FeeScheduleError) as caught:
        Tariff.from_toml(tmp_path / "t.toml")
    assert (str(tmp_path / "t.toml"), key) == (caught.value.source, caught.value.key)


def test_a_schedule_can_be_widened_in_code():
    """The packaged schedule of 2024 leaves international cards to the operator."""
    foreign = rule(percent=Fraction("1.1"), when=Selector(cards=["international"]))
    ours = attrs.evolve(NEW, rules=[*NEW.rules, foreign])
    assert ("moroccan", "international") == ours.cards
    day = date(2026, 1, 1)
    assert Money(241) == ours.fee(Money(21883), invoices=2, card="international", on=day).gross
    assert Money(0) == ours.fee(Money(21883), invoices=2, on=day).gross
    assert "test" == schedule(foreign).id
