"""
Test cards: which number leads to which answer.

Two kinds of number are here. The published ones stand in CMI's kits for its test platform. Our own, for the
refusals, fail the Luhn check on purpose: no bank can have issued them. Any other number that passes the check
could be somebody's card and is refused before anything looks at it twice.
"""

from __future__ import annotations

from typing import Final

import attrs

from cmi_gateway.simulator.endings import Ending, EndingKind

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
        decline_code: The issuer's ``ProcReturnCode``, or None where it does not decline.
        special: Another ending than accepted, declined or refused by 3-D Secure.
        md_status: What 3-D Secure says of a card for which no code is asked; empty for the others. From 2 to 4 (card or
            issuer not enrolled, or an attempt) the payment goes on, from 5 to 8 (not available) it ends.
    """

    number: str
    brand: str
    enrolled: bool = False
    authenticates: bool = True
    decline_code: str | None = None
    special: Ending | None = None
    md_status: str = ""

    @property
    def ending(self) -> Ending:
        """How paying with this card ends."""
        if self.special is not None:
            return self.special
        if not self.authenticates:
            return Ending(EndingKind.NOT_AUTHENTICATED)
        if self.decline_code is not None:
            return Ending(EndingKind.DECLINED, self.decline_code)
        return Ending(EndingKind.APPROVED)

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
        if not self.authenticates:
            return (
                f"3-D Secure indisponible, mdStatus {self.md_status}" if self.md_status else self.ending.text
            )
        secure = f"avec 3-D Secure (code {CHALLENGE_CODE})" if self.enrolled else "sans 3-D Secure"
        if self.md_status:
            secure = f"3-D Secure sans code, mdStatus {self.md_status}"
        return f"{self.ending.text}, {secure}"


#: One issuer's code, or more, for each class of `cmi_gateway.codes.CodeClass` that a bank's no can have: bank, limit and
#: card; then security, temporary and unknown; then configuration and request.
DECLINE_CODES: Final = ("05", "51", "61", "54", "57", "82", "41", "91", "96", "03", "13")


#: What 3-D Secure may say without asking for a code: the payment goes on with the first, and not with the others.
_GOES_ON: Final = "234"
_ENDS_THERE: Final = "5678"

#: The first three numbers are published in CMI's kits; the others fail the Luhn check on purpose.
CARDS: Final = (
    SimulatedCard("4000000000000010", "VISA"),
    SimulatedCard("5453010000066100", "MASTERCARD", enrolled=True),
    SimulatedCard("9876011807712000", "CMI", enrolled=True),
    *(SimulatedCard(f"40000000000100{code}", "VISA", decline_code=code) for code in DECLINE_CODES),
    SimulatedCard("5453010000010003", "MASTERCARD", enrolled=True, authenticates=False),
    SimulatedCard("5453010000010005", "MASTERCARD", enrolled=True, decline_code="05"),
    *(
        SimulatedCard(f"400000000003000{status}", "VISA", authenticates=status in _GOES_ON, md_status=status)
        for status in _GOES_ON + _ENDS_THERE
    ),
    SimulatedCard("4000000000020099", "VISA", special=Ending(EndingKind.ERROR, "CORE-1003")),
    SimulatedCard("4000000000020007", "VISA", special=Ending(EndingKind.DUPLICATE, "CORE-2507")),
    SimulatedCard("4000000000020008", "VISA", special=Ending(EndingKind.SILENT)),
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
