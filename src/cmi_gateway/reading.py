"""
The readings of a callback on which sources disagree, as a closed set: which text did the gateway hash?

The set is fixed by the merchant's `cmi_gateway.CallbackPolicy` and never chosen by the message. Each reading is a
full keyed digest of the same values, so trying several does not make forging easier.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

import attrs

from cmi_gateway.entities import decode_entities
from cmi_gateway.signature import NameOrder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cmi_gateway.callback_policy import CallbackPolicy

#: Other banks of the platform hash their answer without these (its own documentation); tried last.
_SOMETIMES_LEFT_OUT: Final = frozenset({"countdown", "nationalidno"})


@attrs.frozen
class Reading:
    """
    How the hash matched, among the readings on which sources disagree.

    Attributes:
        entities_decoded: Whether HTML entities in the values were decoded first.
        document_rule: Whether CMI's "document" rule was applied.
        order: The order of names.
        left_out: Fields left out beside ``hash`` and ``encoding``, in lower case.
    """

    entities_decoded: bool
    document_rule: bool
    order: NameOrder
    left_out: frozenset[str] = frozenset()


def readings(
    fields: Mapping[str, str], policy: CallbackPolicy
) -> Iterator[tuple[Mapping[str, str], Reading]]:
    """Give the values under each reading that *policy* allows, the likely first, without those that cannot differ."""
    decoded = _decoded(fields)
    raw_differs = policy.raw_entities and decoded is not fields
    entities = [(True, decoded), (False, fields)] if raw_differs else [(True, decoded)]
    has_document = policy.document_rule and "document" in "|".join(decoded.values()).lower()
    droppable = frozenset("|".join(fields).lower().split("|")) & _SOMETIMES_LEFT_OUT
    for left_out in (frozenset[str](), droppable) if droppable and policy.left_out else (frozenset[str](),):
        choices = product(entities, (False, True) if has_document else (False,), policy.name_orders)
        for (is_decoded, candidate), document_rule, order in choices:
            yield candidate, Reading(is_decoded, document_rule, order, left_out)


def _decoded(fields: Mapping[str, str]) -> Mapping[str, str]:
    """Give the values without HTML entities; the very same *fields* where there are none."""
    entities = {
        name: plain
        for name, value in fields.items()
        if "&" in value and (plain := decode_entities(value)) != value
    }
    return {**fields, **entities} if entities else fields
