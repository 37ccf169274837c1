"""French wording that the simulator's pages compose: dates, results, and what became of the callback."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from cmi_gateway.moroccan_time import casablanca
from cmi_gateway.simulator.orders import Attempt, OrderState

_DAYS: Final = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MONTHS: Final = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)

IMPOSSIBLE: Final = "Impossible de procéder au paiement"


def long_date(at: datetime) -> str:
    """Write an instant as the payment page does, in Moroccan time: ``lundi, septembre 10, 2018 10:14:42``."""
    local = at.astimezone(casablanca())
    day, month = _DAYS[local.weekday()], _MONTHS[local.month - 1]
    return f"{day}, {month} {local.day}, {local.year} {local:%H:%M:%S}"


def refusal_text(attempt: Attempt) -> str:
    """Say why an attempt was refused, with its code where there is one: ``Provision insuffisante (51)``."""
    message = attempt.message or IMPOSSIBLE
    return f"{message} ({attempt.code})" if attempt.code else message


def result_title(attempt: Attempt) -> str:
    """Give the result page's title."""
    if not attempt.is_approved:
        return "Résultat de paiement"
    return "Reçu d'autorisation de paiement" if attempt.is_unconfirmed else "REÇU DE PAIEMENT"


def result_message(attempt: Attempt) -> str:
    """Give the sentence at the top of the result page."""
    if not attempt.is_approved:
        return refusal_text(attempt)
    if attempt.is_unconfirmed:
        return "Votre paiement est autorisé, mais le marchand ne l'a pas encore confirmé."
    return "Votre paiement a été accepté"


def callback_text(attempt: Attempt) -> str:
    """Say what became of the callback, for the developer who is testing."""
    if attempt.callback_url is None:
        return "non demandé (CallbackResponse absent, ou callbackUrl vide)"
    return f"réponse lue : {attempt.reply}" if attempt.reply else "aucune réponse valable"


def state_text(state: OrderState) -> str:
    """Say where the money of an order is."""
    return {
        OrderState.UNPAID: "aucun paiement",
        OrderState.AUTHORIZED: "PRE (autorisée, non capturée)",
        OrderState.CAPTURED: "POST (capturée)",
        OrderState.PARTLY_REFUNDED: "PRND (remboursée en partie)",
        OrderState.REFUNDED: "RFND (remboursée)",
        OrderState.VOIDED: "VOID (annulée)",
    }[state]
