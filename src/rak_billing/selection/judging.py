"""Every reason why a choice breaks the rules, in a fixed order: the ticks, what is barred, then each rule in its turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final, assert_never

import attrs

from cmi_gateway.money import MAX_CENTIMES, Money
from rak_billing.invoices import Invoice, InvoiceKind
from rak_billing.selection.parts import refused_parts
from rak_billing.selection.refusals import Refusal, SelectionRule, refuse
from rak_billing.selection.rules import (
    AllOrNothing,
    AmountWithin,
    AtMostInvoices,
    GroupsTogether,
    MandatoryIncluded,
    NoCreditNotes,
    NotDisputed,
    NotUnderDirectDebit,
    NotUnderPayment,
    OldestFirst,
    Rule,
    SelectionRules,
)

__all__ = ["Bill", "Verdict", "bill_of", "class_of", "judge"]

Bars = dict[str, list[Refusal]]

_BARRED_BY_FLAG: Final[dict[type[Rule], tuple[SelectionRule, Callable[[Invoice], bool]]]] = {
    NoCreditNotes: (SelectionRule.CREDIT_NOTE, lambda invoice: invoice.kind is InvoiceKind.CREDIT_NOTE),
    NotUnderDirectDebit: (SelectionRule.UNDER_DIRECT_DEBIT, lambda invoice: invoice.is_direct_debit),
    NotDisputed: (SelectionRule.DISPUTED, lambda invoice: invoice.is_disputed),
}


@attrs.frozen
class Bill:
    """
    The invoices of one customer under one set of rules.

    Attributes:
        invoices: In the order of the bill.
        rules: What the operator demands.
        bars: Why an invoice cannot be chosen at all, by reference; absent for one that can.
        open: The invoices that can.
    """

    invoices: tuple[Invoice, ...]
    rules: SelectionRules
    bars: Bars
    open: tuple[Invoice, ...]


@attrs.frozen
class Verdict:
    """
    What the rules say of one choice.

    Attributes:
        picked: The chosen invoices that can be paid, in the order of the bill.
        amounts: What is paid of each.
        total: Their sum; None where there is none in one payment.
        refusals: Every reason against the choice; empty when it may be paid.
    """

    picked: tuple[Invoice, ...]
    amounts: tuple[Money, ...]
    total: Money | None
    refusals: tuple[Refusal, ...]


def bill_of(invoices: Sequence[Invoice], rules: SelectionRules, under_payment: Collection[str] = ()) -> Bill:
    """Find out which invoices can be chosen at all; *under_payment* names those that a payment under way holds."""
    bars: Bars = {}
    held = frozenset(under_payment) if rules.has(NotUnderPayment) else frozenset()
    flags = [flag for kind, flag in _BARRED_BY_FLAG.items() if rules.has(kind)]
    seen: set[str] = set()
    for invoice in invoices:
        reference = invoice.reference
        if _is_plain(invoice) and reference not in seen and reference not in held:
            seen.add(reference)
            continue
        reasons = [rule for rule, is_set in flags if is_set(invoice)]
        if reference in seen:
            reasons.append(SelectionRule.DUPLICATE_REFERENCE)
        if not invoice.is_payable:
            reasons.append(SelectionRule.NOT_PAYABLE)
        if reference in held:
            reasons.append(SelectionRule.UNDER_PAYMENT)
        seen.add(reference)
        if reasons:
            found = bars.setdefault(reference, [])
            told = {refusal.rule for refusal in found}
            found.extend(refuse(rule, reference) for rule in reasons if rule not in told)
    if bars and rules.has(GroupsTogether):
        _bar_groups(invoices, bars)
    kept = (
        tuple(invoice for invoice in invoices if invoice.reference not in bars) if bars else tuple(invoices)
    )
    return Bill(tuple(invoices), rules, bars, kept)


def _is_plain(invoice: Invoice) -> bool:
    """Tell that no rule bars an invoice for what it is: nearly all of them, so this is asked first."""
    return (
        invoice.is_payable
        and not invoice.is_disputed
        and not invoice.is_direct_debit
        and invoice.kind is not InvoiceKind.CREDIT_NOTE
    )


def _bar_groups(invoices: Sequence[Invoice], bars: Bars) -> None:
    """Bar the companions of what is barred: they go together, and it cannot go."""
    barred: dict[str, list[str]] = {}
    for invoice in invoices:
        if invoice.group is not None and invoice.reference in bars:
            barred.setdefault(invoice.group, []).append(invoice.reference)
    for invoice in invoices:
        if invoice.group in barred and invoice.reference not in bars:
            companions = tuple(dict.fromkeys(barred[invoice.group]))
            references = (invoice.reference, *companions)
            refusal = refuse(SelectionRule.GROUP_BARRED, invoice.reference, references=references)
            bars[invoice.reference] = [refusal]


def judge(bill: Bill, ticked: Sequence[str], amounts: Mapping[str, Money] | None = None) -> Verdict:
    """Hold one choice against the rules of its bill; *amounts* names those that are not paid whole."""
    wanted = frozenset(ticked)
    refusals = list(_of_the_ticks(bill, ticked, wanted))
    if bill.bars:
        barred = dict.fromkeys(i.reference for i in bill.invoices if i.reference in wanted)
        refusals += [refusal for reference in barred for refusal in bill.bars.get(reference, ())]
    picked = tuple([invoice for invoice in bill.open if invoice.reference in wanted])
    if amounts is None:
        paid = tuple([invoice.amount for invoice in picked])
    else:
        paid = tuple([amounts.get(invoice.reference, invoice.amount) for invoice in picked])
        refusals += refused_parts(bill.rules.partial, picked, amounts)
    total = _sum(paid)
    for rule in bill.rules.rules:
        refusals += _of_the_rule(rule, bill, wanted, picked, total)
    if picked and total is None:
        refusals.append(refuse(SelectionRule.NOT_ONE_PAYMENT))
    return Verdict(picked, paid, total, tuple(refusals))


def _sum(amounts: Sequence[Money]) -> Money | None:
    """Add up in one currency and within one payment, or give None."""
    currencies = {amount.currency for amount in amounts}
    centimes = sum([amount.centimes for amount in amounts])
    if len(currencies) != 1 or abs(centimes) > MAX_CENTIMES:
        return None
    return Money(centimes, currencies.pop())


def _of_the_ticks(bill: Bill, ticked: Sequence[str], wanted: frozenset[str]) -> Iterator[Refusal]:
    """Judge the references that were ticked, without looking at what they stand for."""
    if not ticked:
        yield refuse(SelectionRule.NOTHING_CHOSEN)
    known = {invoice.reference for invoice in bill.invoices}
    if wanted <= known and len(wanted) == len(ticked):
        return
    for reference, times in Counter(ticked).items():
        if reference not in known:
            yield refuse(SelectionRule.UNKNOWN_REFERENCE, reference)
        elif times > 1 and SelectionRule.DUPLICATE_REFERENCE not in _rules(bill.bars.get(reference, ())):
            yield refuse(SelectionRule.DUPLICATE_REFERENCE, reference)


def _rules(refusals: Sequence[Refusal]) -> set[SelectionRule]:
    return {refusal.rule for refusal in refusals}


def _of_the_rule(
    rule: Rule, bill: Bill, wanted: frozenset[str], picked: tuple[Invoice, ...], total: Money | None
) -> Sequence[Refusal]:
    found: Sequence[Refusal] = ()
    match rule:
        case MandatoryIncluded():
            found = [
                refuse(SelectionRule.MANDATORY_LEFT_OUT, invoice.reference)
                for invoice in bill.open
                if invoice.is_mandatory and invoice.reference not in wanted
            ]
        case NoCreditNotes() | NotUnderDirectDebit() | NotDisputed() | NotUnderPayment():
            pass  # judged invoice by invoice, see bill_of
        case OldestFirst():
            found = _left_out_before(rule, bill, wanted, picked)
        case GroupsTogether():
            found = _split_groups(bill, wanted, picked)
        case AllOrNothing():
            if picked and (left := _left_out(bill.open, wanted)):
                found = [refuse(SelectionRule.SOME_LEFT_OUT, references=left)]
        case AtMostInvoices():
            if len(picked) > rule.count:
                references = tuple(invoice.reference for invoice in picked)
                found = [refuse(SelectionRule.TOO_MANY, references=references, limit=rule.count)]
        case AmountWithin():
            found = () if total is None else _of_the_amount(rule, total)
        case _:
            assert_never(rule)
    return found


def class_of(rule: OldestFirst, invoice: Invoice) -> str:
    """Name the invoices among which the oldest comes first."""
    match rule.within:
        case "bill":
            return ""
        case "service":
            return invoice.service
        case "contract":
            return invoice.contract or ""
        case _:
            assert_never(rule.within)


def _left_out_before(
    rule: OldestFirst, bill: Bill, wanted: frozenset[str], picked: Sequence[Invoice]
) -> list[Refusal]:
    newest: dict[str, Invoice] = {}
    for invoice in picked:
        name = class_of(rule, invoice)
        if name not in newest or invoice.due_date > newest[name].due_date:
            newest[name] = invoice
    return [
        refuse(SelectionRule.OLDER_LEFT_OUT, invoice.reference)
        for invoice in bill.open
        if invoice.reference not in wanted
        and (chosen := newest.get(class_of(rule, invoice))) is not None
        and invoice.due_date < chosen.due_date
    ]


def _left_out(invoices: Sequence[Invoice], wanted: frozenset[str]) -> tuple[str, ...]:
    return tuple(invoice.reference for invoice in invoices if invoice.reference not in wanted)


def _split_groups(bill: Bill, wanted: frozenset[str], picked: Sequence[Invoice]) -> list[Refusal]:
    groups = dict.fromkeys(invoice.group for invoice in picked if invoice.group is not None)
    missing = {
        group: _left_out([invoice for invoice in bill.open if invoice.group == group], wanted)
        for group in groups
    }
    return [refuse(SelectionRule.GROUP_SPLIT, references=left) for left in missing.values() if left]


def _of_the_amount(rule: AmountWithin, total: Money) -> list[Refusal]:
    bounds = [bound for bound in (rule.minimum, rule.maximum) if bound is not None]
    if any(bound.currency != total.currency for bound in bounds):
        # A bound that cannot be compared is not kept: better no payment than one that ignores it.
        return [refuse(SelectionRule.NOT_ONE_PAYMENT)]
    if rule.minimum is not None and total < rule.minimum:
        return [refuse(SelectionRule.AMOUNT_TOO_SMALL, limit=rule.minimum)]
    if rule.maximum is not None and total > rule.maximum:
        return [refuse(SelectionRule.AMOUNT_TOO_LARGE, limit=rule.maximum)]
    return []
