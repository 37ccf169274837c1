"""The kit's callbacks, judged by the client as a shop's are; and the captured bodies, by the vectors."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmi_gateway as cmi
from cmi_gateway import Approved, Declined, Failed, NotAuthenticated, Reply
from cmi_gateway.codes import look_up
from cmi_gateway.testing import (
    CallbackKind,
    captured_answers,
    captured_callbacks,
    sample_merchant,
    sample_request,
    signed_callback,
)
from cmi_gateway.testing.callback_kinds import DECLINE_CODES
from cmi_gateway.testing.strategies import callback_sequences, callbacks, payment_requests, signed_forms
from support.gateway_kit import real_callback

MERCHANT = sample_merchant()
FORM = MERCHANT.sign(sample_request())
AMOUNT = cmi.Money.parse("114.26")
REFUSED = {
    CallbackKind.OTHER_AMOUNT: cmi.CallbackMismatchError,
    CallbackKind.OTHER_ORDER: cmi.CallbackMismatchError,
    CallbackKind.OTHER_CURRENCY: cmi.CallbackMismatchError,
    CallbackKind.REFLECTED: cmi.CallbackMismatchError,
    CallbackKind.TAMPERED: cmi.InvalidSignatureError,
    CallbackKind.WRONG_KEY: cmi.InvalidSignatureError,
    CallbackKind.UNSIGNED: cmi.MalformedCallbackError,
    CallbackKind.TRUNCATED: cmi.CallbackError,
    CallbackKind.REPEATED_FIELD: cmi.MalformedCallbackError,
    CallbackKind.JUNK: cmi.MalformedCallbackError,
}
OUTCOMES = {
    CallbackKind.APPROVED: (Approved, Reply.CAPTURE),
    CallbackKind.APPROVED_3DS: (Approved, Reply.CAPTURE),
    **dict.fromkeys(DECLINE_CODES, (Declined, Reply.ACKNOWLEDGE)),
    CallbackKind.NOT_AUTHENTICATED: (NotAuthenticated, Reply.ACKNOWLEDGE),
    CallbackKind.TECHNICAL_ERROR: (Failed, Reply.ACKNOWLEDGE),
    CallbackKind.DUPLICATE_ORDER: (Failed, Reply.ACKNOWLEDGE),
    CallbackKind.ERROR_AFTER_APPROVAL: (Failed, Reply.FAILURE),
    CallbackKind.CONTRADICTION: (Failed, Reply.FAILURE),
    CallbackKind.TWO_ORDERS: (Failed, Reply.FAILURE),
}


def judged(body, form=FORM, merchant=MERCHANT):
    """Read a callback as a shop does; give it or raise."""
    callback = merchant.verify(body)
    sent = dict(form.fields)
    callback.must_match(order_id=form.order_id, amount=cmi.Money.parse(sent["amount"]), sent=form.fields)
    return callback


def test_every_kind_is_expected_somewhere():
    """The two tables of this file hold every kind once, and say the same as the kinds themselves."""
    assert set(CallbackKind) == {*OUTCOMES, *REFUSED}
    assert not OUTCOMES.keys() & REFUSED.keys()
    assert set(OUTCOMES) == {kind for kind in CallbackKind if kind.is_believable}
    assert {kind for kind, (outcome, _) in OUTCOMES.items() if outcome is Approved} == {
        kind for kind in CallbackKind if kind.is_approval
    }
    assert {kind for kind, (outcome, _) in OUTCOMES.items() if outcome in (Declined, NotAuthenticated)} == {
        kind for kind in CallbackKind if kind.is_decline
    }


@pytest.mark.parametrize("kind", OUTCOMES)
def test_an_honest_callback_has_its_outcome_and_its_reply(kind):
    """What the name of a kind promises is what the client reads."""
    outcome, reply = OUTCOMES[kind]
    callback = judged(signed_callback(FORM, kind))
    assert outcome is type(callback.outcome)
    assert reply is callback.reply


@pytest.mark.parametrize("kind", REFUSED)
def test_a_forgery_is_refused_for_its_reason(kind):
    """No forgery passes, and each fails where it was forged."""
    with pytest.raises(REFUSED[kind]):
        judged(signed_callback(FORM, kind))


@pytest.mark.parametrize("kind", DECLINE_CODES)
def test_a_decline_is_of_the_class_that_it_is_named_for(kind):
    """declined-limit carries a code about limits, and so on: every class that a bank's no can have."""
    assert kind == f"declined-{look_up(judged(signed_callback(FORM, kind)).outcome.code).code_class.value}"


