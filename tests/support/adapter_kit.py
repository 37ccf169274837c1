"""One small site per web framework, each before its framework's own test client, all with the same three doors."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from types import ModuleType

import attrs
import django.http
import django.test
import django.urls
import fastapi
import fastapi.testclient
import flask
from django.conf import settings

from cmi_gateway.integrations import django as for_django
from cmi_gateway.integrations import fastapi as for_fastapi
from cmi_gateway.integrations import flask as for_flask
from support.gateway_kit import MERCHANT

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
FORM_TYPE = "application/x-www-form-urlencoded"
CALLBACK, PAGE, BACK = "/cmi/callback", "/pay", "/back"
SITE = "https://shop.example"


@cache
def example(name: str) -> ModuleType:
    """Load an example of the documentation under its own name, as a project would."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@cache
def configured_django() -> ModuleType:
    """Give the Django example with the settings that this process then has."""
    shop = example("django_shop")
    if not settings.configured:
        shop.configure(MERCHANT, SITE)
    return shop


@attrs.frozen
class Answer:
    """What a client got, whatever the client."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def shown(fields: Mapping[str, str]) -> str:
    return json.dumps(fields)


class FlaskSite:
    def __init__(self, handler, form, verify=MERCHANT.verify):
        app = flask.Flask("site")
        app.add_url_rule(
            CALLBACK, view_func=for_flask.callback_view(verify)(handler), methods=["GET", "POST"]
        )
        app.add_url_rule(PAGE, "page", lambda: for_flask.payment_page(form, MERCHANT))
        app.add_url_rule(
            BACK, "back", lambda: shown(for_flask.return_fields(flask.request)), methods=["GET", "POST"]
        )
        self.client = app.test_client()

    def send(self, method, path, body=b"", content_type=FORM_TYPE, headers=()):
        got = self.client.open(
            path, method=method, data=body, content_type=content_type, headers=list(headers)
        )
        return Answer(got.status_code, {name.lower(): value for name, value in got.headers}, got.data)

    def send_chunked(self, path, body):
        ended = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
        got = self.client.post(
            path, input_stream=BytesIO(body), content_type=FORM_TYPE, environ_overrides=ended
        )
        return Answer(got.status_code, dict(got.headers), got.data)


class DjangoSite:
    def __init__(self, handler, form, verify=MERCHANT.verify):
        configured_django()
        self.view = for_django.callback_view(verify)(handler)
        self.routes = (
            django.urls.path(CALLBACK[1:], self.view),
            django.urls.path(PAGE[1:], lambda _: for_django.payment_page(form, MERCHANT)),
            django.urls.path(
                BACK[1:],
                django.views.decorators.csrf.csrf_exempt(
                    lambda request: django.http.HttpResponse(shown(for_django.return_fields(request)))
                ),
            ),
        )
        self.client = django.test.Client(enforce_csrf_checks=True, SERVER_NAME="127.0.0.1")

    def send(self, method, path, body=b"", content_type=FORM_TYPE, headers=()):
        with django.test.override_settings(ROOT_URLCONF=self.routes):
            got = self.client.generic(method, path, body, content_type, headers=dict(headers))
        return Answer(
            got.status_code, {name.lower(): value for name, value in got.headers.items()}, got.content
        )

    def send_chunked(self, path, body):
        from django.core.handlers.asgi import ASGIRequest

        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "headers": [(b"content-type", FORM_TYPE.encode()), (b"transfer-encoding", b"chunked")],
        }
        with BytesIO(body) as file:
            got = self.view(ASGIRequest(scope, file))
        return Answer(got.status_code, dict(got.headers), got.content)


class FastapiSite:
    def __init__(self, handler, form, verify=MERCHANT.verify):
        app = fastapi.FastAPI()
        app.add_api_route(CALLBACK, for_fastapi.callback_view(verify)(handler), methods=["GET", "POST"])

        async def back(request: fastapi.Request):
            return await for_fastapi.return_fields(request)

        async def page():
            return for_fastapi.payment_page(form, MERCHANT)

        app.add_api_route(BACK, back, methods=["GET", "POST"])
        app.add_api_route(PAGE, page)
        self.client = fastapi.testclient.TestClient(app)

    def send(self, method, path, body=b"", content_type=FORM_TYPE, headers=()):
        sent = {"Content-Type": content_type} | dict(headers)
        got = self.client.request(method, path, content=body, headers=sent)
        return Answer(
            got.status_code, {name.lower(): value for name, value in got.headers.items()}, got.content
        )

    def send_chunked(self, path, body):
        def parts() -> Iterator[bytes]:
            for start in range(0, len(body), 1000):
                yield body[start : start + 1000]

        got = self.client.post(path, content=parts(), headers={"Content-Type": FORM_TYPE})
        return Answer(got.status_code, dict(got.headers), got.content)


SITES = {"flask": FlaskSite, "django": DjangoSite, "fastapi": FastapiSite}
