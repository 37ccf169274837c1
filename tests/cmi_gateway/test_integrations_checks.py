"""What `check` finds of each known trap, and that the trap is real where a client can show it."""

import asyncio
import subprocess
import sys
import textwrap
from io import BytesIO

import django.test
import fastapi.testclient
import flask
import pytest
from django.conf import settings
from django.http import HttpResponse
from django.http.request import RawPostDataException
from django.urls import path
from fastapi import FastAPI
from flask_wtf import CSRFProtect
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request

import cmi_gateway as cmi
from cmi_gateway.integrations import django as for_django
from cmi_gateway.integrations import fastapi as for_fastapi
from cmi_gateway.integrations import findings
from cmi_gateway.integrations import flask as for_flask
from support.adapter_kit import BACK, CALLBACK, FORM_TYPE, configured_django
from support.gateway_kit import MERCHANT, answer, signed_form

FORM = signed_form()
BODY = answer(FORM)


def paid(callback):
    callback.must_match(order_id=FORM.order_id, amount=cmi.Money.parse("114.26"), sent=FORM.fields)
    return callback.reply


def codes(found):
    return [finding.code for finding in found]


# Flask


def flask_app(rule=CALLBACK, **config):
    app = flask.Flask("site")
    app.secret_key = "a key of a test"
    app.config.update(config)
    app.add_url_rule(rule, "paid", for_flask.callback_view(MERCHANT.verify)(paid))
    return app


def flask_word(app):
    return app.test_client().post(CALLBACK, data=BODY, content_type=FORM_TYPE).text


def test_a_clean_flask_application_has_no_findings():
    """Nothing is found where nothing is wrong, and the view asks for POST by itself."""
    app = flask_app()
    assert ([], "ACTION=POSTAUTH") == (for_flask.check(app, CALLBACK), flask_word(app))
    assert 405 == app.test_client().get(CALLBACK).status_code


def test_flask_wtf_without_exemption():
    """CSRFProtect refuses the callback until its view is exempt; another view is not exempt with it."""
    app = flask_app()
    csrf = CSRFProtect(app)
    app.add_url_rule(BACK, "back", lambda: "", methods=["GET", "POST"])
    assert ["csrf", "csrf"] == codes(for_flask.check(app, CALLBACK, BACK))
    assert "ACTION=POSTAUTH" != flask_word(app)
    csrf.exempt(app.view_functions["paid"])
    assert ["csrf"] == codes(for_flask.check(app, CALLBACK, BACK))
    assert "ACTION=POSTAUTH" == flask_word(app)


def test_flask_wtf_with_an_exempt_blueprint_or_switched_off():
    """A blueprint that is exempt, or protection that is off, is no finding."""
    app, pages = flask_app("/other"), flask.Blueprint("pages", __name__)
    pages.add_url_rule(CALLBACK, "paid", for_flask.callback_view(MERCHANT.verify)(paid))
    app.register_blueprint(pages)
    CSRFProtect(app).exempt(pages)
    assert [] == for_flask.check(app, CALLBACK)
    app.config["WTF_CSRF_ENABLED"] = False
    assert [] == for_flask.check(app, "/other")


@pytest.mark.parametrize(
    ("rule", "code"), [(CALLBACK + "/", "redirect"), ("/elsewhere", "route")], ids=["slash", "none"]
)
def test_flask_routes(rule, code):
    """A route that differs by a slash redirects, and the gateway's server does not follow."""
    app = flask_app(rule)
    assert [code] == codes(for_flask.check(app, CALLBACK))
    assert 200 != app.test_client().post(CALLBACK, data=BODY).status_code


def test_a_flask_route_without_post():
    """A route that takes GET only is no route for a callback."""
    app = flask.Flask("site")
    app.add_url_rule(CALLBACK, "paid", str)
    assert ["route"] == codes(for_flask.check(app, CALLBACK))


def test_flask_limits_and_cookies():
    """A limit under what a callback may have, and a cookie rule that signs payers out or lets others in, are found."""
    app = flask_app(MAX_CONTENT_LENGTH=1000, SESSION_COOKIE_SAMESITE="Strict")
    assert ["body-limit", "samesite"] == codes(for_flask.check(app, CALLBACK))
    assert "FAILURE" == flask_word(app)
    assert ["samesite"] == codes(for_flask.check(flask_app(SESSION_COOKIE_SAMESITE="None"), CALLBACK))
    assert [] == for_flask.check(flask_app(SESSION_COOKIE_SAMESITE="Lax"), CALLBACK)


