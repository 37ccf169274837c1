"""
A name and an address that only their owner recognises: ``M. B… A…``, ``12 RUE … KENITRA``.

Whoever knows a customer number would otherwise read who lives where and owes what.
The masked name keeps an initial, because the gateway asks for a name with at least one letter.
"""

from __future__ import annotations

from typing import Final

__all__ = ["mask_address", "mask_name"]

_HIDDEN: Final = "…"
_TITLES: Final = frozenset({"M", "MR", "MM", "MME", "MLLE", "DR", "STE", "SOCIETE"})
_STREETS: Final = frozenset(
    {
        "AV",
        "AVENUE",
        "BD",
        "BLD",
        "BOULEVARD",
        "BLOC",
        "CITE",
        "CITÉ",
        "DOUAR",
        "HAY",
        "IMM",
        "IMMEUBLE",
        "LOT",
    }
    | {"LOTISSEMENT", "PLACE", "QUARTIER", "QU", "RES", "RESIDENCE", "RÉSIDENCE", "ROUTE", "RTE", "RUE"}
)


def mask_name(name: str) -> str:
    """
    Keep the title and the initials of a name.

    A name that holds a letter keeps at least one; one without any is hidden whole.
    """
    words = name.split()
    # A title is one only when a name follows it.
    kept = words[:1] if len(words) > 1 and _plain(words[0]) in _TITLES else []
    return " ".join([*kept, *(_initial(word) for word in words[len(kept) :])])


def mask_address(address: str) -> str:
    """Keep the house number, the kind of street and the town; everything between is hidden."""
    words = address.split()
    kept = 0
    if words and words[0][0].isdecimal():
        kept = 1
    if words[kept:] and _plain(words[kept]) in _STREETS:
        kept += 1
    hidden = words[kept:]
    # A last word alone may be the street or the family's house, so the town shows only behind something hidden.
    town = hidden[-1:] if len(hidden) > 1 and hidden[-1].isalpha() else []
    return " ".join([*words[:kept], _HIDDEN, *town]) if words else ""


def _plain(word: str) -> str:
    return word.upper().rstrip(".,")


def _initial(word: str) -> str:
    """Give the first letter, wherever it stands: « (SARL » hides as « S… », and figures hide whole."""
    return next((character for character in word if character.isalpha()), "") + _HIDDEN
