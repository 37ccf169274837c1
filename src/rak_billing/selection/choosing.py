"""From ticks to a selection, or to every reason why there is none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

import attrs

from cmi_gateway.money import Money
from rak_billing.errors import SelectionError
from rak_billing.invoices import Invoice
from rak_billing.selection.judging import bill_of, judge
from rak_billing.selection.rules import GUIDE_RULES, SelectionRules

__all__ = ["Selection", "check_choice", "select"]


@attrs.frozen
class Selection:
    """
    Invoices that may be paid together; made by `select`.

    Attributes:
        invoices: The chosen ones, in the order of the bill, whatever the order of the ticks.
        total: The sum of what is paid of them.
        on: The day of the choice.
        rules: What they were judged by.
        amounts: What is paid of each: all that is left of it, unless the rules allow another amount and it was asked.
    """

    invoices: tuple[Invoice, ...]
    total: Money
    on: date
    rules: SelectionRules = attrs.field(default=GUIDE_RULES, repr=False)
    amounts: tuple[Money, ...] = attrs.field()

    @amounts.default
    def _whole(self) -> tuple[Money, ...]:
        return tuple(invoice.amount for invoice in self.invoices)


def check_choice(chosen: Iterable[str], on: date) -> tuple[str, ...]:
    """
    Take the references that were ticked, and tell a caller's slip from a customer's.

    Raises:
        TypeError: *chosen* is one text, or *on* is no plain date.
    """
    if isinstance(chosen, str):
        raise TypeError("chosen is a collection of references; a single text would be read letter by letter")
    if type(on) is not date:
        raise TypeError(f"on is a day, given as a date, not {type(on).__name__}")
    return tuple(chosen)


def select(
    invoices: Iterable[Invoice],
    chosen: Iterable[str],
    on: date,
    *,
    rules: SelectionRules = GUIDE_RULES,
    under_payment: Collection[str] = (),
    amounts: Mapping[str, Money] | None = None,
) -> Selection:
    """
    Pick the invoices that a customer settles together, or say every reason why not.

    A mandatory invoice that is missing from *chosen* is refused, never added silently: the customer
    must see what is paid (rule R23). `rak_billing.suggest` finds what to change.

    Args:
        invoices: Every unpaid invoice of one customer, in the order of the bill.
        chosen: References of the ticked ones, in any order.
        on: The day of the choice, by Moroccan legal time. An argument, so that the answer depends on nothing else.
        rules: What the operator demands; the guide's rules unless given.
        under_payment: References that a payment under way holds.
        amounts: What is paid of an invoice, by reference, where it is not all that is left; the rules must allow it.

    Raises:
        SelectionError: the choice breaks a rule; ``refusals`` names each rule and invoice.
    """
    ticked = check_choice(chosen, on)
    if amounts is not None:
        _check_amounts(amounts)
    verdict = judge(bill_of(tuple(invoices), rules, under_payment), ticked, amounts)
    if verdict.refusals or verdict.total is None:
        raise SelectionError(verdict.refusals)
    return Selection(verdict.picked, verdict.total, on, rules, verdict.amounts)


def _check_amounts(amounts: Mapping[Any, Any]) -> None:
    if not all(isinstance(amount, Money) for amount in amounts.values()):
        raise TypeError("amounts holds Money by reference; a float cannot hold centimes exactly")
