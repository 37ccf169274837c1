"""What the pages compose from a catalogue and from facts: dates, results, cards, and what became of the callback."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from cmi_gateway.codes import look_up
from cmi_gateway.customer_messages import customer_message
from cmi_gateway.moroccan_time import casablanca
from cmi_gateway.simulator.cards import CHALLENGE_CODE, SimulatedCard
from cmi_gateway.simulator.endings import EndingKind
from cmi_gateway.simulator.orders import Attempt, OrderState
from cmi_gateway.simulator.texts import Texts

#: Of the gateway's own messages (``ErrMsg``), which are in French.
_WIRE_LANGUAGE: Final = "fr"


def long_date(t: Texts, at: datetime) -> str:
    """Write an instant as the payment page does, in Moroccan time: ``lundi, septembre 10, 2018 10:14:42``."""
    local = at.astimezone(casablanca())
    return t(
        "page.date",
        day=t.value("page.days")[local.weekday()],
        month=t.value("page.months")[local.month - 1],
        number=local.day,
        year=local.year,
        time=f"{local:%H:%M:%S}",
    )


def refusal_text(t: Texts, attempt: Attempt) -> str:
    """Say why an attempt was refused, with its code where there is one: ``Provision insuffisante (51)``."""
    message = attempt.message or t("result.impossible")
    if t.language != _WIRE_LANGUAGE:
        code = attempt.code or f"mdStatus={attempt.value('mdStatus')}"
        message = customer_message(look_up(code).message_key, t.language)
    return f"{message} ({attempt.code})" if attempt.code else message


def result_title(t: Texts, attempt: Attempt) -> str:
    """Give the result page's title."""
    if not attempt.is_approved:
        return t("result.refused_title")
    return t("result.unconfirmed_title" if attempt.is_unconfirmed else "result.accepted_title")


def result_message(t: Texts, attempt: Attempt) -> str:
    """Give the sentence at the top of the result page."""
    if not attempt.is_approved:
        return refusal_text(t, attempt)
    return t("result.unconfirmed" if attempt.is_unconfirmed else "result.accepted")


def callback_text(t: Texts, attempt: Attempt) -> str:
    """Say what became of the callback, for the developer who is testing."""
    if attempt.callback_url is None:
        return t("result.callback_none")
    return t("result.callback_read", reply=attempt.reply) if attempt.reply else t("result.callback_silent")


def state_text(t: Texts, state: OrderState) -> str:
    """Say where the money of an order is."""
    return t(f"state.{state or 'UNPAID'}")


def card_outcome(t: Texts, card: SimulatedCard) -> str:
    """Say what paying with *card* leads to."""
    if t.language == _WIRE_LANGUAGE:
        return card.outcome
    ending = card.ending
    if card.md_status:
        security = t("cards.unasked", status=card.md_status)
        return (
            t("cards.accepted", security=security)
            if card.authenticates
            else t("cards.unavailable", status=card.md_status)
        )
    security = t("cards.secure", code=CHALLENGE_CODE) if card.enrolled else t("cards.plain")
    kind = "accepted" if ending.kind is EndingKind.APPROVED else ending.kind.name.lower()
    return t(f"cards.{kind}", code=ending.code, security=security)
