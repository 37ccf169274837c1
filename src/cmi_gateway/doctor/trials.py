"""What a rule is: from a draft to further drafts, each with the cause that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import attrs

from cmi_gateway.doctor.cause_kinds import CauseKind
from cmi_gateway.doctor.causes import Cause
from cmi_gateway.doctor.draft import Draft
from cmi_gateway.doctor.message import Message, Pairs, shown_name
from cmi_gateway.doctor.values import Edit
from cmi_gateway.secret import Secret
from cmi_gateway.signature import UNHASHED_NAMES

_MOST_NAMES_SHOWN: Final = 8


@attrs.frozen
class Case:
    """
    What is known beside the draft.

    Attributes:
        message: The body as it came.
        other_keys: Further keys with their labels.
        sent: The fields that were signed, where the caller kept them.
    """

    message: Message
    other_keys: tuple[tuple[str, Secret], ...] = ()
    sent: Pairs | None = attrs.field(default=None, repr=False)


Trial = tuple[Draft, Cause]
Rule = Callable[[Case, Draft], Iterator[Trial]]


def concerned(kind: CauseKind, detail: str, pairs: Pairs, places: Iterable[int]) -> Cause:
    """Make the cause that concerns the fields at *places*; many fields are counted, not listed."""
    listed = list(places)
    if len(listed) > _MOST_NAMES_SHOWN:
        counted = f"{len(listed)} fields"
        return Cause(kind, f"{detail}; {counted}" if detail else counted)
    return Cause(kind, detail, tuple([shown_name(pairs[place][0]) for place in listed]))


def edited(pairs: Pairs, edit: Edit) -> Pairs:
    """Give *pairs* with every value edited."""
    return tuple([(name, edit(value)) for name, value in pairs])


def without(draft: Draft, places: Iterable[int]) -> Draft:
    """Give the draft without the fields at *places*."""
    left_out = frozenset(places)
    pairs = tuple([pair for place, pair in enumerate(draft.pairs) if place not in left_out])
    return attrs.evolve(draft, pairs=pairs)


def changed(draft: Draft, pairs: Pairs, kind: CauseKind, detail: str) -> Iterator[Trial]:
    """Give the draft with *pairs*, of the same number, if hashed fields differ."""
    places = [
        place
        for place, (before, after) in enumerate(zip(draft.pairs, pairs, strict=True))
        if before != after and before[0].lower() not in UNHASHED_NAMES
    ]
    if places:
        yield attrs.evolve(draft, pairs=pairs), concerned(kind, detail, draft.pairs, places)
