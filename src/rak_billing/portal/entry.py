"""Step 1 (rules R01 to R04) and the pages beside the way: guide, terms, privacy, and the way out (rule R12)."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from rak_billing.portal.context import drafts, portal
from rak_billing.portal.pages import page

__all__ = ["blueprint"]

blueprint = Blueprint("entry", __name__)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Welcome, and the link that starts a payment."""
    return page("entry.html", portal().texts.text("entry.title"))


@blueprint.get("/guide")
def guide() -> ResponseReturnValue:
    """Show the payment guide to the letter, step by step (rule R02)."""
    services = portal()
    return page("guide.html", services.texts.text("guide.title", operator=services.tenant.short_name))


@blueprint.get("/conditions")
def terms() -> ResponseReturnValue:
    """Show the general terms that the recap refers to (rule R30)."""
    return page("terms.html", portal().texts.text("terms.title"))


@blueprint.get("/confidentialite")
def privacy() -> ResponseReturnValue:
    """Say who processes which data, what for, and for whom."""
    return page("privacy.html", portal().texts.text("privacy.title"))


@blueprint.get("/favicon.ico")
def icon() -> ResponseReturnValue:
    """Answer browsers that ask for the icon of pages that name none, such as the receipt."""
    return redirect(url_for("static", filename="icon.svg", v=portal().static_version), 301)


@blueprint.get("/quitter")
@blueprint.get("/quitter/<draft>")
def leave(draft: str = "") -> ResponseReturnValue:
    """Forget the draft without a word and go back to the operator's site (rule R12)."""
    drafts().drop(draft)
    return redirect(portal().tenant.operator_url, 303)
