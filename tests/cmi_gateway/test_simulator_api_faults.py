"""The XML API under fault plans: in process first, then over a socket where one makes a difference."""

import time
from contextlib import contextmanager

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway import Money
from cmi_gateway.api.answers import read_transaction
from cmi_gateway.api.verdict import Verdict, verdict_of
from cmi_gateway.errors import OutcomeUnknownError
from cmi_gateway.simulator.app import create_app
from cmi_gateway.simulator.fault_book import FaultBook
from cmi_gateway.simulator.faults import (
    ApiCutAfter,
    ApiCutBefore,
    ApiFailure,
    ApiGzip,
    ApiHtmlError,
    ApiSlow,
    ApiWrongEncoding,
    FaultPlan,
    FaultRule,
    Next,
    OfAmount,
    OfOrder,
)
from cmi_gateway.simulator.in_process import InProcessTransport
from cmi_gateway.simulator.orders import OrderState
from cmi_gateway.simulator.server import LoopbackServer
from support.api_kit import fixture
from support.simulator_api_kit import ORDER_ID, desk, read, request

CAPTURE = request(ORDER_ID, "PostAuth")
STATUS = request(ORDER_ID, extra="ORDERSTATUS")


def send(transport, body, seconds=60.0):
    return transport(body, content_type="application/xml", is_query=False, seconds=seconds)


def authorized():
    """Give a desk with one authorized payment."""
    ours = desk()
    ours.pay()
    return ours


@pytest.fixture
def ours():
    return authorized()


@pytest.mark.parametrize(("done", "state"), [(False, OrderState.AUTHORIZED), (True, OrderState.CAPTURED)])
def test_the_gateways_own_failure_proves_nothing(ours, done, state):
    """As in the published capture F19: Error, 99, a bare code and no order, whether or not the capture was done."""
    transport = InProcessTransport(ours.state, FaultPlan.of(ApiFailure(done), when=Next(1)))
    answer, captured = read(send(transport, CAPTURE).body), read(fixture("F19"))
    assert ([*captured.top], [*captured.extra]) == ([*answer.top], [*answer.extra])
    assert captured.verdict == answer.verdict == ("Error", "99", "2100")
    assert Verdict.UNCERTAIN is verdict_of(read_transaction(answer.raw).head, ORDER_ID)
    assert state is ours.order().state


def test_without_faults_the_answer_is_the_gateways(ours):
    """Status, body and header as the gateway makes them; the capture is done."""
    answer = send(InProcessTransport(ours.state), CAPTURE)
    assert (200, "text/xml;charset=ISO-8859-9") == (answer.status, answer.content_type)
    assert ("Approved", "00", "") == read(answer.body).verdict
    assert OrderState.CAPTURED is ours.order().state


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (ApiCutAfter(), OrderState.CAPTURED),
        (ApiCutBefore(), OrderState.AUTHORIZED),
        (ApiSlow(60), OrderState.CAPTURED),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_lost_answer_is_an_outcome_unknown(ours, fault, state):
    """Cut after, cut before and too slow look alike to the client; only a later question tells them apart."""
    transport = InProcessTransport(ours.state, FaultPlan.of(fault, when=Next(1)))
    with pytest.raises(OutcomeUnknownError):
        send(transport, CAPTURE)
    assert state is ours.order().state
    assert 200 == send(transport, STATUS).status


def test_slow_but_in_time_is_an_answer(ours):
    """Nothing sleeps in process: an answer that comes in time is there at once."""
    assert 200 == send(InProcessTransport(ours.state, FaultPlan.of(ApiSlow(59))), CAPTURE).status


@pytest.mark.parametrize(("done", "state"), [(False, OrderState.AUTHORIZED), (True, OrderState.CAPTURED)])
def test_an_error_page_before_or_after_the_operation(ours, done, state):
    """HTML with status 500, whether or not the money moved."""
    answer = send(InProcessTransport(ours.state, FaultPlan.of(ApiHtmlError(done=done))), CAPTURE)
    assert (500, "text/html", True) == (answer.status, answer.content_type, b"<h1>" in answer.body)
    assert state is ours.order().state


