"""The words and figures of a comparison, the same in the terminal and on the page."""

from __future__ import annotations

from typing import Final

from rak_billing.bulk.comparison import BRACKETS, Comparison, Group, total_of
from rak_billing.bulk.refusal_text import payments_text, refusal_text
from rak_billing.display import centimes_text, count_text

__all__ = ["HEADINGS", "bracket_text", "change_text", "class_text", "rows_of", "summary_of"]

HEADINGS: Final = (
    "Clientèle", "Total du paiement", "Paiements", "Montant", "Client avant", "Client après", "Écart client",
    "Opérateur avant", "Opérateur après", "Écart opérateur", "Plus chers", "Moins chers",
)  # fmt: skip


def class_text(group: Group) -> str:
    """Name the class of customer."""
    return group.customer_class or "non précisée"


def bracket_text(group: Group, currency: str) -> str:
    """Name the bracket by its last amount."""
    assert group.bracket is not None  # only the total of all groups has none
    if group.bracket == len(BRACKETS):
        return f"plus de {centimes_text(BRACKETS[-1], currency)}"
    return f"jusqu'à {centimes_text(BRACKETS[group.bracket], currency)}"


def change_text(centimes: int, currency: str) -> str:
    """Show a change with its sign."""
    return f"{'+' if centimes > 0 else ''}{centimes_text(centimes, currency)}"


def rows_of(comparison: Comparison) -> list[tuple[str, ...]]:
    """Give the rows of the table, the last one being the total."""
    rows = [
        (class_text(group), bracket_text(group, comparison.currency), *_figures(group, comparison.currency))
        for group in comparison.groups
    ]
    return [*rows, ("Total", "", *_figures(total_of(comparison.groups), comparison.currency))]


def _figures(group: Group, currency: str) -> tuple[str, ...]:
    return (
        count_text(group.payments),
        centimes_text(group.total, currency),
        centimes_text(group.customer_before, currency),
        centimes_text(group.customer_after, currency),
        change_text(group.customer_change, currency),
        centimes_text(group.merchant_before, currency),
        centimes_text(group.merchant_after, currency),
        change_text(group.merchant_change, currency),
        count_text(group.dearer),
        count_text(group.cheaper),
    )


def summary_of(comparison: Comparison) -> tuple[str, ...]:
    """Say in sentences what the change comes to, and what is left out."""
    whole, currency = total_of(comparison.groups), comparison.currency
    sentences = [
        (
            f"Comparaison de {payments_text(whole.payments)}\u00a0: pour leur client, "
            f"{count_text(whole.dearer)} plus cher, {count_text(whole.cheaper)} moins cher."
        ),
        f"Écart pour les clients\u00a0: {change_text(whole.customer_change, currency)}, TVA comprise.",
        f"Écart pour l'opérateur\u00a0: {change_text(whole.merchant_change, currency)}, TVA comprise.",
    ]
    sentences += [f"{refusal_text(refusal, payments)}." for refusal, payments in comparison.refused.items()]
    return tuple(sentences)
