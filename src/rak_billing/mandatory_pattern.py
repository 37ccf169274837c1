"""
Mandatory invoices of a back end that says so in words: a pattern finds *EXIGIBLE* in its text (rule I07).

A pattern that somebody writes into a file can be wrong in two ways. It can find the wrong invoices: so whoever writes it
adds texts that it must find and texts that it must not, and it is refused unless it does. And it can take for ever: so
only the part of the language is allowed in which the number of ways to match is a product that can be computed
beforehand, and that product is bounded, as is the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Self

import attrs

from rak_billing.errors import MandatoryPatternError
from rak_billing.invoices import Invoice, Statement

__all__ = ["LONGEST_TEXT", "MandatoryPattern"]

#: Of a description, only so many characters are read.
LONGEST_TEXT: Final = 512
_LONGEST_PATTERN: Final = 120
#: Ways to match from one place of the text.
_MOST_WAYS: Final = 256

#: One piece of an allowed pattern. Anything else is refused: «*» and «+» have no bound; groups under a repetition,
#: references back and looking around have no product. Doubled marks in a class may mean sets in later Pythons.
_PIECE: Final = re.compile(
    r"""(?P<atom> \\[bBdDsSwW] | \\[^\w\s] | \[ \^? (?: (?! -- | && | ~~ | \|\| ) [^\[\]\\] ){1,40} \] | \. | [^\\\[\](){}|?*+^$] )
        (?P<times> \? | \{ [0-9]{1,2} (, [0-9]{1,2} )? \} )?
      | (?P<open> \( \?: ) | (?P<close> \) (?![?*+{]) ) | (?P<or> \| ) | (?P<end> [\^$] )""",
    re.VERBOSE,
)


def _refused(key: str, reason: str) -> MandatoryPatternError:
    return MandatoryPatternError("mandatory pattern", key, reason)


def _ways(pattern: str) -> int:
    """Count the ways to match, or refuse what cannot be counted."""
    place, ways = 0, 1
    while place < len(pattern):
        piece = _PIECE.match(pattern, place)
        if piece is None:
            raise _refused(
                "pattern",
                f"at character {place + 1}: only plain characters, classes, (?:…), | and bounded repetitions such as"
                " \\s{0,3} of one character are allowed",
            )
        ways *= _choices(piece)
        place = piece.end()
    return ways


def _choices(piece: re.Match[str]) -> int:
    if piece["or"]:
        return 2
    times = piece["times"]
    if times is None:
        return 1
    if times == "?":
        return 2
    least, _, most = times.strip("{}").partition(",")
    return max(int(most or least) - int(least) + 1, 1)


def _is_allowed(_pattern: object, _field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_PATTERN:
        raise _refused("pattern", f"expected 1 to {_LONGEST_PATTERN} characters")
    if (ways := _ways(value)) > _MOST_WAYS:
        raise _refused(
            "pattern", f"it can match in {ways} ways from one place, expected {_MOST_WAYS} at most"
        )
    try:
        re.compile(value)
    except (re.error, OverflowError) as error:
        raise _refused("pattern", f"not a regular expression: {error}") from None


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _are_texts(_pattern: object, field: attrs.Attribute[Any], value: tuple[object, ...]) -> None:
    if not value or not all(isinstance(text, str) and len(text) <= LONGEST_TEXT for text in value):
        raise _refused(field.name, f"expected one text or more, of {LONGEST_TEXT} characters at most")


@attrs.frozen
class MandatoryPattern:
    r"""
    A regular expression that finds mandatory invoices in the back end's own text.

    Allowed are plain characters, classes such as ``\s`` and ``[ÉE]``, ``\b``, ``^``, ``$``, ``(?:…|…)``, ``?`` and
    bounded repetitions of one character such as ``\s{0,3}``. Small and capital letters count as equal.

    Attributes:
        pattern: For example ``\bEXIGIBLE\b``.
        marked: Texts that it must find.
        plain: Texts that it must not, such as ``NON EXIGIBLE`` where the back end writes that.

    Raises:
        MandatoryPatternError: the pattern is not allowed, or does not do what *marked* and *plain* say.
    """

    pattern: str = attrs.field(validator=_is_allowed)
    marked: tuple[str, ...] = attrs.field(converter=_texts, validator=_are_texts)
    plain: tuple[str, ...] = attrs.field(converter=_texts, validator=_are_texts)
    _found: re.Pattern[str] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        # Compiled behind the validators: Python warns of some patterns that are not allowed.
        object.__setattr__(self, "_found", re.compile(self.pattern, re.IGNORECASE))
        for text in self.marked:
            if not self.finds(text):
                raise _refused("marked", f"the pattern does not find {text!r:.80}")
        for text in self.plain:
            if self.finds(text):
                raise _refused("plain", f"the pattern finds {text!r:.80}, which it must not")

    @classmethod
    def from_table(cls, table: object, source: str) -> Self:
        """
        Read a pattern from a table with the keys ``pattern``, ``marked`` and ``plain``.

        Raises:
            MandatoryPatternError: a key is unknown or missing, or as for the class; names *source* and key.
        """
        keys = {"pattern", "marked", "plain"}
        if not isinstance(table, dict) or table.keys() != keys:
            raise MandatoryPatternError(source, "mandatory_pattern", f"expected {', '.join(sorted(keys))}")
        try:
            return cls(**table)
        except MandatoryPatternError as error:
            raise MandatoryPatternError(source, f"mandatory_pattern.{error.key}", error.reason) from None
        except TypeError:
            raise MandatoryPatternError(source, "mandatory_pattern", "expected texts") from None

    def finds(self, text: str) -> bool:
        """Tell whether *text* says that its invoice is mandatory; only its beginning is read."""
        return self._found.search(text[:LONGEST_TEXT]) is not None

    def mark(self, invoice: Invoice) -> Invoice:
        """Give *invoice*, mandatory if its text says so; a mark that billing set itself stays."""
        if invoice.is_mandatory or invoice.text is None or not self.finds(invoice.text):
            return invoice
        return attrs.evolve(invoice, is_mandatory=True)

    def mark_all(self, statement: Statement) -> Statement:
        """Give *statement* with every invoice marked that its text marks."""
        return attrs.evolve(statement, invoices=map(self.mark, statement.invoices))
