"""Amounts, dates and instants as a French-speaking customer reads them: ``1 234,56 DH``, ``14/04/2018``."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from cmi_gateway.money import Money
from rak_billing.business_day import local_time

__all__ = ["amount_text", "centimes_text", "count_text", "date_text", "instant_text"]

#: Between thousands: narrow, and no line may break there.
_THOUSANDS: Final = "\u202f"
#: Between figure and unit: no line may break there.
_UNIT: Final = "\u00a0"


def amount_text(amount: Money) -> str:
    """
    Show an amount as French pages do: comma, thousands apart, « DH » (rule R20).

    Written here, in whole centimes, because locale data disagree about Moroccan French from one release
    to the next. Other currencies show their letters.
    """
    return centimes_text(amount.centimes, amount.currency)


def centimes_text(amount: int, currency: str = "MAD") -> str:
    """Show whole centimes likewise; the total of a year is more than `Money` holds."""
    units, centimes = divmod(abs(amount), 100)
    sign = "-" if amount < 0 else ""
    unit = "DH" if currency == "MAD" else currency
    return f"{sign}{count_text(units)},{centimes:02d}{_UNIT}{unit}"


def count_text(number: int) -> str:
    """Show a whole number with its thousands apart."""
    return f"{number:,}".replace(",", _THOUSANDS)


def date_text(day: date) -> str:
    """Show a day as ``14/04/2018``."""
    return f"{day:%d/%m/}{day.year:04d}"


def instant_text(instant: datetime) -> str:
    """
    Show an instant in Moroccan legal time, as ``10/09/2018 10:48:58`` (rule R45).

    Raises:
        InstantError: *instant* has no offset from UTC.
    """
    local = local_time(instant)
    return f"{date_text(local)} {local:%H:%M:%S}"
