"""
Who may inspect: a browser or program of this machine, and nobody through it.

A page of the web can make a browser of this machine send requests here. Four things stop it: the address of the
caller, the ``Host`` that it asked for (a name of the web that was pointed at this machine is not ours), the
``Origin`` that browsers add, and for forms a token that stands both in a ``SameSite=Strict`` cookie and in the form.
"""

from __future__ import annotations

from hmac import compare_digest
from ipaddress import ip_address
from typing import Final

from flask import Request
from werkzeug.exceptions import Forbidden, UnsupportedMediaType

from cmi_gateway.simulator.delivery import is_loopback

FORM_FIELD: Final = "token"
COOKIE: Final = "inspection"
_JSON: Final = "application/json"


def must_be_local(request: Request) -> None:
    """
    Let only this machine in, under its own names.

    Raises:
        Forbidden: the caller, the host it asked for or the page it comes from is another one.
    """
    if not (_is_own_address(request.remote_addr) and is_loopback(f"http://{request.host}/")):
        raise Forbidden
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"{request.scheme}://{request.host}":
        raise Forbidden


def must_hold_token(request: Request) -> None:
    """
    Let only forms through that this simulator's own page has written.

    Raises:
        Forbidden: token and cookie are not the same, or missing.
    """
    token, cookie = request.form.get(FORM_FIELD, ""), request.cookies.get(COOKIE, "")
    if not cookie or not compare_digest(token.encode(), cookie.encode()):
        raise Forbidden


def must_be_json(request: Request) -> None:
    """
    Let only requests through that no form of another page can make: a browser asks us before it sends JSON.

    Raises:
        UnsupportedMediaType: the content type is not ``application/json``.
    """
    if request.mimetype != _JSON:
        raise UnsupportedMediaType


def _is_own_address(address: str | None) -> bool:
    try:
        return ip_address(address or "").is_loopback
    except ValueError:
        return False
