"""
Django: the payment page, the callback and the return as views.

::

    @callback_view(merchant.verify)
    def paid(callback: cmi.Callback) -> cmi.Reply: ...


    urlpatterns = [path("cmi/callback", paid)]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.http.request import RawPostDataException
from django.urls import Resolver404, get_resolver
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt

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
_BODY_PARTS: Final = frozenset({"FILES", "POST", "body", "read", "readline", "readlines"})
_CSRF: Final = "django.middleware.csrf.CsrfViewMiddleware"
_LOGIN: Final = "django.contrib.auth.middleware.LoginRequiredMiddleware"
_SECURITY: Final = "django.middleware.security.SecurityMiddleware"


def payment_page(form: SignedForm, merchant: Merchant, *, other_origins: Iterable[str] = ()) -> HttpResponse:
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
    return HttpResponse(html, headers=headers, content_type=responses.HTML)


def callback_view(verify: Verify) -> Callable[[Handler], Callable[[HttpRequest], HttpResponse]]:
    """
    Make a view of a function that takes a verified `cmi_gateway.Callback` and gives a `cmi_gateway.Reply`.

    The function must call `cmi_gateway.Callback.must_match` with what its order says.
    Whatever it raises is logged and answered FAILURE with status 200, and what it wrote is rolled back where
    ``ATOMIC_REQUESTS`` is on; a method other than POST is answered 405.

    This view, and no other, is exempt from CSRF tokens and from a login that is required everywhere: it is signed.

    Args:
        verify: `cmi_gateway.Merchant.verify`, or a function that finds the merchant first.

    Raises:
        ConfigurationError: the function is async.
    """

    def decorate(handler: Handler) -> Callable[[HttpRequest], HttpResponse]:
        refuse_coroutine(handler)

        @wraps(handler)
        def view(request: HttpRequest) -> HttpResponse:
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"], content_type=responses.PLAIN)
            try:
                # In one expression: the body is nobody's variable, should a traceback show variables.
                return reply(handler(verify(callback_body(request))))
            except Exception as error:  # noqa: BLE001 - to the gateway anything but a word is a syntax error
                _roll_back()
                return reply(word_for_failure(error))

        # What Django's own `login_not_required` does, which older versions lack.
        vars(view).update(login_required=False)
        return csrf_exempt(view)

    return decorate


def _roll_back() -> None:
    # Django commits a request whose view raised nothing, and this view never raises.
    for connection in connections.all(initialized_only=True):
        if connection.settings_dict["ATOMIC_REQUESTS"] and connection.in_atomic_block:
            connection.set_rollback(True)


def callback_body(request: HttpRequest) -> bytes:
    """
    Take the raw body out of *request*, as `cmi_gateway.Merchant.verify` needs it.

    Under WSGI Django reads nothing of a body that comes without its length (chunked); a proxy gives it one.

    Raises:
        MalformedCallbackError: it is too long, by its own word or as it comes in, or ends too early.
        ConfigurationError: something before the view has read it, or ``DATA_UPLOAD_MAX_MEMORY_SIZE`` is too small.
    """
    length = bodies.declared_length(request.META.get("CONTENT_LENGTH"))
    try:
        body = request.body if length is not None else bytes(request.read(bodies.MAX_BODY + 1))
    except UnreadablePostError as error:
        raise bodies.unreadable_body() from error
    except RequestDataTooBig as error:
        raise ConfigurationError(
            f"DATA_UPLOAD_MAX_MEMORY_SIZE is under the {bodies.MAX_BODY} bytes that a callback may have"
        ) from error
    except RawPostDataException as error:
        raise bodies.body_read_early("a middleware") from error
    if len(body) > bodies.MAX_BODY:
        del body
        raise bodies.body_too_long()
    return body


def reply(answer: Reply) -> HttpResponse:
    """
    Answer the gateway with one of its three words: status 200, plain text, no line end.

    Raises:
        ConfigurationError: *answer* is not a `cmi_gateway.Reply`.
    """
    return HttpResponse(responses.word(answer), headers=responses.NEVER_KEPT, content_type=responses.PLAIN)


def return_fields(request: HttpRequest) -> dict[str, str]:
    """
    Read what the payer's browser brought back from the gateway; empty when it cancelled, or brought no form.

    Nothing of it is checked and nothing of it is proof: use it to find your order, then show what your records
    say. Answer the form with `see_other`, since the session cookie did not come along with it. The view of the
    return must be exempt from CSRF tokens too, and change nothing.

    Raises:
        ConfigurationError: something before the view has read the body.
    """
    try:
        return bodies.fields_in(callback_body(request)) if request.method == "POST" else {}
    except CallbackError:
        return {}


def see_other(location: str) -> HttpResponse:
    """
    Send a returning browser on to an ordinary page of yours (303): the cookie is there again, and reloading is harmless.

    Args:
        location: An address that you built, such as ``reverse("order", args=[token])``; never a stranger's.
    """
    headers = responses.NEVER_KEPT | {"Location": location}
    return HttpResponse(status=responses.SEE_OTHER, headers=headers, content_type=responses.PLAIN)


def check(settings: Any, callback_path: str, return_path: str | None = None) -> list[Finding]:
    """
    List what would keep callbacks, or returning payers, from arriving; empty when nothing was found.

    Args:
        settings: ``django.conf.settings``, after ``django.setup()``.

        callback_path: Path of your ``callback_url``, such as ``/cmi/callback``.

        return_path: Path of your ``ok_url``, an example where it has variable parts.
    """
    return list(_findings(settings, [path for path in (callback_path, return_path) if path is not None]))


def _findings(settings: Any, paths: list[str]) -> Iterator[Finding]:
    for path in paths:
        yield from _on_the_way(settings, path)
        yield from _to_https(settings, path)
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    yield from findings.body_limit("DATA_UPLOAD_MAX_MEMORY_SIZE", limit)
    yield from findings.same_site("SESSION_COOKIE_SAMESITE", settings.SESSION_COOKIE_SAMESITE)
    for name in settings.MIDDLEWARE:
        # Django's own look at the form only after they asked whether the view is exempt.
        parts = set() if name.startswith("django.") else findings.parts_read(import_string(name), _BODY_PARTS)
        if parts:
            yield findings.read_early(f"The middleware {name}", parts)


def _on_the_way(settings: Any, path: str) -> Iterator[Finding]:
    view = _view_at(settings, path)
    if view is None and settings.APPEND_SLASH and _view_at(settings, f"{path}/") is not None:
        why = "the route ends in a slash, and APPEND_SLASH sends to it"
        yield findings.redirected(path, why, "Give the gateway the address with the slash.")
    elif view is None:
        yield findings.unrouted(path)
    else:
        yield from _refusals(settings, path, view)


def _refusals(settings: Any, path: str, view: object) -> Iterator[Finding]:
    if _CSRF in settings.MIDDLEWARE and not getattr(view, "csrf_exempt", False):
        problem = f"CsrfViewMiddleware refuses every POST to {path}: the gateway has no token."
        yield Finding("csrf", problem, "Use callback_view, or csrf_exempt on this view and no other.")
    if _LOGIN in settings.MIDDLEWARE and getattr(view, "login_required", True):
        why = "LoginRequiredMiddleware asks for a sign-in"
        yield findings.redirected(path, why, "Put login_not_required on this view.")


def _to_https(settings: Any, path: str) -> Iterator[Finding]:
    if not settings.SECURE_SSL_REDIRECT or _SECURITY not in settings.MIDDLEWARE:
        return
    is_exempt = any(re.search(pattern, path.lstrip("/")) for pattern in settings.SECURE_REDIRECT_EXEMPT)
    if settings.SECURE_PROXY_SSL_HEADER is None and not is_exempt:
        why = "SECURE_SSL_REDIRECT is on, and behind a proxy every request looks like plain http"
        yield findings.redirected(path, why, "Set SECURE_PROXY_SSL_HEADER if a proxy speaks https for you.")


def _view_at(settings: Any, path: str) -> object | None:
    try:
        return get_resolver(settings.ROOT_URLCONF).resolve(path).func
    except Resolver404:
        return None
