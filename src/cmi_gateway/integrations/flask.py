"""
Flask: the payment page, the callback and the return as views.

::

    @app.post("/cmi/callback")
    @callback_view(merchant.verify)
    def paid(callback: cmi.Callback) -> cmi.Reply: ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Final

from flask import Flask, Request, Response
from flask import request as current_request
from werkzeug.exceptions import ClientDisconnected, HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.routing import RequestRedirect

from cmi_gateway.callback import Reply
from cmi_gateway.errors import CallbackError, ConfigurationError
from cmi_gateway.integrations import bodies, findings, responses
from cmi_gateway.integrations.answering import Handler, Verify, refuse_coroutine, word_for_failure
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

#: What takes the body out of a request, or parses it first.
_BODY_PARTS: Final = frozenset({"files", "form", "get_data", "get_json", "json", "stream", "values"})


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
    return Response(html, headers=headers, content_type=responses.HTML)


def callback_view(verify: Verify) -> Callable[[Handler], Callable[[], Response]]:
    """
    Make a view of a function that takes a verified `cmi_gateway.Callback` and gives a `cmi_gateway.Reply`.

    The function must call `cmi_gateway.Callback.must_match` with what its order says.
    Whatever it raises is logged and answered FAILURE with status 200; a method other than POST is answered 405.

    With Flask-WTF, exempt this view and no other: ``csrf.exempt(view)``. It needs no token: it is signed.

    Args:
        verify: `cmi_gateway.Merchant.verify`, or a function that finds the merchant first.

    Raises:
        ConfigurationError: the function is async.
    """

    def decorate(handler: Handler) -> Callable[[], Response]:
        refuse_coroutine(handler)

        @wraps(handler)
        def view() -> Response:
            if current_request.method != "POST":
                return Response(status=405, headers={"Allow": "POST"}, content_type=responses.PLAIN)
            try:
                # In one expression: the body is nobody's variable, should a traceback show variables.
                return reply(handler(verify(callback_body(current_request))))
            except Exception as error:  # noqa: BLE001 - to the gateway anything but a word is a syntax error
                return reply(word_for_failure(error))

        # Flask reads these where a rule names no methods.
        vars(view).update(methods=("POST",), provide_automatic_options=False)
        return view

    return decorate


def callback_body(request: Request) -> bytes:
    """
    Take the raw body out of *request*, as `cmi_gateway.Merchant.verify` needs it.

    Raises:
        MalformedCallbackError: it is too long, by its own word or as it comes in, or ends too early.
        ConfigurationError: something before the view has read it, or ``MAX_CONTENT_LENGTH`` is too small.
    """
    length = bodies.declared_length(request.headers.get("Content-Length"))
    try:
        # Werkzeug's reading of the length, which a chunked body does not have, whatever it announces.
        body = _chunked(request) if request.content_length is None else request.get_data()
    except (ClientDisconnected, OSError) as error:  # OSError: the server cannot make sense of the chunks
        raise bodies.unreadable_body() from error
    except RequestEntityTooLarge as error:
        raise ConfigurationError(
            f"MAX_CONTENT_LENGTH is under the {bodies.MAX_BODY} bytes that a callback may have"
        ) from error
    if length and not body:
        raise bodies.body_read_early("a before_request function or WSGI middleware")
    return body


def _chunked(request: Request) -> bytes:
    body = bytearray()
    while part := request.stream.read(bodies.MAX_BODY + 1 - len(body)):
        body += part
        if len(body) > bodies.MAX_BODY:
            del part, body  # what a stranger sent is in no traceback
            raise bodies.body_too_long()
    return bytes(body) or request.get_data()  # which still has what somebody read whole and put back


def reply(answer: Reply) -> Response:
    """
    Answer the gateway with one of its three words: status 200, plain text, no line end.

    Raises:
        ConfigurationError: *answer* is not a `cmi_gateway.Reply`.
    """
    return Response(responses.word(answer), headers=responses.NEVER_KEPT, content_type=responses.PLAIN)


def return_fields(request: Request) -> dict[str, str]:
    """
    Read what the payer's browser brought back from the gateway; empty when it cancelled, or brought no form.

    Nothing of it is checked and nothing of it is proof: use it to find your order, then show what your records
    say. Answer the form with `see_other`, since the session cookie did not come along with it.

    Raises:
        ConfigurationError: something before the view has read the body.
    """
    try:
        return bodies.fields_in(callback_body(request)) if request.method == "POST" else {}
    except CallbackError:
        return {}


def see_other(location: str) -> Response:
    """
    Send a returning browser on to an ordinary page of yours (303): the cookie is there again, and reloading is harmless.

    Args:
        location: An address that you built, such as ``url_for("order", token=token)``; never a stranger's.
    """
    headers = responses.NEVER_KEPT | {"Location": location}
    return Response(status=responses.SEE_OTHER, headers=headers, content_type=responses.PLAIN)


def check(app: Flask, callback_path: str, return_path: str | None = None) -> list[Finding]:
    """
    List what would keep callbacks, or returning payers, from arriving; empty when nothing was found.

    Args:
        app: The application, all its routes and extensions in place.

        callback_path: Path of your ``callback_url``, such as ``/cmi/callback``.

        return_path: Path of your ``ok_url``, an example where it has variable parts.
    """
    return list(_findings(app, [path for path in (callback_path, return_path) if path is not None]))


def _findings(app: Flask, paths: list[str]) -> Iterator[Finding]:
    for path in paths:
        yield from _on_the_way(app, path)
    yield from findings.body_limit("MAX_CONTENT_LENGTH", app.config.get("MAX_CONTENT_LENGTH"))
    yield from findings.same_site("SESSION_COOKIE_SAMESITE", app.config.get("SESSION_COOKIE_SAMESITE"))
    for function in {function for listed in app.before_request_funcs.values() for function in listed}:
        parts = findings.parts_read(function, _BODY_PARTS)
        if parts:
            yield findings.read_early(f"The before_request function {function.__qualname__}", parts)


def _on_the_way(app: Flask, path: str) -> Iterator[Finding]:
    try:
        endpoint, _ = app.url_map.bind("localhost").match(path, method="POST")
    except RequestRedirect:
        yield findings.redirected(
            path, "the route differs by a slash", "Give the gateway the route's address."
        )
    except MethodNotAllowed:
        yield findings.unrouted(path)
    except HTTPException:
        yield findings.unrouted(path)
    else:
        if _asks_for_a_token(app, endpoint):
            problem = f"Flask-WTF's CSRFProtect refuses every POST to {path}: the gateway has no token."
            yield Finding("csrf", problem, "Exempt this view, and no other, with csrf.exempt(view).")


def _asks_for_a_token(app: Flask, endpoint: str) -> bool:
    protection = app.extensions.get("csrf")
    settings = app.config
    if protection is None or not (settings["WTF_CSRF_ENABLED"] and settings["WTF_CSRF_CHECK_DEFAULT"]):
        return False
    view = app.view_functions[endpoint]
    blueprint = app.blueprints.get(endpoint.rpartition(".")[0])
    # Flask-WTF has no public way to ask.
    return (
        f"{view.__module__}.{view.__name__}" not in protection._exempt_views  # noqa: SLF001 - see above
        and blueprint not in protection._exempt_blueprints  # noqa: SLF001 - see above
    )
