"""Choices that are easily made and often acceptable; they bound the search, and answer for it on large bills."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rak_billing.invoices import Invoice
from rak_billing.selection.judging import Bill, class_of
from rak_billing.selection.rules import (
    AllOrNothing,
    AtMostInvoices,
    GroupsTogether,
    MandatoryIncluded,
    OldestFirst,
)

__all__ = ["by_age", "candidates"]

_MOST_PREFIXES: Final = 64


def by_age(invoices: Iterable[Invoice]) -> list[Invoice]:
    """Put the oldest first, by due date; those of one day keep the order of the bill."""
    return sorted(invoices, key=lambda invoice: invoice.due_date)


def candidates(bill: Bill, ticked: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """Give choices to try: what was ticked and all that it entails, then the oldest few, then everything."""
    oldest = by_age(bill.open)
    must = {i.reference for i in oldest if i.is_mandatory} if bill.rules.has(MandatoryIncluded) else set()
    kept = [invoice.reference for invoice in oldest if invoice.reference in ticked]
    at_most = next((r.count for r in bill.rules.rules if isinstance(r, AtMostInvoices)), len(oldest))
    yield _entailed(bill, must.union(kept))
    yield _entailed(bill, must)
    yield _entailed(bill, must.union(kept[: max(at_most - len(must), 0)]))
    for length in range(1, min(len(oldest), _MOST_PREFIXES) + 1):
        yield _entailed(bill, must.union(invoice.reference for invoice in oldest[:length]))
        yield _entailed(bill, must.union(kept[:length]))
    yield tuple(invoice.reference for invoice in bill.open)


def _entailed(bill: Bill, wanted: set[str]) -> tuple[str, ...]:
    """Add what has to come with *wanted*: companions, and whatever is older."""
    chosen, size = wanted, -1
    while size != len(chosen):
        size = len(chosen)
        picked = [invoice for invoice in bill.open if invoice.reference in chosen]
        chosen = chosen | {invoice.reference for invoice in bill.open if _comes_with(bill, invoice, picked)}
    return tuple(invoice.reference for invoice in bill.open if invoice.reference in chosen)


def _comes_with(bill: Bill, invoice: Invoice, picked: Sequence[Invoice]) -> bool:
    if bill.rules.has(AllOrNothing) and picked:
        return True
    if (
        invoice.group is not None
        and bill.rules.has(GroupsTogether)
        and any(other.group == invoice.group for other in picked)
    ):
        return True
    order = next((rule for rule in bill.rules.rules if isinstance(rule, OldestFirst)), None)
    return order is not None and any(
        invoice.due_date < other.due_date and class_of(order, invoice) == class_of(order, other)
        for other in picked
    )
