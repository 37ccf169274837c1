"""The way to the gateway: one address, one sending of an operation, one limit on the whole of it."""

import gzip
import socket
import threading
import time
from contextlib import suppress

import attrs
import pytest
import requests
import responses
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError
from urllib3.util import Retry

import cmi_gateway as cmi
from cmi_gateway.api.deadline import Deadline
from cmi_gateway.api.http_transport import HttpTransport, _watched
from cmi_gateway.api.safe_xml import LARGEST_DOCUMENT
from support.api_kit import DOCUMENTS, ORDER, PASSWORD, SETTLED, done, fixture, history
from support.gateway_kit import MERCHANT
from support.loopback import LoopbackServer, ok, own_certificate, reset

URL = MERCHANT.gateway.api_url
HUNDRED = cmi.Money(10000)
STATUS = fixture("F11")
ASKED = "2024010354F1"


def client(url=URL, session=None):
    merchant = attrs.evolve(MERCHANT, gateway=cmi.Gateway(MERCHANT.gateway.url, url))
    return cmi.ApiClient(
        merchant,
        user="API_USER",
        password=PASSWORD,
        operations=["capture", "void", "refund"],
        session=session,
    )


def ask(url, *, seconds=30.0, is_query=True, session=None):
    transport = HttpTransport(url, session=session)
    return transport(b"<x/>", content_type="application/xml", is_query=is_query, seconds=seconds)


ENCODINGS = {
    "as published": STATUS,
    "UTF-8": b'<?xml version="1.0" encoding="UTF-8"?>' + STATUS.replace(b"<ErrMsg>", "<ErrMsg>İ".encode()),
    "ISO-8859-9": b'<?xml version="1.0" encoding="ISO-8859-9"?>' + STATUS.replace(b"<ErrMsg>", b"<ErrMsg>\xdd\xfe"),
    "references": STATUS.replace(b"<ErrMsg>", b"<ErrMsg>&#x130;"),
    "mark": b"\xef\xbb\xbf" + STATUS,
    "leading line feed": b"\r\n" + STATUS,
}  # fmt: skip


@responses.activate
@pytest.mark.parametrize("body", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("is_zipped", [False, True], ids=["plain", "gzip"])
def test_every_encoding_reads_alike(body, is_zipped):
    """Bytes in every encoding of the platform, also compressed, give the same status."""
    headers = {"Content-Type": "text/xml;charset=ISO-8859-9"} | (
        {"Content-Encoding": "gzip"} if is_zipped else {}
    )
    responses.post(URL, body=gzip.compress(body) if is_zipped else body, headers=headers)
    assert client().status(ASKED, expected=cmi.Money(101)).is_paid


@responses.activate
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_fixture_over_http_is_a_value_or_an_error_of_ours(name):
    """F1 to F20, given to every question and operation, end in a value or an `ApiError`."""
    responses.post(URL, body=fixture(name))
    api = client()
    for call in (
        lambda: api.status(ASKED),
        lambda: api.history("20240102D8F1"),
        lambda: api.refund("20240102D8F1", cmi.Money(1)),
        lambda: api.capture("TEST-HIST-1", cmi.Money(1)),
        lambda: api.void("TEST-HIST-1"),
    ):
        with suppress(cmi.ApiError):
            assert call() is not None


@responses.activate
def test_a_void_refused_in_turkish_bytes_is_a_refusal():
    """F5 as ISO-8859-9 bytes: letters of the message never decide."""
    turkish = (
        fixture("F5").replace(b"&#x130;", b"\xdd").replace(b"&#x131;", b"\xfd").replace(b"&#x15F;", b"\xfe")
    )
    responses.post(URL, body=history(SETTLED.replace("S|S", "S|C")))
    responses.post(URL, body=turkish)
    with pytest.raises(cmi.RequestRefusedError) as caught:
        client().void(ORDER)
    assert ("CORE-2008", "İptal edilmeye uygun satış işlemi bulunamadı.") == (
        caught.value.code,
        caught.value.message,
    )


@responses.activate
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>error</html>"),
        (200, b""),
        (200, b"<!DOCTYPE CC5Response>" + STATUS),
        (200, STATUS + b" " * 300 * 1024),
        (500, STATUS),
        (301, STATUS),
        (404, STATUS),
    ],
)
def test_what_is_no_answer_is_unknown_whatever_its_status(status, body):
    """HTML with 200, nothing, a DOCTYPE, 300 KiB, any other status: of the order nothing is learnt."""
    responses.post(URL, body=body, status=status, headers={"Location": "https://elsewhere.example/"})
    with pytest.raises(cmi.QueryFailedError):
        client().status(ASKED)
    assert {URL} == {call.request.url for call in responses.calls}


