"""`cmi_gateway.ApiClient` against the simulator under faults: in process, and over HTTP where a socket matters."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway import ApiClient, Merchant, Money
from cmi_gateway import OrderState as OrderView
from cmi_gateway.errors import ApiError, OutcomeUnknownError, QueryFailedError
from cmi_gateway.simulator.faults import (
    Always,
    ApiCutAfter,
    ApiCutBefore,
    ApiGzip,
    ApiHtmlError,
    ApiSlow,
    ApiWrongEncoding,
    FaultPlan,
    FaultRule,
    Next,
    Sometimes,
)
from cmi_gateway.simulator.in_process import InProcessTransport
from cmi_gateway.simulator.orders import OrderState
from cmi_gateway.simulator.server import running_simulator
from support.gateway_kit import MERCHANT, STORE_KEY
from support.simulator_api_kit import API_PASSWORD, API_USER, ORDER_ID, account, desk, form
from support.simulator_kit import VISA, card_form

HUNDRED = Money.parse("100.00")
LOST = [
    (ApiCutAfter(on="operations"), OrderState.CAPTURED),
    (ApiCutBefore(on="operations"), OrderState.AUTHORIZED),
    (ApiSlow(60, on="operations"), OrderState.CAPTURED),
    (ApiHtmlError(on="operations"), OrderState.AUTHORIZED),
    (ApiHtmlError(done=True, on="operations"), OrderState.CAPTURED),
    (ApiWrongEncoding(on="operations"), OrderState.CAPTURED),
]


def client_of(transport=None, merchant=MERCHANT):
    return ApiClient(
        merchant, user=API_USER, password=API_PASSWORD, operations=("capture", "refund"), transport=transport
    )


@pytest.mark.parametrize(("fault", "state"), LOST, ids=lambda value: getattr(value, "kind", ""))
def test_a_lost_answer_to_a_capture_is_never_taken_for_one(fault, state):
    """The client does not know, and says so; the gateway does."""
    ours = desk()
    ours.pay()
    client = client_of(InProcessTransport(ours.state, FaultPlan.of(fault, when=Next(1))))
    with pytest.raises(OutcomeUnknownError):
        client.capture(ORDER_ID, amount=HUNDRED)
    assert state is ours.order().state


@pytest.mark.parametrize("fault", [ApiCutAfter(), ApiHtmlError(), ApiWrongEncoding(), ApiSlow(20)])
def test_a_lost_answer_to_a_query_is_a_failed_query(fault):
    """Nothing can have moved, and asking again helps."""
    ours = desk().paid()
    client = client_of(InProcessTransport(ours.state, FaultPlan.of(fault, when=Next(1))))
    with pytest.raises(QueryFailedError):
        client.status(ORDER_ID)
    assert client.status(ORDER_ID)


def test_a_payment_whose_callback_was_lost_is_found_and_captured():
    """The whole point: no callback ever came, the client asks, captures, and refunds a part."""
    ours = desk()
    ours.pay()
    client = client_of(InProcessTransport(ours.state))
    client.capture(ORDER_ID, amount=HUNDRED)
    assert OrderState.CAPTURED is ours.order().state
    ours.state.close_batch()
    client.refund(ORDER_ID, amount=Money.parse("40.00"))
    assert Money.parse("60.00") == ours.order().totals.net


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (ApiCutAfter(on="operations"), OrderState.CAPTURED),
        (ApiCutBefore(on="operations"), OrderState.AUTHORIZED),
    ],
)
def test_a_cut_over_http_is_unknown_too(fault, state):
    """The real transport makes the same of a connection that really ends."""
    with running_simulator([account()], faults=FaultPlan.of(fault, when=Next(1))) as simulator:
        served = simulator.state
        session = served.open(form().fields)
        served.pay(session.token, card_form(VISA, Ecom_Payment_Card_ExpDate_Year="79"))
        served.record_reply(session.token, None)
        client = client_of(merchant=Merchant("600000099", STORE_KEY, simulator.gateway, "RAK"))
        with pytest.raises(OutcomeUnknownError):
            client.capture(ORDER_ID, amount=HUNDRED)
        assert state is served.orders[0].state


def test_gzip_over_http_is_read():
    """Compression is undone by the real transport."""
    with running_simulator([account()], faults=FaultPlan.of(ApiGzip())) as simulator:
        client = client_of(merchant=Merchant("600000099", STORE_KEY, simulator.gateway, "RAK"))
        assert OrderView.NOT_FOUND is client.status("NOBODY").state


@given(
    st.lists(
        st.sampled_from(
            [
                ApiCutAfter(),
                ApiCutBefore(),
                ApiSlow(60),
                ApiHtmlError(),
                ApiHtmlError(done=True),
                ApiWrongEncoding(),
                ApiGzip(),
            ]
        ),
        max_size=3,
    ),
    st.sampled_from([Next(1), Next(2), Sometimes(50), Always()]),
    st.integers(0, 100),
)
def test_every_plan_ends_in_a_known_state(faults, when, seed):
    """Whatever was lost: once the gateway answers again, the client knows what it holds, and nothing was taken twice."""
    ours = desk()
    ours.pay()
    plan = FaultPlan(tuple(FaultRule(fault, when) for fault in faults), seed=seed)
    transport = InProcessTransport(ours.state, plan)
    client = client_of(transport)
    with suppress(ApiError):
        client.capture(ORDER_ID, amount=HUNDRED)
    transport.book.set(FaultPlan())
    known = client.status(ORDER_ID, expected=HUNDRED).state
    assert {OrderState.CAPTURED: OrderView.PAID, OrderState.AUTHORIZED: OrderView.AUTHORIZED}[
        ours.order().state
    ] is known
    assert ours.order().totals.captured in (Money(0), HUNDRED)
