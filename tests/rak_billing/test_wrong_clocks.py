"""A clock that stood years ahead for a while leaves nothing waiting for those years to pass."""

from datetime import timedelta

from cmi_gateway.simulator.faults import ApiCutBefore, CallbackLost
from support.checkout_kit import NOON, A
from support.recovery_kit import ALL, counter

YEARS = timedelta(days=3650)


def test_a_payment_that_began_under_it_is_found_all_the_same(place):
    """No callback comes, and the calendar begins years ahead: the sweep asks today."""
    with counter(place, *ALL) as shop:
        shop.bank.clock.set(NOON + YEARS)
        form = shop.till.pay(A)
        shop.bank.clock.set(NOON)
        shop.faults(CallbackLost())
        shop.pay(form)
        for _ in range(10):
            shop.wait(minutes=5)
            shop.checkout.sweep()
        assert ("captured", "paid") == shop.states(form)


def test_a_payment_that_seemed_years_old_is_found_all_the_same(place):
    """Asked about by a machine that thought it expired, while the customer was typing."""
    with counter(place, *ALL) as shop:
        form = shop.till.pay(A)
        shop.bank.clock.set(NOON + YEARS)
        shop.checkout.sweep()
        assert "expired" == shop.state(form)
        shop.bank.clock.set(NOON)
        shop.faults(CallbackLost())
        shop.pay(form)
        for _ in range(10):
            shop.wait(minutes=5)
            shop.checkout.sweep()
        assert ("captured", "paid") == shop.states(form)


def test_what_became_of_an_operation_that_it_dated_is_for_a_person(place):
    """Its history proves nothing for years; the sweep says so once, and ends."""
    with counter(place, *ALL) as shop:
        first, second = shop.till.pay(A), shop.till.pay(A)
        shop.pay(first)
        shop.pay(second)
        shop.bank.clock.set(NOON + YEARS)
        shop.api_faults(ApiCutBefore(on="operations"))
        shop.checkout.sweep()
        assert [None] == [row["outcome"] for row in shop.till.rows("operations")]
        shop.api_faults()
        shop.bank.clock.set(NOON + timedelta(minutes=20))
        assert shop.checkout.sweep().is_finished
        assert "not_voided" in shop.reviews()
        assert "duplicate" == shop.state(second)