@responses.activate
@pytest.mark.parametrize("way", ["gzip, gzip", "deflate", "br", "zstd", "unheard-of"])
def test_a_compression_that_was_not_asked_for_is_no_answer(way):
    """Only gzip was asked for: anything else, gzip in gzip above all, could unpack to gigabytes, and is not unpacked."""
    body = gzip.compress(gzip.compress(b" " * 10_000_000))
    responses.post(URL, body=body, headers={"Content-Encoding": way})
    with pytest.raises(cmi.QueryFailedError, match="not asked for"):
        client().status(ASKED)


@responses.activate
def test_what_unpacks_beyond_the_limit_is_no_answer():
    """A few kilobytes of gzip that hold ten megabytes are given up at the limit."""
    bomb = gzip.compress(b" " * 10_000_000)
    assert len(bomb) < 20_000
    responses.post(URL, body=bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(cmi.QueryFailedError, match="longer than"):
        client().status(ASKED)


@responses.activate
def test_a_question_is_asked_again_and_an_operation_is_not():
    """A passing trouble costs a question a second try; an operation has only one."""
    responses.post(URL, status=503)
    responses.post(URL, body=history(SETTLED))
    responses.post(URL, status=503)
    responses.post(URL, body=done())
    with pytest.raises(cmi.OutcomeUnknownError, match="503"):
        client().refund(ORDER, HUNDRED)
    assert 3 == len(responses.calls)


@responses.activate
def test_mounted_retries_do_not_repeat_a_refund():
    """A session that was told to retry everything sends one refund."""
    session = requests.Session()
    session.mount("https://", HTTPAdapter(max_retries=Retry(3, status_forcelist=[503], allowed_methods=None)))
    responses.post(URL, body=history(SETTLED))
    responses.post(URL, status=503)
    with pytest.raises(cmi.OutcomeUnknownError):
        client(session=session).refund(ORDER, HUNDRED)
    assert 1 == sum(b"Credit" in call.request.body for call in responses.calls)


def test_mounted_retries_do_not_repeat_a_refund_over_a_real_connection():
    """The same over a socket that is reset after the request was read: one refund arrived."""
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=Retry(3, read=3, connect=3, allowed_methods=None)))

    def play(connection):
        reset(connection)
        return b""

    with LoopbackServer([ok(history(SETTLED)), play]) as server:
        with pytest.raises(cmi.OutcomeUnknownError) as caught:
            client(server.url, session).refund(ORDER, HUNDRED)
        time.sleep(0.2)
        assert 1 == sum(b"Credit" in request for request in server.requests)
    assert "T-SALE" == caught.value.record.before.lines[0].transaction_id


@responses.activate
def test_the_request_goes_out_as_documented():
    """One POST to the merchant's own address, raw XML, no cookies and no credentials but those inside."""
    responses.post(URL, body=STATUS, headers={"Set-Cookie": "a=b"})
    session = requests.Session()
    session.auth, session.cookies["c"], session.headers["X-Mine"] = ("u", "p"), "d", "1"
    client(session=session).status(ASKED)
    sent = responses.calls[0].request
    assert ("POST", URL, "application/xml; charset=UTF-8", "text/xml, application/xml") == (
        sent.method, sent.url, sent.headers["Content-Type"], sent.headers["Accept"],
    )  # fmt: skip
    assert not {"Authorization", "Cookie", "X-Mine"} & set(sent.headers)


def test_a_session_that_checks_no_certificates_is_refused():
    """TLS is verified, or there is no client; a file of one's own authority is fine."""
    session = requests.Session()
    session.verify = False
    with pytest.raises(cmi.ConfigurationError, match="does not check certificates"):
        client(session=session)
    session.verify = "/etc/ssl/own.pem"
    assert "HttpTransport('https://testpayment.cmi.co.ma/fim/api')" == repr(
        HttpTransport(URL, session=session)
    )


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path, monkeypatch):
    """Nothing is sent to it, whatever the environment says; a session may vouch for one's own authority."""
    tls, certificate = own_certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with LoopbackServer([ok(STATUS)], tls) as server:
        with pytest.raises(cmi.RequestNotSentError):
            client(server.url).refund(ASKED, HUNDRED)
        assert [] == server.requests
        session = requests.Session()
        session.verify = str(certificate)
        assert client(server.url, session).status(ASKED, expected=cmi.Money(101)).is_paid
        with pytest.raises(cmi.RequestNotSentError):
            ask(server.url.replace("127.0.0.1", "localhost"), is_query=False, session=session)


