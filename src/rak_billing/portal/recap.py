"""Step 4: what will be paid, the terms, and the way to the gateway (rules R26 to R31)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from cmi_gateway.payment import SignedForm
from rak_billing.errors import (
    InvoicesAlreadyPaidError,
    NothingToPayError,
    QuoteChangedError,
    QuoteExpiredError,
    QuoteSealError,
    SelectionError,
)
from rak_billing.payment_request import Language
from rak_billing.portal.bill_view import CustomerView
from rak_billing.portal.changes_view import changes_of
from rak_billing.portal.context import draft_of, nonce, portal
from rak_billing.portal.drafts import Draft
from rak_billing.portal.headers import send_forms_to
from rak_billing.portal.pages import page
from rak_billing.portal.problems import Problem
from rak_billing.portal.selection import changed_page, nothing_left_page, statement_of

__all__ = ["blueprint"]

blueprint = Blueprint("recap", __name__)

_YES: Final = "yes"


@blueprint.get("/recapitulatif/<draft>")
def show(draft: str) -> ResponseReturnValue:
    """Show what will be paid: the chosen invoices, the fee line and the total."""
    entries = draft_of(draft)
    if entries.chosen is None:
        return redirect(url_for("selection.show", draft=draft), 303)
    return _recap(draft, entries)


@blueprint.post("/paiement/<draft>")
def pay(draft: str) -> ResponseReturnValue:
    """« Payer »: write the order down and send the customer to the gateway."""
    entries = draft_of(draft)
    if request.form.get("mark") != entries.mark:
        return _changed(draft, entries)
    if request.form.get("terms") != _YES:
        return _without_terms(draft, entries)
    if request.form.get("restart") != _YES and (found := _open_page(draft, entries)):
        return found
    return _send(draft, entries)


def _send(token: str, draft: Draft) -> ResponseReturnValue:
    try:
        form = portal().checkout.pay(
            draft.customer_ref,
            chosen=draft.chosen or (),
            accepted=request.form.get("accepted", ""),
            email=draft.email,
            card=draft.card,
            terms=True,
            # Catalogues are packaged for the languages of the gateway's page.
            language=cast(Language, portal().texts.language),
        )
    except QuoteChangedError as error:
        return changed_page(token, draft, error.statement, changes_of(error))
    except (QuoteExpiredError, QuoteSealError):
        return _changed(token, draft)
    except (InvoicesAlreadyPaidError, NothingToPayError):
        return nothing_left_page()
    return _hand_over(form)


def _hand_over(form: SignedForm) -> Response:
    send_forms_to(form.action)
    return make_response(form.html(nonce=nonce()))


def _changed(token: str, draft: Draft) -> Response:
    statement = statement_of(draft)
    return nothing_left_page() if statement is None else changed_page(token, draft, statement)


def _without_terms(token: str, draft: Draft) -> Response:
    problem = Problem("terms", portal().texts.text("recap.error_terms"))
    return _recap(token, draft, status=422, problems=(problem,))


def _open_page(token: str, draft: Draft) -> Response | None:
    """Before a second payment of the same invoices, say that a first one is open."""
    found = portal().checkout.open_payments(draft.customer_ref, draft.chosen or ())
    if not found:
        return None
    title = portal().texts.text("open.title")
    accepted = request.form.get("accepted", "")
    return page("open_payment.html", title, token=token, mark=draft.mark, accepted=accepted, payments=found)


def _recap(token: str, draft: Draft, *, status: int = 200, problems: Sequence[Problem] = ()) -> Response:
    statement = statement_of(draft)
    if statement is None:
        return nothing_left_page()
    try:
        quote = portal().checkout.quote(statement, draft.chosen or (), draft.card)
    except SelectionError:
        return changed_page(token, draft, statement)
    return page(
        "recap.html",
        portal().texts.text("recap.title"),
        status=status,
        problems=problems,
        token=token,
        mark=draft.mark,
        quote=quote,
        accepted=portal().checkout.seal(draft.customer_ref, quote),
        customer=CustomerView.of(statement.account, draft.email),
        gateway_host=urlsplit(portal().checkout.merchant.gateway.url).hostname,
        step=4,
    )
