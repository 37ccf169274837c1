"""Moroccan time comes from the pinned zone file and knows the change of 2026."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cmi_gateway import ConfigurationError, moroccan_time


def test_zone_knows_the_reform():
    """Since 2026-09-20 Morocco is at UTC+0."""
    moroccan_time.check_zone_data()
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert timedelta(0) == noon.astimezone(moroccan_time.casablanca()).utcoffset()


def test_stale_zone_data_is_refused(monkeypatch):
    """Zone files from before the reform stop the start with a reason."""
    monkeypatch.setattr(moroccan_time, "casablanca", lambda: ZoneInfo("Etc/GMT-1"))
    with pytest.raises(ConfigurationError, match="tzdata"):
        moroccan_time.check_zone_data()


@pytest.mark.parametrize("text", ["10/09/2018 10:48:58", "20180910 10:48:58"])
def test_gateway_time_formats(text):
    """Both formats give the same instant in UTC."""
    assert datetime(2018, 9, 10, 9, 48, 58, tzinfo=UTC) == moroccan_time.parse_gateway_time(text)


@pytest.mark.parametrize(
    "text", ["", "10/09/2018", "9/10/2018 1:2:3", "32/01/2018 00:00:00", "٢٠١٨", "x" * 9999]
)
def test_other_text_is_no_time(text):
    """Text of another form gives None instead of an error: the fact is informative only."""
    assert moroccan_time.parse_gateway_time(text) is None


@pytest.mark.parametrize(("text", "microseconds"), [("", 0), (".9", 900_000), (".902", 902_000)])
def test_times_of_the_xml_api(text, microseconds):
    """Up to three decimals may follow."""
    read = moroccan_time.parse_api_time(f"2024-01-03 21:42:35{text}")
    assert datetime(2024, 1, 3, 20, 42, 35, microseconds, tzinfo=UTC) == read


@pytest.mark.parametrize(
    "text",
    [
        "", "2024-01-03", "2024-1-3 1:2:3", "2024-01-03 21:42:35.9021", "2024-01-03 21:42:35.x", "2024-01-03 21:42:35.", "2024-02-30 00:00:00",
        "2024-01-03 21:42:35.٣", "03/01/2024 21:42:35",
    ],
)  # fmt: skip
def test_other_text_is_no_time_of_the_xml_api(text):
    """Text of another form gives None here too."""
    assert moroccan_time.parse_api_time(text) is None
