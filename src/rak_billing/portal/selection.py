"""Step 3: the list of unpaid invoices, the ticks and the totals (rules R16 to R25)."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from rak_billing.errors import SelectionError
from rak_billing.invoices import Statement
from rak_billing.portal.bill_view import (
    CustomerView,
    lines_of,
    refusal_problems,
    suggestion_of,
    totals_of,
)
from rak_billing.portal.context import draft_of, drafts, portal
from rak_billing.portal.drafts import Draft, TooManyInvoicesError
from rak_billing.portal.live_fee import live_fee_address
from rak_billing.portal.pages import page
from rak_billing.portal.problems import Problem
from rak_billing.selection import Refusal, SelectionRule

__all__ = ["blueprint", "changed_page", "list_page", "nothing_left_page", "statement_of"]

blueprint = Blueprint("selection", __name__)


def statement_of(draft: Draft) -> Statement | None:
    """Read the bill again; None when nothing is left to pay."""
    return portal().checkout.look_up(draft.customer_ref)


@blueprint.get("/factures/<draft>")
def show(draft: str) -> ResponseReturnValue:
    """Show the list with the ticks made so far; at first only the mandatory ones."""
    entries = draft_of(draft)
    statement = statement_of(entries)
    if statement is None:
        return nothing_left_page()
    return list_page(draft, entries, statement)


@blueprint.post("/factures/<draft>")
def choose(draft: str) -> ResponseReturnValue:
    """Take the ticks: « Recalculer » shows the list again, « Valider » goes on to the recap."""
    entries = draft_of(draft)
    statement = statement_of(entries)
    if statement is None:
        return nothing_left_page()
    recalculate = request.form.get("action") == "recalc"
    chosen = attrs.evolve(entries, chosen=_ticked(statement))
    try:
        problems = _problems(statement, chosen, forgive_none=recalculate)
        if not problems:
            drafts().keep(draft, chosen)
    except TooManyInvoicesError:
        problems = (Problem("factures", portal().texts.text("selection.error_too_many")),)
    if problems:
        advice = suggestion_of(statement, chosen.chosen or ())
        return list_page(draft, chosen, statement, status=422, problems=problems, advice=advice)
    return redirect(url_for("selection.show" if recalculate else "recap.show", draft=draft), 303)


def _ticked(statement: Statement) -> tuple[str, ...]:
    # The header box takes part in the form only where no script runs: the script acts at once and unnames it.
    if "all" in request.form:
        return tuple(line.reference for line in lines_of(statement, ()) if not line.bar)
    return tuple(request.form.getlist("invoice"))


def _problems(statement: Statement, draft: Draft, *, forgive_none: bool) -> tuple[Problem, ...]:
    try:
        portal().checkout.quote(statement, draft.chosen or (), draft.card)
    except SelectionError as error:
        refusals = [refusal for refusal in error.refusals if not (forgive_none and _is_empty(refusal))]
        return refusal_problems(refusals, lines_of(statement, ()))
    return ()


def _is_empty(refusal: Refusal) -> bool:
    return refusal.rule is SelectionRule.NOTHING_CHOSEN


def list_page(
    token: str,
    draft: Draft,
    statement: Statement,
    *,
    status: int = 200,
    problems: Sequence[Problem] = (),
    advice: Sequence[str] = (),
    changed: bool = False,
    what_changed: Sequence[str] = (),
) -> Response:
    """Make the page of step 3, also in its form « Vos factures ont changé »."""
    lines = lines_of(statement, draft.chosen or ())
    return page(
        "selection.html",
        portal().texts.text("changed.title" if changed else "selection.title"),
        status=status,
        problems=problems,
        changed=changed,
        what_changed=what_changed,
        token=token,
        customer=CustomerView.of(statement.account, draft.email),
        lines=lines,
        totals=totals_of(statement, lines, draft.card),
        live_fee=live_fee_address(draft.card),
        advice=advice,
        step=3,
    )


def changed_page(
    token: str, draft: Draft, statement: Statement, what_changed: Sequence[str] = ()
) -> Response:
    """Show the bill as it is now, with the ticks that still hold; nothing was paid."""
    known = {invoice.reference for invoice in statement.invoices}
    kept = attrs.evolve(draft, chosen=tuple(ref for ref in draft.chosen or () if ref in known))
    drafts().keep(token, kept)
    return list_page(token, kept, statement, status=409, changed=True, what_changed=what_changed)


def nothing_left_page() -> Response:
    """Say that what was chosen is paid already, or no longer to be paid."""
    return page("nothing_left.html", portal().texts.text("changed.title"), status=409)
