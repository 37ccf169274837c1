"""Amounts, dates and instants as a French-speaking customer reads them: ``1 234,56 DH``, ``14/04/2018``."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from cmi_gateway.money import Money
from rak_billing.business_day import local_time

__all__ = ["amount_text", "date_text", "instant_text"]

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
    units, centimes = divmod(abs(amount.centimes), 100)
    sign = "-" if amount.centimes < 0 else ""
    unit = "DH" if amount.currency == "MAD" else amount.currency
    return f"{sign}{units:,}".replace(",", _THOUSANDS) + f",{centimes:02d}{_UNIT}{unit}"


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
