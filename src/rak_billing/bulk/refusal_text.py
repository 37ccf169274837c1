"""Why payments are not priced, in the operator's words."""

from __future__ import annotations

from typing import Final

from rak_billing.display import count_text
from rak_billing.fees.compiled.rule_numbers import Refusal

__all__ = ["payments_text", "refusal_text"]

_REASONS: Final = {
    Refusal.AMOUNT: "montant absent, illisible, négatif ou trop grand",
    Refusal.DAY: "jour absent, illisible ou hors du barème",
    Refusal.RULE: "aucune règle pour cette carte, marque, canal ou clientèle",
    Refusal.MIXED: "factures d'un même paiement sous des règles différentes",
    Refusal.SIZE: "total, nombre de factures ou frais trop grands",
    Refusal.PAYMENT: "ligne sans paiement",
}


def payments_text(number: int) -> str:
    """Count payments; in French none is singular too."""
    return f"{count_text(number)} {'paiement' if number <= 1 else 'paiements'}"


def refusal_text(refusal: Refusal, payments: int) -> str:
    """Say how many payments have no price for this reason."""
    return f"Sans prix\u00a0: {payments_text(payments)}, {_REASONS[refusal]}"
