"""A gateway that does not say what it holds, for days: nothing is forgotten, and a person knows in time."""

from datetime import timedelta

import attrs
import pytest

from cmi_gateway.api.order import OrderState, OrderStatus
from cmi_gateway.errors import QueryFailedError
from cmi_gateway.simulator.faults import CallbackLost, ReplyIgnored
from rak_billing.payments.purging import due
from rak_billing.payments.retention import Retention
from rak_billing.staff import Resolution
from support.checkout_kit import A, B
from support.recovery_kit import ALL, Counter, counter


@attrs.define
class Vague:
    """The gateway's API, which does not say what it holds until a certain moment."""

    api: object
    clock: object
    until: object
    answer: object
    asked: list = attrs.field(factory=list)

    def __getattr__(self, name):
        return getattr(self.api, name)

    def status(self, order_id, **how):
        self.asked.append((order_id, self.clock()))
        if self.clock() < self.until:
            return self.answer(order_id)
        return self.api.status(order_id, **how)


def pending(order_id):
    return OrderStatus(order_id=order_id, state=OrderState.PENDING)


def unknown(order_id):
    return OrderStatus(order_id=order_id, state=OrderState.UNKNOWN)


def failed(order_id):
    raise QueryFailedError("the answer cannot be used")


def vague(shop, answer, **until):
    """Give the same shop before a gateway that is vague for so long."""
    until = shop.bank.clock() + timedelta(**until)
    api = Vague(shop.bank.api(*ALL), shop.bank.clock, until, answer)
    return Counter(shop.till.journal, shop.bank, api=api), api


def sweep_on(shop, *, days=0, hours=0):
    for _ in range(24 * days + hours):
        shop.bank.clock.advance(hours=1)
        shop.checkout.sweep()


@pytest.mark.parametrize("answer", [pending, unknown, failed])
@pytest.mark.parametrize(
    ("hours", "matters", "end"),
    [
        (30, [], ("captured", "paid")),
        (90, ["pending"], ("captured", "paid")),
        # Banks drop an authorization after days that nobody publishes: it is not captured without a person.
        (24 * 8, ["pending"], ("needs_person", "accepted")),
    ],
)
def test_a_payment_of_which_no_callback_came_is_found_however_long_the_gateway_is_vague(
    place, answer, hours, matters, end
):
    """Counted at the first plain answer; before a person from the third day on, and no more for that reason after it."""
    with counter(place, *ALL) as first:
        first.faults(CallbackLost())
        form = first.till.pay(A)
        first.pay(form)
        shop, _ = vague(first, answer, hours=hours)
        sweep_on(shop, hours=hours - 2)
        assert (("sent", "open"), matters) == (shop.states(form), shop.reviews())
        sweep_on(shop, days=2)
        assert (end, end[0] == "needs_person") == (shop.states(form), shop.reviews() == ["not_captured"])
        assert "pending" not in shop.reviews()


@pytest.mark.parametrize("answer", [pending, failed])
def test_what_counts_and_is_not_confirmed_for_a_day_is_put_before_a_person(place, answer):
    """However it is silent; and it leaves the list once the gateway says that the money was taken."""
    with counter(place, *ALL) as first:
        form = first.till.pay(A)
        first.pay(form)
        shop, _ = vague(first, answer, days=5)
        sweep_on(shop, days=1)
        shop.bank.clock.advance(hours=2)
        shop.checkout.sweep()
        assert (("capture_requested", "accepted"), ["unconfirmed"]) == (shop.states(form), shop.reviews())
        sweep_on(shop, days=6)
        assert (("captured", "paid"), []) == (shop.states(form), shop.reviews())


@pytest.mark.parametrize("answer", [pending, failed])
def test_what_a_person_took_off_the_list_is_back_after_a_day_and_not_before(place, answer):
    """They know that the gateway is silent, and wait: told again once a day, not at every look."""
    with counter(place, *ALL) as first:
        form = first.till.pay(A)
        first.pay(form)
        shop, _ = vague(first, answer, days=9)
        sweep_on(shop, days=2)
        assert ["unconfirmed"] == shop.reviews()
        shop.checkout.staff().resolve(form.order_id, Resolution.SEEN, by="k.alami", why="CMI prévenu")
        sweep_on(shop, hours=20)
        assert [] == shop.reviews()
        sweep_on(shop, days=2)
        assert ["unconfirmed"] == shop.reviews()


def test_a_silence_about_a_payment_that_we_had_captured_ends_with_nothing_before_a_person(place):
    """Our answer was ignored, days of silence followed, and the sweep has it captured: known and settled."""
    with counter(place, *ALL) as first:
        first.faults(ReplyIgnored())
        form = first.till.pay(A)
        first.pay(form)
        shop, _ = vague(first, failed, days=2)
        sweep_on(shop, days=4)
        assert (("captured", "paid"), []) == (shop.states(form), shop.reviews())


def test_what_nobody_paid_is_not_put_before_a_person_by_a_short_outage(place):
    """A day and a half without the gateway: the forms that nobody filled in expire, and staff hear nothing of them."""
    with counter(place, *ALL) as first:
        forms = [first.till.pay(A), first.till.pay(B)]
        shop, _ = vague(first, failed, hours=36)
        sweep_on(shop, days=3)
        assert {("expired", "open")} == {shop.states(form) for form in forms}
        assert [] == shop.reviews()


@pytest.mark.parametrize("answer", [pending, failed])
def test_what_the_gateway_does_not_tell_is_asked_about_within_bounds_and_never_purged(place, answer):
    """At most every hour, at least every day, for weeks; and the order stays, for it may stand for money."""
    with counter(place, *ALL) as first:
        first.faults(CallbackLost())
        form = first.till.pay(A)
        first.pay(form)
        shop, api = vague(first, answer, days=400)
        days = 12
        sweep_on(shop, days=days)
        assert len(api.asked) <= 24 * days + 24
        assert shop.bank.clock() - api.asked[-1][1] <= timedelta(days=1)
        assert not any(
            due(
                shop.till.journal, now=shop.bank.clock(), retention=Retention(unpaid=timedelta(days=6))
            ).values()
        )
        shop.checkout.staff().resolve(form.order_id, Resolution.SEEN, by="k.alami", why="vu")
        assert not any(
            due(
                shop.till.journal, now=shop.bank.clock(), retention=Retention(unpaid=timedelta(days=6))
            ).values()
        )
