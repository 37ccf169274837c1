"""The receipt on its secret link (rules R43 to R53): to be read, printed, and opened again years later."""

from __future__ import annotations

from flask import Blueprint, abort, make_response, url_for
from flask.typing import ResponseReturnValue

from rak_billing.portal.context import nonce, portal

__all__ = ["blueprint"]

blueprint = Blueprint("receipt", __name__)


@blueprint.get("/recu/<secret>")
def show(secret: str) -> ResponseReturnValue:
    """Show the stored receipt; an unknown link is a page that does not exist."""
    services = portal()
    receipt = services.checkout.receipt(secret)
    if receipt is None:
        abort(404)
    script = url_for("static", filename="print.js", v=services.static_version)
    html = receipt.html(
        return_url=services.tenant.operator_url,
        print_script_url=script,
        nonce=nonce(),
    )
    return make_response(html)
