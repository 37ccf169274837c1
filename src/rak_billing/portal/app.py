"""The portal as a WSGI application: parts put together, nothing decided."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from typing import Final

from flask import Flask, request
from flask_wtf.csrf import CSRFProtect  # type: ignore[import-untyped]
from sqlalchemy.engine import Engine
from werkzeug.exceptions import BadRequest
from werkzeug.middleware.proxy_fix import ProxyFix

from rak_billing.checkout import Checkout
from rak_billing.portal import (
    callback,
    entry,
    failures,
    headers,
    identification,
    live_fee,
    monitoring,
    pages,
    recap,
    receipt_page,
    returns,
    selection,
)
from rak_billing.portal.answer_floor import AnswerFloor
from rak_billing.portal.context import EXTENSION, Portal
from rak_billing.portal.human_check import SealedHumanCheck
from rak_billing.portal.keys import derive_key
from rak_billing.portal.limits import Allowance, LookUpLimits
from rak_billing.portal.schema import create_tables
from rak_billing.portal.texts import Texts
from rak_billing.ports import Clock, HumanCheck

__all__ = ["create_app"]

# A form of two hundred invoices is under 8 kB, a callback under 16 kB.
_LARGEST_BODY: Final = 64 * 1024
_FORM_PARTS: Final = 1000
_SESSION_SECONDS: Final = 2 * 3600


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(
    checkout: Checkout,
    *,
    secret_key: str | bytes | None = None,
    human_check: HumanCheck | None = None,
    engine: Engine | None = None,
    clock: Clock = _now,
    random_token: Callable[[], str] = secrets.token_urlsafe,
    floor: AnswerFloor | None = None,
    per_address: Allowance | None = None,
    per_customer: Allowance | None = None,
    trusted_proxies: int = 0,
    language: str = "fr",
    metrics_token: str | None = None,
) -> Flask:
    """
    Build the portal on a checkout.

    Args:
        checkout: Does everything that concerns bills and money; its journal's database also holds the portal's
            counters.
        secret_key: Seals cookies, forms and challenges; 16 bytes or more, the same in every process. When None it is
            derived from the merchant's newest store key, and a rotation of that ends the visits then under way.
        human_check: Keeps programs out; the portal's own (script or typed answer) when None.
        engine: Database of the counters; the journal's when None, where it is one of ours.
        clock: The present instant, aware and in UTC.
        random_token: Fresh randomness of 128 bits or more, as text fit for an address.
        floor: Makes answers to look-ups take the same time; half a second when None.
        per_address: How often one network address may look bills up.
        per_customer: How often one client code may be looked up.
        trusted_proxies: How many reverse proxies stand before the portal and set ``X-Forwarded-For``;
            with 0 that header is not believed.
        language: The catalogue of texts.
        metrics_token: Opens the numbers at ``/metriques`` to who sends it; without one there is no such page.

    Raises:
        TenantError: the secret key is too short.
        ValueError: so is the token.
        FileNotFoundError: there is no catalogue of *language*.
    """
    if secret_key is None:
        secret_key = checkout.merchant.derive_key("rak_billing portal")
    app = Flask(__name__)
    engine = engine or getattr(checkout.journal, "engine", None)
    if engine is None:
        raise TypeError("expected engine=: this journal has no database of ours to count look-ups in")
    create_tables(engine)
    texts = Texts.load(language)
    app.extensions[EXTENSION] = Portal(
        checkout=checkout,
        texts=texts,
        human_check=human_check or _own_check(engine, secret_key, clock, texts),
        limits=LookUpLimits.of(engine, secret_key, clock, per_address=per_address, per_customer=per_customer),
        floor=floor or AnswerFloor(),
        clock=clock,
        random_token=random_token,
        static_version=_static_version(),
    )
    _configure(app, secret_key, is_https=checkout.tenant.portal_url.startswith("https:"))
    app.config[monitoring.TOKEN] = monitoring.checked_token(metrics_token)
    _install(app)
    if trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted_proxies, x_proto=trusted_proxies)  # type: ignore[method-assign]
    return app


def _own_check(engine: Engine, secret_key: str | bytes, clock: Clock, texts: Texts) -> SealedHumanCheck:
    numbers = texts.value("human.numbers")

    def question(left: int, right: int) -> str:
        return texts.text("human.question", left=numbers[left], right=numbers[right])

    return SealedHumanCheck.of(engine, secret_key, clock, question=question)


def _configure(app: Flask, secret_key: str | bytes, *, is_https: bool) -> None:
    app.config.update(
        SECRET_KEY=derive_key(secret_key, "session"),
        SESSION_COOKIE_NAME="__Host-rak_billing" if is_https else "rak_billing",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        MAX_CONTENT_LENGTH=_LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=_LARGEST_BODY,
        MAX_FORM_PARTS=_FORM_PARTS,
        WTF_CSRF_TIME_LIMIT=_SESSION_SECONDS,
        # Our pages send no Referer; Sec-Fetch-Site says the same and better (see _same_site_only).
        WTF_CSRF_SSL_STRICT=False,
    )


def _install(app: Flask) -> None:
    app.before_request(_same_site_only)
    csrf = CSRFProtect(app)
    pages.install(app)
    headers.install(app)
    failures.install(app)
    for module in (
        entry,
        identification,
        selection,
        live_fee,
        recap,
        returns,
        callback,
        receipt_page,
        monitoring,
    ):
        app.register_blueprint(module.blueprint)
    # Posted by the gateway, or from its page: signed in one case, unread in the other.
    csrf.exempt(callback.blueprint)
    csrf.exempt(returns.blueprint)


def _same_site_only() -> None:
    """Refuse forms that a browser says were posted from another site, save to the two doors meant for it."""
    foreign = request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}
    if request.method == "POST" and foreign and request.blueprint not in {"callback", "returns"}:
        raise BadRequest


def _static_version() -> str:
    digest = hashlib.sha256()
    for resource in sorted(files(__package__).joinpath("static").iterdir(), key=lambda item: item.name):
        digest.update(resource.read_bytes())
    return digest.hexdigest()[:12]
