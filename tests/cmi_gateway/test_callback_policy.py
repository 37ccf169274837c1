"""How strictly callbacks are read is the merchant's choice, within limits."""

from urllib.parse import urlencode

import attrs
import pytest

import cmi_gateway as cmi
from cmi_gateway import CallbackPolicy, NameOrder
from cmi_gateway.signature import hash_ver3
from support.gateway_kit import APPROVED, MERCHANT, STORE_KEY, answer, answer_fields, signed_body, signed_form

FORM = signed_form()
AMOUNT = cmi.Money.parse("114.26")


def opened(body, **policy):
    callback = attrs.evolve(MERCHANT, callback_policy=CallbackPolicy(**policy)).verify(body)
    callback.must_match(order_id=FORM.order_id, amount=AMOUNT, sent=FORM.fields)
    return callback


def test_a_shown_field_can_be_required():
    """A merchant may require an order line back, which is otherwise only listed."""
    fields = answer_fields(FORM) | {"Total1": "1.00"}
    assert ("Total1",) == opened(signed_body(fields)).echo_differences
    with pytest.raises(cmi.CallbackMismatchError, match="Total1"):
        opened(signed_body(fields), required_back=["TOTAL1"])


def test_a_field_can_be_excepted():
    """A merchant whose gateway drops a field may except it; a changed one is listed then."""
    fields = answer_fields(FORM)
    del fields["refreshtime"]
    with pytest.raises(cmi.CallbackMismatchError):
        opened(signed_body(fields))
    assert () == opened(signed_body(fields), not_required_back=["refreshtime"]).echo_differences
    changed = answer_fields(FORM) | {"refreshtime": "300"}
    assert ("refreshtime",) == opened(
        signed_body(changed), not_required_back=["refreshtime"]
    ).echo_differences


@pytest.mark.parametrize("name", ["oid", "amount", "CURRENCY", "clientid", "hashAlgorithm"])
def test_what_identifies_a_payment_cannot_be_excepted(name):
    """Order, amount, currency and merchant must come back under every policy."""
    with pytest.raises(cmi.ConfigurationError):
        CallbackPolicy(not_required_back=[name])


@pytest.mark.parametrize(
    "wrong",
    [
        {"required_back": "Total1"},
        {"name_orders": ()},
        {"name_orders": ["plain"]},
        {"required_back": ["a"], "not_required_back": ["A"]},
        {"required_back": None},
        {"not_required_back": [5]},
        {"required_back": ["rnd"]},
        {"name_orders": None},
        {"refuse_echoed_rnd": "no"},
    ],
)
def test_policies_that_say_nothing(wrong):
    """A policy that cannot be meant is refused where it is made."""
    with pytest.raises(cmi.ConfigurationError):
        CallbackPolicy(**wrong)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"required_back": ["RND", "hash", "Total1"]}, "never come back: hash, rnd$"),
        (
            {"required_back": ["Total1"], "not_required_back": ["TOTAL1", "oid", "lang"]},
            "must always come back: oid, total1$",
        ),
        ({"required_back": ["oid"], "not_required_back": ["oid"]}, "must always come back: oid$"),
    ],
)
def test_refused_policies_name_the_fields(wrong, named):
    """The error of a policy names exactly the fields that cannot be chosen so."""
    with pytest.raises(cmi.ConfigurationError, match=named):
        CallbackPolicy(**wrong)


def test_choices_are_made_by_name():
    """A row of bare True and False would say nothing to a reader, so each choice is named."""
    with pytest.raises(TypeError):
        CallbackPolicy((NameOrder.PLAIN,), True)


def test_an_echoed_rnd_is_recorded_and_can_be_refused():
    """Our own random text coming back is told, and refused in the strict mode only."""
    ours = dict(FORM.fields)["rnd"]
    body = signed_body(answer_fields(FORM) | {"rnd": ours})
    assert opened(body).echoed_rnd
    assert not opened(answer(FORM), refuse_echoed_rnd=True).echoed_rnd
    with pytest.raises(cmi.CallbackMismatchError, match="rnd"):
        opened(body, refuse_echoed_rnd=True)


def signed_otherwise(fields, **how):
    return urlencode([*fields.items(), ("HASH", hash_ver3(fields.items(), STORE_KEY, **how))]).encode()


@pytest.mark.parametrize(
    ("body", "policy"),
    [
        (
            signed_otherwise(answer_fields(FORM) | {"X2": "a", "X10": "b"}, order=NameOrder.NATURAL),
            {"name_orders": [NameOrder.PLAIN]},
        ),
        (
            signed_otherwise(answer_fields(FORM) | {"ErrMsg": "document x"}, document_rule=True),
            {"document_rule": False},
        ),
        (signed_otherwise(answer_fields(FORM) | {"ErrMsg": "d&#39;accord"}), {"raw_entities": False}),
        (signed_otherwise(answer_fields(FORM)) + b"&countdown=1", {"left_out": False}),
    ],
    ids=["order", "document", "entities", "left out"],
)
def test_readings_can_be_pinned(body, policy):
    """Each reading that a merchant rules out is no longer tried."""
    assert opened(body).reply
    with pytest.raises(cmi.InvalidSignatureError):
        opened(body, **policy)


def test_unknown_fields_are_told_apart():
    """Fields that nobody knows are exposed as such; sent and known ones are not among them."""
    fields = answer_fields(FORM, APPROVED | {"NEWFIELD": "x", "EXTRA.NEW": "y"})
    assert {"NEWFIELD": "x"} == opened(signed_body(fields)).unknown_fields
