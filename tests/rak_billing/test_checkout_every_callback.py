"""The test kit against a checkout: every callback that there is, and whatever sequence of them arrives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.testing import CallbackKind, signed_callback
from cmi_gateway.testing.strategies import callback_sequences
from rak_billing.payments.states import PublicState
from support.checkout_kit import A, till

CAPTURE, ACKNOWLEDGE, FAILURE = "ACTION=POSTAUTH", "APPROVED", "FAILURE"
DOUBTFUL = {CallbackKind.ERROR_AFTER_APPROVAL, CallbackKind.CONTRADICTION, CallbackKind.TWO_ORDERS}


def expected_reply(kind):
    """Give the one right answer to a callback of an order that is not paid yet."""
    if kind.is_approval:
        return CAPTURE
    return ACKNOWLEDGE if kind.is_believable and kind not in DOUBTFUL else FAILURE


@pytest.mark.parametrize("kind", CallbackKind)
def test_every_callback_has_its_answer(kind):
    """Approvals are captured and paid, honest refusals acknowledged, everything else refused; a repeat changes nothing."""
    with till() as shop:
        form = shop.pay(A)
        body = signed_callback(form, kind, at=shop.now)
        assert expected_reply(kind) == shop.settle(body)
        assert kind.is_approval is (PublicState.PAID is shop.seen(form).state)
        events = shop.rows("events")
        assert expected_reply(kind) == shop.settle(body)
        assert (events, int(kind.is_approval)) == (shop.rows("events"), len(shop.rows("receipts")))


@given(st.data())
def test_whatever_arrives_in_whatever_order_pays_once_or_not_at_all(data):
    """Paid, with one receipt, if and only if an approval was among them; each callback has one answer for ever."""
    with till() as shop:
        form = shop.pay(A)
        told = data.draw(callback_sequences(form, at=shop.now))
        answers = {}
        for callback in told:
            answer = shop.settle(callback.body)
            assert answers.setdefault(callback.body, answer) == answer
        is_paid = any(callback.kind.is_approval for callback in told)
        assert is_paid is (PublicState.PAID is shop.seen(form).state)
        assert (int(is_paid), int(is_paid)) == (
            len(shop.rows("receipts")),
            len({body for body, answer in answers.items() if answer == CAPTURE}),
        )
