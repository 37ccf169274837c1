"""
The broad rules: each performs one mistake, or takes it back, on a whole draft.

They stand in the order in which things happen: bytes become text, fields come and go, names are sorted and values change,
values are hashed with a key, the hash is posted. Rules are combined in that order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final
from urllib.parse import unquote

import attrs

from cmi_gateway.doctor import fields, keys, names
from cmi_gateway.doctor.causes import Cause, CauseKind
from cmi_gateway.doctor.draft import Comparison, Draft
from cmi_gateway.doctor.message import Message, Pairs, shown_name
from cmi_gateway.doctor.orders import Order
from cmi_gateway.doctor.values import EDITS, Edit, ValueEdit
from cmi_gateway.doctor.variants import Escape, Layout, Output
from cmi_gateway.entities import decode_entities
from cmi_gateway.secret import Secret
from cmi_gateway.signature import UNHASHED_NAMES

_CHARSETS: Final = ("iso-8859-1", "iso-8859-9", "windows-1252", "utf-16-le", "ascii")
_MOST_NAMES_SHOWN: Final = 8
_HEX_DIGITS: Final = frozenset("0123456789abcdefABCDEF")


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
    return Cause(kind, detail, tuple([shown_name(pairs[place][0], place) for place in listed]))


def charsets(case: Case, draft: Draft) -> Iterator[Trial]:
    """The body's bytes are in another charset than UTF-8."""
    if not any("\ufffd" in text for pair in draft.pairs for text in pair):
        return
    for charset in _CHARSETS:
        pairs = case.message.decoded(charset)
        if pairs is not None:
            read = attrs.evolve(draft, pairs=pairs)
            yield read, Cause(CauseKind.CHARSET, f"{charset} in the body, UTF-8 in the hash")
            method = attrs.evolve(draft.method, charset=charset)
            yield attrs.evolve(read, method=method), Cause(CauseKind.CHARSET, f"{charset} in body and hash")


def charsets_of_the_hash(case: Case, draft: Draft) -> Iterator[Trial]:
    """The text became bytes in another charset than UTF-8 before it was hashed."""
    for charset in _CHARSETS:
        method = attrs.evolve(draft.method, charset=charset)
        yield attrs.evolve(draft, method=method), Cause(CauseKind.CHARSET, f"{charset} in the hash only")


def restored(case: Case, draft: Draft) -> Iterator[Trial]:
    """Fields of the signed form are missing, or came with another value."""
    sent = {
        name.lower(): (name, value) for name, value in case.sent or () if name.lower() not in UNHASHED_NAMES
    }
    here = {name.lower() for name, _ in draft.pairs}
    absent = tuple([pair for folded, pair in sent.items() if folded not in here])
    if absent:
        pairs = draft.pairs + absent
        places = range(len(draft.pairs), len(pairs))
        yield (
            attrs.evolve(draft, pairs=pairs),
            concerned(_kind_of_lost(absent), "they were sent", pairs, places),
        )
    back = tuple([(name, sent.get(name.lower(), (name, value))[1]) for name, value in draft.pairs])
    yield from _changed(draft, back, CauseKind.VALUE_CHANGED, "they were sent otherwise")


def _kind_of_lost(pairs: Pairs) -> CauseKind:
    return CauseKind.FIELD_MISSING if any(value for _, value in pairs) else CauseKind.EMPTY_DROPPED


def added_by_others(case: Case, draft: Draft) -> Iterator[Trial]:
    """Fields that pages and frameworks are known to add are not hashed."""
    places = [n for n, (name, _) in enumerate(draft.pairs) if name.lower() in fields.ADDED_BY_OTHERS]
    if places:
        yield _without(draft, places), concerned(CauseKind.FIELD_EXTRA, "", draft.pairs, places)


def empties(case: Case, draft: Draft) -> Iterator[Trial]:
    """Empty fields are not hashed."""
    for word, dropped in (("empty values", ("",)), ("empty values and '0'", ("", "0"))):
        places = [n for n, (_, value) in enumerate(draft.pairs) if value.strip() in dropped]
        if places:
            detail = f"{word} are in the body, but not in the hash"
            yield _without(draft, places), concerned(CauseKind.EMPTY_DROPPED, detail, draft.pairs, places)


def repeated(case: Case, draft: Draft) -> Iterator[Trial]:
    """Of fields with the same name the first, the last, or all joined are hashed."""
    if len({name.lower() for name, _ in draft.pairs}) == len(draft.pairs):
        return
    grouped: dict[str, list[str]] = {}
    for name, value in draft.pairs:
        grouped.setdefault(name.lower(), []).append(value)
    for detail, choose in (
        ("the first was hashed", lambda values: values[0]),
        ("the last was hashed", lambda values: values[-1]),
        ("joined by a comma", ",".join),
        ("joined by a comma and a space", ", ".join),
        ("run together", "".join),
    ):
        pairs = tuple([(name, choose(values)) for name, values in grouped.items()])
        yield attrs.evolve(draft, pairs=pairs), Cause(CauseKind.NAMES_REPEATED, detail)
    for value in grouped.get("hash", ())[1:]:
        yield (
            attrs.evolve(draft, presented=value.strip()),
            Cause(CauseKind.NAMES_REPEATED, "the hash came twice"),
        )


