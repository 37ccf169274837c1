"""The shops of the documentation have full marks, over real sockets; broken ones are found there too."""

import threading

import pytest

from cmi_gateway.certify.addresses import allowed_address
from cmi_gateway.certify.answers import CLOSED
from cmi_gateway.certify.callbacks import Message
from cmi_gateway.certify.cases import ROWS
from cmi_gateway.certify.certifying import certify
from cmi_gateway.certify.player import HttpEndpoint
from cmi_gateway.simulator.server import LoopbackServer
from support.certify_kit import Shop, stage, verdicts
from support.certify_servers import SHOPS, orders_of, raw_server, state_of


@pytest.mark.parametrize("name", SHOPS)
def test_our_own_examples_have_full_marks(name):
    """Mandatory and advisory rows, with the order's page looked at before and after each callback."""
    with SHOPS[name]() as url:
        address = allowed_address(f"{url}/cmi/callback")
        stage_ = stage(HttpEndpoint(address), orders_of(url), url=address.shown, probe=state_of(url))
        sheet = certify(stage_)
    assert dict.fromkeys(ROWS, "passed") == verdicts(sheet)


def endpoint(url, **changes):
    return HttpEndpoint(allowed_address(url), **changes)


def test_a_redirect_is_not_followed():
    """The gateway does not follow either; and it would lead anywhere."""
    asked = []

    def application(environ, begin):
        asked.append(environ["PATH_INFO"])
        begin("302 Found", [("Location", "/elsewhere"), ("Content-Type", "text/plain")])
        return [b"FAILURE"]

    with LoopbackServer(application) as server:
        answer = endpoint(f"{server.url}/callback")(Message(b"a=1"))
    assert (302, None, True) == (answer.status, answer.meaning, answer.is_redirect)
    assert ["/callback"] == asked


def test_a_get_carries_the_body_as_its_query():
    """Beside the query that the address has."""
    asked = []

    def application(environ, begin):
        asked.append((environ["REQUEST_METHOD"], environ["QUERY_STRING"]))
        begin("405 Method Not Allowed", [("Content-Type", "text/plain")])
        return [b""]

    with LoopbackServer(application) as server:
        for query in ("", "?shop=1"):
            answer = endpoint(f"{server.url}/callback{query}")(Message(b"a=1", method="GET"))
    assert [("GET", "a=1"), ("GET", "shop=1&a=1")] == asked
    assert answer.is_turned_away


def test_what_does_not_listen_is_no_answer():
    """And says so."""
    with LoopbackServer(lambda *_: []) as server:
        url = f"{server.url}/"
    assert "nobody listens at the address" == endpoint(url)(Message(b"")).problem


def test_a_closed_connection_is_told_from_one_that_never_was():
    """Turning an oversized body away so is sound."""
    with raw_server(lambda connection: None) as url:
        answer = endpoint(url)(Message(b"a=1"))
    assert CLOSED == answer.problem
    assert answer.is_turned_away


def test_a_slow_drip_ends_in_time():
    """Each byte comes soon enough for its own time-out, and the whole never."""
    stop = threading.Event()

    def drip(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n")
        while not stop.wait(0.05):
            connection.sendall(b"A")

    with raw_server(drip) as url:
        answer = endpoint(url, patience=0.3)(Message(b"a=1"))
        stop.set()
    assert "no answer within 0.3 s" == answer.problem
    assert not answer.is_turned_away


def test_silence_ends_in_time():
    """As a gateway would, it gives up."""
    stop = threading.Event()
    with raw_server(lambda connection: stop.wait(5)) as url:
        assert "no answer within 0.2 s" == endpoint(url, patience=0.2)(Message(b"a=1")).problem
        stop.set()


def test_what_is_no_http_is_no_answer():
    """Whatever listens there."""
    with raw_server(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n")) as url:
        assert endpoint(url)(Message(b"a=1")).problem


def test_an_answer_that_breaks_off_is_no_answer():
    """Half a word may be another."""
    with raw_server(lambda it: it.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\nAPPROVED")) as url:
        assert "no readable answer" in endpoint(url)(Message(b"a=1")).problem


def test_an_endless_body_is_cut():
    """An answer is some fifteen bytes."""

    def application(environ, begin):
        begin("200 OK", [("Content-Type", "text/html")])
        return [b"<p>" * 100_000]

    with LoopbackServer(application) as server:
        assert 4096 == len(endpoint(server.url)(Message(b"a=1")).body)


def test_nothing_is_sent_where_no_order_can_be_had():
    """The shop's fault is not the endpoint's."""
    shop = Shop()
    with LoopbackServer(lambda *_: []) as server:
        sheet = certify(stage(endpoint(server.url), shop.new_order), ["replay"])
    assert "failed" == verdicts(sheet)["approval"]
