"""Every failure as a calm page in the customer's language, with somebody to ask, and the right status."""

from __future__ import annotations

import logging
import math
from typing import Final

from flask import Flask, Response
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped]
from werkzeug.exceptions import HTTPException, TooManyRequests

from rak_billing.errors import BillingUnavailableError, NotPayableOnlineError, QuoteError
from rak_billing.portal.context import DraftGoneError, portal
from rak_billing.portal.pages import page

__all__ = ["install"]

_log: Final = logging.getLogger(__name__)

_WORDS: Final = {404: "not_found", 405: "method", 413: "too_large", 429: "too_many"}
_UNPROCESSABLE: Final = 422
_SERVER_ERROR: Final = 500
_UNAVAILABLE: Final = 503
_RETRY_SECONDS: Final = 120


def install(app: Flask) -> None:
    """Answer every failure of *app* with a page of its own."""
    app.register_error_handler(CSRFError, _http)
    app.register_error_handler(DraftGoneError, _draft_gone)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(BillingUnavailableError, _unavailable)
    app.register_error_handler(NotPayableOnlineError, _not_online)
    app.register_error_handler(QuoteError, _too_long)
    app.register_error_handler(Exception, _broken)


def _http(error: HTTPException) -> Response:
    status = error.code or _SERVER_ERROR
    words = _WORDS.get(status, "server" if status >= _SERVER_ERROR else "bad_request")
    wait = error.retry_after if isinstance(error, TooManyRequests) else None
    response = _page(words, status, minutes=max(1, math.ceil(wait / 60)) if isinstance(wait, int) else 1)
    if isinstance(wait, int):
        response.headers["Retry-After"] = str(wait)
    if allowed := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _draft_gone(_: DraftGoneError) -> Response:
    return _page("draft", 404)


def _unavailable(error: BillingUnavailableError) -> Response:
    """Say that nothing is known: never that there is nothing to pay (rule R15)."""
    _log.error("the billing system is unavailable", exc_info=error)
    response = _page("unavailable", _UNAVAILABLE)
    response.headers["Retry-After"] = str(_RETRY_SECONDS)
    return response


def _not_online(error: NotPayableOnlineError) -> Response:
    _log.error("bills that the gateway would refuse: %s", error)
    return _page("not_online", _UNPROCESSABLE)


def _too_long(error: QuoteError) -> Response:
    """Say what helps: beyond a thousand invoices a quote is sealed no more, and beyond a total it is none."""
    _log.warning("more than one payment can carry: %s", error)
    return _page("too_long", _UNPROCESSABLE)


def _broken(error: Exception) -> Response:
    _log.error("a page could not be made", exc_info=error)
    return _page("server", _SERVER_ERROR)


def _page(words: str, status: int, *, minutes: int = 0) -> Response:
    texts = portal().texts
    text = texts.text(f"failure.{words}_text", minutes=minutes)
    return page("failure.html", texts.text(f"failure.{words}_title"), status=status, text=text)
