"""
When a payment counts: the operator's business day closes at 22:00 in Morocco (rule R42).

A nightly run posts each closed business day, so both promises of the guide are one rule: a payment before
22:00:00 belongs to that day and is posted the next (J+1); from 22:00:00 on it belongs to the next day and
is posted the day after (J+2). Days are calendar days. Legal time is Africa/Casablanca, from the pinned zone
file: never a fixed offset, for Morocco has changed it many times and left UTC+1 in September 2026.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, Literal

import attrs

from cmi_gateway.moroccan_time import casablanca
from rak_billing.errors import InstantError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    CASABLANCA: ZoneInfo

__all__ = [
    "CASABLANCA",
    "CLOSING_TIME",
    "DecidingInstant",
    "business_date",
    "deciding_instant",
    "local_time",
    "posting_date",
]

#: When the business day closes, Moroccan legal time; this very second belongs to the next day.
CLOSING_TIME: Final = time(22)

_ONE_DAY: Final = timedelta(days=1)
_CLOCK_TOLERANCE: Final = timedelta(minutes=5)
#: Closer to the ends of the calendar, an instant has no Moroccan date or no day to be posted on.
_FIRST: Final = datetime(1, 1, 2, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 29, tzinfo=UTC)


def __getattr__(name: str) -> ZoneInfo:
    # The zone is read from a file, which no import may do.
    if name == "CASABLANCA":
        return casablanca()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def local_time(instant: datetime) -> datetime:
    """
    Give an instant as Moroccan legal time.

    Raises:
        InstantError: *instant* has no offset: whose midnight would it count from? Or it lies at an end of
            the calendar.
    """
    if not isinstance(instant, datetime) or instant.utcoffset() is None:
        raise InstantError("expected a date and time with its offset from UTC, such as datetime.now(UTC)")
    if not _FIRST <= instant <= _LAST:
        raise InstantError("expected an instant with days before and after it in the calendar")
    return instant.astimezone(casablanca())


def business_date(instant: datetime) -> date:
    """
    Give the operator's business day that a payment at *instant* belongs to.

    Raises:
        InstantError: *instant* has no offset.
    """
    local = local_time(instant)
    return local.date() + _ONE_DAY if local.time() >= CLOSING_TIME else local.date()


def posting_date(instant: datetime) -> date:
    """
    Give the day on which a payment at *instant* shows at the agency: J+1, or J+2 from 22:00:00 (rule R42).

    Raises:
        InstantError: *instant* has no offset.
    """
    return business_date(instant) + _ONE_DAY


@attrs.frozen
class DecidingInstant:
    """
    The instant that decides the business day of a payment.

    Attributes:
        instant: In UTC.
        source: ``gateway`` for the time that the customer sees as « Date de paiement », else ``received``.
        skew_flagged: The gateway's clock and ours are over five minutes apart: a person should look.
    """

    instant: datetime
    source: Literal["gateway", "received"]
    skew_flagged: bool


def deciding_instant(gateway_time: datetime | None, received_at: datetime) -> DecidingInstant:
    """
    Choose between the gateway's time of a payment and ours.

    The gateway's wins: a callback that arrives at 22:03 for a payment of 21:58 keeps the promise J+1.

    Args:
        gateway_time: When the gateway authorized; None when the callback does not say.
        received_at: When the callback reached us.

    Raises:
        InstantError: an instant has no offset.
    """
    received = local_time(received_at).astimezone(UTC)
    if gateway_time is None:
        return DecidingInstant(received, "received", skew_flagged=False)
    authorized = local_time(gateway_time).astimezone(UTC)
    is_skewed = abs(authorized - received) > _CLOCK_TOLERANCE
    return DecidingInstant(authorized, "gateway", skew_flagged=is_skewed)
