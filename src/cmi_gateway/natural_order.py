"""
PHP's ``strnatcasecmp``, to the letter: the order in which CMI's own kit sorts field names.

Ports that come close are not enough: the hash covers values in the order of their names, so one pair
in another order is another hash. What is easily missed: letters fold to *upper* case (so ``_`` sorts
after them), digit runs compare as numbers, zeros before a number are skipped at the very start of a name
only, elsewhere a run that starts with a zero compares digit by digit, and white space is skipped.
"""

from __future__ import annotations

import re
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_DIGITS: Final = re.compile(rb"[0-9]+")
#: C's isspace(), which is what PHP skips.
_SPACES: Final = b" \t\n\v\f\r"
#: Names that hold white space, or a run of digits that starts with a zero, need the comparison itself.
_AWKWARD: Final = re.compile(rb"[ \t\n\v\f\r\0]|(?<![0-9])0[0-9]")
_ZERO: Final = ord("0")


def natural_order(folded: Sequence[bytes]) -> list[int]:
    """Give the positions of upper-cased names in PHP's natural order; equal names keep their order."""
    key: Callable[[bytes], Any]
    key = cmp_to_key(_compare) if any(map(_AWKWARD.search, folded)) else _sort_key
    return sorted(range(len(folded)), key=lambda position: key(folded[position]))


def _sort_key(name: bytes) -> bytes:
    """
    Give bytes that sort as the comparison does, for names without awkward parts.

    A run of digits becomes one digit (to sort against other characters as any digit does), its length,
    and itself: the longer run wins, then the greater.
    """
    return _DIGITS.sub(lambda run: b"0" + len(run[0]).to_bytes(4, "big") + run[0], name)


def _compare(left: bytes, right: bytes) -> int:
    """Compare as ``strnatcmp_ex`` of php-src ``ext/standard/strnatcmp.c`` does; both are upper-cased already."""
    if not left or not right:
        return (len(left) > len(right)) - (len(left) < len(right))
    i, j = _skip_zeros(left), _skip_zeros(right)
    while True:
        i, j = _skip_spaces(left, i), _skip_spaces(right, j)
        a, b = _at(left, i), _at(right, j)
        if _is_digit(a) and _is_digit(b):
            run = _DIGITS.match(left, i), _DIGITS.match(right, j)
            one, other = (match[0] for match in run if match)
            verdict = _compare_runs(one, other, fractional=_ZERO in (a, b))
            if verdict:
                return verdict
            i, j = i + len(one), j + len(other)
            if i == len(left) or j == len(right):
                return (i < len(left)) - (j < len(right))
            a, b = left[i], right[j]
        if a != b:
            return 1 if a > b else -1
        i, j = i + 1, j + 1
        if i >= len(left) or j >= len(right):
            return (i < len(left)) - (j < len(right))


def _skip_zeros(name: bytes) -> int:
    """Give the position after the zeros that lead a number at the very start."""
    at = 0
    while _at(name, at) == _ZERO and _is_digit(_at(name, at + 1)):
        at += 1
    return at


def _skip_spaces(name: bytes, at: int) -> int:
    """Give the first position from *at* that holds no white space."""
    while at < len(name) and name[at] in _SPACES:
        at += 1
    return at


def _compare_runs(one: bytes, other: bytes, *, fractional: bool) -> int:
    """Compare digit runs: from the left where one starts with a zero, otherwise by length, then value."""
    if fractional:
        return (one > other) - (one < other)
    return ((len(one), one) > (len(other), other)) - ((len(one), one) < (len(other), other))


def _at(name: bytes, position: int) -> int:
    """Give the byte at *position*; past the end C reads the closing NUL."""
    return name[position] if position < len(name) else 0


def _is_digit(byte: int) -> bool:
    return _ZERO <= byte <= _ZERO + 9
