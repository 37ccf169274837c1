"""Every choice that differs from the ticks by a number of invoices, tried in a fixed order and cut off early."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import accumulate
from typing import Final, TypeVar

import attrs

from cmi_gateway.money import MAX_CENTIMES
from rak_billing.invoices import Invoice
from rak_billing.selection.candidates import by_age
from rak_billing.selection.judging import Bill, class_of, judge
from rak_billing.selection.rules import (
    AllOrNothing,
    AmountWithin,
    AtMostInvoices,
    GroupsTogether,
    MandatoryIncluded,
    OldestFirst,
)

__all__ = ["Search", "SearchSpentError"]

#: Steps of one search, all numbers of changes together: some tens of milliseconds.
_MOST_STEPS: Final = 20_000
_EVERYTHING: Final = "every invoice"
_Rule = TypeVar(
    "_Rule", AllOrNothing, AmountWithin, AtMostInvoices, GroupsTogether, MandatoryIncluded, OldestFirst
)


class SearchSpentError(Exception):
    """The steps are used up; whether there is an answer is not known."""


@attrs.frozen
class _Choice:
    """
    What was decided so far, of the oldest invoices.

    Attributes:
        picked: References.
        changes: How many of the decisions differ from the ticks.
        centimes: The sum of what is picked.
        groups: For each group met, whether its invoices are picked.
        left_out: For each class of the oldest-first rule, the due date of the oldest that is not picked.
    """

    picked: tuple[str, ...] = ()
    changes: int = 0
    centimes: int = 0
    groups: dict[str, bool] = attrs.field(factory=dict)
    left_out: dict[str, date] = attrs.field(factory=dict)


@attrs.frozen
class _Rest:
    """
    What the undecided invoices from one place on can still do.

    Attributes:
        ticked: How many of them are ticked.
        centimes: The sum of those.
        gains: At place n, the most that n changes can add to the sum.
        losses: At place n, the most that n changes can take from it.
    """

    ticked: int
    centimes: int
    gains: tuple[int, ...]
    losses: tuple[int, ...]


class Search:
    """The search over one bill, from one choice."""

    def __init__(self, bill: Bill, ticked: frozenset[str]) -> None:
        """Lay out the invoices by age, and what the undecided rest of them can still do."""
        self._bill = bill
        self._invoices = by_age(bill.open)
        self._ticked = [invoice.reference in ticked for invoice in self._invoices]
        self._rests = tuple(_rests(self._invoices, self._ticked))
        self._steps = _MOST_STEPS
        self._order = self._rule(OldestFirst)
        self._demands = self._rule(MandatoryIncluded) is not None
        self._groups = self._rule(GroupsTogether) is not None
        self._all = self._rule(AllOrNothing) is not None
        at_most, within = self._rule(AtMostInvoices), self._rule(AmountWithin)
        self._count = len(self._invoices) if at_most is None else at_most.count
        self._least = within.minimum.centimes if within is not None and within.minimum else 0
        self._most = within.maximum.centimes if within is not None and within.maximum else MAX_CENTIMES

    def with_changes(self, changes: int) -> tuple[str, ...] | None:
        """
        Give the first acceptable choice that differs from the ticks by *changes* invoices, or None.

        Raises:
            SearchSpentError: the steps do not suffice to know.
        """
        return self._from(0, _Choice(), changes)

    def _from(self, place: int, choice: _Choice, changes: int) -> tuple[str, ...] | None:
        self._steps -= 1
        if self._steps < 0:
            raise SearchSpentError
        if self._is_hopeless(self._rests[place], choice, changes - choice.changes):
            return None
        if place == len(self._invoices):
            return None if judge(self._bill, choice.picked).refusals else choice.picked
        for following in self._decisions(place, choice):
            if (found := self._from(place + 1, following, changes)) is not None:
                return found
        return None

    def _is_hopeless(self, rest: _Rest, choice: _Choice, left: int) -> bool:
        """Tell that no decision about the rest can still meet the bounds with *left* changes."""
        if left < 0 or len(rest.gains) - 1 < left:
            return True
        fewest = len(choice.picked) + rest.ticked - min(left, rest.ticked)
        most = choice.centimes + rest.centimes + rest.gains[left]
        least = choice.centimes + rest.centimes - rest.losses[left]
        return fewest > self._count or most < self._least or least > self._most

    def _decisions(self, place: int, choice: _Choice) -> Iterator[_Choice]:
        """Give what can be decided of one invoice: to pick it, then not to."""
        invoice, is_ticked = self._invoices[place], self._ticked[place]
        group = self._group(invoice)
        decided = None if group is None else choice.groups.get(group)
        name = None if self._order is None else class_of(self._order, invoice)
        if decided is not False and (name is None or choice.left_out.get(name, date.max) >= invoice.due_date):
            yield attrs.evolve(
                choice,
                picked=(*choice.picked, invoice.reference),
                changes=choice.changes + (not is_ticked),
                centimes=choice.centimes + invoice.amount.centimes,
                groups=choice.groups if group is None else {**choice.groups, group: True},
            )
        if decided is not True and not (self._demands and invoice.is_mandatory):
            left_out = choice.left_out
            yield attrs.evolve(
                choice,
                changes=choice.changes + is_ticked,
                groups=choice.groups if group is None else {**choice.groups, group: False},
                left_out=left_out if name is None else {name: invoice.due_date, **left_out},
            )

    def _group(self, invoice: Invoice) -> str | None:
        if self._all:
            return _EVERYTHING
        return invoice.group if self._groups else None

    def _rule(self, kind: type[_Rule]) -> _Rule | None:
        return next((rule for rule in self._bill.rules.rules if isinstance(rule, kind)), None)


def _rests(invoices: Sequence[Invoice], ticked: Sequence[bool]) -> Iterator[_Rest]:
    """Give what the invoices from each place on can do, the place behind the last included."""
    return reversed(list(_rests_from_the_end(invoices, ticked)))


def _rests_from_the_end(invoices: Sequence[Invoice], ticked: Sequence[bool]) -> Iterator[_Rest]:
    chosen: list[int] = []
    others: list[int] = []
    yield _rest(chosen, others)
    for invoice, is_ticked in zip(reversed(invoices), reversed(ticked), strict=True):
        insort(chosen if is_ticked else others, -invoice.amount.centimes)
        yield _rest(chosen, others)


def _rest(chosen: Sequence[int], others: Sequence[int]) -> _Rest:
    """Sum up, where the amounts come negative, the largest first."""
    most = len(chosen) + len(others)
    gains = list(accumulate(others, lambda total, amount: total - amount, initial=0))
    losses = list(accumulate(chosen, lambda total, amount: total - amount, initial=0))
    gains += [gains[-1]] * (most + 1 - len(gains))
    losses += [losses[-1]] * (most + 1 - len(losses))
    return _Rest(len(chosen), -sum(chosen), tuple(gains), tuple(losses))
