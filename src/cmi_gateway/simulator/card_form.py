"""The card form: what the customer typed, checked without keeping a card number or security code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import attrs

from cmi_gateway.simulator.cards import SimulatedCard, find_card, looks_real

_HOLDER: Final = re.compile(r"[^\W\d_](?:[^\W\d_]|[ '’.-]){0,49}")
_PAN: Final = re.compile(r"[0-9]{13,19}")
_MONTH: Final = re.compile(r"0[1-9]|1[0-2]")
_YEAR: Final = re.compile(r"[0-9]{2}")
_CODE: Final = re.compile(r"[0-9]{3}")
_CENTURY: Final = 2000

_HOLDER_NAME: Final = "cardHolderName"
_NUMBER: Final = "pan"
_EXPIRY_MONTH: Final = "Ecom_Payment_Card_ExpDate_Month"
_EXPIRY_YEAR: Final = "Ecom_Payment_Card_ExpDate_Year"
_SECURITY_CODE: Final = "cv2"
_TERMS: Final = "choix1"
#: The names of the form, and of what stands for it, that come back to the merchant.
_ECHOED: Final = ("paymentType", _HOLDER_NAME, _EXPIRY_MONTH, _EXPIRY_YEAR, "CVVPresence", _TERMS)

#: The inputs that can be wrong, in the order of the form.
_CHECKED: Final = (_HOLDER_NAME, _NUMBER, _EXPIRY_MONTH, _SECURITY_CODE, _TERMS)
#: The problem of a number that could be somebody's.
_REAL_NUMBER: Final = "pan_real"


@attrs.frozen
class CardEntry:
    """
    A test card and what the gateway echoes of the form: never the number typed, never the security code.

    Attributes:
        card: The card of the table.
        echo: The form's fields that come back to the merchant.
    """

    card: SimulatedCard
    echo: tuple[tuple[str, str], ...]


@attrs.frozen
class CardFormErrors:
    """
    A card form that cannot be used.

    Attributes:
        problems: Input name → what is wrong with it, in the order of the form: the input's own name, or
            ``pan_real`` for a number that could be a real card's. The texts of the pages have a sentence for each.
        holder: The holder's name when it was sound, to be shown again; nothing else of the form is.
    """

    problems: Mapping[str, str]
    holder: str = ""


def read_card_form(form: Mapping[str, str], today: date) -> CardEntry | CardFormErrors:
    """
    Check the card form as posted.

    Args:
        form: The posted inputs, by the names of the real page.

        today: The date in Morocco; a card is good to the end of its month.
    """
    holder = " ".join(form.get(_HOLDER_NAME, "").split())
    digits = re.sub(r"[ -]", "", form.get(_NUMBER, ""))
    card = find_card(digits)
    problems: dict[str, str] = {name: name for name in _flaws(form, holder, today)}
    if card is None:
        real = _PAN.fullmatch(digits) is not None and looks_real(digits)
        problems[_NUMBER] = _REAL_NUMBER if real else _NUMBER
    if card is None or problems:
        ordered: dict[str, str] = {name: problems[name] for name in _CHECKED if name in problems}
        return CardFormErrors(ordered, "" if _HOLDER_NAME in problems else holder)
    return CardEntry(card, _echo(form, holder))


def echoed_of(fields: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Give what an answer holds of the card form, to be echoed once more."""
    return tuple((name, value) for name, value in fields if name in _ECHOED)


def _flaws(form: Mapping[str, str], holder: str, today: date) -> list[str]:
    sound = {
        _HOLDER_NAME: _HOLDER.fullmatch(holder) is not None,
        _EXPIRY_MONTH: _is_to_come(form.get(_EXPIRY_MONTH, ""), form.get(_EXPIRY_YEAR, ""), today),
        _SECURITY_CODE: _CODE.fullmatch(form.get(_SECURITY_CODE, "").strip()) is not None,
        _TERMS: bool(form.get(_TERMS)),
    }
    return [name for name, is_sound in sound.items() if not is_sound]


def _is_to_come(month: str, year: str, today: date) -> bool:
    if not (_MONTH.fullmatch(month) and _YEAR.fullmatch(year)):
        return False
    return (_CENTURY + int(year), int(month)) >= (today.year, today.month)


def _echo(form: Mapping[str, str], holder: str) -> tuple[tuple[str, str], ...]:
    return (
        ("paymentType", "CARD"),
        (_HOLDER_NAME, holder),
        (_EXPIRY_MONTH, form[_EXPIRY_MONTH]),
        (_EXPIRY_YEAR, form[_EXPIRY_YEAR]),
        ("CVVPresence", "1"),
        (_TERMS, "on"),
    )
