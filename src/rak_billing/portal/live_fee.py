"""
Live totals: the fee rule of the customer's card as a script of its own, beside the one that reads the ticks.

The script is compiled from the rule and served from an address that holds the digest of its text. The page may then
run nothing but scripts of this site that bear its nonce, as before: nothing is evaluated from text, nothing stands in
the page. A browser keeps the script as long as it likes, and a changed tariff has another address. Data for a fixed
interpreter would do too, and would be a fourth way of computing a fee; this text is the one that the tests run.

What the script shows is for the eye. The server computes every total again; and where the script does not arrive,
because the tariff changed between page and script, « Recalculer » stays.
"""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, abort, url_for

from rak_billing.errors import FeeError
from rak_billing.fees.compiled.javascript import javascript_function
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.selectors import CARDS, ONLINE, Card, Circumstances
from rak_billing.portal.context import portal

__all__ = ["blueprint", "live_fee_address", "live_fee_script"]

blueprint = Blueprint("live_fee", __name__)


@blueprint.get("/tarif/<card>/<version>.js")
def script(card: str, version: str) -> Response:
    """Give the script of today's tariff, if the page asks for this version of it."""
    known = next((word for word in CARDS if word == card), None)
    if known is None:
        abort(404)
    try:
        text = live_fee_script(portal().checkout.schedule_today(), known)
    except FeeError:
        abort(404)
    if _version(text) != version:
        abort(404)
    return Response(text, mimetype="text/javascript")


def live_fee_address(card: Card) -> str:
    """
    Give the address of today's script for *card*.

    Raises:
        FeeError: no rule of the schedule is for this card.
    """
    text = live_fee_script(portal().checkout.schedule_today(), card)
    return url_for("live_fee.script", card=card, version=_version(text))


def live_fee_script(schedule: FeeSchedule, card: Card) -> str:
    """
    Write the rule for *card*, paid here, as the function that ``totals.js`` calls.

    Raises:
        FeeError: no rule of the schedule is for this card.
    """
    rule = schedule.rules[schedule.rule_for(Circumstances(card, channel=ONLINE)) - 1]
    return f'"use strict";\nglobalThis.feeOf = {javascript_function(rule)};\n'


def _version(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