def unhashed(case: Case, draft: Draft) -> Iterator[Trial]:
    """The hash or the encoding take part."""
    present = {name.lower() for name, _ in draft.pairs} & UNHASHED_NAMES
    blank = tuple([(name, "" if name.lower() == "hash" else value) for name, value in draft.pairs])
    for hashed in [{"encoding"}, {"hash"}, {"hash", "encoding"}]:
        if hashed <= present:
            detail = " and ".join(sorted(hashed))
            too = attrs.evolve(draft, hashed_too=frozenset(hashed))
            yield too, Cause(CauseKind.UNHASHED_FIELD_HASHED, detail)
            if "hash" in hashed:
                empty = attrs.evolve(too, pairs=blank)
                yield empty, Cause(CauseKind.UNHASHED_FIELD_HASHED, f"{detail}, the hash still being empty")


def mangled(case: Case, draft: Draft) -> Iterator[Trial]:
    """Names were changed, so that they sort otherwise."""
    for detail, rename in names.RENAMINGS:
        pairs = tuple([(rename(name), value) for name, value in draft.pairs])
        yield from _changed(draft, pairs, CauseKind.NAMES_MANGLED, detail)


def _editing(edits: tuple[ValueEdit, ...]) -> Rule:
    """Make the rule that all values were changed in one of the known ways of a family."""

    def edited(case: Case, draft: Draft) -> Iterator[Trial]:
        values = {value for _, value in draft.pairs}
        for kind, detail, edit in edits:
            # Most edits change nothing; that is found out on the distinct values, which are few.
            changed = {value: after for value in values if (after := edit(value)) != value}
            if changed:
                pairs = tuple([(name, changed.get(value, value)) for name, value in draft.pairs])
                yield from _changed(draft, pairs, kind, detail)

    return edited


def zeros(case: Case, draft: Draft) -> Iterator[Trial]:
    """Values that are numbers lost their leading zeros, or amounts are spelt otherwise."""
    filled = tuple([(name, fields.zeros_restored(name, value)) for name, value in draft.pairs])
    yield from _changed(draft, filled, CauseKind.TYPED_VALUES, "leading zeros lost")
    for place, (name, value) in enumerate(draft.pairs):
        for spelling in fields.amount_spellings(value) if name.lower() == "amount" else ():
            pairs = (*draft.pairs[:place], (name, spelling), *draft.pairs[place + 1 :])
            yield from _changed(draft, pairs, CauseKind.TYPED_VALUES, "the amount is spelt otherwise")


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


def line_feed(case: Case, draft: Draft) -> Iterator[Trial]:
    """The final line feed of the body was hashed with the last field."""
    if case.message.final_line_feed and draft.pairs:
        name, value = draft.pairs[-1]
        pairs = (*draft.pairs[:-1], (name, value + "\n"))
        place = [len(pairs) - 1]
        hashed = attrs.evolve(draft, pairs=pairs, method=attrs.evolve(draft.method, trims=False))
        yield hashed, concerned(CauseKind.FINAL_LINE_FEED, "hashed with its value", pairs, place)


def untrimmed(case: Case, draft: Draft) -> Iterator[Trial]:
    """Values were hashed with their outer white space, or but for a final line feed."""
    method = attrs.evolve(draft.method, trims=False)
    ending = [n for n, (_, value) in enumerate(draft.pairs) if value.endswith("\n")]
    kind = CauseKind.FINAL_LINE_FEED if len(ending) == 1 else CauseKind.VALUES_NOT_TRIMMED
    yield attrs.evolve(draft, method=method), concerned(kind, "hashed as it came", draft.pairs, ending)
    pairs = _edited(draft.pairs, lambda value: value.removesuffix("\n"))
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


def outputs(case: Case, draft: Draft) -> Iterator[Trial]:
    """The digest became text in another way."""
    if _HEX_DIGITS.issuperset(draft.presented):
        method = attrs.evolve(draft.method, output=Output.HEX)
        hexadecimal = attrs.evolve(draft, method=method, presented=draft.presented.lower())
        yield hexadecimal, Cause(CauseKind.HASH_IN_HEX)
    for output in (Output.BASE64_OF_HEX, Output.BASE64_OF_UPPER_HEX):
        changed = attrs.evolve(draft.method, output=output)
        yield attrs.evolve(draft, method=changed), Cause(CauseKind.BASE64_OF_HEX, output.value)


