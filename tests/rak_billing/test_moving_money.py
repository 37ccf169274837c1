"""A capture, void or refund is sent once, by whoever may send it, and what becomes of it is known or before a person."""

from datetime import timedelta
from itertools import pairwise
from unittest.mock import patch

import pytest

import cmi_gateway as cmi
from cmi_gateway.errors import OperationBlockedError, OperationNotPossibleError, RequestRefusedError
from cmi_gateway.simulator.faults import ApiCutBefore, ReplyIgnored
from rak_billing.recovery.gateway import PacedGateway
from rak_billing.staff import Resolution
from support.checkout_kit import A
from support.recovery_kit import ALL, VISA, Counter, counter


class Refusing:
    """The XML API, in which each operation ends with an error: before it was written down, or after."""

    def __init__(self, api: cmi.ApiClient, error: Exception, *, is_kept: bool) -> None:
        self._api, self._error, self._is_kept = api, error, is_kept
        self.tries = 0

    def __getattr__(self, name):
        return getattr(self._api, name)

    def capture(self, order_id, amount, *, key, remember):
        return self._api.capture(order_id, amount, key=key, remember=self._instead_of(remember))

    def void(self, order_id, transaction_id, *, key, remember):
        return self._api.void(order_id, transaction_id, key=key, remember=self._instead_of(remember))

    def _instead_of(self, remember):
        self.tries += 1

        def refuse(operation):
            if self._is_kept:
                remember(operation)
            raise self._error

        return refuse


def left_reserved(shop):
    """Pay a bill whose answer to the gateway is lost, so that the sweep has to capture it."""
    shop.faults(ReplyIgnored())
    form = shop.till.pay(A)
    shop.pay(form)
    return form


def paid_twice(shop):
    """Pay a bill in two tabs, and give the form of the payment that has to be undone."""
    older = shop.till.pay(A)
    old_tab = shop.customer.open(older)
    shop.pay(shop.till.pay(A))
    old_tab.pay(VISA)
    return older


def sent(shop):
    return [row["outcome"] for row in shop.till.rows("operations")]


def sweep_for(shop, *, hours):
    """Sweep every five minutes."""
    for _ in range(12 * hours):
        shop.wait(minutes=5)
        shop.checkout.sweep()


@pytest.mark.parametrize(
    ("error", "is_kept", "outcomes", "state", "reviews"),
    [
        (RequestRefusedError("no", code="CORE-2508"), True, ["refused"], "needs_person", ["not_captured"]),
        (OperationNotPossibleError("no"), False, [], "needs_person", ["not_captured"]),
        (OperationNotPossibleError("no", instead="refund"), False, [], "authorized", []),
        (OperationNotPossibleError("no", instead="wait"), False, [], "authorized", []),
        (OperationBlockedError("no"), False, [], "authorized", []),
    ],
    ids=["refused", "a person has to look", "settled by now", "under way", "shut out"],
)
def test_what_the_gateway_says_of_a_capture_is_followed(error, is_kept, outcomes, state, reviews):
    """Refused for good, a person looks; what may be another matter in five minutes is looked at again then, and nothing was sent."""
    with counter(None, *ALL) as shop:
        form = left_reserved(shop)
        api = Refusing(shop.bank.api(*ALL), error, is_kept=is_kept)
        sweeper = Counter(shop.till.journal, shop.bank, api=api)
        sweeper.wait(minutes=6)
        sweeper.checkout.sweep()
        assert (outcomes, reviews, 1) == (sent(shop), shop.reviews(), api.tries)
        assert state == shop.state(form)
        if not outcomes and not reviews:
            shop.wait(minutes=5)
            assert 1 == shop.checkout.sweep().captured


