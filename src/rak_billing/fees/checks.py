"""What a value of a schedule must be; whatever else it is, is refused with its key and a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final, TypeVar

import attrs

from cmi_gateway.money import MAX_CENTIMES, Money
from rak_billing.errors import FeeScheduleError

__all__ = [
    "HUNDRED",
    "ZERO",
    "is_amount",
    "is_at_least",
    "is_date",
    "is_label",
    "is_one_of",
    "is_percent",
    "is_positive_amount",
    "is_text",
    "member_of",
    "optional",
    "refused",
    "refused_key",
]

HUNDRED: Final = 100
ZERO: Final = Fraction(0)

#: What errors call a schedule until a reader names its file.
_SOURCE: Final = "schedule"

_LONGEST_TEXT: Final = 500
_LONGEST_LABEL: Final = 80

_Validator = Callable[[Any, "attrs.Attribute[Any]", Any], None]
_Member = TypeVar("_Member", bound=StrEnum)


def refused_key(key: str, reason: str) -> FeeScheduleError:
    """Give the error that names *key* and *reason*."""
    return FeeScheduleError(_SOURCE, key, reason)


def refused(field: attrs.Attribute[Any], reason: str) -> FeeScheduleError:
    """Give the error that names *field* and *reason*."""
    return refused_key(field.name, reason)


def _is_line(field: attrs.Attribute[Any], value: object, longest: int) -> None:
    if not isinstance(value, str) or not value.strip():
        raise refused(field, "expected text")
    if not value.isprintable() or len(value) > longest:
        raise refused(field, f"expected one line of {longest} printable characters at most")


def is_text(_owner: object, field: attrs.Attribute[Any], value: object) -> None:
    """Accept one line of text that says something; terminals and reports print it as it stands."""
    _is_line(field, value, _LONGEST_TEXT)


def is_label(_owner: object, field: attrs.Attribute[Any], value: object) -> None:
    """Accept a short line; every order and every seal carries it."""
    _is_line(field, value, _LONGEST_LABEL)


def is_date(_owner: object, field: attrs.Attribute[Any], value: object) -> None:
    """Accept a day; an instant is none."""
    if type(value) is not date:
        raise refused(field, f"expected a date such as 2018-01-01, not {type(value).__name__}")


def is_percent(_owner: object, field: attrs.Attribute[Any], value: object) -> None:
    """Accept an exact rate of 0 to 100 percent."""
    if not isinstance(value, Fraction):
        kind = type(value).__name__
        raise refused(field, f"expected an exact Fraction of percent, not {kind}")
    if not 0 <= value <= HUNDRED:
        raise refused(field, f"expected 0 to 100 percent, not {value}")


def is_amount(_owner: object, field: attrs.Attribute[Any], value: object) -> None:
    """Accept an amount of zero or more."""
    if not isinstance(value, Money):
        raise refused(field, f"expected an amount as Money, not {type(value).__name__}")
    if value.centimes < 0:
        raise refused(field, f"expected zero or more, not {value}")


def is_positive_amount(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    """Accept an amount of a centime or more: something is divided by it, or ends with it."""
    is_amount(owner, field, value)
    if value == Money(0, value.currency):  # type: ignore[attr-defined]  # is_amount lets only money through
        raise refused(field, "expected more than zero")


def is_at_least(least: int) -> _Validator:
    """Accept whole numbers from *least* to the largest amount: what counts or rounds centimes is never more."""

    def check(_owner: object, field: attrs.Attribute[Any], value: object) -> None:
        if type(value) is not int or value < least:
            raise refused(field, f"expected a whole number from {least}, not {_shown(value)}")
        if value > MAX_CENTIMES:
            raise refused(field, f"expected {MAX_CENTIMES} at most, not {_shown(value)}")

    return check


def _shown(value: object) -> str:
    # A whole number of thousands of digits has no text in decimals: Python refuses to write it.
    is_writable = type(value) is not int or abs(value) <= MAX_CENTIMES**2
    return f"{value!r:.40}" if is_writable else "a whole number beyond all amounts"


def is_one_of(kind: type[object]) -> _Validator:
    """Accept instances of a class, and nothing that merely looks like one."""

    def check(_owner: object, field: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, kind):
            raise refused(field, f"expected a {kind.__name__}, not {value!r:.40}")

    return check


def member_of(kind: type[_Member], key: str, value: object) -> _Member:
    """Convert the value of an enumeration to its member; name *key* where it is none."""
    try:
        return kind(value)  # type: ignore[arg-type]  # other kinds of value are refused just below
    except ValueError:
        raise refused_key(key, f"expected one of {', '.join(kind)}, not {value!r:.40}") from None


def optional(check: _Validator) -> _Validator:
    """Accept None as well."""

    def check_if_given(owner: object, field: attrs.Attribute[Any], value: object) -> None:
        if value is not None:
            check(owner, field, value)

    return check_if_given
