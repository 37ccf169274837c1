"""Which payments a rule is for: kind of card, brand, channel, class of customer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Literal, get_args

import attrs

from rak_billing.fees.checks import refused

__all__ = ["CARDS", "ONLINE", "Card", "Circumstances", "Selector"]

Card = Literal["moroccan", "international"]

#: The kinds of card that the guide tells apart (rule R11).
CARDS: Final[tuple[Card, ...]] = get_args(Card)

#: The channel of every payment through the portal.
ONLINE: Final = "web"

# One spelling of each word: « Visa » and « visa » would be two brands.
_WORD: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


@attrs.frozen
class Circumstances:
    """
    What a rule may look at besides amounts.

    Attributes:
        card: The kind of card that the customer announces.
        brand: Such as ``visa``; None when it is not known.
        channel: Such as ``web``; likewise.
        customer_class: Such as ``residential``; likewise.
    """

    card: str
    brand: str | None = None
    channel: str | None = None
    customer_class: str | None = None


def _words(values: Iterable[Any] | None) -> Any:
    """Keep as it is what the validator will refuse: a single text would be read letter by letter."""
    return values if values is None or isinstance(values, str) else tuple(values)


def _are_words(_selector: object, field: attrs.Attribute[Any], values: object) -> None:
    if values is None:
        return
    is_list = isinstance(values, tuple) and values and len(set(values)) == len(values)
    if not is_list or not all(isinstance(word, str) and _WORD.fullmatch(word) for word in values):  # type: ignore[attr-defined]
        raise refused(field, f"expected a list of words in small letters, each once, not {values!r:.80}")


def _are_cards(_selector: object, field: attrs.Attribute[Any], values: object) -> None:
    is_list = isinstance(values, tuple) and values and len(set(values)) == len(values)
    if values is not None and not (is_list and set(values) <= set(CARDS)):  # type: ignore[call-overload]
        raise refused(field, f"expected some of {', '.join(CARDS)}, each once, not {values!r:.80}")


@attrs.frozen
class Selector:
    """
    The payments that a rule is for. What is None is not looked at; what is listed must be one of the list.

    Attributes:
        cards: ``moroccan``, ``international``.
        brands: Such as ``visa``, ``mastercard``.
        channels: Such as ``web``, ``mobile``, ``counter``.
        customer_classes: Such as ``residential``, ``business``.
    """

    cards: tuple[Card, ...] | None = attrs.field(default=None, converter=_words, validator=_are_cards)
    brands: tuple[str, ...] | None = attrs.field(default=None, converter=_words, validator=_are_words)
    channels: tuple[str, ...] | None = attrs.field(default=None, converter=_words, validator=_are_words)
    customer_classes: tuple[str, ...] | None = attrs.field(
        default=None, converter=_words, validator=_are_words
    )

    def matches(self, given: Circumstances) -> bool:
        """Tell whether the rule is for these circumstances; what is not known fits no list."""
        return (
            (self.cards is None or given.card in self.cards)
            and (self.brands is None or given.brand in self.brands)
            and (self.channels is None or given.channel in self.channels)
            and (self.customer_classes is None or given.customer_class in self.customer_classes)
        )

    def covers(self, other: Selector) -> bool:
        """Tell whether every payment of *other* is one of these too."""
        return (
            _covers(self.cards, other.cards or CARDS)
            and _covers(self.brands, other.brands)
            and _covers(self.channels, other.channels)
            and _covers(self.customer_classes, other.customer_classes)
        )


def _covers(mine: tuple[str, ...] | None, theirs: tuple[str, ...] | None) -> bool:
    return mine is None or (theirs is not None and set(theirs) <= set(mine))
