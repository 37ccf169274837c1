"""The tests of the shop: `pytest` in this folder runs them, with `cmi-gateway[testing]` installed and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop import Shop, create_app

import cmi_gateway as cmi
from cmi_gateway.simulator.faults import CallbackLost, CallbackTwice, DeclineAfter, DeclinesBefore
from cmi_gateway.testing import CallbackKind, sample_merchant, signed_callback
from cmi_gateway.testing.strategies import callback_sequences

DECLINED_CARD = "4000000000010051"
FORM_TYPE = "application/x-www-form-urlencoded"


@pytest.fixture
def order(shop):
    return shop.start("Amina Aït Ben", "client@example.com")


def test_a_payment_is_captured(cmi_simulator, order, post_callback):
    """Card accepted, callback believed, money taken."""
    cmi_simulator.pay(order.form, post_callback)
    assert order.is_paid
    assert cmi_simulator.order(order.form.order_id).state == "POST"


def test_a_decline_leaves_the_order_open(cmi_simulator, order, post_callback):
    """The payer tries another card on the same page."""
    visit = cmi_simulator.pay(order.form, post_callback, card=DECLINED_CARD)
    assert not order.is_paid
    visit.pay("4000000000000010")
    assert order.is_paid


@pytest.mark.parametrize("fault", [CallbackTwice(), DeclinesBefore(), DeclineAfter()])
def test_callbacks_come_twice_late_and_out_of_order(cmi_simulator, order, post_callback, fault):
    """However the callbacks arrive, the order is paid once."""
    cmi_simulator.befall(fault)
    cmi_simulator.pay(order.form, post_callback)
    assert order.is_paid


def test_a_payment_that_never_called_back_is_found(cmi_simulator, shop, order, post_callback):
    """The callback is lost; the gateway knows, and the shop asks."""
    cmi_simulator.befall(CallbackLost())
    cmi_simulator.pay(order.form, post_callback)
    assert not order.is_paid
    assert cmi.OrderState.PAID is shop.look_for(order.form.order_id, cmi_simulator.api())
    assert order.is_paid


@pytest.mark.parametrize("kind", CallbackKind)
def test_only_an_approval_pays(order, post_callback, kind):
    """Every callback there is, declines, failures and forgeries: two of them pay."""
    body = signed_callback(order.form, kind, store_key="CLE-DE-TEST")
    reply = post_callback(body)
    assert kind.is_approval is order.is_paid is (reply == "ACTION=POSTAUTH")
    assert reply == post_callback(body), "a repeat gets the first answer"


@given(st.data())
def test_whatever_arrives_in_whatever_order(data):
    """Declines, an approval or none, repeats: paid if and only if an approval was among them."""
    shop = Shop(sample_merchant())
    order = shop.start("Amina", "client@example.com")
    door = create_app(shop).test_client()
    told = data.draw(callback_sequences(order.form))
    for callback in told:
        door.post("/cmi/callback", data=callback.body, content_type=FORM_TYPE)
    assert order.is_paid is any(callback.kind.is_approval for callback in told)
