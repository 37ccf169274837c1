"""What goes wrong when a hash is made: the key, the order of names, and every step of the computation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from cmi_gateway.doctor import keys
from cmi_gateway.doctor.cause_kinds import CauseKind
from cmi_gateway.doctor.causes import Cause
from cmi_gateway.doctor.draft import Draft
from cmi_gateway.doctor.orders import Order
from cmi_gateway.doctor.trials import Case, Trial, concerned, edited
from cmi_gateway.doctor.variants import CHARSETS, Escape, Layout, Output
from cmi_gateway.signature import UNHASHED_NAMES

_HEX_DIGITS: Final = frozenset("0123456789abcdefABCDEF")


def other_keys(case: Case, draft: Draft) -> Iterator[Trial]:
    """The hash was made with another key, or the key is spelt otherwise."""
    for label, key in case.other_keys:
        is_showable = not any(keys.is_in(secret, label) for _, secret in (*case.other_keys, ("", draft.key)))
        yield (
            attrs.evolve(draft, key=key),
            Cause(CauseKind.OTHER_KEY, f"the one called {label}" if is_showable else ""),
        )
    trimmed = keys.without_white_space(draft.key)
    if trimmed:
        yield attrs.evolve(draft, key=trimmed), Cause(CauseKind.KEY_WHITE_SPACE, "in the key given here")
    for key in keys.with_white_space(draft.key):
        yield attrs.evolve(draft, key=key), Cause(CauseKind.KEY_WHITE_SPACE, "in the key that made the hash")
    for key in keys.in_other_spellings(draft.key):
        yield attrs.evolve(draft, key=key), Cause(CauseKind.KEY_SPELLING)


def unhashed(case: Case, draft: Draft) -> Iterator[Trial]:
    """The hash or the encoding take part."""
    for hashed in _unhashed_names(draft):
        too = attrs.evolve(draft, hashed_too=hashed)
        yield too, Cause(CauseKind.UNHASHED_FIELD_HASHED, " and ".join(sorted(hashed)))


def unhashed_while_empty(case: Case, draft: Draft) -> Iterator[Trial]:
    """The hash takes part while its field is still empty: on many bodies this looks like any lost empty field."""
    blank = tuple([(name, "" if name.lower() == "hash" else value) for name, value in draft.pairs])
    for hashed in _unhashed_names(draft):
        if "hash" in hashed:
            detail = " and ".join(sorted(hashed)) + ", the hash still being empty"
            too = attrs.evolve(draft, pairs=blank, hashed_too=hashed)
            yield too, Cause(CauseKind.UNHASHED_FIELD_HASHED, detail)


def _unhashed_names(draft: Draft) -> list[frozenset[str]]:
    present = {name.lower() for name, _ in draft.pairs} & UNHASHED_NAMES
    sets = (frozenset({"encoding"}), frozenset({"hash"}), frozenset({"hash", "encoding"}))
    return [names for names in sets if names <= present]


_ORDERS: Final = {
    Order.CASE_SENSITIVE: CauseKind.ORDER_CASE_SENSITIVE,
    Order.LOWER_CASE: CauseKind.ORDER_LOWER_CASE,
    Order.ICU: CauseKind.ORDER_OF_LOCALE,
    Order.ICU_NUMERIC: CauseKind.ORDER_OF_LOCALE,
    Order.PUNCTUATION_IGNORED: CauseKind.ORDER_OF_LOCALE,
    Order.NATURAL_CASE_SENSITIVE: CauseKind.ORDER_NATURAL,
    Order.ARRIVAL: CauseKind.ORDER_OF_ARRIVAL,
    Order.BACKWARDS: CauseKind.ORDER_OF_ARRIVAL,
}


def orders(case: Case, draft: Draft) -> Iterator[Trial]:
    """Names were sorted in an order that is not the gateway's."""
    for order, kind in _ORDERS.items():
        yield attrs.evolve(draft, order=order), Cause(kind, order.value)


def untrimmed(case: Case, draft: Draft) -> Iterator[Trial]:
    """Values were hashed with their outer white space, or but for a final line feed."""
    method = attrs.evolve(draft.method, trims=False)
    ending = [n for n, (_, value) in enumerate(draft.pairs) if value.endswith("\n")]
    kind = CauseKind.FINAL_LINE_FEED if len(ending) == 1 else CauseKind.VALUES_NOT_TRIMMED
    yield attrs.evolve(draft, method=method), concerned(kind, "hashed as it came", draft.pairs, ending)
    pairs = edited(draft.pairs, lambda value: value.removesuffix("\n"))
    but_for_the_last = Cause(CauseKind.VALUES_NOT_TRIMMED, "only a final line feed was removed")
    yield attrs.evolve(draft, pairs=pairs, method=method), but_for_the_last


def escapes(case: Case, draft: Draft) -> Iterator[Trial]:
    """Values or key are escaped otherwise, or not at all."""
    none = {"escape": Escape.NONE}
    for kind, detail, change in (
        (CauseKind.ESCAPE_ORDER, "", {"escape": Escape.PIPE_FIRST}),
        (CauseKind.ESCAPE_MISSING, "neither in the values nor in the key", none | {"escapes_key": False}),
        (CauseKind.ESCAPE_MISSING, "in the values", none),
        (CauseKind.KEY_ESCAPE_MISSING, "", {"escapes_key": False}),
    ):
        yield attrs.evolve(draft, method=attrs.evolve(draft.method, **change)), Cause(kind, detail)


def outputs(case: Case, draft: Draft) -> Iterator[Trial]:
    """The digest became text in another way."""
    if _HEX_DIGITS.issuperset(draft.presented):
        method = attrs.evolve(draft.method, output=Output.HEX)
        hexadecimal = attrs.evolve(draft, method=method, presented=draft.presented.lower())
        yield hexadecimal, Cause(CauseKind.HASH_IN_HEX)
    for output in (Output.BASE64_OF_HEX, Output.BASE64_OF_UPPER_HEX):
        changed = attrs.evolve(draft.method, output=output)
        yield attrs.evolve(draft, method=changed), Cause(CauseKind.BASE64_OF_HEX, output.value)


def charsets_of_the_hash(case: Case, draft: Draft) -> Iterator[Trial]:
    """The text became bytes in another charset than UTF-8 before it was hashed."""
    for charset in CHARSETS:
        method = attrs.evolve(draft.method, charset=charset)
        yield attrs.evolve(draft, method=method), Cause(CauseKind.CHARSET, f"{charset} in the hash only")


def methods(case: Case, draft: Draft) -> Iterator[Trial]:
    """The ordered values are hashed in another way."""
    for layout in Layout:
        if layout is not Layout.USUAL:
            changed = attrs.evolve(draft.method, layout=layout)
            yield attrs.evolve(draft, method=changed), Cause(CauseKind.SEPARATORS, layout.value)
    for digest in ("sha256", "sha1", "sha384", "md5", "sha3_512"):
        changed = attrs.evolve(draft.method, digest=digest)
        yield attrs.evolve(draft, method=changed), Cause(CauseKind.OTHER_DIGEST, digest)
    for version, kind in ((1, CauseKind.HASH_VERSION_1), (2, CauseKind.HASH_VERSION_2)):
        yield attrs.evolve(draft, method=attrs.evolve(draft.method, version=version)), Cause(kind)
