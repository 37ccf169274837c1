"""What happens to a message on its way: to its bytes, its fields, their names and values, and the hash in it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

import attrs

from cmi_gateway.doctor import fields, names
from cmi_gateway.doctor.cause_kinds import CauseKind
from cmi_gateway.doctor.causes import Cause
from cmi_gateway.doctor.draft import Comparison, Draft
from cmi_gateway.doctor.message import Pairs
from cmi_gateway.doctor.trials import Case, Rule, Trial, changed, concerned, edited, without
from cmi_gateway.doctor.values import ValueEdit
from cmi_gateway.doctor.variants import CHARSETS
from cmi_gateway.entities import decode_entities
from cmi_gateway.signature import UNHASHED_NAMES


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
        (CauseKind.PERCENT_CODED_TWICE, "values and hash, with '+' for spaces", _unquoted_plus, _unquoted),
        (CauseKind.PLUS_AND_SPACE, "decoded twice, values and hash", _leading_plus, _spaces_to_plus),
    ):
        presented = mend(draft.presented)
        for recoded, _ in changed(draft, edited(draft.pairs, edit), kind, detail):
            if presented != draft.presented:
                yield attrs.evolve(recoded, presented=presented), Cause(kind, detail)


def charsets(case: Case, draft: Draft) -> Iterator[Trial]:
    """The body's bytes are in another charset than UTF-8."""
    if not any("\ufffd" in text for pair in draft.pairs for text in pair):
        return
    for charset in CHARSETS:
        pairs = case.message.decoded(charset)
        if pairs is not None:
            read = attrs.evolve(draft, pairs=pairs)
            yield read, Cause(CauseKind.CHARSET, f"{charset} in the body, UTF-8 in the hash")
            method = attrs.evolve(draft.method, charset=charset)
            yield attrs.evolve(read, method=method), Cause(CauseKind.CHARSET, f"{charset} in body and hash")


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
    yield from changed(draft, back, CauseKind.VALUE_CHANGED, "they were sent otherwise")


def _kind_of_lost(pairs: Pairs) -> CauseKind:
    return CauseKind.FIELD_MISSING if any(value for _, value in pairs) else CauseKind.EMPTY_DROPPED


def added_by_others(case: Case, draft: Draft) -> Iterator[Trial]:
    """Fields that pages and frameworks are known to add are not hashed."""
    places = [n for n, (name, _) in enumerate(draft.pairs) if name.lower() in fields.ADDED_BY_OTHERS]
    if places:
        yield without(draft, places), concerned(CauseKind.FIELD_EXTRA, "", draft.pairs, places)


def empties(case: Case, draft: Draft) -> Iterator[Trial]:
    """Empty fields are not hashed."""
    for word, dropped in (("empty values", ("",)), ("empty values and '0'", ("", "0"))):
        places = [n for n, (_, value) in enumerate(draft.pairs) if value.strip() in dropped]
        if places:
            detail = f"{word} are in the body, but not in the hash"
            yield without(draft, places), concerned(CauseKind.EMPTY_DROPPED, detail, draft.pairs, places)


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


def mangled(case: Case, draft: Draft) -> Iterator[Trial]:
    """Names were changed, so that they sort otherwise."""
    for detail, rename in names.RENAMINGS:
        pairs = tuple([(rename(name), value) for name, value in draft.pairs])
        yield from changed(draft, pairs, CauseKind.NAMES_MANGLED, detail)


def editing(edits: tuple[ValueEdit, ...]) -> Rule:
    """Make the rule that all values were changed in one of the known ways of a family."""

    def rule(case: Case, draft: Draft) -> Iterator[Trial]:
        values = {value for _, value in draft.pairs}
        for kind, detail, edit in edits:
            # Most edits change nothing; that is found out on the distinct values, which are few.
            replaced = {value: after for value in values if (after := edit(value)) != value}
            if replaced:
                pairs = tuple([(name, replaced.get(value, value)) for name, value in draft.pairs])
                yield from changed(draft, pairs, kind, detail)

    return rule


def zeros(case: Case, draft: Draft) -> Iterator[Trial]:
    """Values that are numbers lost their leading zeros, or amounts are spelt otherwise."""
    filled = tuple([(name, fields.zeros_restored(name, value)) for name, value in draft.pairs])
    yield from changed(draft, filled, CauseKind.TYPED_VALUES, "leading zeros lost")
    for place, (name, value) in enumerate(draft.pairs):
        for spelling in fields.amount_spellings(value) if name.lower() == "amount" else ():
            pairs = (*draft.pairs[:place], (name, spelling), *draft.pairs[place + 1 :])
            yield from changed(draft, pairs, CauseKind.TYPED_VALUES, "the amount is spelt otherwise")


def line_feed(case: Case, draft: Draft) -> Iterator[Trial]:
    """The final line feed of the body was hashed with the last field."""
    if case.message.final_line_feed and draft.pairs:
        name, value = draft.pairs[-1]
        pairs = (*draft.pairs[:-1], (name, value + "\n"))
        place = [len(pairs) - 1]
        hashed = attrs.evolve(draft, pairs=pairs, method=attrs.evolve(draft.method, trims=False))
        yield hashed, concerned(CauseKind.FINAL_LINE_FEED, "hashed with its value", pairs, place)


def _unquoted(text: str) -> str:
    return unquote(text, errors="replace")


def _unquoted_plus(text: str) -> str:
    return unquote_plus(text, errors="replace")


def _leading_plus(text: str) -> str:
    return "+" + text[1:] if text.startswith(" ") else text


def _spaces_to_plus(text: str) -> str:
    return text.replace(" ", "+")


def _padded(text: str) -> str:
    return text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