def test_the_environment_has_no_say(monkeypatch):
    """A proxy in the environment is not used: requests go to the merchant's gateway only."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with LoopbackServer([ok(STATUS)]) as server:
        assert client(server.url).status(ASKED, expected=cmi.Money(101)).is_paid


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.parametrize("is_query", [True, False])
def test_a_refused_connection_sent_nothing(is_query):
    """Nobody listens: nothing left this machine, also for an operation."""
    with pytest.raises(cmi.RequestNotSentError):
        ask(f"http://127.0.0.1:{free_port()}/", is_query=is_query)


def test_a_failed_handshake_sent_nothing():
    """What breaks before TLS stands has sent nothing of the request."""

    def refuse_tls(listener):
        # The listener is closed under it when the test is over.
        with suppress(OSError):
            connection, _address = listener.accept()
            with connection:
                connection.recv(10)
                connection.sendall(b"this is no TLS\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=refuse_tls, args=(listener,), daemon=True).start()
        with pytest.raises(cmi.RequestNotSentError):
            ask(f"https://127.0.0.1:{listener.getsockname()[1]}/", is_query=False)


@responses.activate
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (requests.ConnectTimeout("x"), cmi.RequestNotSentError),
        (requests.ReadTimeout("x"), cmi.OutcomeUnknownError),
        (requests.ConnectionError("x"), cmi.OutcomeUnknownError),
    ],
)
def test_without_a_connection_of_ours_only_a_connect_timeout_proves_it(error, expected):
    """Under a replaced adapter what is not proved unsent counts as sent."""
    responses.post(URL, body=error)
    with pytest.raises(expected) as caught:
        ask(URL, is_query=False)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def cut(connection):
    connection.sendall(ok(STATUS)[:-20])
    return b""


def endless(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"<" * (LARGEST_DOCUMENT + 10_000))
    return b""


def bomb(connection):
    packed = gzip.compress(b" " * 20_000_000)
    connection.sendall(ok(packed, "Content-Encoding: gzip"))
    return b""


def lie(connection):
    connection.sendall(ok(b"this is not gzip", "Content-Encoding: gzip"))
    return b""


@pytest.mark.parametrize("play", [cut, endless, bomb, lie], ids=lambda play: play.__name__)
def test_half_an_answer_is_none(play):
    """Cut, endless, exploding or lying about its encoding: an operation's outcome is unknown."""
    with LoopbackServer([play]) as server, pytest.raises(cmi.OutcomeUnknownError):
        ask(server.url, is_query=False)
    assert 1 == len(server.requests)


def silent(connection):
    connection.recv(10)
    return b""


def dripping(prefix):
    def play(connection):
        connection.sendall(prefix)
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(0.05)
        return b""

    return play


@pytest.mark.parametrize(
    "play",
    [
        silent,
        dripping(b"HTTP/1.1 200 OK\r\nX-Long: "),
        dripping(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + STATUS),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"),
    ],
    ids=["silence after the request", "headers drip", "body drips without length", "body drips"],
)
def test_the_limit_holds_for_the_whole_exchange(play):
    """A byte now and then does not keep an exchange alive: it ends at its limit, and is unknown."""
    started = time.monotonic()
    with LoopbackServer([play]) as server, pytest.raises(cmi.OutcomeUnknownError, match="too long"):
        ask(server.url, seconds=0.6, is_query=False)
    assert time.monotonic() - started < 5


def test_the_limit_holds_for_a_question_and_its_repeats():
    """A question that is repeated has one limit for all tries."""
    started = time.monotonic()
    with LoopbackServer([silent]) as server, pytest.raises(cmi.OutcomeUnknownError):
        ask(server.url, seconds=0.6)
    assert time.monotonic() - started < 5


def test_the_limit_holds_during_the_handshake():
    """A peer that accepts and then says nothing of TLS is left at the limit, and nothing was sent."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(cmi.RequestNotSentError, match="too long"),
    ):
        ask(f"https://127.0.0.1:{listener.getsockname()[1]}/", seconds=0.6, is_query=False)


def test_no_connection_is_made_once_the_time_is_over():
    """What would connect after the limit does not."""
    with Deadline(60) as deadline:
        deadline.is_expired = True
        with pytest.raises(ConnectTimeoutError):
            _watched(HTTPConnection, deadline)("127.0.0.1", free_port())._new_conn()


def test_what_connects_too_late_is_shut_down_at_once():
    """A connection that is only made once the time is over is not used."""
    with socket.create_server(("127.0.0.1", 0)) as listener, Deadline(0.01) as deadline:
        connection = socket.create_connection(listener.getsockname())
        while not deadline.is_expired:
            time.sleep(0.01)
        deadline.watch(connection)
        assert b"" == connection.recv(1)
        connection.close()


def test_a_lost_answer_is_resolved_over_a_real_connection():
    """Sent, cut, and found in the history afterwards: one refund went out."""
    after = history("C|C|10000|10000|2024-01-01 22:15:27.511|||1|P|00|T-R", SETTLED)
    with LoopbackServer([ok(history(SETTLED)), cut, ok(after)]) as server:
        api = client(server.url)
        with pytest.raises(cmi.OutcomeUnknownError) as caught:
            api.refund(ORDER, HUNDRED)
        assert "T-R" == api.resolve(caught.value.record).transaction_id
        assert 1 == sum(b"Credit" in request for request in server.requests)
