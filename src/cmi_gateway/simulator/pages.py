"""From a session's facts to an HTML page with its security headers."""

from __future__ import annotations

import secrets
from typing import Any, Final

from flask import Flask, Response, render_template

from cmi_gateway.simulator import texts
from cmi_gateway.simulator.card_form import CardFormErrors
from cmi_gateway.simulator.cards import CARDS, CHALLENGE_CODE
from cmi_gateway.simulator.orders import Attempt, Order, OrderState, Refusal, Session

_YEARS_SHOWN: Final = 10
#: Forms post to merchants that the simulator does not know beforehand, hence whole schemes.
_POLICY: Final = (
    "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; form-action http: https:; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Cache-Control": "no-store",
    # The path names the session. The origin alone goes out, as merchants' cross-site checks may look for one.
    "Referrer-Policy": "strict-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def page(template: str, *, status: int = 200, **facts: Any) -> Response:
    """Render *template* with a fresh nonce and the headers that allow only what carries it."""
    nonce = secrets.token_urlsafe(16)
    response = Response(render_template(template, nonce=nonce, **facts), status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
    return response


def add_headers(response: Response) -> Response:
    """Add what every response carries, redirects included."""
    response.headers.update(_HEADERS)
    return response


def index_page() -> Response:
    """Say what this is and list the test cards."""
    return page("index.html", cards=CARDS, code=CHALLENGE_CODE)


def card_page(session: Session, errors: CardFormErrors | None = None) -> Response:
    """Show the payment page, with the errors of the form or the refusal of the last try."""
    refused = session.attempt if errors is None else None
    first = session.opened_at.year
    return page(
        "card.html",
        status=200 if errors is None else 422,
        session=session,
        request=session.request,
        opened=texts.long_date(session.opened_at),
        years=range(first, first + _YEARS_SHOWN),
        cards=CARDS,
        code=CHALLENGE_CODE,
        errors=errors.messages if errors else {},
        holder=errors.holder if errors else "",
        refusal=texts.refusal_text(refused) if refused else "",
        can_give_up=session.attempt is not None,
    )


def challenge_page(session: Session) -> Response:
    """Ask for the 3-D Secure code."""
    entry = session.entry
    masked = entry.card.masked_number if entry else ""
    return page(
        "challenge.html", session=session, request=session.request, masked=masked, code=CHALLENGE_CODE
    )


def result_page(
    session: Session, attempt: Attempt, order: Order | None, *, has_way_back: bool = True
) -> Response:
    """Show the result and the form that takes every field to okUrl or failUrl; no form for a customer who leaves."""
    return page(
        "result.html",
        session=session,
        request=session.request,
        attempt=attempt,
        title=texts.result_title(attempt),
        message=texts.result_message(attempt),
        action=session.request.get("okUrl" if attempt.is_approved else "failUrl"),
        # A merchant that did not answer loses the automatic return, so that the customer sees the receipt.
        posts_itself=has_way_back and session.request.redirects_itself and not attempt.is_unconfirmed,
        has_way_back=has_way_back,
        callback=texts.callback_text(attempt),
        state=texts.state_text(order.state if order else OrderState.UNPAID),
    )


def refusal_page(refusal: Refusal) -> Response:
    """Show why a request gets no payment page."""
    return page("refusal.html", status=400, refusal=refusal)


def notice_page(title: str, message: str, *, status: int, back: str = "", again: str = "") -> Response:
    """
    Show one calm sentence.

    Args:
        title: The page's heading.

        message: The sentence.

        status: The HTTP status.

        back: The merchant's address, for a link.

        again: An address of the simulator's own to look at next, for a link.
    """
    return page("notice.html", status=status, title=title, message=message, back=back, again=again)


def install(app: Flask, *, exposed: bool = False) -> None:
    """Make every response of *app* carry the headers, its templates tidy, and say whether other machines see them."""
    app.jinja_env.globals["exposed"] = exposed
    app.after_request(add_headers)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