def test_three_d_secure_shows_in_the_facts():
    """The two approvals differ in whether the payer was authenticated."""
    facts = [judged(signed_callback(FORM, kind)).facts for kind in ("approved", "approved-3ds")]
    assert [None, True] == [fact.three_d_secure for fact in facts]


def test_the_same_arguments_give_the_same_bytes():
    """A repeat is the same body; another attempt is another transaction."""
    assert signed_callback(FORM) == signed_callback(FORM, "approved")
    first, second = (judged(signed_callback(FORM, attempt=number)).facts for number in (1, 2))
    assert first.transaction_id != second.transaction_id


def test_the_instant_of_the_answer_can_be_chosen(cmi_clock):
    """The time stands in the facts, in the gateway's way of writing it."""
    facts = judged(signed_callback(FORM, at=cmi_clock())).facts
    assert cmi_clock() == facts.gateway_time
    assert "10/09/2018 10:48:56" == facts.gateway_time_text


def test_fields_are_set_and_left_out_before_signing():
    """Changes are signed, in the spelling of the form where it has the field."""
    body = signed_callback(FORM, changes={"AuthCode": "000123", "MaskedPan": None, "AMOUNT": "114.26"})
    assert "000123" == judged(body).facts.authorization_code
    assert b"MaskedPan" not in body
    assert 1 == body.lower().count(b"&amount=")


def test_another_key_signs_for_another_merchant():
    """The key is an argument, as text or as a merchant holds it."""
    merchant = cmi.Merchant("600000099", "ANOTHER-KEY", cmi.TEST)
    form = merchant.sign(sample_request())
    for key in ("ANOTHER-KEY", merchant.store_keys[0]):
        assert Reply.CAPTURE is judged(signed_callback(form, store_key=key), form, merchant).reply


def test_an_unknown_kind_is_refused():
    """A misspelt kind is an error, not an approval."""
    with pytest.raises(ValueError, match="aproved"):
        signed_callback(FORM, "aproved")


def test_the_captured_callback_is_that_of_the_vectors():
    """The body that is shipped is the real one of the vectors, byte for byte, and verifies with its key."""
    (captured,) = captured_callbacks()
    assert real_callback() == captured.body
    callback = cmi.Merchant(captured.client_id, captured.store_key, cmi.TEST).verify(captured.body)
    assert "CMI-ACC00000080-1659432253311" == callback.order_id


def test_every_captured_body_names_its_origin():
    """Nobody has to guess where a captured body comes from."""
    entries = (*captured_callbacks(), *captured_answers())
    assert len(entries) == len({entry.name for entry in entries}) > 20
    assert all(entry.what and entry.origin for entry in entries)
    assert not any("body" in repr(entry) or "<CC5" in repr(entry) for entry in entries)


@given(st.data())
def test_drawn_callbacks_are_judged_as_their_kind_says(data):
    """Whatever is paid, an honest callback is believed and a forgery is refused."""
    form = data.draw(signed_forms())
    drawn = data.draw(callbacks(form))
    try:
        outcome = type(judged(drawn.body, form).outcome)
    except cmi.CallbackError:
        outcome = None
    assert (OUTCOMES[drawn.kind][0] if drawn.kind.is_believable else None) is outcome


@given(st.data())
def test_a_drawn_sequence_holds_at_most_one_approval(data):
    """However often it is told, one transaction paid."""
    form = data.draw(signed_forms())
    told = data.draw(callback_sequences(form))
    paid = {
        callback.facts.transaction_id
        for callback in (judged(drawn.body, form) for drawn in told)
        if isinstance(callback.outcome, Approved)
    }
    assert len(paid) <= 1


@given(st.data())
def test_an_approval_can_be_asked_for_or_ruled_out(data):
    """With and without, as the caller says."""
    wanted = data.draw(st.booleans())
    told = data.draw(callback_sequences(FORM, approved=wanted))
    assert wanted is any(drawn.kind.is_approval for drawn in told)


@given(payment_requests())
def test_drawn_requests_can_be_signed_and_add_up(request):
    """The strategies draw nothing that the client refuses, and lines add up."""
    assert request.order_id == MERCHANT.sign(request).order_id
    assert request.lines == () or request.amount == sum((line.amount for line in request.lines), cmi.Money(0))


@given(payment_requests(amount=AMOUNT, language="ar"))
def test_what_is_fixed_is_not_drawn(request):
    """Fields that the caller gives stay."""
    assert (AMOUNT, "ar") == (request.amount, request.language)
    assert attrs.evolve(request, email="x@y.ma").amount == AMOUNT
