"""What ``rak-billing orders`` says, in French."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rak_billing import staff
from rak_billing.display import amount_text, instant_text

if TYPE_CHECKING:
    from rak_billing.errors import ResolutionError
    from rak_billing.order_history import History, Tried
    from rak_billing.payments.records import DeadLetter
    from rak_billing.payments.states import TransitionError
    from rak_billing.staff import Matter

#: Why a person must look → what is the matter, and what to do.
REASONS: Final = {
    "duplicate_payment": "second paiement de factures déjà payées : à annuler au back-office du CMI",
    "doubtful_failure": "échec avec un signe d'autorisation : regarder au back-office si la carte est débitée",
    "clock_skew": "l'heure du CMI est loin de la nôtre : vérifier la date de constatation",
    "mismatch": "réponse authentique qui ne correspond pas à la demande : vérifier le montant et la commande",
    "unsettled": "réponse reçue pendant une panne : vérifier que le CMI l'a renvoyée",
    "contradiction": "le CMI a dit deux choses, ou autre chose que ce qui est écrit ici : regarder au back-office",
    "not_at_the_gateway": "acceptée ici, inconnue ou refusée au CMI : ne rien écrire en comptabilité sans preuve",
    "other_amount": "le CMI a pris ou réservé un autre montant : rembourser ou régulariser",
    "not_captured": "montant autorisé mais non débité : capturer au back-office avant que la banque le libère",
    "not_voided": "paiement en trop qui n'a pas pu être rendu : annuler ou rembourser au back-office",
    "unconfirmed": "acceptée depuis un jour, toujours pas confirmée par le CMI",
    "pending": "depuis trois jours le CMI ne dit ni oui ni non : regarder au back-office si la carte est débitée",
    "undone": "paiement annulé ou remboursé au CMI après coup : vérifier le reçu et la comptabilité",
    "not_posted": "l'écriture en comptabilité est incertaine ou refusée : chercher la référence dans la facturation",
    "not_posted_yet": "la facturation ne prend pas l'écriture depuis un jour ; elle est réessayée, ne l'écrivez pas à la main",
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


EVENTS: Final = {
    "send": "formulaire remis au client",
    "supersede": "le client a recommencé",
    "approve": "le CMI a accepté",
    "duplicate": "le CMI a accepté, les factures étaient déjà payées",
    "decline": "refus de la banque ou de l'authentification",
    "doubt": "échec, avec un signe d'autorisation",
    "fail": "échec, rien n'est débité",
    "trust": "compté comme payé sur la foi de la réponse du CMI",
    "authorize": "le CMI tient le montant réservé",
    "capture": "débit demandé au CMI",
    "unsure": "débit demandé, réponse illisible ou perdue",
    "confirm": "débit confirmé",
    "settle": "remis en banque",
    "void": "paiement annulé",
    "refund_part": "remboursé en partie",
    "refund": "remboursé",
    "release": "paiement en trop annulé",
    "return": "paiement en trop remboursé",
    "reinstate": "paiement rétabli",
    "expire": "le CMI, interrogé, n'a rien",
    "disprove": "il n'y avait pas d'argent",
    "refer": "mis devant une personne",
    "note": "vu par une personne",
}
MESSAGES: Final = {"confirmation_mail": "mail de confirmation", "posting": "écriture en comptabilité"}
OPERATIONS: Final = {
    "capture": "débit envoyé au CMI",
    "void": "annulation envoyée au CMI",
    "refund": "remboursement envoyé au CMI",
}
#: What the library expected of a person → the same, for that person.
REFUSALS: Final = {
    staff.NO_ATTEMPT: "attendu l'identifiant CMI d'un de vos essais de paiement ; « orders list » et « orders show » les donnent",
    staff.NO_ORDER: "attendu la référence d'une de vos commandes, ou l'identifiant CMI d'un essai",
    staff.NO_LETTER: "attendu la clé d'un message abandonné ; « orders list » les donne",
    staff.NOBODY: "dites qui vous êtes (--by) et comment vous le savez (--why)",
    staff.UNDECIDED: "on ne sait pas ce que son argent est devenu : dites paid, voided, refunded ou unpaid",
    staff.NOT_PAYABLE: "sa commande a été annulée ou remboursée avec un autre paiement : annulez ou remboursez celui-ci au back-office",
    staff.PAID_ALREADY: "ses factures sont déjà payées autrement : annulez ou remboursez ce paiement-ci au back-office",
}


def refusal_text(error: ResolutionError) -> str:
    """Say why what a person said cannot be written."""
    return plain(f"{error.reference:.70} : {REFUSALS[error.reason]}")


def impossible_text(error: TransitionError) -> str:
    """Say that it cannot be so in the state that the payment is in."""
    return f"ce n'est pas possible dans l'état « {STATES[error.state.value]} » ; « orders show » dit ce qui s'est passé"


def plain(line: str) -> str:
    """Keep what a terminal shows, and drop what it would obey: names and reasons come from outside."""
    return "".join(
        character if character.isprintable() or character in "\u202f\u00a0" else "?" for character in line
    )


def matter_lines(matter: Matter) -> list[str]:
    """Say one matter: which payment, and why."""
    order = matter.order
    head = (
        f"{matter.order_id}  commande {order.reference}  client {order.customer_ref}  {amount_text(order.total)}  "
        f"{STATES[matter.attempt_state.value]}"
    )
    return [
        plain(head),
        *(f"    {instant_text(review.raised_at)}  {REASONS[review.kind.value]}" for review in matter.reviews),
    ]


def letter_line(letter: DeadLetter) -> str:
    """Say one dead letter."""
    return plain(
        f"{letter.key}  abandonné le {instant_text(letter.parked_at)} après {letter.tries} essais : {letter.error}"
    )


def _tried_lines(tried: Tried) -> list[str]:
    """Say one attempt: where it stands, its number at the CMI, what waits for a person, what is under way, the next look."""
    transaction = f", transaction CMI {tried.transaction_id}" if tried.transaction_id else ""
    counts = ", c'est le paiement de la commande" if tried.is_payment else ""
    lines = [f"  essai {tried.order_id} : {STATES[tried.state.value]}{counts}{transaction}"]
    lines += [
        f"    {instant_text(one.raised_at)}  à voir : {REASONS[one.kind.value]}" for one in tried.reviews
    ]
    if tried.operation is not None:
        sent = instant_text(tried.operation.sent_at)
        lines.append(f"    {sent}  {OPERATIONS[tried.operation.kind]}, on ne sait pas si c'est fait")
    if tried.asked_next is not None:
        lines.append(f"    prochaine question au CMI : {instant_text(tried.asked_next)}")
    return lines


def history_lines(history: History) -> list[str]:
    """Say all that happened to an order."""
    order = history.order
    whose = f"Commande {order.reference}, client {order.customer_ref}, {amount_text(order.total)}"
    lines = [f"{whose} : {STATES[order.state.value]}"]
    lines += [line for tried in history.attempts for line in _tried_lines(tried)]
    lines += [f"  {MESSAGES[topic]} : parti" for topic in sorted(history.delivered)]
    lines += [f"  {MESSAGES[letter.topic]} : {letter_line(letter)}" for letter in history.letters]
    for event in history.events:
        line = f"  {instant_text(event.at)}  {event.order_id}  {EVENTS[event.event]} → {STATES[event.attempt_state.value]}"
        facts = event.facts or {}
        lines.append(f"{line}  ({facts['by']} : {facts['why']})" if "by" in facts else line)
    return [plain(line) for line in lines]
