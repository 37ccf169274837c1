"""
The headers of every answer: what the browser may run, load, keep and tell others.

Nothing from outside is loaded or asked.
Forms go to the portal itself; on the one page that hands the customer over, they go to the gateway and nowhere else.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from rak_billing.portal.context import nonce, portal

__all__ = ["install", "send_forms_to"]

_YEAR: Final = 365 * 24 * 3600


def send_forms_to(url: str) -> None:
    """Let the forms of this one answer go to the site of *url*, and nowhere else."""
    parts = urlsplit(url)
    g.form_target = f"{parts.scheme}://{parts.netloc}"


def install(app: Flask) -> None:
    """Put the security headers on every answer of *app*, its failures included."""

    @app.after_request
    def protect(response: Response) -> Response:
        headers = response.headers
        headers["Content-Security-Policy"] = _content_policy()
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
        headers["Cache-Control"] = _cache_rule(response)
        if portal().tenant.portal_url.startswith("https:"):
            headers["Strict-Transport-Security"] = f"max-age={_YEAR}; includeSubDomains"
        return response


def _content_policy() -> str:
    target = g.get("form_target", "'self'")
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce()}'",
            f"style-src 'self' 'nonce-{nonce()}'",
            "img-src 'self'",
            f"form-action {target}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _cache_rule(response: Response) -> str:
    # The address of a static file changes with its content, and so does that of the tariff's script.
    is_versioned = request.endpoint == "live_fee.script" or (
        request.endpoint == "static" and "v" in request.args
    )
    if is_versioned and response.status_code == 200:  # noqa: PLR2004 - OK
        return f"public, max-age={_YEAR}, immutable"
    return "no-store"
