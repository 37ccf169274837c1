"""Step 2: who pays, where the receipt goes, with which kind of card (rules R05 to R11), and the one message of R15."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import TooManyRequests

from rak_billing.fees.schedule import Card
from rak_billing.portal.context import draft_of, drafts, portal, visitor
from rak_billing.portal.entries import CARDS, Entries
from rak_billing.portal.pages import page
from rak_billing.portal.problems import Problem

__all__ = ["blueprint"]

blueprint = Blueprint("identification", __name__)


@blueprint.get("/identification")
@blueprint.get("/identification/<draft>")
def form(draft: str = "") -> ResponseReturnValue:
    """Show the form: empty, or filled from a draft that is to be corrected."""
    return _form(Entries.of(draft_of(draft)) if draft else Entries())


@blueprint.post("/identification")
@blueprint.post("/identification/<draft>")
def submit(draft: str = "") -> ResponseReturnValue:
    """Check everything, in the order that costs a stranger most and the billing system least."""
    services = portal()
    _admit(services.limits.count_address(request.remote_addr or ""))
    entries = Entries.read(request.form)
    problems = entries.problems(services.texts, services.tenant.customer_ref_label, _cards())
    if not problems and not services.human_check.passed(request.form, binding=visitor()):
        problems = (Problem("check", services.texts.text("identification.error_check")),)
    if problems:
        return _form(entries, status=422, problems=problems)
    _admit(services.limits.count_customer(entries.draft().customer_ref))
    return _look_up(entries, draft)


def _admit(seconds_to_wait: int) -> None:
    if seconds_to_wait:
        raise TooManyRequests(retry_after=seconds_to_wait)


def _look_up(entries: Entries, replaced: str) -> ResponseReturnValue:
    if not _has_bills(entries.draft().customer_ref):
        return _form(entries, nothing=True)
    previous = drafts().find(replaced)
    drafts().drop(replaced)
    token = drafts().start(entries.draft_after(previous))
    return redirect(url_for("selection.show", draft=token), 303)


def _has_bills(customer_ref: str) -> bool:
    """Ask the billing system; unknown and nothing to pay are one answer, and take one time (rule R15)."""
    floor = portal().floor
    started = floor.started()
    try:
        return portal().checkout.look_up(customer_ref) is not None
    finally:
        floor.hold(started)


def _cards() -> tuple[Card, ...]:
    """Give the card types that the tariff prices today, the default first."""
    priced = portal().checkout.schedule_today().cards
    return tuple(card for card in CARDS if card in priced)


def _form(
    entries: Entries, *, status: int = 200, problems: Sequence[Problem] = (), nothing: bool = False
) -> ResponseReturnValue:
    services = portal()
    if nothing:
        problems = (Problem("customer_ref", services.texts.text("identification.nothing")),)
    return page(
        "identification.html",
        services.texts.text("identification.title"),
        status=status,
        problems=problems,
        nothing=nothing,
        entries=entries,
        cards=_cards(),
        challenge=services.human_check.challenge(binding=visitor()),
        step=2,
    )
