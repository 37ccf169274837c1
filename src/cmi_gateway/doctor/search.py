"""
The search for the smallest set of changes, from the likely and cheap to the rare and dear, within a bound.

Every trial is one hash of the whole message, so the bound is a number of trials, fewer for a larger message: the
same body always gets the same answer, on a slow machine too.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import attrs

from cmi_gateway.doctor import hash_rules, slots
from cmi_gateway.doctor.causes import Cause
from cmi_gateway.doctor.draft import Draft, Examiner
from cmi_gateway.doctor.message import Message
from cmi_gateway.doctor.rules import RULES, RULES_OF_THE_WAY
from cmi_gateway.doctor.slots import FineRule
from cmi_gateway.doctor.trials import Case, Rule, Trial

Causes = tuple[Cause, ...]
_Trials = Iterator[tuple[Draft, Causes]]

#: The message for which the bounds below are meant: a real callback, and some room.
_USUAL_SIZE: Final = 4096
_USUAL_FIELDS: Final = 110


def _still_empty(case: Case, examiner: Examiner, draft: Draft) -> Iterator[Trial]:
    return hash_rules.unhashed_while_empty(case, draft)


_FINE_RULES: Final = (
    slots.some_sent,
    slots.one_field,
    slots.one_guess,
    _still_empty,
    slots.some_names,
    slots.rewritten_word,
    slots.one_value,
)


#: What may go together with a field more or less; who makes another kind of hash is found out first.
_BESIDE_A_FIELD: Final = tuple([rule for rule in RULES if rule is not hash_rules.methods])


@attrs.frozen
class Finding:
    """
    What the search found.

    Attributes:
        sets: Sets of causes that explain the hash, equally small, the likeliest first; none if nothing explains it.
        is_complete: Whether the stages for one and two causes ran to their end.
    """

    sets: tuple[Causes, ...]
    is_complete: bool = True


@attrs.frozen
class _Stage:
    """
    A part of the search.

    Attributes:
        most: How many trials it may take with a usual message.
        trials: Drafts with the causes that they stand for.
        alternatives: How many more explanations are worth looking for after the first.
        is_promised: Whether the search counts as incomplete without its end.
    """

    most: int
    trials: _Trials
    alternatives: int = 0
    is_promised: bool = True


def search(case: Case, examiner: Examiner, bases: tuple[Draft, ...]) -> Finding:
    """Look for the smallest set of changes to one of *bases* that gives the hash that came."""
    is_complete = True
    burden = _burden(case.message) * examiner.hashes_per_trial * (1 + len(bases)) / 2
    for stage in _stages(case, examiner, bases):
        found: list[Causes] = []
        for draft, causes in islice(stage.trials, int(stage.most / burden) + 1):
            if examiner.fits(draft) and causes not in found:
                found.append(causes)
                if len(found) > stage.alternatives:
                    break
        if found:
            return Finding(tuple(found))
        is_complete = is_complete and (not stage.is_promised or next(stage.trials, None) is None)
    return Finding((), is_complete)


def _burden(message: Message) -> float:
    """Tell how many times dearer a trial is than with a usual message."""
    return max(1.0, message.size / _USUAL_SIZE, len(message.pairs) / _USUAL_FIELDS)


def _stages(case: Case, examiner: Examiner, bases: tuple[Draft, ...]) -> Iterator[_Stage]:
    likeliest = bases[:1]
    yield _Stage(10, ((base, ()) for base in bases))
    yield _Stage(1_000, _chained(case, bases, RULES, depth=1), alternatives=3)
    yield _Stage(4_000, _refined(case, examiner, bases, _FINE_RULES), alternatives=3)
    yield _Stage(6_000, _chained(case, bases, RULES, depth=2))
    yield _Stage(3_000, _refined(case, examiner, bases, (slots.lost_families,)))
    yield _Stage(12_000, _broad_and_fine(case, examiner, likeliest))
    yield _Stage(8_000, _refined(case, examiner, likeliest, (slots.two_fields,)))
    yield _Stage(1_000, _chained(case, likeliest, RULES_OF_THE_WAY, depth=3), is_promised=False)


def _chained(case: Case, drafts: tuple[Draft, ...], rules: tuple[Rule, ...], depth: int) -> _Trials:
    """Give the drafts after *depth* rules, each later than the one before."""
    for draft in drafts:
        for number, rule in enumerate(rules):
            for changed, cause in rule(case, draft):
                if depth == 1:
                    yield changed, (cause,)
                else:
                    for further, causes in _chained(case, (changed,), rules[number + 1 :], depth - 1):
                        yield further, (cause, *causes)


def _refined(
    case: Case, examiner: Examiner, bases: tuple[Draft, ...], rules: tuple[FineRule, ...]
) -> _Trials:
    for base in bases:
        for rule in rules:
            for draft, cause in rule(case, examiner, base):
                yield draft, (cause,)


def _broad_and_fine(case: Case, examiner: Examiner, bases: tuple[Draft, ...]) -> _Trials:
    for changed, causes in _chained(case, bases, _BESIDE_A_FIELD, depth=1):
        for draft, cause in slots.one_field(case, examiner, changed):
            yield draft, (*causes, cause)