def other_keys(case: Case, draft: Draft) -> Iterator[Trial]:
    """The hash was made with another key, or the key is spelt otherwise."""
    for label, key in case.other_keys:
        is_showable = not any(keys.is_in(secret, label) for _, secret in (*case.other_keys, ("", draft.key)))
        yield (
            attrs.evolve(draft, key=key),
            Cause(CauseKind.OTHER_KEY, f"it is key {label}" if is_showable else ""),
        )
    trimmed = keys.without_white_space(draft.key)
    if trimmed:
        yield attrs.evolve(draft, key=trimmed), Cause(CauseKind.KEY_WHITE_SPACE, "in the key given here")
    for key in keys.with_white_space(draft.key):
        yield attrs.evolve(draft, key=key), Cause(CauseKind.KEY_WHITE_SPACE, "in the key that made the hash")
    for key in keys.in_other_spellings(draft.key):
        yield attrs.evolve(draft, key=key), Cause(CauseKind.KEY_SPELLING)


def damaged(case: Case, draft: Draft) -> Iterator[Trial]:
    """The hash itself was changed on the way."""
    came = draft.presented
    for kind, detail, presented in (
        (CauseKind.PLUS_AND_SPACE, "in the hash", came.replace(" ", "+")),
        (CauseKind.PERCENT_CODED_TWICE, "the hash", unquote(came, errors="replace")),
        (CauseKind.HASH_DAMAGED, "entities", decode_entities(came)),
        (CauseKind.HASH_DAMAGED, "line breaks or spaces", "".join(came.split())),
        (CauseKind.HASH_DAMAGED, "quotes", came.strip("\"'")),
        (CauseKind.HASH_DAMAGED, "slashes", came.replace("\\", "")),
        (CauseKind.HASH_DAMAGED, "URL-safe base64", _padded(came.replace("-", "+").replace("_", "/"))),
        (CauseKind.HASH_DAMAGED, "'=' signs lost", _padded(came)),
    ):
        if presented != came:
            yield attrs.evolve(draft, presented=presented), Cause(kind, detail)
    cut_off = attrs.evolve(draft, comparison=Comparison.CUT_OFF)
    yield cut_off, Cause(CauseKind.HASH_DAMAGED, f"cut off after {len(came)} characters")
    yield attrs.evolve(draft, comparison=Comparison.CASE_IGNORED), Cause(CauseKind.HASH_UPPER_CASED)


def wholly_recoded(case: Case, draft: Draft) -> Iterator[Trial]:
    """Values and hash were coded twice, or decoded twice, together."""
    for kind, detail, edit, mend in (
        (CauseKind.PERCENT_CODED_TWICE, "values and hash", _unquoted, _unquoted),
        (CauseKind.PLUS_AND_SPACE, "decoded twice, values and hash", _leading_plus, _spaces_to_plus),
    ):
        presented = mend(draft.presented)
        for recoded, _ in _changed(draft, _edited(draft.pairs, edit), kind, detail):
            if presented != draft.presented:
                yield attrs.evolve(recoded, presented=presented), Cause(kind, detail)


def _unquoted(text: str) -> str:
    return unquote(text, errors="replace")


def _leading_plus(text: str) -> str:
    return "+" + text[1:] if text.startswith(" ") else text


def _spaces_to_plus(text: str) -> str:
    return text.replace(" ", "+")


def _padded(text: str) -> str:
    return text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)


def _edited(pairs: Pairs, edit: Edit) -> Pairs:
    return tuple([(name, edit(value)) for name, value in pairs])


def _changed(draft: Draft, pairs: Pairs, kind: CauseKind, detail: str) -> Iterator[Trial]:
    """Give the draft with *pairs*, of the same number, if hashed fields differ."""
    places = [
        place
        for place, (before, after) in enumerate(zip(draft.pairs, pairs, strict=True))
        if before != after and before[0].lower() not in UNHASHED_NAMES
    ]
    if places:
        yield attrs.evolve(draft, pairs=pairs), concerned(kind, detail, draft.pairs, places)


def _without(draft: Draft, places: Iterable[int]) -> Draft:
    left_out = frozenset(places)
    pairs = tuple([pair for place, pair in enumerate(draft.pairs) if place not in left_out])
    return attrs.evolve(draft, pairs=pairs)


_EDITS: Final = tuple([_editing(edits) for edits in EDITS])
#: In the order in which things happen.
RULES: Final[tuple[Rule, ...]] = (
    other_keys,
    damaged,
    wholly_recoded,
    charsets,
    restored,
    added_by_others,
    empties,
    repeated,
    unhashed,
    orders,
    mangled,
    *_EDITS,
    zeros,
    line_feed,
    untrimmed,
    escapes,
    outputs,
    charsets_of_the_hash,
    methods,
)
#: What happens to the message on its way; three of these at once are still searched for.
RULES_OF_THE_WAY: Final[tuple[Rule, ...]] = (
    damaged, wholly_recoded, restored, added_by_others, empties, repeated, mangled, *_EDITS, zeros
)  # fmt: skip
