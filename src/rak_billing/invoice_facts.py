"""The smaller facts of an invoice: its kind, where it stands, its VAT by rate, and the checks of its fields."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum, unique
from fractions import Fraction
from typing import Any, Final

import attrs

from cmi_gateway.money import Money
from rak_billing.errors import InvoiceError

__all__ = [
    "InvoiceKind",
    "InvoiceStatus",
    "VatLine",
    "first_of_month",
    "is_flag",
    "is_money",
    "is_name",
    "is_plain_date",
    "is_reference",
    "is_text",
]

_REFERENCE_LIMIT: Final = 32
_NAME_LIMIT: Final = 64
_MONTH: Final = re.compile(r"([12][0-9]{3})-(0[1-9]|1[0-2])")
_HUNDRED: Final = 100


@unique
class InvoiceKind(StrEnum):
    """What a line of the bill is; the portal computes none of them, billing sends each with its own reference."""

    INVOICE = "invoice"
    INSTALMENT = "instalment"
    """One of the dated parts that a debt was divided into."""
    PENALTY = "penalty"
    """For paying late."""
    REMINDER_FEE = "reminder-fee"
    """For a notice or a cut-off."""
    ADVANCE = "advance"
    """Paid before anything is billed."""
    CREDIT_NOTE = "credit-note"
    """What the operator owes to the customer, whatever the sign of its amount."""


@unique
class InvoiceStatus(StrEnum):
    """Where an invoice stands with the billing system; only an unpaid one can be paid."""

    UNPAID = "unpaid"
    POSTING = "posting"
    """Paid somewhere, not written into the books yet."""
    PAID = "paid"
    CANCELLED = "cancelled"


def first_of_month(value: date | str) -> date:
    """Take a date, or text ``2018-02``, as the month that it lies in (rule I08)."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.replace(day=1)
    if isinstance(value, str) and (match := _MONTH.fullmatch(value)):
        return date(int(match[1]), int(match[2]), 1)
    raise InvoiceError("period", f"expected a date or text such as '2018-02', not {value!r:.40}")


def is_text(_instance: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no text, a text that was decoded with another charset, or one that no database keeps."""
    if not isinstance(value, str):
        raise InvoiceError(field.name, f"expected text, not {type(value).__name__}")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InvoiceError(field.name, "holds half a character; was it decoded with another charset?")
    if "\0" in value:
        raise InvoiceError(field.name, "holds the character zero; was it padded to a fixed width?")


def is_reference(_instance: object, field: attrs.Attribute[Any], value: str) -> None:
    """Refuse a text that cannot be copied from paper and found again."""
    if not 1 <= len(value) <= _REFERENCE_LIMIT or not value.isprintable() or value != value.strip():
        raise InvoiceError(
            field.name, f"expected 1 to {_REFERENCE_LIMIT} printable characters without outer spaces"
        )


def is_name(_instance: object, field: attrs.Attribute[Any], value: str) -> None:
    """Refuse a text that is empty, long, or holds control characters."""
    if not value.strip() or len(value) > _NAME_LIMIT:
        raise InvoiceError(field.name, f"expected 1 to {_NAME_LIMIT} characters, not all of them spaces")
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise InvoiceError(field.name, "control characters are not allowed")


def is_plain_date(_instance: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse a datetime: it is a date to isinstance, yet never equals one."""
    if type(value) is not date:
        raise InvoiceError(field.name, f"expected a date, not {type(value).__name__}")


def is_money(_instance: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse a number: it has no currency, and may not be exact."""
    if not isinstance(value, Money):
        raise InvoiceError(field.name, f"expected Money, not {type(value).__name__}")


def is_flag(_instance: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse "false" and "N": they are true to Python, and would lock or bar the line for the customer."""
    if not isinstance(value, bool):
        raise InvoiceError(field.name, f"expected True or False, not {type(value).__name__}")


def _percent(value: Fraction | Decimal | int | str) -> Fraction:
    if isinstance(value, (Fraction, Decimal, int, str)) and not isinstance(value, bool):
        try:
            rate = Fraction(Decimal(value)) if isinstance(value, str) else Fraction(value)
        except (InvalidOperation, ValueError, OverflowError):
            rate = Fraction(-1)
        if 0 <= rate <= _HUNDRED:
            return rate
    raise InvoiceError("rate", f"expected an exact percentage of 0 to 100 such as '7', not {value!r:.40}")


@attrs.frozen
class VatLine:
    """
    The VAT of an invoice at one rate.

    Attributes:
        rate: In percent, exact: ``Fraction(7)`` is 7 %; text, `Decimal` and whole numbers are taken too.
        amount: Of the tax.

    Raises:
        InvoiceError: the rate is a float or no percentage, or the amount is no `cmi_gateway.Money`.
    """

    rate: Fraction = attrs.field(converter=_percent)
    amount: Money = attrs.field(validator=is_money)
