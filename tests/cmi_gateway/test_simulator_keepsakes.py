"""A simulator that runs for days: the oldest is forgotten, and nothing stumbles over it."""

from datetime import UTC, datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

import cmi_gateway as cmi
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.simulator.faults import CallbackLate, FaultPlan
from cmi_gateway.simulator.gateway import SimulatedGateway
from cmi_gateway.simulator.in_process import InProcessCustomer, InProcessTransport
from cmi_gateway.simulator.keepsakes import Keepsakes
from support.gateway_kit import MERCHANT, STORE_KEY
from support.simulator_api_kit import form
from support.simulator_kit import VISA

ACCOUNT = MerchantAccount("600000099", STORE_KEY, "RAK", api_user="API_USER", api_password="API-PASSWORD")


def gateway(most_kept):
    clock = VirtualClock(datetime(2026, 11, 23, 12, tzinfo=UTC))
    return SimulatedGateway([ACCOUNT], clock=clock, random=Random(1), most_kept=most_kept), clock


@given(st.integers(1, 5), st.lists(st.tuples(st.integers(0, 9), st.integers())))
def test_the_newest_keys_stay(most, pairs):
    """A table holds at most its number of rows: those whose keys came last, in their order, each with its last value."""
    table = Keepsakes(most)
    for key, value in pairs:
        table[key] = value
        assert value == table[key] == table.get(key)
        assert len(table.values) <= most
    if len({key for key, _ in pairs}) <= most:
        assert tuple(dict(pairs).values()) == table.values


def test_the_oldest_orders_and_visits_are_forgotten():
    """With room for three, the fourth takes the first one's place; the XML API does not know it any more."""
    state, clock = gateway(3)
    customer = InProcessCustomer(state, lambda body: "ACTION=POSTAUTH")
    for number in range(5):
        customer.pay(form(f"KEPT-{number}"), VISA)
    assert ["KEPT-2", "KEPT-3", "KEPT-4"] == [order.order_id for order in state.orders]
    assert 3 == len(state.sessions)
    api = cmi.ApiClient(
        MERCHANT, user="API_USER", password="API-PASSWORD", transport=InProcessTransport(state), clock=clock
    )
    assert [False, True] == [api.history(f"KEPT-{number}").is_found for number in (1, 2)]


def test_a_callback_of_what_is_forgotten_still_goes_out():
    """A late callback whose visit and order are gone by then is sent, and its reply has nothing left to change."""
    state, clock = gateway(1)
    heard = []

    def settle(body):
        heard.append(body)
        return "ACTION=POSTAUTH"

    customer = InProcessCustomer(state, settle, faults=FaultPlan.of(CallbackLate(seconds=30)))
    customer.pay(form("KEPT-1"), VISA)
    customer.pay(form("KEPT-2"), VISA)
    clock.advance(seconds=60)
    assert 2 == customer.deliver_due() == len(heard)
    assert [("KEPT-2", "POST")] == [(order.order_id, order.state) for order in state.orders]


def test_the_oldest_batches_are_forgotten():
    """A hundred batches of a merchant are remembered, the open one last; their numbers go on."""
    state, _ = gateway(1)
    for _ in range(150):
        state.close_batch()
    assert 100 == len(state.batches)
    assert 151 == state.batches[-1].number