def test_a_form_that_flask_parsed_first(caplog):
    """A function that reads every form is found; the callback then fails, and the log says where to look."""

    def nosy():
        flask.request.form.get("language")

    app = flask_app()
    app.before_request(nosy)
    assert ["body-read-early"] == codes(for_flask.check(app, CALLBACK))
    assert "FAILURE" == flask_word(app)
    assert "before_request" in caplog.text


def test_a_flask_body_that_ends_too_early():
    """A body shorter than announced is refused."""
    client = flask_app().test_client()
    short = {"CONTENT_LENGTH": "5000"}
    assert "FAILURE" == client.post(CALLBACK, data=BODY, environ_overrides=short).text


def test_a_chunked_flask_body_with_a_length_is_measured_as_it_comes():
    """A length that a chunked body announces beside does not open the door to more."""
    false = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "9"}
    for body, word in ((BODY, "ACTION=POSTAUTH"), (BODY + b"&x=" + b"y" * 70_000, "FAILURE")):
        got = flask_app().test_client().post(CALLBACK, input_stream=BytesIO(body), environ_overrides=false)
        assert word == got.text


# Django


def parses_forms(get_response):
    """Read the form of every request, as some language switchers do."""

    def middleware(request):
        request.POST.get("language")
        return get_response(request)

    return middleware


class ReadsStreams:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.read()
        return self.get_response(request)


def django_site(**changes):
    """Give settings with the callback at its path, and *changes*."""
    configured_django()
    view = changes.pop("view", None) or for_django.callback_view(MERCHANT.verify)(paid)
    rule = changes.pop("rule", CALLBACK[1:])
    return django.test.override_settings(**{"ROOT_URLCONF": (path(rule, view),)} | changes)


def django_word():
    client = django.test.Client(enforce_csrf_checks=True, SERVER_NAME="127.0.0.1")
    return client.post(CALLBACK, BODY, content_type=FORM_TYPE).content.decode()


def test_a_clean_django_site_has_no_findings():
    """Nothing is found where nothing is wrong, CSRF protection being on."""
    with django_site():
        assert ([], "ACTION=POSTAUTH") == (for_django.check(settings, CALLBACK), django_word())


def test_django_csrf_without_exemption():
    """A view of one's own that is not exempt is found, and is refused indeed."""
    with django_site(view=lambda _: HttpResponse("APPROVED")):
        assert ["csrf"] == codes(for_django.check(settings, CALLBACK))
        assert "APPROVED" != django_word()


@pytest.mark.skipif(django.VERSION < (5, 1), reason="Django's LoginRequiredMiddleware came with 5.1")
def test_django_login_for_everybody():
    """Where every view asks for a sign-in, the callback's does not; one of the user's own is found."""
    sessions = "django.contrib.sessions.middleware.SessionMiddleware"
    users = "django.contrib.auth.middleware.AuthenticationMiddleware"
    login = {"MIDDLEWARE": [sessions, users, "django.contrib.auth.middleware.LoginRequiredMiddleware"]}
    with django_site(view=lambda _: HttpResponse(), **login):
        assert ["redirect"] == codes(for_django.check(settings, CALLBACK))
    with django_site(**login):
        assert [] == for_django.check(settings, CALLBACK)


def test_django_routes():
    """APPEND_SLASH answers with a redirect; without it the route is missing."""
    with django_site(rule=f"{CALLBACK[1:]}/"):
        assert ["redirect"] == codes(for_django.check(settings, CALLBACK))
    with django_site(rule=f"{CALLBACK[1:]}/", APPEND_SLASH=False):
        assert ["route"] == codes(for_django.check(settings, CALLBACK))


