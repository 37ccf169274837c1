"""Requests that no honest gateway sends: each is answered FAILURE in plain text, or by a calm refusal of the server."""

import gzip
import logging
import socket
from contextlib import contextmanager
from io import BytesIO

import django.test
import pytest
from django.core.handlers.wsgi import WSGIHandler

import cmi_gateway as cmi
from cmi_gateway.simulator.server import LoopbackServer
from support.adapter_kit import CALLBACK, FORM_TYPE, SITES, DjangoSite, FlaskSite
from support.gateway_kit import DECLINED, answer, signed_form

FORM = signed_form()
HONEST = answer(FORM)
every_site = pytest.mark.parametrize("site", SITES.values(), ids=SITES)


def matched(callback):
    callback.must_match(order_id=FORM.order_id, amount=cmi.Money.parse("114.26"), sent=FORM.fields)
    return callback.reply


HOSTILE = {
    "packed": gzip.compress(HONEST),
    "nul": b"a=\0&b=%00&HASH=\0",
    "nul in a true one": HONEST.replace(b"Approved", b"Approved%00", 1),
    "no text": b"a=%ff%fe&HASH=x",
    "raw bytes": b"HASH=\xff\xfe&hashAlgorithm=ver3",
    "fifty thousand fields": b"&".join(b"f%d=1" % number for number in range(50_000)),
    "ampersands": b"&" * 50_000,
    "one huge name": b"a" * 60_000 + b"=1",
    "twice": HONEST.rstrip(b"\n") + b"&" + HONEST,
    "brackets": b"oid[]=1&oid[a]=2&HASH=x&hashAlgorithm=ver3",
    "xml": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    "our own form": "&".join(f"{name}={value}" for name, value in FORM.fields).encode(),
}


@every_site
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "content_type", [FORM_TYPE, "multipart/form-data; boundary=b", "text/plain; charset=utf-16"]
)
def test_hostile_bodies(site, name, content_type):
    """Whatever the body holds and says of itself, the answer is the word FAILURE, and no handler hears of it."""
    got = site(pytest.fail, FORM).send("POST", CALLBACK, HOSTILE[name], content_type=content_type)
    assert (200, b"FAILURE") == (got.status, got.body)
    assert "text/plain; charset=utf-8" == got.headers["content-type"]


@every_site
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Encoding": "gzip"},
        {"X-HTTP-Method-Override": "GET", "X-Forwarded-Host": "evil.example"},
        {"Cookie": ";;=;csrftoken=\x7f", "Authorization": "Basic !!"},
        {"Accept": "text/html", "Accept-Charset": "utf-16", "Origin": "null"},
    ],
    ids=["encoding", "override", "cookies", "accept"],
)
def test_headers_change_nothing(site, headers):
    """Only the signed bytes count: headers neither refuse a true callback nor dress the answer."""
    got = site(matched, FORM).send("POST", CALLBACK, HONEST, headers=headers.items())
    assert (200, b"ACTION=POSTAUTH") == (got.status, got.body)
    assert "text/plain; charset=utf-8" == got.headers["content-type"]


@every_site
def test_the_query_string_is_never_read(site):
    """Results in the address change nothing: a decline stays a decline."""
    path = f"{CALLBACK}?ProcReturnCode=00&Response=Approved&oid=x&HASH=y"
    got = site(matched, FORM).send("POST", path, answer(FORM, DECLINED))
    assert b"APPROVED" == got.body


@every_site
@pytest.mark.parametrize(
    "path", [f"{CALLBACK}%00", f"{CALLBACK};x=1", "/cmi/../cmi/callbac", CALLBACK.upper()]
)
def test_other_paths_are_not_the_callbacks(site, path):
    """An address that merely resembles the callback's is nobody's."""
    assert 404 == site(pytest.fail, FORM).send("POST", path, HONEST).status


