"""
PHP's ``html_entity_decode(value, ENT_QUOTES, "UTF-8")``: what the gateway family applies before hashing.

`html.unescape` would not do: it follows HTML 5, which decodes names without a semicolon, so a return
URL ``?a=1&currency=504`` would read ``?a=1¤cy=504`` and a true callback would be refused.
"""

from __future__ import annotations

import re
from html.entities import name2codepoint
from typing import Final

_ENTITY: Final = re.compile(r"&(?:#(?:([0-9]+)|[xX](?:0[xX])?([0-9A-Fa-f]+))|([A-Za-z][A-Za-z0-9]*));")
#: What a numeric reference may name in HTML 4.01 (php-src ``unicode_cp_is_allowed``).
_NAMEABLE_BELOW_A0: Final = frozenset({0x09, 0x0A, 0x0D, *range(0x20, 0x7F)})
_FIRST_NAMEABLE_ABOVE: Final = 0xA0
_SURROGATES: Final = range(0xD800, 0xE000)
_LAST_CODE_POINT: Final = 0x10FFFF
#: No code point has more digits than these; longer runs are leading zeros or nonsense, and int() is slow on them.
_MOST_DIGITS: Final = 7


def decode_entities(value: str) -> str:
    """Decode HTML 4.01 names and numbers, each closed by a semicolon, once; all else stays as it is."""
    return _ENTITY.sub(_decoded, value) if "&" in value else value


def _decoded(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        # PHP decodes &apos; in HTML 5 and XML only, and name2codepoint is the table of HTML 4.01.
        point = name2codepoint.get(name)
        return match[0] if point is None else chr(point)
    digits, base = (decimal, 10) if decimal else (hexadecimal, 16)
    significant = digits.lstrip("0")
    if len(significant) > _MOST_DIGITS:
        return match[0]
    point = int(significant or "0", base)
    return chr(point) if _is_allowed(point) else match[0]


def _is_allowed(point: int) -> bool:
    return (
        point in _NAMEABLE_BELOW_A0
        or _FIRST_NAMEABLE_ABOVE <= point < _SURROGATES.start
        or (_SURROGATES.stop <= point <= _LAST_CODE_POINT)
    )
