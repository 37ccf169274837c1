"""
Legal time in Morocco, from the pinned ``tzdata`` package and never from the machine.

Morocco went to UTC+0 for good on 2026-09-20 (decree 2.26.530, tz database 2026c). Many systems still
hold older files and are an hour wrong since, which moves payments across the 22:00 cut-off. The zone is
therefore read from the dependency, file by file, without touching the process-wide `zoneinfo` search path.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

from cmi_gateway.errors import ConfigurationError

_PROBE: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)

#: The hosted page writes the first; the XML API and other banks of the platform the second.
_GATEWAY_FORMATS: Final = ("%d/%m/%Y %H:%M:%S", "%Y%m%d %H:%M:%S")
#: Queries of the XML API write this, with decimals behind it.
_API_FORMAT: Final = "%Y-%m-%d %H:%M:%S"
_MOST_DECIMALS: Final = 3


@cache
def casablanca() -> ZoneInfo:
    """Give the zone ``Africa/Casablanca`` of the installed ``tzdata`` package."""
    source = resources.files("tzdata.zoneinfo").joinpath("Africa", "Casablanca")
    with source.open("rb") as file:
        return ZoneInfo.from_file(file, key="Africa/Casablanca")


def check_zone_data() -> None:
    """
    Make sure that the zone file knows the reform of 2026; call it once at start-up.

    Raises:
        ConfigurationError: the installed ``tzdata`` is older than 2026.3.
    """
    if _PROBE.astimezone(casablanca()).utcoffset() != timedelta(0):
        raise ConfigurationError(
            "the tzdata package predates Morocco's change to UTC+0 of 2026-09-20, so posting dates would be "
            "wrong; install tzdata>=2026.3"
        )


def parse_gateway_time(text: str) -> datetime | None:
    """
    Read the gateway's local authorization time (``EXTRA.TRXDATE``) as an instant in UTC.

    Both known formats are read: ``10/09/2018 10:48:58`` and ``20180910 10:48:58``. Text of another form
    gives None: the fact is informative and its absence must not lose a payment.
    """
    for form in _GATEWAY_FORMATS:
        try:
            local = datetime.strptime(text, form).replace(tzinfo=casablanca())
        except ValueError:
            continue
        # strptime also takes missing zeros ("1/9/2018 1:2:3"); the gateway always writes two digits.
        if local.strftime(form) != text:
            continue
        return local.astimezone(UTC)
    return None


def parse_api_time(text: str) -> datetime | None:
    """
    Read a time of the XML API's queries, ``2024-01-03 21:42:35.902``, as an instant in UTC.

    One to three decimals may follow. It is taken for Moroccan time: the gateway names no zone. Text of another form
    gives None, since it is informative.
    """
    whole, dot, decimals = text.partition(".")
    if dot and not (len(decimals) <= _MOST_DECIMALS and decimals.isascii() and decimals.isdigit()):
        return None
    try:
        local = datetime.strptime(whole, _API_FORMAT).replace(tzinfo=casablanca())
    except ValueError:
        return None
    if local.strftime(_API_FORMAT) != whole:
        return None
    return local.replace(microsecond=int(decimals.ljust(6, "0"))).astimezone(UTC)
