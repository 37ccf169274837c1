"""
FastAPI and Starlette: the payment page, the callback and the return as endpoints.

::

    @app.post("/cmi/callback")
    @callback_view(merchant.verify)
    def paid(callback: cmi.Callback) -> cmi.Reply: ...

What reads a body is awaited: `callback_body` and `return_fields`.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import update_wrapper
from typing import Any, Final, cast

from anyio import fail_after
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from cmi_gateway.callback import Callback, Reply
from cmi_gateway.errors import CallbackError
from cmi_gateway.integrations import bodies, findings, responses
from cmi_gateway.integrations.answering import Handler, Verify, word_for_failure
from cmi_gateway.integrations.findings import Finding
from cmi_gateway.merchant import Merchant
from cmi_gateway.payment import SignedForm

__all__ = [
    "Finding",
    "callback_body",
    "callback_view",
    "check",
    "payment_page",
    "reply",
    "return_fields",
    "see_other",
]

Endpoint = Callable[[Request], Awaitable[Response]]

#: What takes the body out of a request; Starlette hands a body on that a `BaseHTTPMiddleware` read whole.
_BODY_PARTS: Final = frozenset({"form", "stream"})
#: Seconds. Where a middleware has taken the body from under us, the server waits for more of it, for ever.
_PATIENCE: Final = 5.0
_NAMES: Final = ("__module__", "__name__", "__qualname__", "__doc__")
_WHOLE_BODY: Final = frozenset({"body", "json"})


def payment_page(form: SignedForm, merchant: Merchant, *, other_origins: Iterable[str] = ()) -> Response:
    """
    Answer with the page that takes the payer to the gateway.

    Keep ``form.fields`` and the amount with your order before.
    The page may post to the gateway and nowhere else, runs its one script by a fresh nonce, and is never stored.

    Args:
        form: Signed by *merchant*.

        merchant: Whose gateway the page may post to.

        other_origins: Where the gateway itself leads on to, should it ever: browsers hold redirects to the
            same rule.

    Raises:
        ConfigurationError: *form* was signed for another gateway, or an origin is none.
    """
    html, headers = responses.hand_over(form, merchant, other_origins)
    return Response(html, headers=headers | {"Content-Type": responses.HTML})


def callback_view(verify: Verify) -> Callable[[Handler | Callable[[Callback], Awaitable[Reply]]], Endpoint]:
    """
    Make an endpoint of a function that takes a verified `cmi_gateway.Callback` and gives a `cmi_gateway.Reply`.

    The function must call `cmi_gateway.Callback.must_match` with what its order says.
    It may be async; a plain one runs in a thread.
    Whatever it raises is logged and answered FAILURE with status 200; a method other than POST is answered 405.

    Args:
        verify: `cmi_gateway.Merchant.verify`, or a function that finds the merchant first.
    """

    def decorate(handler: Handler | Callable[[Callback], Awaitable[Reply]]) -> Endpoint:
        async def view(request: Request) -> Response:
            if request.method != "POST":
                return Response(status_code=405, headers={"Allow": "POST", "Content-Type": responses.PLAIN})
            try:
                # In one expression: the body is nobody's variable, should a traceback show variables.
                return reply(await _answer(handler, verify(await callback_body(request))))
            except Exception as error:  # noqa: BLE001 - to the gateway anything but a word is a syntax error
                return reply(word_for_failure(error))

        # Names only: FastAPI would look through `wraps` and take the callback for a parameter of the request.
        del update_wrapper(view, handler, _NAMES).__wrapped__
        return view

    return decorate


async def _answer(handler: Handler | Callable[[Callback], Awaitable[Reply]], callback: Callback) -> Reply:
    # A plain function may wait for a database: not on the loop that serves everybody.
    answer = (
        handler(callback)
        if inspect.iscoroutinefunction(handler)
        else await run_in_threadpool(handler, callback)
    )
    # Checked by `reply`, as whatever a handler gives.
    return cast("Reply", await answer if inspect.isawaitable(answer) else answer)


async def callback_body(request: Request) -> bytes:
    """
    Take the raw body out of *request*, as `cmi_gateway.Merchant.verify` needs it.

    Raises:
        MalformedCallbackError: it is too long, by its own word or as it comes in, ends too early, or does not
            come within five seconds.
        ConfigurationError: something before the endpoint has read it.
    """
    length = bodies.declared_length(request.headers.get("Content-Length"))
    body = bytearray()
    try:
        with fail_after(_PATIENCE):
            async for part in request.stream():
                body += part
                if len(body) > bodies.MAX_BODY:
                    del part, body  # what a stranger sent is in no traceback
                    raise bodies.body_too_long()
    except (ClientDisconnect, TimeoutError) as error:
        del body
        raise bodies.unreadable_body() from error
    except RuntimeError as error:  # Starlette's word for a stream that was read before
        raise bodies.body_read_early("a dependency or middleware") from error
    if length and not body:
        raise bodies.body_read_early("a dependency or middleware")
    return bytes(body)


def reply(answer: Reply) -> Response:
    """
    Answer the gateway with one of its three words: status 200, plain text, no line end.

    Raises:
        ConfigurationError: *answer* is not a `cmi_gateway.Reply`.
    """
    return Response(responses.word(answer), headers=responses.NEVER_KEPT | {"Content-Type": responses.PLAIN})


async def return_fields(request: Request) -> dict[str, str]:
    """
    Read what the payer's browser brought back from the gateway; empty when it cancelled, or brought no form.

    Nothing of it is checked and nothing of it is proof: use it to find your order, then show what your records
    say. Answer the form with `see_other`, since the session cookie did not come along with it.

    Raises:
        ConfigurationError: something before the endpoint has read the body.
    """
    try:
        return bodies.fields_in(await callback_body(request)) if request.method == "POST" else {}
    except CallbackError:
        return {}


def see_other(location: str) -> Response:
    """
    Send a returning browser on to an ordinary page of yours (303): the cookie is there again, and reloading is harmless.

    Args:
        location: An address that you built, such as ``app.url_path_for("order", token=token)``; never a stranger's.
    """
    headers = responses.NEVER_KEPT | {"Location": location, "Content-Type": responses.PLAIN}
    return Response(status_code=responses.SEE_OTHER, headers=headers)


def check(app: FastAPI, callback_path: str, return_path: str | None = None) -> list[Finding]:
    """
    List what would keep callbacks, or returning payers, from arriving; empty when nothing was found.

    Args:
        app: The application, all its routes and middlewares in place.

        callback_path: Path of your ``callback_url``, such as ``/cmi/callback``.

        return_path: Path of your ``ok_url``, an example where it has variable parts.
    """
    return list(_findings(app, [path for path in (callback_path, return_path) if path is not None]))


def _findings(app: FastAPI, paths: list[str]) -> Iterator[Finding]:
    for path in paths:
        yield from _on_the_way(app, path)
    for middleware in app.user_middleware:
        kind: Any = middleware.cls
        if kind is HTTPSRedirectMiddleware:
            why = "HTTPSRedirectMiddleware, and behind a proxy every request may look like plain http"
            remedy = "Let the server trust the proxy's headers, or the proxy redirect."
            yield findings.redirected(paths[0], why, remedy)
        elif kind is SessionMiddleware:
            value = middleware.kwargs.get("same_site", "lax")
            yield from findings.same_site("SessionMiddleware's same_site", value)
        else:
            dispatch: Any = middleware.kwargs.get("dispatch")
            yield from _readers(kind, dispatch)


def _on_the_way(app: FastAPI, path: str) -> Iterator[Finding]:
    slash = path.removesuffix("/") if path.endswith("/") else f"{path}/"
    if _is_routed(app, path):
        return
    if app.router.redirect_slashes and _is_routed(app, slash):
        yield findings.redirected(
            path, "the route differs by a slash", "Give the gateway the route's address."
        )
    else:
        yield findings.unrouted(path)


def _is_routed(app: FastAPI, path: str) -> bool:
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": path, "root_path": "", "headers": []}
    return any(route.matches(scope)[0] is Match.FULL for route in app.router.routes)


def _readers(kind: Any, dispatch: Callable[..., Any] | None) -> Iterator[Finding]:
    """Judge a middleware by its source; `app.middleware("http")` hides the function in *dispatch*."""
    keeps = isinstance(kind, type) and issubclass(kind, BaseHTTPMiddleware)
    source: Any = dispatch or kind
    if source.__module__.startswith("starlette."):
        return
    parts = findings.parts_read(source, _BODY_PARTS if keeps else _BODY_PARTS | _WHOLE_BODY)
    if parts:
        yield findings.read_early(f"The middleware {source.__qualname__}", parts)
