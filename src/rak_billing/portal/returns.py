"""
Where the customer's browser comes back (rule R40): it shows what the journal says, and decides nothing.

The address holds a random token, because the gateway's cancel and error returns carry no fields, and because the
session cookie does not come along with a form posted from another site.
A form is therefore answered with the address of the same page, to be opened anew; its fields are not even read.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, assert_never

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from rak_billing.payment_views import PaymentView
from rak_billing.payments.states import PublicState
from rak_billing.portal.context import drafts, portal
from rak_billing.portal.pages import page

__all__ = ["Door", "blueprint"]

blueprint = Blueprint("returns", __name__)

_SEE_OTHER: Final = 303
_REFRESH_SECONDS: Final = 20
# Ten minutes; then the page rests until the customer asks.
_REFRESHES: Final = 30


class Door(StrEnum):
    """Which of our three addresses the gateway sent the browser to: a hint for words, never a fact."""

    RETURN = "returned"
    FAILURE = "failed"
    CANCEL = "cancelled"


def _door(path: str, door: Door) -> Callable[[str], ResponseReturnValue]:
    def answer(token: str) -> ResponseReturnValue:
        if request.method == "POST":
            return redirect(url_for(request.endpoint or "", token=token), _SEE_OTHER)
        return _show(token, door)

    blueprint.add_url_rule(path, door.value, answer, methods=["GET", "POST"])
    return answer


_door("/retour/<token>", Door.RETURN)
_door("/retour/<token>/echec", Door.FAILURE)
_door("/retour/<token>/annulation", Door.CANCEL)


def _show(token: str, door: Door) -> ResponseReturnValue:
    payment = portal().checkout.payment(token)
    if payment is None:
        abort(404)
    if payment.state is PublicState.PAID and payment.receipt_url:
        return redirect(payment.receipt_url, _SEE_OTHER)
    words = _words(payment.state, door)
    return _page(payment, words, waiting=words in {"pending", "received", "error"})


def _words(state: PublicState, door: Door) -> str:
    """Choose the words for a state; the door only tells apart the ways of knowing nothing yet."""
    match state:
        case PublicState.PENDING:
            unknown = {Door.RETURN: "pending", Door.FAILURE: "error", Door.CANCEL: "cancelled"}
            return unknown[door]
        case (
            PublicState.RECEIVED
            | PublicState.PAID
            | PublicState.REFUSED
            | PublicState.SUPERSEDED
            | PublicState.EXPIRED
            | PublicState.RETURNED
            | PublicState.REVIEW
        ):
            return state.value
        case _:
            assert_never(state)


def _page(payment: PaymentView, words: str, *, waiting: bool) -> Response:
    seen = request.args.get("n", 0, type=int)
    refreshing = waiting and request.args.get("auto") != "non" and 0 <= seen < _REFRESHES
    return page(
        "outcome.html",
        portal().texts.text(f"outcome.{words}_title"),
        words=words,
        payment=payment,
        waiting=waiting,
        refresh_seconds=_REFRESH_SECONDS if refreshing else None,
        refresh_url=url_for(request.endpoint or "", n=seen + 1, **(request.view_args or {})),
        calm_url=url_for(request.endpoint or "", auto="non", **(request.view_args or {})),
        retry_url=_retry_url(payment) if words in {"refused", "cancelled", "expired"} else None,
    )


def _retry_url(payment: PaymentView) -> str:
    """Go on where the customer was, when this browser still has the draft; else from the start."""
    draft = drafts().latest_of(payment.customer_ref)
    return url_for("recap.show", draft=draft) if draft else url_for("identification.form")
