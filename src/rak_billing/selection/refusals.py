"""Why a choice of invoices cannot be paid: the rules that it can break, and the reason in two languages."""

from __future__ import annotations

from enum import StrEnum, unique
from typing import Final

import attrs

from cmi_gateway.money import Money
from rak_billing.display import amount_text

__all__ = ["REASONS", "Limit", "Refusal", "SelectionRule", "refuse"]

#: What a rule allows: so many invoices, or so much money.
Limit = int | Money


@unique
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
    CREDIT_NOTE = "credit-note"
    """No credit note: it is for information only."""
    UNDER_DIRECT_DEBIT = "under-direct-debit"
    """Nothing that the bank will collect."""
    DISPUTED = "disputed"
    """Nothing that the customer contests."""
    UNDER_PAYMENT = "under-payment"
    """Nothing that a payment under way holds already."""
    GROUP_BARRED = "group-barred"
    """Nothing that goes together with an invoice that cannot be paid."""
    GROUP_SPLIT = "group-split"
    """Invoices of one group together."""
    OLDER_LEFT_OUT = "older-left-out"
    """The oldest first."""
    SOME_LEFT_OUT = "some-left-out"
    """All or nothing."""
    TOO_MANY = "too-many"
    """No more invoices than the rules allow."""
    AMOUNT_TOO_SMALL = "amount-too-small"
    """At least the amount that the rules demand."""
    AMOUNT_TOO_LARGE = "amount-too-large"
    """At most the amount that the rules allow."""
    PART_NOT_ALLOWED = "part-not-allowed"
    """Whole invoices, where nothing else was agreed."""
    PART_NOT_CHOSEN = "part-not-chosen"
    """No amount for an invoice that is not chosen."""
    PART_TOO_SMALL = "part-too-small"
    """At least so much of one invoice."""
    PART_TOO_LARGE = "part-too-large"
    """At most so much for one invoice."""