def test_a_void_that_cannot_be_sent_now_is_tried_in_five_minutes():
    """By the calendar alone it would be an hour later, and the customer's money reserved for so long."""
    with counter(None, *ALL) as shop:
        older = paid_twice(shop)
        api = Refusing(shop.bank.api(*ALL), OperationNotPossibleError("no", instead="wait"), is_kept=False)
        shop.wait(minutes=25)
        Counter(shop.till.journal, shop.bank, api=api).checkout.sweep()
        assert ("duplicate", 1) == (shop.state(older), api.tries)
        shop.wait(minutes=5)
        assert 1 == shop.checkout.sweep().voided


def test_what_was_written_down_and_never_sent_is_tried_anew():
    """Another machine shut the gateway out between the record and the request: closed as not sent, and captured later."""
    with counter(None, *ALL) as shop:
        form = left_reserved(shop)
        api = Refusing(shop.bank.api(*ALL), OperationBlockedError("no"), is_kept=True)
        shop.wait(minutes=6)
        Counter(shop.till.journal, shop.bank, api=api).checkout.sweep()
        assert ["not_sent"] == sent(shop)
        sweep_for(shop, hours=1)
        assert (["not_sent", "done"], ("captured", "paid")) == (sent(shop), shop.states(form))


def test_a_refund_is_tried_once_whatever_becomes_of_it():
    """It never got through, which is proved; even so a second one is for a person to send."""
    with counter(None, *ALL) as shop:
        older = paid_twice(shop)
        shop.bank.api("capture").capture(older.order_id, shop.till.seen(older).total)
        shop.bank.gateway.close_batch()
        shop.api_faults(ApiCutBefore(on="operations"))
        sweep_for(shop, hours=3)
        shop.api_faults()
        sweep_for(shop, hours=24)
        refunds = [row["outcome"] for row in shop.till.rows("operations") if row["kind"] == "refund"]
        assert (["not_done"], True) == (refunds, "not_voided" in shop.reviews())


def test_nothing_is_sent_for_money_that_was_counted_meanwhile(place):
    """Whoever confirms it by other ways is faster than the sweep, which has decided to capture: its record is refused."""
    with counter(place, *ALL, confirm="later") as shop:
        form = left_reserved(shop)
        move = PacedGateway.move

        def confirmed_first(*arguments, **more):
            shop.checkout.confirm(form.order_id)
            return move(*arguments, **more)

        shop.wait(minutes=6)
        with patch.object(PacedGateway, "move", confirmed_first):
            assert 0 == shop.checkout.sweep().captured
        assert ([], ("captured", "paid")) == (sent(shop), shop.states(form))
        assert not any(b"PostAuth" in body for _, body in shop.bank.requests)


def test_nothing_is_sent_for_money_that_a_person_gave_back_meanwhile(place):
    """Staff write that they voided a second payment just when the sweep has decided to: its record is refused."""
    with counter(place, *ALL) as shop:
        older = paid_twice(shop)
        move = PacedGateway.move

        def voided_first(*arguments, **more):
            shop.till.checkout.staff().resolve(
                older.order_id, Resolution.VOIDED, by="Samira", why="annulé au back-office"
            )
            return move(*arguments, **more)

        shop.wait(minutes=6)
        with patch.object(PacedGateway, "move", voided_first):
            assert 0 == shop.checkout.sweep().voided
        assert ([], "voided") == (sent(shop), shop.state(older))


@pytest.mark.parametrize("fault", ["no answer", "unforeseen"])
def test_the_longer_an_outage_the_longer_the_pauses(fault):
    """Ten hours without an answer about one payment are some twenty requests, not one at every five minutes."""
    with counter() as shop:
        shop.till.pay(A)
        looks = []

        def look(*_arguments):
            looks.append(shop.bank.clock())
            raise cmi.errors.ApiError("away") if fault == "no answer" else RuntimeError("a fault of ours")

        with patch.object(PacedGateway, "look", look):
            sweep_for(shop, hours=10)
        pauses = [later - earlier for earlier, later in pairwise(looks)]
        assert 10 < len(looks) < 30
        assert (timedelta(minutes=5), True) == (pauses[0], pauses[-1] >= timedelta(hours=1))
