"""The orders in which programs sort field names, right and wrong."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final

from cmi_gateway.natural_order import natural_order
from cmi_gateway.signature import NameOrder, arranged

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Punctuation as the root collation of ICU sorts it, before digits and letters.
_ICU_PUNCTUATION: Final = {
    character: rank for rank, character in enumerate("_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$")
}
_LETTER: Final = 1_000
_NOT_ALPHANUMERIC: Final = re.compile(r"[\W_]+")
_DIGITS: Final = re.compile(r"([0-9]+)")


class Order(Enum):
    """An order of names; the first two are those that the gateway is known to use."""

    PLAIN = "by upper-cased names"
    NATURAL = "naturally, by upper-cased names"
    CASE_SENSITIVE = "capital letters first"
    LOWER_CASE = "by lower-cased names"
    ICU = "as ICU and localeCompare() do"
    ICU_NUMERIC = "as localeCompare() does with numeric: true"
    PUNCTUATION_IGNORED = "as a culture does that ignores punctuation"
    ARRIVAL = "not at all"
    BACKWARDS = "backwards"
    NATURAL_CASE_SENSITIVE = "naturally, capital letters first"


def positions(names: tuple[str, ...], order: Order) -> tuple[int, ...]:
    """Give the positions of *names* in *order*; equal names keep theirs."""
    everyone = range(len(names))
    match order:
        case Order.PLAIN | Order.NATURAL:
            known = NameOrder.PLAIN if order is Order.PLAIN else NameOrder.NATURAL
            return tuple([int(position) for position in arranged(names, [str(n) for n in everyone], known)])
        case Order.ARRIVAL:
            return tuple(everyone)
        case Order.BACKWARDS:
            return tuple(sorted(everyone, key=lambda position: names[position].upper(), reverse=True))
        case Order.NATURAL_CASE_SENSITIVE:
            return tuple(natural_order([name.encode("utf-8", "surrogatepass") for name in names]))
        case _:
            ranks = _ranks(names, order)
            return tuple(sorted(everyone, key=ranks.__getitem__))


def _ranks(names: Sequence[str], order: Order) -> list[tuple[object, ...]]:
    match order:
        case Order.CASE_SENSITIVE:
            return [(name,) for name in names]
        case Order.LOWER_CASE:
            return [(name.lower(),) for name in names]
        case Order.ICU:
            return [_icu_rank(name) for name in names]
        case Order.ICU_NUMERIC:
            return [_icu_numeric_rank(name) for name in names]
        case _:
            return [(_NOT_ALPHANUMERIC.sub("", name).lower(), name.swapcase()) for name in names]


def _icu_rank(name: str) -> tuple[object, ...]:
    return (tuple([_icu_weight(character) for character in name]), name.swapcase())


def _icu_numeric_rank(name: str) -> tuple[object, ...]:
    parts = tuple(
        [
            (_LETTER - 1, len(part.lstrip("0")), part.lstrip("0"))
            if part.isdigit()
            else (_icu_weight(part), 0, "")
            for piece in _DIGITS.split(name)
            for part in ([piece] if piece.isdigit() else piece)
        ]
    )
    return (parts, name.swapcase())


def _icu_weight(character: str) -> int:
    return _ICU_PUNCTUATION.get(character, _LETTER + ord(character.lower()[0]))