#: The reason for each rule, in French for customers and in English for developers; a browser gets the same texts.
REASONS: Final[dict[SelectionRule, tuple[str, str]]] = {
    SelectionRule.NOTHING_CHOSEN: (
        "Veuillez choisir au moins une facture à payer.",
        "Choose at least one invoice to pay.",
    ),
    SelectionRule.UNKNOWN_REFERENCE: (
        "La facture {reference} ne figure pas parmi vos factures à payer.",
        "Invoice {reference} is not among the invoices to pay.",
    ),
    SelectionRule.DUPLICATE_REFERENCE: (
        "La facture {reference} figure plusieurs fois ; elle ne peut pas être payée ainsi.",
        "Invoice {reference} is there more than once and cannot be paid like this.",
    ),
    SelectionRule.NOT_PAYABLE: (
        "La facture {reference} n'a aucun montant à payer.",
        "Invoice {reference} has nothing to pay.",
    ),
    SelectionRule.MANDATORY_LEFT_OUT: (
        "La facture {reference} est exigible : son paiement est obligatoire.",
        "Invoice {reference} is due for payment: it must be included.",
    ),
    SelectionRule.NOT_ONE_PAYMENT: (
        "Ces factures ne peuvent pas être réglées en un seul paiement ; choisissez-en moins.",
        "These invoices cannot be settled in one payment; choose fewer.",
    ),
    SelectionRule.CREDIT_NOTE: (
        "{reference} est un avoir : il ne se paie pas.",
        "{reference} is a credit note: it is not paid.",
    ),
    SelectionRule.UNDER_DIRECT_DEBIT: (
        "La facture {reference} sera prélevée par votre banque ; ne la payez pas en ligne.",
        "Invoice {reference} will be collected by direct debit; do not pay it online.",
    ),
    SelectionRule.DISPUTED: (
        "La facture {reference} fait l'objet d'une réclamation ; elle ne peut pas être payée en ligne.",
        "Invoice {reference} is disputed and cannot be paid online.",
    ),
    SelectionRule.UNDER_PAYMENT: (
        "La facture {reference} est déjà comprise dans un paiement en cours.",
        "Invoice {reference} is already part of a payment under way.",
    ),
    SelectionRule.GROUP_BARRED: (
        "La facture {reference} se paie avec {references}, qui ne peut pas être payée en ligne.",
        "Invoice {reference} is paid together with {references}, which cannot be paid online.",
    ),
    SelectionRule.GROUP_SPLIT: (
        "Ces factures se paient ensemble ; il manque {references}.",
        "These invoices are paid together; {references} is missing.",
    ),
    SelectionRule.OLDER_LEFT_OUT: (
        "La facture {reference} est plus ancienne que d'autres que vous avez choisies : réglez-la d'abord.",
        "Invoice {reference} is older than others that you chose: settle it first.",
    ),
    SelectionRule.SOME_LEFT_OUT: (
        "Toutes les factures se paient ensemble ; il manque {references}.",
        "All invoices are paid together; {references} is missing.",
    ),
    SelectionRule.TOO_MANY: (
        "Un paiement comprend {limit} facture(s) au plus ; choisissez-en moins.",
        "One payment holds {limit} invoice(s) at most; choose fewer.",
    ),
    SelectionRule.AMOUNT_TOO_SMALL: (
        "Le total des factures choisies doit être d'au moins {limit}.",
        "The total of the chosen invoices must be at least {limit}.",
    ),
    SelectionRule.AMOUNT_TOO_LARGE: (
        "Le total des factures choisies doit être d'au plus {limit}.",
        "The total of the chosen invoices must be at most {limit}.",
    ),
    SelectionRule.PART_NOT_ALLOWED: (
        "La facture {reference} se paie en entier : {limit}.",
        "Invoice {reference} is paid whole: {limit}.",
    ),
    SelectionRule.PART_NOT_CHOSEN: (
        "Un montant est donné pour la facture {reference}, qui n'est pas choisie.",
        "An amount is given for invoice {reference}, which is not chosen.",
    ),
    SelectionRule.PART_TOO_SMALL: (
        "Pour la facture {reference}, payez au moins {limit}.",
        "Pay at least {limit} for invoice {reference}.",
    ),
    SelectionRule.PART_TOO_LARGE: (
        "Pour la facture {reference}, payez au plus {limit}.",
        "Pay at most {limit} for invoice {reference}.",
    ),
}


@attrs.frozen
class Refusal:
    """
    One reason why a choice of invoices cannot be paid.

    Attributes:
        rule: The rule that was broken.
        reference: The invoice concerned; None where no single invoice is.
        message: For the customer, in French.
        message_en: The same in English.
        references: Every invoice concerned, in the order of the bill.
        limit: What the rule allows: a number of invoices, or an amount; None where it sets none.
    """

    rule: SelectionRule
    reference: str | None
    message: str
    message_en: str = ""
    references: tuple[str, ...] = attrs.field(kw_only=True)
    limit: Limit | None = attrs.field(default=None, kw_only=True)

    @references.default
    def _the_one(self) -> tuple[str, ...]:
        return () if self.reference is None else (self.reference,)


def refuse(
    rule: SelectionRule,
    reference: str | None = None,
    *,
    references: tuple[str, ...] = (),
    limit: Limit | None = None,
) -> Refusal:
    """Make the refusal of *rule*, with its reasons; *references* are those concerned, unless it is the one."""
    named = references or (() if reference is None else (reference,))
    others = ", ".join(other for other in named if other != reference) if reference else ", ".join(named)
    french, english = REASONS[rule]
    return Refusal(
        rule,
        reference,
        french.format(reference=reference, references=others, limit=_french(limit)),
        english.format(reference=reference, references=others, limit=_english(limit)),
        references=named,
        limit=limit,
    )


def _french(limit: Limit | None) -> str:
    return amount_text(limit) if isinstance(limit, Money) else str(limit)


def _english(limit: Limit | None) -> str:
    return f"{limit} {limit.currency}" if isinstance(limit, Money) else str(limit)
