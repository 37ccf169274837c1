"""From a session's facts to an HTML page with its security headers."""

from __future__ import annotations

import secrets
from typing import Any, Final

from flask import Flask, Response, render_template

from cmi_gateway.simulator import wording
from cmi_gateway.simulator.card_form import CardFormErrors
from cmi_gateway.simulator.cards import CARDS, CHALLENGE_CODE, SimulatedCard
from cmi_gateway.simulator.magic_amounts import MAGIC_AMOUNTS
from cmi_gateway.simulator.orders import Attempt, Order, OrderState, Refusal, Session
from cmi_gateway.simulator.texts import Texts, texts_in

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


def page(template: str, t: Texts, *, status: int = 200, **facts: Any) -> Response:
    """Render *template* in the language of *t*, with a fresh nonce and the headers that allow only what carries it."""
    nonce = secrets.token_urlsafe(16)
    response = Response(render_template(template, t=t, nonce=nonce, **facts), status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
    response.headers["Content-Language"] = t.language
    return response


def add_headers(response: Response) -> Response:
    """Add what every response carries, redirects included."""
    response.headers.update(_HEADERS)
    return response


def texts_of(session: Session) -> Texts:
    """Give the texts of the language that the session's request asked for."""
    return texts_in(session.request.get("lang"))


def index_page(payment_url: str, inspection_url: str | None) -> Response:
    """Say what this is and list the test cards and magic amounts."""
    t = texts_in("fr")
    return page(
        "index.html",
        t,
        payment_url=payment_url,
        inspection_url=inspection_url,
        cards=_card_rows(t),
        amounts=MAGIC_AMOUNTS,
    )


def card_page(session: Session, errors: CardFormErrors | None = None) -> Response:
    """Show the payment page, with the errors of the form or the refusal of the last try."""
    t = texts_of(session)
    refused = session.attempt if errors is None else None
    first = session.opened_at.year
    return page(
        "card.html",
        t,
        status=200 if errors is None else 422,
        session=session,
        request=session.request,
        opened=wording.long_date(t, session.opened_at),
        years=range(first, first + _YEARS_SHOWN),
        cards=_card_rows(t),
        errors={name: t(f"problem.{key}") for name, key in errors.problems.items()} if errors else {},
        holder=errors.holder if errors else "",
        refusal=wording.refusal_text(t, refused) if refused else "",
        can_give_up=session.attempt is not None,
    )


def challenge_page(session: Session) -> Response:
    """Ask for the 3-D Secure code."""
    entry = session.entry
    return page(
        "challenge.html",
        texts_of(session),
        session=session,
        request=session.request,
        masked=entry.card.masked_number if entry else "",
        code=CHALLENGE_CODE,
    )


def result_page(
    session: Session, attempt: Attempt, order: Order | None, *, has_way_back: bool = True
) -> Response:
    """Show the result and the form that takes every field to okUrl or failUrl; no form for a customer who leaves."""
    t = texts_of(session)
    return page(
        "result.html",
        t,
        session=session,
        request=session.request,
        attempt=attempt,
        title=wording.result_title(t, attempt),
        message=wording.result_message(t, attempt),
        action=session.request.get("okUrl" if attempt.is_approved else "failUrl"),
        # A merchant that did not answer loses the automatic return, so that the customer sees the receipt.
        posts_itself=has_way_back and session.request.redirects_itself and not attempt.is_unconfirmed,
        has_way_back=has_way_back,
        callback=wording.callback_text(t, attempt),
        state=wording.state_text(t, order.state if order else OrderState.UNPAID),
    )


def refusal_page(refusal: Refusal, language: str = "fr") -> Response:
    """Show why a request gets no payment page; the gateway's own message stays as it goes to the merchant."""
    return page("refusal.html", texts_in(language), status=400, refusal=refusal)


def notice_page(
    t: Texts, title: str, message: str, *, status: int, back: str = "", again: str = ""
) -> Response:
    """
    Show one calm sentence.

    Args:
        t: The language.

        title: Key of the page's heading, in the section ``notice``.

        message: Key of the sentence, there too.

        status: The HTTP status.

        back: The merchant's address, for a link.

        again: An address of the simulator's own to look at next, for a link.
    """
    return page(
        "notice.html",
        t,
        status=status,
        title=t(f"notice.{title}"),
        message=t(f"notice.{message}"),
        back=back,
        again=again,
    )


def _card_rows(t: Texts) -> list[tuple[SimulatedCard, str]]:
    return [(card, wording.card_outcome(t, card)) for card in CARDS]


def install(app: Flask, *, exposed: bool = False) -> None:
    """Make every response of *app* carry the headers, its templates tidy, and say whether other machines see them."""
    app.jinja_env.globals["exposed"] = exposed
    app.after_request(add_headers)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
