"""
The smallest change that makes a choice acceptable.

Two things are forced: what cannot be chosen goes, and what must be chosen comes. The rest is a search over the invoices
that remain, from the oldest to the newest: with one change, with two, and so on, each branch cut off as soon as what
is left to decide cannot bring number and amount within their bounds. The first answer found is therefore a smallest one,
and among the smallest the one that keeps or adds older invoices.

The search is bounded in steps, not in time, so that the answer is the same everywhere. A bill that exhausts it gets the
best of a few choices that are easily made (`candidates.py`), marked as perhaps not the smallest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Final

import attrs

from rak_billing.invoices import Invoice
from rak_billing.selection.candidates import candidates
from rak_billing.selection.choosing import Selection, check_choice
from rak_billing.selection.judging import Bill, Verdict, bill_of, judge
from rak_billing.selection.refusals import Refusal, SelectionRule, refuse
from rak_billing.selection.rules import GUIDE_RULES, SelectionRules
from rak_billing.selection.searching import Search, SearchSpentError

__all__ = ["NoSuggestion", "Suggestion", "suggest"]

#: Above it only the easy choices are tried: the search goes one call deep for each invoice.
_MOST_SEARCHED: Final = 150


@attrs.frozen
class Suggestion:
    """
    A change that makes the choice acceptable; neither adds nor removes anything when it is already.

    Attributes:
        add: References to tick, in the order of the bill.
        remove: References to untick, those of the bill in its order, then those that are not on it.
        selection: What is chosen then.
        is_smallest: Whether it is proved that no change of fewer references would do.
    """

    add: tuple[str, ...]
    remove: tuple[str, ...]
    selection: Selection
    is_smallest: bool = True


@attrs.frozen
class NoSuggestion:
    """
    No choice of these invoices is acceptable.

    Attributes:
        refusals: Why: what stands in the way of the choice that comes closest.
        is_proved: False only for a large bill, of which not every choice was tried.
    """

    refusals: tuple[Refusal, ...]
    is_proved: bool = True


def suggest(
    invoices: Iterable[Invoice],
    chosen: Iterable[str],
    on: date,
    *,
    rules: SelectionRules = GUIDE_RULES,
    under_payment: Collection[str] = (),
) -> Suggestion | NoSuggestion:
    """
    Find the smallest change of a choice of whole invoices that the rules accept, or say why there is none.

    Args:
        invoices: As for `select`.
        chosen: As for `select`.
        on: As for `select`.
        rules: As for `select`.
        under_payment: As for `select`.
    """
    ticked = tuple(dict.fromkeys(check_choice(chosen, on)))
    bill = bill_of(tuple(invoices), rules, under_payment)
    if not bill.open:
        return NoSuggestion(_every_bar(bill))
    tried = [(judge(bill, choice), choice) for choice in candidates(bill, frozenset(ticked))]
    sound = [(_distance(bill, ticked, choice), choice) for verdict, choice in tried if not verdict.refusals]
    best = min(sound, key=lambda found: found[0], default=None)
    choice, is_complete = _searched(bill, ticked, None if best is None else best[0])
    if choice is None and best is not None:
        choice = best[1]
    if choice is None:
        closest = min((verdict for verdict, _ in tried), key=lambda verdict: len(verdict.refusals))
        return NoSuggestion(closest.refusals, is_complete)
    return _suggestion(bill, ticked, judge(bill, choice), on, is_smallest=is_complete)


def _every_bar(bill: Bill) -> tuple[Refusal, ...]:
    bars = tuple(refusal for refusals in bill.bars.values() for refusal in refusals)
    return bars or (refuse(SelectionRule.NOTHING_CHOSEN),)


def _distance(bill: Bill, ticked: tuple[str, ...], choice: tuple[str, ...]) -> int:
    """Count the changes among the invoices that can be chosen; the others change in every answer alike."""
    free = {invoice.reference for invoice in bill.open}
    return len(free.intersection(ticked).symmetric_difference(choice))


def _searched(bill: Bill, ticked: tuple[str, ...], bound: int | None) -> tuple[tuple[str, ...] | None, bool]:
    """Search up to *bound* changes; tell also whether the search was complete."""
    if len(bill.open) > _MOST_SEARCHED:
        return None, False
    search = Search(bill, frozenset(ticked))
    try:
        for changes in range((len(bill.open) if bound is None else bound) + 1):
            if (found := search.with_changes(changes)) is not None:
                return found, True
    except SearchSpentError:
        return None, False
    return None, True


def _suggestion(
    bill: Bill, ticked: tuple[str, ...], verdict: Verdict, on: date, *, is_smallest: bool
) -> Suggestion:
    assert verdict.total is not None, "an accepted choice has a total"
    picked = [invoice.reference for invoice in verdict.picked]
    on_the_bill = list(dict.fromkeys(invoice.reference for invoice in bill.invoices))
    strangers = [reference for reference in ticked if reference not in set(on_the_bill)]
    removed = [r for r in (*on_the_bill, *strangers) if r in set(ticked) - set(picked)]
    selection = Selection(verdict.picked, verdict.total, on, bill.rules, verdict.amounts)
    return Suggestion(
        tuple(reference for reference in picked if reference not in set(ticked)),
        tuple(removed),
        selection,
        is_smallest,
    )
