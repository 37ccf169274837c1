"""A draft: one supposition about what was hashed and how, and the test whether it gives the hash that came."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final, assert_never

import attrs

from cmi_gateway.doctor.message import Pairs
from cmi_gateway.doctor.orders import Order, positions
from cmi_gateway.doctor.variants import VER3, Method, hashes_of_version, variant_hash
from cmi_gateway.secret import Secret
from cmi_gateway.signature import UNHASHED_NAMES, hash_ver3, matches

#: Names that sort in the order of their numbers: an order of names is performed by renaming.
_SLOTS: Final = tuple([f"n{number:03}" for number in range(600)])
#: Names and values in the order in which they are hashed.
Arrangement = tuple[tuple[str, ...], tuple[str, ...]]

_SHORTEST_PREFIX: Final = 20
_ORDERS_OF_THE_GATEWAY: Final = (Order.PLAIN, Order.NATURAL)


class Comparison(Enum):
    """How the hash that came is compared."""

    EXACT = "exact"
    CASE_IGNORED = "case ignored"
    CUT_OFF = "cut off"

    def fits(self, presented: str, expected: str) -> bool:
        """Tell whether the two hashes agree."""
        match self:
            case Comparison.EXACT:
                return matches(presented, expected)
            case Comparison.CASE_IGNORED:
                return matches(presented.upper(), expected.upper())
            case Comparison.CUT_OFF:
                return len(presented) >= _SHORTEST_PREFIX and matches(presented, expected[: len(presented)])
            case _:
                assert_never(self)


@attrs.frozen
class Draft:
    """
    What was hashed, supposedly.

    Attributes:
        pairs: All fields in order of arrival.
        presented: The hash that came.
        key: The key.
        order: How names were sorted; None stands for either order of the gateway.
        method: How the ordered values were hashed.
        hashed_too: Which of ``hash`` and ``encoding`` took part.
        comparison: How the hashes are compared.
        slots: The ordered values where they are known; else they follow from the rest.
    """

    pairs: Pairs = attrs.field(repr=False)
    presented: str = attrs.field(repr=False)
    key: Secret
    order: Order | None = None
    method: Method = VER3
    hashed_too: frozenset[str] = frozenset()
    comparison: Comparison = Comparison.EXACT
    slots: tuple[str, ...] | None = attrs.field(default=None, repr=False)


class Examiner:
    """
    Tests drafts.

    Each draft is tested as `cmi_gateway.Merchant.verify` would: under both orders of names, and with and without the
    "document" rule where the word occurs.
    """

    def __init__(self, *, with_document_rule: bool) -> None:
        self._rules = (False, True) if with_document_rule else (False,)
        self._last: tuple[Pairs, Order | None, frozenset[str], list[Arrangement]] = (
            (),
            None,
            frozenset(),
            [],
        )
        self._places: dict[tuple[tuple[str, ...], frozenset[str], Order], tuple[int, ...]] = {}

    @property
    def hashes_per_trial(self) -> int:
        """How many hashes one trial takes, for each order of names."""
        return len(self._rules)

    def fits(self, draft: Draft) -> bool:
        """Tell whether *draft* gives the hash that came with it."""
        return any(draft.comparison.fits(draft.presented, expected) for expected in self._expected(draft))

    def arrangements(self, draft: Draft) -> list[Arrangement]:
        """Give the hashed names and values in each order that the draft allows, without repeats."""
        last, order, hashed_too, arrangements = self._last
        # Many drafts in a row differ in how the values are hashed only.
        if last is not draft.pairs or order is not draft.order or hashed_too != draft.hashed_too:
            arrangements = self._arranged(draft)
            self._last = (draft.pairs, draft.order, draft.hashed_too, arrangements)
        return arrangements

    def _arranged(self, draft: Draft) -> list[Arrangement]:
        names = tuple([name for name, _ in draft.pairs])
        by_values: dict[tuple[str, ...], tuple[str, ...]] = {}
        for order in _ORDERS_OF_THE_GATEWAY if draft.order is None else (draft.order,):
            places = self._places_of(names, draft.hashed_too, order)
            values = tuple([draft.pairs[place][1] for place in places])
            by_values.setdefault(values, tuple([names[place] for place in places]))
        return [(ordered, values) for values, ordered in by_values.items()]

    def _expected(self, draft: Draft) -> Iterator[str]:
        if draft.method.version != VER3.version:
            folded = {name.lower(): value for name, value in draft.pairs}
            yield from hashes_of_version(folded, draft.key, draft.method.version)
            return
        for values in (draft.slots,) if draft.slots is not None else (v for _, v in self.arrangements(draft)):
            if draft.method == VER3:
                fields = tuple(zip(_SLOTS, values, strict=False))
                for rule in self._rules:
                    yield hash_ver3(fields, draft.key, document_rule=rule)
            else:
                yield variant_hash(values, draft.key, draft.method)

    def _places_of(self, names: tuple[str, ...], hashed_too: frozenset[str], order: Order) -> tuple[int, ...]:
        if (names, hashed_too, order) not in self._places:
            self._places[names, hashed_too, order] = _places(names, hashed_too, order)
        return self._places[names, hashed_too, order]


def _places(names: tuple[str, ...], hashed_too: frozenset[str], order: Order) -> tuple[int, ...]:
    """Give the places of the hashed names in *order*; a mark keeps `signature.arranged` from dropping some."""
    hashed = [
        place
        for place, name in enumerate(names)
        if name.lower() not in UNHASHED_NAMES or name.lower() in hashed_too
    ]
    marked = tuple(
        [
            names[place] + "\x01" if names[place].lower() in UNHASHED_NAMES else names[place]
            for place in hashed
        ]
    )
    return tuple([hashed[place] for place in positions(marked, order)])
