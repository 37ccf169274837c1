"""
Test cards: which number leads to which answer.

Two kinds of number are here. The published ones stand in CMI's kits for its test platform. Our own, for the
refusals, fail the Luhn check on purpose: no bank can have issued them. Any other number that passes the check
could be somebody's card and is refused before anything looks at it twice.
"""

from __future__ import annotations

from typing import Final

import attrs

#: Answers of an issuer that the table below uses: ``ProcReturnCode`` → ``ErrMsg``.
DECLINE_MESSAGES: Final = {
    "05": "Transaction refusée par la banque émettrice",
    "51": "Provision insuffisante",
    "54": "Carte expirée",
}

#: The 3-D Secure code of every enrolled test card.
CHALLENGE_CODE: Final = "123"


@attrs.frozen
class SimulatedCard:
    """
    A test card and what happens when it pays.

    Attributes:
        number: The digits to type.
        brand: What ``EXTRA.CARDBRAND`` says.
        enrolled: Whether the customer is asked for a 3-D Secure code.
        authenticates: Whether the right code is accepted; False refuses every code.
        decline_code: The issuer's ``ProcReturnCode``, or None for an accepted payment.
    """

    number: str
    brand: str
    enrolled: bool = False
    authenticates: bool = True
    decline_code: str | None = None

    @property
    def masked_pan(self) -> str:
        """The number as ``MaskedPan`` shows it: ``400000***0010``."""
        return f"{self.number[:6]}***{self.number[-4:]}"

    @property
    def masked_number(self) -> str:
        """The number as ``maskedCreditCard`` shows it: ``4000 00** **** 0010``."""
        return f"{self.number[:4]} {self.number[4:6]}** **** {self.number[-4:]}"

    @property
    def grouped_number(self) -> str:
        """The number in groups of four, for people to read."""
        return " ".join(self.number[start : start + 4] for start in range(0, len(self.number), 4))

    @property
    def outcome(self) -> str:
        """What paying with this card leads to, in French, for the help on the card page."""
        secure = f"avec 3-D Secure (code {CHALLENGE_CODE})" if self.enrolled else "sans 3-D Secure"
        if not self.authenticates:
            return "authentification 3-D Secure refusée, quel que soit le code"
        if self.decline_code is None:
            return f"paiement accepté, {secure}"
        return f"paiement refusé, code {self.decline_code} : {DECLINE_MESSAGES[self.decline_code]}, {secure}"


#: The first three numbers are published in CMI's kits; the others fail the Luhn check on purpose.
CARDS: Final = (
    SimulatedCard("4000000000000010", "VISA"),
    SimulatedCard("5453010000066100", "MASTERCARD", enrolled=True),
    SimulatedCard("9876011807712000", "CMI", enrolled=True),
    SimulatedCard("4000000000010005", "VISA", decline_code="05"),
    SimulatedCard("4000000000010051", "VISA", decline_code="51"),
    SimulatedCard("4000000000010054", "VISA", decline_code="54"),
    SimulatedCard("5453010000010003", "MASTERCARD", enrolled=True, authenticates=False),
    SimulatedCard("5453010000010005", "MASTERCARD", enrolled=True, decline_code="05"),
)

#: The card of the declines that a fault plan asks for.
DECLINED_CARD: Final = next(card for card in CARDS if card.decline_code == "05" and not card.enrolled)

_BY_NUMBER: Final = {card.number: card for card in CARDS}


def find_card(digits: str) -> SimulatedCard | None:
    """Give the test card with this number, or None."""
    return _BY_NUMBER.get(digits)


def looks_real(digits: str) -> bool:
    """Tell whether *digits* could be a card that a bank issued: not in the table, and the Luhn check holds."""
    return digits not in _BY_NUMBER and _passes_luhn(digits)


def _passes_luhn(digits: str) -> bool:
    total = 0
    for position, digit in enumerate(map(int, reversed(digits))):
        doubled = digit * 2 if position % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004 - the digit sum of 10 to 18
    return total % 10 == 0