def test_django_redirects_to_https():
    """SECURE_SSL_REDIRECT is found where a proxy's word for https is not heard."""
    secure = {
        "SECURE_SSL_REDIRECT": True,
        "MIDDLEWARE": ["django.middleware.security.SecurityMiddleware"],
    }
    with django_site(**secure):
        assert ["redirect"] == codes(for_django.check(settings, CALLBACK))
        assert "" == django_word()
    with django_site(**secure, SECURE_REDIRECT_EXEMPT=["^cmi/callback$"]):
        assert ([], "ACTION=POSTAUTH") == (for_django.check(settings, CALLBACK), django_word())
    with django_site(**secure, SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https")):
        assert [] == for_django.check(settings, CALLBACK)


def test_django_limits_and_cookies():
    """A limit under what a callback may have, and a cookie rule beside Lax, are found."""
    with django_site(DATA_UPLOAD_MAX_MEMORY_SIZE=1000, SESSION_COOKIE_SAMESITE="None"):
        assert ["body-limit", "samesite"] == codes(for_django.check(settings, CALLBACK))
        assert "FAILURE" == django_word()
    with django_site(DATA_UPLOAD_MAX_MEMORY_SIZE=None, SESSION_COOKIE_SAMESITE=False):
        assert [] == for_django.check(settings, CALLBACK)


@pytest.mark.parametrize(
    ("reader", "word"), [(parses_forms, "ACTION=POSTAUTH"), (ReadsStreams, "FAILURE")], ids=["POST", "read"]
)
def test_a_django_middleware_that_reads_first(reader, word, monkeypatch):
    """A middleware that reads every form is found, harmless or not."""
    monkeypatch.setitem(sys.modules, "readers_of_a_test", sys.modules[__name__])
    with django_site(MIDDLEWARE=[f"readers_of_a_test.{reader.__name__}"]):
        assert ["body-read-early"] == codes(for_django.check(settings, CALLBACK))
        assert word == django_word()


def test_a_django_body_that_cannot_be_read():
    """A connection that breaks is the stranger's fault, a body that somebody took is ours."""

    class Broken(BytesIO):
        def read(self, *_):
            raise OSError

    configured_django()
    request = django.test.RequestFactory().post(CALLBACK, BODY, content_type=FORM_TYPE)
    request._stream = Broken()
    with pytest.raises(cmi.MalformedCallbackError):
        for_django.callback_body(request)
    taken = django.test.RequestFactory().post(CALLBACK, BODY, content_type=FORM_TYPE)
    taken.read()
    with pytest.raises(cmi.ConfigurationError, match="middleware") as error:
        for_django.callback_body(taken)
    assert isinstance(error.value.__cause__, RawPostDataException)


def test_what_a_failing_django_view_wrote_is_rolled_back(tmp_path):
    """With ATOMIC_REQUESTS, what the handler wrote before it failed is gone, although the view answers 200."""
    script = f"""
        import django
        from django.conf import settings
        from django.db import connection
        from django.test import Client
        from django.urls import path
        import cmi_gateway as cmi
        from cmi_gateway.integrations.django import callback_view

        def paid(callback):
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO seen VALUES (1)")
            return callback.reply  # fails: nobody called must_match

        database = {{"ENGINE": "django.db.backends.sqlite3", "NAME": {str(tmp_path / "db")!r}, "ATOMIC_REQUESTS": True}}
        merchant = cmi.Merchant("600000099", "TEST1234", cmi.TEST)
        settings.configure(ALLOWED_HOSTS=["*"], DATABASES={{"default": database}},
                           ROOT_URLCONF=(path("cmi/callback", callback_view(merchant.verify)(paid)),))
        django.setup()
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE seen (number INTEGER)")
        answer = Client().post("/cmi/callback", {BODY!r}, content_type={FORM_TYPE!r})
        with connection.cursor() as cursor:
            print(answer.content, cursor.execute("SELECT count(*) FROM seen").fetchone())
        connection.close()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    assert "b'FAILURE' (0,)" == done.stdout.strip()


# FastAPI


class Trimmer(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        await request.form()
        return await call_next(request)


class Keeper(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        await request.body()
        return await call_next(request)


class Taker:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            request = Request(scope, receive)
            await request.body()
        await self.app(scope, receive, send)


def fastapi_app(*middlewares, rule=CALLBACK, **options):
    app = FastAPI()
    app.add_api_route(rule, for_fastapi.callback_view(MERCHANT.verify)(paid), methods=["POST"])
    for middleware in middlewares:
        app.add_middleware(middleware, **options)
    return app


def fastapi_word(app):
    client = fastapi.testclient.TestClient(app, follow_redirects=False)
    return client.post(CALLBACK, content=BODY, headers={"Content-Type": FORM_TYPE}).text


def test_a_clean_fastapi_application_has_no_findings():
    """Nothing is found where nothing is wrong, a middleware that reads whole bodies and hands them on included."""
    app = fastapi_app(Keeper, HTTPSRedirectMiddleware)
    assert ["redirect"] == codes(for_fastapi.check(app, CALLBACK))
    assert ([], "ACTION=POSTAUTH") == (
        for_fastapi.check(fastapi_app(Keeper), CALLBACK),
        fastapi_word(fastapi_app(Keeper)),
    )


@pytest.mark.parametrize(
    ("rule", "code"), [(CALLBACK + "/", "redirect"), ("/elsewhere", "route")], ids=["slash", "none"]
)
def test_fastapi_routes(rule, code):
    """A route that differs by a slash redirects; one that is not there is missing."""
    app = fastapi_app(rule=rule)
    assert [code] == codes(for_fastapi.check(app, CALLBACK))
    assert "ACTION=POSTAUTH" != fastapi_word(app)


def test_fastapi_https_and_cookies():
    """A redirect to https, and a session cookie beside Lax, are found."""
    assert "" == fastapi_word(fastapi_app(HTTPSRedirectMiddleware))
    assert [] == for_fastapi.check(fastapi_app(GZipMiddleware), CALLBACK)
    strict = fastapi_app(SessionMiddleware, secret_key="a key of a test", same_site="strict")
    assert ["samesite"] == codes(for_fastapi.check(strict, CALLBACK))
    assert [] == for_fastapi.check(fastapi_app(SessionMiddleware, secret_key="a key"), CALLBACK)


@pytest.mark.parametrize("middleware", [Trimmer, Taker])
def test_a_fastapi_middleware_that_reads_first(middleware, monkeypatch):
    """A middleware that consumes the body is found; the callback then fails, and does not wait for ever."""
    monkeypatch.setattr(for_fastapi, "_PATIENCE", 0.05)
    assert ["body-read-early"] == codes(for_fastapi.check(fastapi_app(middleware), CALLBACK))
    assert "FAILURE" == fastapi_word(fastapi_app(middleware))


def test_a_fastapi_function_middleware_that_reads_first():
    """So is a function under ``app.middleware("http")``."""
    app = fastapi_app()

    @app.middleware("http")
    async def nosy(request, call_next):
        await request.form()
        return await call_next(request)

    (found,) = for_fastapi.check(app, CALLBACK)
    assert "nosy" in found.problem
    assert "FAILURE" == fastapi_word(app)


def test_a_body_that_a_dependency_took(caplog):
    """A dependency that reads the form leaves nothing; the log says where to look."""

    async def form(request: Request):
        await request.form()

    app = FastAPI(dependencies=[fastapi.Depends(form)])
    app.add_api_route(CALLBACK, for_fastapi.callback_view(MERCHANT.verify)(paid), methods=["POST"])
    assert "FAILURE" == fastapi_word(app)
    assert "dependency or middleware" in caplog.text


def test_a_fastapi_body_that_ends_too_early():
    """A client that leaves in the middle of its body sent none."""

    async def receive():
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "method": "POST", "path": CALLBACK, "headers": []}, receive)
    with pytest.raises(cmi.MalformedCallbackError, match="whole"):
        asyncio.run(for_fastapi.callback_body(request))


# All


def test_a_finding_reads_as_a_sentence():
    """Printed, a finding says what happens and what to do."""
    assert "route: Nothing answers a POST to /x. Give this very address its view." == str(
        findings.unrouted("/x")
    )


@pytest.mark.parametrize(
    "thing", [len, 5, None, "text", lambda: 1], ids=["builtin", "int", "None", "str", "lambda"]
)
def test_what_has_no_source_is_no_finding(thing):
    """Where the source cannot be read, nothing is claimed."""
    assert set() == findings.parts_read(thing, {"form"})
