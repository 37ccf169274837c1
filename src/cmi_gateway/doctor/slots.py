"""
The fine rules: one or two fields more, fewer or otherwise, among a hundred.

They work on values that are in order already, since that makes a trial cheap: many thousands fit in a second.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Final

import attrs

from cmi_gateway.doctor import fields
from cmi_gateway.doctor.cause_kinds import CauseKind
from cmi_gateway.doctor.causes import Cause
from cmi_gateway.doctor.draft import Draft, Examiner
from cmi_gateway.doctor.message import shown_name
from cmi_gateway.doctor.message_rules import restored
from cmi_gateway.doctor.trials import Case, Trial, concerned
from cmi_gateway.doctor.values import AFTER_DOCUMENT, LOST_SPACES

Names = tuple[str, ...]
Values = tuple[str, ...]
FineRule = Callable[[Case, Examiner, Draft], Iterator[Trial]]

_MOST_PAIRED_GAPS: Final = 110
_MOST_RENAMED: Final = 3


def one_field(case: Case, examiner: Examiner, draft: Draft) -> Iterator[Trial]:
    """One field is too many, or one empty field is missing."""
    for names, values in examiner.arrangements(draft):
        for slots, cause in (*_one_dropped(names, values), *_one_gap(names, values)):
            yield attrs.evolve(draft, slots=slots), cause


def one_guess(case: Case, examiner: Examiner, draft: Draft) -> Iterator[Trial]:
    """One field is missing whose value is nearly always the same."""
    for names, values in examiner.arrangements(draft):
        for slots, cause in _one_known(names, values):
            yield attrs.evolve(draft, slots=slots), cause


def one_value(case: Case, examiner: Examiner, draft: Draft) -> Iterator[Trial]:
    """One value lost white space at its end, or confuses plus and space."""
    untrimmed = attrs.evolve(draft.method, trims=False)
    for names, values in examiner.arrangements(draft):
        for place, value in enumerate(values):
            shown = (shown_name(names[place]),)
            for kind, edited in _edits_of_one(value) if value else ():
                slots = (*values[:place], edited, *values[place + 1 :])
                yield attrs.evolve(draft, slots=slots), Cause(kind, "in one value", shown)
            for padded in (value + " ", " " + value, value + "\n"):
                slots = (*values[:place], padded, *values[place + 1 :])
                lost = Cause(
                    CauseKind.VALUES_TRIMMED, "the hash was made over white space that is gone", shown
                )
                yield attrs.evolve(draft, slots=slots, method=untrimmed), lost


def rewritten_word(case: Case, examiner: Examiner, draft: Draft) -> Iterator[Trial]:
    """The character behind the word "document" was rewritten on the way."""
    for names, values in examiner.arrangements(draft):
        places = [place for place, value in enumerate(values) if "document." in value]
        for character in AFTER_DOCUMENT if places else ():
            slots = tuple([value.replace("document.", "document" + character) for value in values])
            shown = tuple([shown_name(names[place]) for place in places])
            yield (
                attrs.evolve(draft, slots=slots),
                Cause(CauseKind.DOCUMENT_RULE, "rewritten in the body", shown),
            )


def some_names(case: Case, examiner: Examiner, draft: Draft) -> Iterator[Trial]:
    """Up to three names had a dot that became an underscore; which ones cannot be told from the body."""
    places = [place for place, (name, _) in enumerate(draft.pairs) if "_" in name]
    for number in range(1, _MOST_RENAMED + 1):
        for chosen in combinations(places, number):
            pairs = tuple(
                [
                    (name.replace("_", ".") if place in chosen else name, value)
                    for place, (name, value) in enumerate(draft.pairs)
                ]
            )
            cause = concerned(CauseKind.NAMES_MANGLED, "'.' became '_' in the body", draft.pairs, chosen)
            yield attrs.evolve(draft, pairs=pairs), cause


def lost_families(case: Case, examiner: Examiner, draft: Draft) -> Iterator[Trial]:
    """Several empty fields were dropped that are known to be empty often."""
    for names, values in examiner.arrangements(draft):
        folded = [name.upper() for name in names]
        for lost in fields.families_lost(frozenset([name.lower() for name in names])):
            gaps = sorted([bisect(folded, name.upper()) for name in lost])
            detail = f"{len(lost)} empty fields that the gateway often sends are gone from the body"
            yield attrs.evolve(draft, slots=_filled(values, gaps)), Cause(CauseKind.EMPTY_DROPPED, detail)


def two_fields(case: Case, examiner: Examiner, draft: Draft) -> Iterator[Trial]:
    """Two fields are too many, or two empty fields are missing."""
    for names, values in examiner.arrangements(draft):
        for one, other in combinations(range(len(values)), 2):
            slots = (*values[:one], *values[one + 1 : other], *values[other + 1 :])
            shown = (shown_name(names[one]), shown_name(names[other]))
            yield attrs.evolve(draft, slots=slots), Cause(CauseKind.FIELD_EXTRA, "", shown)
        yield from _two_gaps(draft, values)


def some_sent(case: Case, examiner: Examiner, draft: Draft) -> Iterator[Trial]:
    """One or two of the fields of the signed form are missing, or came with another value."""
    here = {(name.lower(), value) for name, value in draft.pairs}
    differing = [(name, value) for name, value in case.sent or () if (name.lower(), value) not in here]
    for number in (1, 2):
        for pairs in combinations(differing, number):
            yield from restored(attrs.evolve(case, sent=pairs), draft)


def _filled(values: Values, gaps: list[int]) -> Values:
    """Give *values* with one more empty value at each of the ascending *gaps*."""
    filled: list[str] = []
    start = 0
    for gap in gaps:
        filled += [*values[start:gap], ""]
        start = gap
    return (*filled, *values[start:])


def _one_dropped(names: Names, values: Values) -> Iterator[tuple[Values, Cause]]:
    for place in range(len(values)):
        cause = Cause(CauseKind.FIELD_EXTRA, "", (shown_name(names[place]),))
        yield (*values[:place], *values[place + 1 :]), cause


def _one_gap(names: Names, values: Values) -> Iterator[tuple[Values, Cause]]:
    for place in _gaps(values):
        where = "gone from the body: in order of names, it stands " + ("after this" if place else "first")
        shown = (shown_name(names[place - 1]),) if place else ()
        yield (*values[:place], "", *values[place:]), Cause(CauseKind.EMPTY_DROPPED, where, shown)


def _one_known(names: Names, values: Values) -> Iterator[tuple[Values, Cause]]:
    folded = [name.upper() for name in names]
    present = frozenset(folded)
    for name, guesses in fields.KNOWN_VALUES.items():
        place = bisect(folded, name.upper())
        for guess in guesses if name.upper() not in present else ():
            yield (*values[:place], guess, *values[place:]), Cause(CauseKind.FIELD_MISSING, "", (name,))


def _two_gaps(draft: Draft, values: Values) -> Iterator[Trial]:
    gaps = _gaps(values)
    cause = Cause(CauseKind.EMPTY_DROPPED, "two empty fields are gone from the body")
    for one, other in (
        ((a, b) for at, a in enumerate(gaps) for b in gaps[at:]) if len(gaps) < _MOST_PAIRED_GAPS else ()
    ):
        slots = (*values[:one], "", *values[one:other], "", *values[other:])
        yield attrs.evolve(draft, slots=slots), cause


def _gaps(values: Values) -> list[int]:
    """Give the places where one more empty value makes another text: beside an empty one, one place stands for both."""
    return [place for place in range(len(values) + 1) if place == 0 or values[place - 1] != ""]


def _edits_of_one(value: str) -> Iterator[tuple[CauseKind, str]]:
    for space in LOST_SPACES:
        yield CauseKind.VALUES_TRIMMED, value + space
    yield CauseKind.VALUES_TRIMMED, "\u00a0" + value
    if " " in value:
        yield CauseKind.PLUS_AND_SPACE, value.replace(" ", "+")
    if "+" in value:
        yield CauseKind.PLUS_AND_SPACE, value.replace("+", " ")
