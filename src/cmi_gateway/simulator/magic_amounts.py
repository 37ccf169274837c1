"""
Magic amounts: payments of exactly these amounts end in a set way, whatever test card is used.

For tests that choose what to pay and not how. They are far from each other's real use: 77 700.05 is declined with 05,
77 701.01 is refused by 3-D Secure; any other amount leaves the ending to the card.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

import attrs

from cmi_gateway.money import Money
from cmi_gateway.simulator.cards import DECLINE_CODES
from cmi_gateway.simulator.endings import Ending, EndingKind

_DECLINES_FROM: Final = 77_700_00
_OTHERS_FROM: Final = 77_701_00
_OTHERS: Final = (
    Ending(EndingKind.NOT_AUTHENTICATED),
    Ending(EndingKind.ERROR, "CORE-1003"),
    Ending(EndingKind.DUPLICATE, "CORE-2507"),
    Ending(EndingKind.SILENT),
    Ending(EndingKind.CANCELLED),
    Ending(EndingKind.ABANDONED),
    Ending(EndingKind.EXPIRED),
)


@attrs.frozen
class MagicAmount:
    """An amount and how paying it ends."""

    amount: Money
    ending: Ending


def _all() -> Iterator[MagicAmount]:
    for code in DECLINE_CODES:
        yield MagicAmount(Money(_DECLINES_FROM + int(code)), Ending(EndingKind.DECLINED, code))
    for number, ending in enumerate(_OTHERS, 1):
        yield MagicAmount(Money(_OTHERS_FROM + number), ending)


#: Every magic amount: the declines end in their code, the others are numbered.
MAGIC_AMOUNTS: Final = tuple(_all())
_ENDINGS: Final = MappingProxyType({magic.amount: magic.ending for magic in MAGIC_AMOUNTS})


def ending_of(amount: Money) -> Ending | None:
    """Give how paying *amount* ends whatever the card, or None for amounts that are not magic."""
    return _ENDINGS.get(amount)
