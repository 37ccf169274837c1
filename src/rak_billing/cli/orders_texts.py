"""What ``rak-billing orders`` says, in French."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rak_billing.business_day import local_time
from rak_billing.display import amount_text

if TYPE_CHECKING:
    from datetime import datetime

    from rak_billing.payments.records import DeadLetter
    from rak_billing.staff import History, Matter

#: Why a person must look → what is the matter, and what to do.
REASONS: Final = {
    "duplicate_payment": "second paiement de factures déjà payées : à annuler au back-office du CMI",
    "doubtful_failure": "échec avec un signe d'autorisation : regarder au back-office si la carte est débitée",
    "clock_skew": "l'heure du CMI est loin de la nôtre : vérifier la date de constatation",
    "mismatch": "réponse authentique qui ne correspond pas à la demande : vérifier le montant et la commande",
    "unsettled": "réponse reçue pendant une panne : vérifier que le CMI l'a renvoyée",
    "contradiction": "le CMI a dit deux choses de la même transaction : regarder au back-office",
    "not_at_the_gateway": "acceptée ici, inconnue ou refusée au CMI : ne rien écrire en comptabilité sans preuve",
    "other_amount": "le CMI a pris ou réservé un autre montant : rembourser ou régulariser",
    "not_captured": "montant autorisé mais non débité : capturer au back-office avant que la banque le libère",
    "not_voided": "paiement en trop qui n'a pas pu être rendu : annuler ou rembourser au back-office",
    "unconfirmed": "acceptée depuis un jour, toujours pas confirmée par le CMI",
    "undone": "paiement annulé ou remboursé au CMI après coup : vérifier le reçu et la comptabilité",
    "not_posted": "l'écriture en comptabilité est incertaine ou refusée : chercher la référence dans la facturation",
    "not_sent": "le mail de confirmation n'est pas parti : prévenir le client autrement",
}
STATES: Final = {
    "draft": "brouillon",
    "open": "à payer",
    "accepted": "acceptée",
    "paid": "payée",
    "sent": "envoyée au CMI",
    "declined": "refusée, peut être payée",
    "superseded": "remplacée",
    "expired": "expirée",
    "doubtful": "douteuse",
    "authorized": "autorisée, non débitée",
    "capture_requested": "débit demandé",
    "unknown": "débit incertain",
    "captured": "débitée",
    "settled": "remise en banque",
    "part_refunded": "remboursée en partie",
    "refunded": "remboursée",
    "voided": "annulée",
    "duplicate": "en double",
    "needs_person": "à voir par une personne",
}


def instant_text(at: datetime) -> str:
    """Write an instant in Moroccan time."""
    return f"{local_time(at):%d/%m/%Y %H:%M:%S}"


def matter_lines(matter: Matter) -> list[str]:
    """Say one matter: which payment, and why."""
    order = matter.order
    head = (
        f"{matter.order_id}  commande {order.reference}  client {order.customer_ref}  {amount_text(order.total)}  "
        f"{STATES[matter.attempt_state.value]}"
    )
    return [
        head,
        *(f"    {instant_text(review.raised_at)}  {REASONS[review.kind.value]}" for review in matter.reviews),
    ]


def letter_line(letter: DeadLetter) -> str:
    """Say one dead letter."""
    return f"{letter.key}  abandonné le {instant_text(letter.parked_at)} après {letter.tries} essais : {letter.error}"


def history_lines(history: History) -> list[str]:
    """Say all that happened to an order."""
    order = history.order
    whose = f"Commande {order.reference}, client {order.customer_ref}, {amount_text(order.total)}"
    lines = [f"{whose} : {STATES[order.state.value]}"]
    lines += [f"  essai {order_id} : {STATES[state.value]}" for order_id, state in history.attempts]
    for event in history.events:
        line = f"  {instant_text(event.at)}  {event.order_id}  {event.event} → {STATES[event.attempt_state]}"
        facts = event.facts or {}
        lines.append(f"{line}  ({facts['by']} : {facts['why']})" if "by" in facts else line)
    return lines
