"""Which invoices may, and must, be paid together: the guide's rules R22 and R23, as one pure function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from enum import StrEnum

import attrs

from cmi_gateway.errors import MoneyError
from cmi_gateway.money import Money
from rak_billing.errors import SelectionError
from rak_billing.invoices import Invoice

__all__ = ["Refusal", "Selection", "SelectionRule", "select"]


class SelectionRule(StrEnum):
    """The rules that a choice of invoices can break."""

    NOTHING_CHOSEN = "nothing-chosen"
    """At least one invoice (rule R22)."""
    UNKNOWN_REFERENCE = "unknown-reference"
    """Only invoices of this customer that are unpaid now."""
    DUPLICATE_REFERENCE = "duplicate-reference"
    """Each invoice once, on the bill and in the choice."""
    NOT_PAYABLE = "not-payable"
    """Only invoices with something to pay."""
    MANDATORY_LEFT_OUT = "mandatory-left-out"
    """Every mandatory invoice (rule R23)."""
    NOT_ONE_PAYMENT = "not-one-payment"
    """One currency, and no more than one payment can carry."""


@attrs.frozen
class Refusal:
    """
    One reason why a choice of invoices cannot be paid.

    Attributes:
        rule: The rule that was broken.
        reference: The invoice concerned; None where no single invoice is.
        message: For the customer, in French.
    """

    rule: SelectionRule
    reference: str | None
    message: str


@attrs.frozen
class Selection:
    """
    Invoices that may be paid together; made by `select`.

    Attributes:
        invoices: The chosen ones, in the order of the bill, whatever the order of the ticks.
        total: The sum of their amounts.
        on: The day of the choice.
    """

    invoices: tuple[Invoice, ...]
    total: Money
    on: date


def select(invoices: Iterable[Invoice], chosen: Iterable[str], on: date) -> Selection:
    """
    Pick the invoices that a customer settles together, or say every reason why not.

    A mandatory invoice that is missing from *chosen* is refused, never added silently: the customer
    must see what is paid (rule R23).

    Args:
        invoices: Every unpaid invoice of one customer, in the order of the bill.
        chosen: References of the ticked ones, in any order.
        on: The day of the choice, by Moroccan legal time. An argument, so that the answer depends on nothing else.

    Raises:
        SelectionError: the choice breaks a rule; ``refusals`` names each rule and invoice.
    """
    if isinstance(chosen, str):
        raise TypeError("chosen is a collection of references; a single text would be read letter by letter")
    if type(on) is not date:
        raise TypeError(f"on is a day, given as a date, not {type(on).__name__}")
    bill, ticked = tuple(invoices), tuple(chosen)
    wanted = frozenset(ticked)
    refusals = [*_in_the_choice(bill, ticked), *_in_the_bill(bill, wanted)]
    if refusals:
        raise SelectionError(refusals)
    picked = tuple(invoice for invoice in bill if invoice.reference in wanted)
    return Selection(picked, _total(picked), on)


def _in_the_choice(invoices: Sequence[Invoice], chosen: Collection[str]) -> Iterable[Refusal]:
    """Judge the references that were ticked, without looking at what they stand for."""
    if not chosen:
        yield Refusal(SelectionRule.NOTHING_CHOSEN, None, "Veuillez choisir au moins une facture à payer.")
    known = {invoice.reference for invoice in invoices}
    for reference, times in Counter(chosen).items():
        if reference not in known:
            words = f"La facture {reference} ne figure pas parmi vos factures à payer."
            yield Refusal(SelectionRule.UNKNOWN_REFERENCE, reference, words)
        elif times > 1:
            words = f"La facture {reference} a été choisie plusieurs fois."
            yield Refusal(SelectionRule.DUPLICATE_REFERENCE, reference, words)


def _in_the_bill(invoices: Sequence[Invoice], wanted: frozenset[str]) -> Iterable[Refusal]:
    """Judge the invoices: those that were picked, and those that should have been."""
    times = Counter(invoice.reference for invoice in invoices)
    for reference in (reference for reference in times if reference in wanted and times[reference] > 1):
        words = f"La facture {reference} figure plusieurs fois ; elle ne peut pas être payée en ligne."
        yield Refusal(SelectionRule.DUPLICATE_REFERENCE, reference, words)
    for invoice in invoices:
        reference = invoice.reference
        if reference in wanted and not invoice.is_payable:
            words = f"La facture {reference} n'a aucun montant à payer."
            yield Refusal(SelectionRule.NOT_PAYABLE, reference, words)
        # A mandatory credit would lock the customer out: it can be neither paid nor left out.
        if reference not in wanted and invoice.is_payable and invoice.is_mandatory:
            words = f"La facture {reference} est exigible : son paiement est obligatoire."
            yield Refusal(SelectionRule.MANDATORY_LEFT_OUT, reference, words)


def _total(picked: Sequence[Invoice]) -> Money:
    try:
        return sum((invoice.amount for invoice in picked), start=Money(0, picked[0].amount.currency))
    except MoneyError as error:
        words = "Ces factures ne peuvent pas être réglées en un seul paiement ; choisissez-en moins."
        raise SelectionError([Refusal(SelectionRule.NOT_ONE_PAYMENT, None, words)]) from error
