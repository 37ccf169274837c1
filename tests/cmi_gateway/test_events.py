"""What happens is told under fixed names, without personal data or secrets."""

import logging

import attrs
import pytest

import cmi_gateway as cmi
from support.gateway_kit import MERCHANT, STORE_KEY, answer, payment_request


def observed():
    seen = []
    return seen, attrs.evolve(MERCHANT, observer=seen.append)


def test_a_payment_tells_its_steps():
    """Signing, verifying and matching are told under the merchant's id, with the order id once it is known to be ours."""
    seen, merchant = observed()
    form = merchant.sign(payment_request())
    callback = merchant.verify(answer(form))
    callback.must_match(order_id=form.order_id, amount=cmi.Money.parse("114.26"), sent=form.fields)
    steps = [(event.name, event.order_id, event.reason) for event in seen]
    order = form.order_id
    assert [
        ("form_signed", order, ""),
        ("callback_verified", "", ""),
        ("callback_matched", order, "Approved"),
    ] == steps
    assert {MERCHANT.client_id} == {event.client_id for event in seen}


def test_refusals_tell_the_class_and_field():
    """A refused form or callback is told by the class of its error and the field at fault."""
    seen, merchant = observed()
    form = merchant.sign(payment_request())
    for attempt in (
        lambda: merchant.sign(payment_request(email="nobody")),
        lambda: merchant.verify(b"junk"),
        lambda: merchant.verify(answer(form)).must_match(order_id="x", amount=cmi.Money(1), sent=form.fields),
    ):
        with pytest.raises(cmi.CmiError):
            attempt()
    refusals = [(event.name, event.reason, event.field) for event in seen if event.name.endswith("refused")]
    assert [
        ("form_refused", "FieldError", "email"),
        ("callback_refused", "MalformedCallbackError", ""),
        ("callback_refused", "CallbackMismatchError", "oid"),
    ] == refusals


def test_a_broken_observer_changes_nothing(caplog):
    """A metrics hook that fails is logged, and the payment goes on."""

    def broken(event):
        raise RuntimeError("metrics are down")

    assert attrs.evolve(MERCHANT, observer=broken).sign(payment_request()).hash
    assert "observer_failed" in caplog.text


def test_logs_hold_no_personal_data_and_no_key(caplog):
    """At DEBUG, honest and hostile input alike leave no key, hash, address, name or card in the logs."""
    caplog.set_level(logging.DEBUG)
    form = MERCHANT.sign(payment_request())
    for body in (
        answer(form),
        answer(form, store_key="OTHERKEY"),
        b"oid=x%0Aforged&HASH=y&hashAlgorithm=ver3",
    ):
        try:
            callback = MERCHANT.verify(body)
            callback.must_match(order_id=form.order_id, amount=cmi.Money.parse("114.26"), sent=form.fields)
        except cmi.CallbackError:
            continue
    texts = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    assert len(texts) >= 4
    for secret in (STORE_KEY, form.hash, "client@example.com", "Amina", "0010", "forged"):
        assert not [text for text in texts if secret in text]
