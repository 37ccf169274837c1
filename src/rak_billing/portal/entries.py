"""
What a customer types to be identified (rules R06 to R11): read, made plain, judged.

Spaces, dots and hyphens in the client code are the bill's typography and are dropped; the code itself stays text,
leading zeros and all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import attrs

from rak_billing.email_address import checked_email
from rak_billing.errors import EmailError
from rak_billing.fees.schedule import Card
from rak_billing.portal.drafts import Draft
from rak_billing.portal.problems import Problem
from rak_billing.portal.texts import Texts

__all__ = ["CARDS", "Entries", "plain_email", "plain_reference"]

#: The card types of rule R11, the default first.
CARDS: Final[tuple[Card, ...]] = ("moroccan", "international")

_REFERENCE: Final = re.compile(r"[0-9A-Za-z]+")
_REFERENCE_LIMIT: Final = 32
_TYPED_LIMIT: Final = 300


def plain_reference(typed: str) -> str:
    """Drop separators and turn every kind of digit into 0-9; nothing else is changed (rule R07)."""
    kept = (character for character in typed if not _is_separator(character))
    return "".join(str(unicodedata.decimal(character, character)) for character in kept)


def _is_separator(character: str) -> bool:
    # Cf holds the invisible direction marks that come along with a copied number.
    return character in "._" or unicodedata.category(character) in {"Zs", "Cc", "Cf", "Pd"}


def plain_email(typed: str) -> str:
    """Trim, and fold the case of the domain, which does not count (rule R08)."""
    local, at, domain = typed.strip().rpartition("@")
    return local + at + domain.casefold()


def _is_email(text: str) -> bool:
    try:
        checked_email(text)
    except EmailError:
        return False
    return True


@attrs.frozen
class Entries:
    """
    One filled-in form, as typed; shown again as it is when something has to be corrected.

    Attributes:
        customer_ref: The client code.
        email: The address.
        email_again: The same, typed or pasted again.
        card: One of `CARDS`, or whatever was posted instead.
    """

    customer_ref: str = ""
    email: str = attrs.field(default="", repr=False)
    email_again: str = attrs.field(default="", repr=False)
    card: str = CARDS[0]

    @classmethod
    def read(cls, form: Mapping[str, str]) -> Entries:
        """Take the fields of a posted form; over-long ones are cut, and then fail their own check."""
        names = ("customer_ref", "email", "email_again", "card")
        return cls(*(form.get(name, "")[:_TYPED_LIMIT].strip() for name in names))

    @classmethod
    def of(cls, draft: Draft) -> Entries:
        """Fill the form with what *draft* holds, to be corrected."""
        return cls(draft.customer_ref, draft.email, draft.email, draft.card)

    def draft(self) -> Draft:
        """Give the entries in the form that the rest of the journey works with."""
        card = next((known for known in CARDS if known == self.card), CARDS[0])
        return Draft(plain_reference(self.customer_ref), plain_email(self.email), card)

    def draft_after(self, previous: Draft | None) -> Draft:
        """Give the draft that follows *previous*: the same customer's ticks are kept, nobody else's."""
        draft = self.draft()
        if previous is None or previous.customer_ref != draft.customer_ref:
            return draft
        return attrs.evolve(draft, chosen=previous.chosen)

    def problems(self, texts: Texts, label: str, cards: Collection[Card] = CARDS) -> tuple[Problem, ...]:
        """
        Say everything that has to be corrected, in the order of the form.

        Args:
            texts: The language of the messages.
            label: What the operator calls the client code.
            cards: The card types that the tariff prices.
        """
        found = (*self._in_reference(label), *self._in_email(), *self._in_card(cards))
        return tuple(Problem(anchor, texts.text(key, **values)) for anchor, key, values in found)

    def _in_reference(self, label: str) -> Iterable[tuple[str, str, dict[str, object]]]:
        reference = plain_reference(self.customer_ref)
        if not reference:
            yield "customer_ref", "identification.error_ref_missing", {"label": label}
        elif len(reference) > _REFERENCE_LIMIT or not _REFERENCE.fullmatch(reference):
            values = {"label": label, "limit": _REFERENCE_LIMIT}
            yield "customer_ref", "identification.error_ref_wrong", values

    def _in_email(self) -> Iterable[tuple[str, str, dict[str, object]]]:
        email = plain_email(self.email)
        if not email:
            yield "email", "identification.error_email_missing", {}
        elif not _is_email(email):
            yield "email", "identification.error_email_wrong", {}
        elif email != plain_email(self.email_again):
            yield "email_again", "identification.error_email_differs", {}

    def _in_card(self, cards: Collection[Card]) -> Iterable[tuple[str, str, dict[str, object]]]:
        if self.card not in cards:
            yield "card", "identification.error_card", {}
