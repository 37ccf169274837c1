"""
Is the portal alive, is it ready, and how do its payments stand: for machines, never for customers.

The two questions of health are open, and tell nothing but yes or no. The numbers are shut unless `create_app` is given a
token for them; who asks sends it as ``Authorization: Bearer …``.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import Final

from flask import Blueprint, Response, abort, current_app, request

from rak_billing.errors import BillingError
from rak_billing.monitoring import CONTENT_TYPE, exposition, is_ready
from rak_billing.portal.context import portal

__all__ = ["TOKEN", "blueprint"]

blueprint = Blueprint("monitoring", __name__)

#: Where the token of the numbers stands in the application's configuration.
TOKEN: Final = "RAK_BILLING_METRICS_TOKEN"  # noqa: S105 - its name
_SHORTEST_TOKEN: Final = 16


def checked_token(token: str | None) -> str | None:
    """Take a token that cannot be guessed, or none."""
    if token is not None and len(token) < _SHORTEST_TOKEN:
        raise ValueError(f"expected a token of {_SHORTEST_TOKEN} characters or more for the numbers")
    return token


@blueprint.get("/sante/vivant")
def alive() -> Response:
    """Say that the process answers."""
    return _plain("vivant", 200)


@blueprint.get("/sante/pret")
def ready() -> Response:
    """Say whether payments can be taken."""
    is_up = is_ready(portal().checkout.journal)
    return _plain("pret", 200) if is_up else _plain("pas pret", 503)


@blueprint.get("/metriques")
def numbers() -> Response:
    """Give the numbers to who knows the token; to anybody else there is no such page."""
    token = current_app.config.get(TOKEN)
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if not token or scheme.lower() != "bearer" or not compare_digest(given.encode(), token.encode()):
        abort(404)
    try:
        checkout = portal().checkout
        text = exposition(
            checkout.journal, portal().tenant.id, now=portal().clock(), asks=checkout.api is not None
        )
    except BillingError:
        return _plain("pas pret", 503)
    if text is None:
        abort(404)
    return Response(text, content_type=CONTENT_TYPE)


def _plain(words: str, status: int) -> Response:
    return Response(f"{words}\n", status, content_type="text/plain; charset=utf-8")