def test_chunks_that_make_no_sense_are_a_strangers_doing(caplog):
    """A server that cannot read on is answered FAILURE and logged in one line, without a traceback."""

    class Broken(BytesIO):
        def read(self, *_):
            raise OSError("Invalid chunk header")

    site = FlaskSite(pytest.fail, FORM)
    ended = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    with caplog.at_level(logging.DEBUG):
        got = site.client.post(
            CALLBACK, input_stream=Broken(), content_type=FORM_TYPE, environ_overrides=ended
        )
    assert (200, b"FAILURE") == (got.status_code, got.data)
    (record,) = [found for found in caplog.records if found.name == "cmi_gateway.integrations"]
    assert ("MalformedCallbackError", None) == (record.cmi["reason"], record.exc_info)


@pytest.fixture(scope="module", params=[FlaskSite, DjangoSite], ids=["flask", "django"])
def port(request):
    """Serve a site that knows the form over a socket."""
    site = request.param(matched, FORM)
    with _application(site) as application, LoopbackServer(application) as server:
        yield server.port


@contextmanager
def _application(site):
    if isinstance(site, FlaskSite):
        yield site.client.application
        return
    with django.test.override_settings(ROOT_URLCONF=site.routes):
        yield WSGIHandler()


def chunked(body, size=700):
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


LENGTH = f"Content-Length: {len(HONEST)}"
CHUNKED = "Transfer-Encoding: chunked"
WIRE = {
    "plain": ([LENGTH], HONEST, b"ACTION=POSTAUTH"),
    "chunked": ([CHUNKED], chunked(HONEST), b"ACTION=POSTAUTH"),
    "a body without a length": ([], HONEST, b"FAILURE"),
    "two lengths": ([LENGTH, "Content-Length: 5"], HONEST, None),
    "the same length twice": ([LENGTH, LENGTH], HONEST, None),
    "a length that is none": (["Content-Length: -5"], HONEST, None),
    "a length beyond all": ([f"Content-Length: 1{'0' * 30}"], HONEST, None),
    "length and chunks": (["Content-Length: 5", CHUNKED], chunked(HONEST), b"ACTION=POSTAUTH"),
    "bad chunks": ([CHUNKED], b"zz\r\nabc\r\n0\r\n\r\n", None),
    "packed transfer": (["Transfer-Encoding: gzip"], gzip.compress(HONEST), None),
    "two megabytes in chunks": ([CHUNKED], chunked(b"x=" + b"y" * 2_000_000, 60_000), b"FAILURE"),
    "a folded header": ([LENGTH, "X-A: b\r\n c"], HONEST, b"ACTION=POSTAUTH"),
}


@pytest.mark.parametrize("name", WIRE)
def test_on_the_wire(port, name):
    """What is wrong with the request itself ends in a word, or in a refusal of the server: never a page or a traceback."""
    headers, body, word = WIRE[name]
    status, kind, got = _exchange(port, headers, body)
    assert (200, word) == (status, got) if word else status in (200, 400, 413, 501)
    assert kind == "text/plain; charset=utf-8"
    assert b"Traceback" not in got
    assert word or got == b"FAILURE" or status >= 400


@pytest.mark.parametrize("cut", [0, 1, 1000])
def test_a_body_that_ends_early(port, cut):
    """A connection that closes before the announced length is nobody's payment, and the next one is served."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as wire:
        wire.sendall(_head([LENGTH]) + HONEST[:cut])
    assert b"ACTION=POSTAUTH" == _exchange(port, [LENGTH], HONEST)[2]


def _exchange(port, headers, body):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as wire:
        wire.sendall(_head(headers) + body)
        received = b"".join(iter(lambda: wire.recv(65536), b""))
    head, _, content = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split(" ")[1]), fields["content-type"], content


def _head(headers):
    lines = ["Host: 127.0.0.1", "Connection: close", f"Content-Type: {FORM_TYPE}", *headers]
    return "\r\n".join([f"POST {CALLBACK} HTTP/1.1", *lines, "", ""]).encode()
