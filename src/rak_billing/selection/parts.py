"""Amounts other than what is left to pay: allowed only where the operator opted in, and within its bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

from cmi_gateway.money import Money
from rak_billing.invoices import Invoice
from rak_billing.selection.refusals import Refusal, SelectionRule, refuse
from rak_billing.selection.rules import PartialMode, PartialPayments

__all__ = ["refused_parts"]


def refused_parts(
    allowed: PartialPayments, picked: Sequence[Invoice], amounts: Mapping[str, Money]
) -> Iterator[Refusal]:
    """Judge the amounts that were given for single invoices; one that is the balance is no part."""
    chosen = {invoice.reference for invoice in picked}
    for reference in amounts:
        if reference not in chosen:
            yield refuse(SelectionRule.PART_NOT_CHOSEN, reference)
    for invoice in picked:
        amount = amounts.get(invoice.reference, invoice.amount)
        if amount != invoice.amount:
            yield from _refused_part(allowed, invoice, amount)


def _refused_part(allowed: PartialPayments, invoice: Invoice, amount: Money) -> Iterator[Refusal]:
    reference, balance = invoice.reference, invoice.amount
    if allowed.mode is PartialMode.EXACT or not _are_comparable(allowed, balance, amount):
        yield refuse(SelectionRule.PART_NOT_ALLOWED, reference, limit=balance)
        return
    least, most = _bounds(allowed, balance)
    if amount < least:
        yield refuse(SelectionRule.PART_TOO_SMALL, reference, limit=least)
    if most is not None and amount > most:
        yield refuse(SelectionRule.PART_TOO_LARGE, reference, limit=most)


def _are_comparable(allowed: PartialPayments, balance: Money, amount: Money) -> bool:
    given = (amount, allowed.minimum, allowed.maximum)
    return all(money is None or money.currency == balance.currency for money in given)


def _bounds(allowed: PartialPayments, balance: Money) -> tuple[Money, Money | None]:
    # Whoever has less left than the minimum pays it whole.
    least = min(allowed.minimum or Money(1, balance.currency), balance)
    match allowed.mode:
        case PartialMode.AT_LEAST:
            return balance, allowed.maximum
        case PartialMode.AT_MOST:
            return least, balance if allowed.maximum is None else min(allowed.maximum, balance)
        case PartialMode.FREE | PartialMode.EXACT:  # whole invoices never come here
            return least, allowed.maximum
        case _:
            assert_never(allowed.mode)