def test_a_wrong_encoding_is_declared(ours):
    """The bytes are the gateway's own, the declaration lies."""
    answer = send(InProcessTransport(ours.state, FaultPlan.of(ApiWrongEncoding())), CAPTURE)
    assert answer.body.startswith(b'<?xml version="1.0" encoding="UTF-16"?>')
    assert OrderState.CAPTURED is ours.order().state


def test_compression_is_the_transports_business(ours):
    """In process the body arrives plain, as the port promises."""
    assert send(InProcessTransport(ours.state, FaultPlan.of(ApiGzip())), CAPTURE).body.startswith(b"<?xml")


def test_rules_look_at_the_order_that_the_request_names(ours):
    """An order id and a magic amount strike; other orders, and bodies that name none, are spared."""
    rules = FaultPlan(
        (FaultRule(ApiCutBefore(), OfOrder("OTHER")), FaultRule(ApiHtmlError(), OfAmount(Money(10000))))
    )
    transport = InProcessTransport(ours.state, rules)
    assert 500 == send(transport, STATUS).status
    assert 200 == send(transport, request("NOBODY", extra="ORDERSTATUS")).status
    assert 200 == send(transport, b"<junk").status
    with pytest.raises(OutcomeUnknownError):
        send(transport, request("OTHER", extra="ORDERSTATUS"))


@given(
    st.binary(max_size=200),
    st.sampled_from([ApiCutAfter(), ApiHtmlError(), ApiGzip(), ApiWrongEncoding("é")]),
)
def test_any_body_under_any_fault_is_answered_or_lost(body, fault):
    """A stranger's bytes never break the desk."""
    transport = InProcessTransport(desk().state, FaultPlan.of(fault))
    try:
        answer = send(transport, body)
    except OutcomeUnknownError:
        answer = None
    assert answer is None or answer.body


# Over a socket


@contextmanager
def served(ours, *faults, **options):
    """Serve the desk under faults; give a function that posts a body."""
    app = create_app(ours.state, faults=FaultBook(FaultPlan.of(*faults)), **options)
    with LoopbackServer(app) as server, requests.Session() as session:
        session.trust_env = False
        yield lambda body: session.post(server.url + "/fim/api", data=body, timeout=5)


def test_the_plain_answer_over_http(ours):
    """ISO-8859-9 in header and declaration."""
    with served(ours) as post:
        answer = post(CAPTURE)
    assert (200, "text/xml;charset=ISO-8859-9") == (answer.status_code, answer.headers["Content-Type"])
    assert "Approved" == read(answer.content).top["Response"]


@pytest.mark.parametrize(
    ("fault", "state"), [(ApiCutAfter(), OrderState.CAPTURED), (ApiCutBefore(), OrderState.AUTHORIZED)]
)
def test_a_cut_over_http_breaks_the_connection(ours, fault, state):
    """The announced length is never reached: the client cannot take it for an answer."""
    with (
        served(ours, fault) as post,
        pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)),
    ):
        post(CAPTURE)
    assert state is ours.order().state


def test_a_slow_answer_over_http_takes_its_time(ours):
    """The seconds pass before the answer, and the operation was done before them."""
    with served(ours, ApiSlow(0.3)) as post:
        before = time.monotonic()
        assert 200 == post(CAPTURE).status_code
        assert time.monotonic() - before >= 0.3


def test_no_answer_is_slower_than_two_minutes(ours):
    """A plan that asks for a day holds no thread that long."""
    asked = []
    app = create_app(ours.state, faults=FaultBook(FaultPlan.of(ApiSlow(86_400))), pause=asked.append)
    assert 200 == app.test_client().post("/fim/api", data=STATUS).status_code
    assert [120.0] == asked


def test_gzip_over_http(ours):
    """The header says gzip and the client reads it."""
    with served(ours, ApiGzip()) as post:
        answer = post(STATUS)
    assert "gzip" == answer.headers["Content-Encoding"]
    assert "Approved" == read(answer.content).top["Response"]


def test_the_error_page_over_http(ours):
    """Status 500 and HTML."""
    with served(ours, ApiHtmlError()) as post:
        answer = post(STATUS)
    assert (500, "text/html") == (answer.status_code, answer.headers["Content-Type"])
