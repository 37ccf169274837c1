"""Why payments are not priced, in the operator's words."""

from __future__ import annotations

from typing import Final

from rak_billing.fees.compiled.rule_numbers import Refusal

__all__ = ["REFUSALS"]

#: Why payments are not priced.
REFUSALS: Final = {
    Refusal.AMOUNT: "montant absent, illisible, négatif ou trop grand",
    Refusal.DAY: "jour absent, illisible ou hors du barème",
    Refusal.RULE: "aucune règle pour cette carte, marque, canal ou clientèle",
    Refusal.MIXED: "factures d'un même paiement sous des règles différentes",
    Refusal.SIZE: "total, nombre de factures ou frais trop grands",
    Refusal.PAYMENT: "ligne sans paiement",
}
