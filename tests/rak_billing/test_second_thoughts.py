"""What was thought settled and is not: staff err or correct themselves, another payment falls, and no money is lost by it."""

import pytest

from cmi_gateway.simulator.faults import ApiCutBefore, ReplyIgnored
from rak_billing.errors import ResolutionError
from rak_billing.staff import Resolution
from support.callbacks import approved, doubtful
from support.checkout_kit import A, B
from support.gateway_kit import MERCHANT
from support.recovery_kit import ALL, counter


@pytest.fixture
def shop(place):
    """No operation is switched on: what is to be moved, staff move in the back office."""
    with counter(place) as opened:
        yield opened


def say(shop, form, word):
    return shop.checkout.staff().resolve(form.order_id, Resolution(word), by="k.alami", why="vu").value


def sweep_on(shop, *, days=3):
    for _ in range(days * 8):
        shop.checkout.sweep()
        shop.wait(hours=3)
    shop.checkout.sweep()


def taken(shop, *forms):
    return [shop.bank.money(form).captured.centimes for form in forms]


def paid_again(shop):
    """Give two payments of one order: the first was called nothing though it was taken, so that the customer paid again."""
    one = shop.till.pay(A)
    shop.pay(one)
    say(shop, one, "unpaid")
    two = shop.till.pay(A)
    shop.pay(two)
    return one, two


@pytest.mark.parametrize("word", ["voided", "refunded"])
def test_a_payment_that_staff_denied_does_not_come_back_beside_the_one_that_paid(shop, word):
    """It is one too many, shows nobody else's receipt, and ends with what staff did about it."""
    one, two = paid_again(shop)
    sweep_on(shop)
    assert (("duplicate", "paid"), ("captured", "paid")) == (shop.states(one), shop.states(two))
    assert (["duplicate_payment"], 1) == (shop.reviews(), len(shop.till.rows("receipts")))
    assert (None, True) == (shop.till.seen(one).receipt_url, bool(shop.till.seen(two).receipt_url))
    assert word == say(shop, one, word)
    assert [] == shop.reviews()


def test_a_payment_that_staff_denied_is_given_back_where_that_is_switched_on(place):
    """The customer paid twice, and keeps one of them."""
    with counter(place, *ALL) as shop:
        one, two = paid_again(shop)
        sweep_on(shop)
        assert (("voided", "paid"), ("captured", "paid"), []) == (
            shop.states(one),
            shop.states(two),
            shop.reviews(),
        )
        assert [0, 11426] == taken(shop, one, two)


def test_a_mail_leaves_once_whatever_staff_denied_before(shop):
    """A full mailbox first, so that the entry has a history: it leaves once, and nothing is left before a person."""
    one, _ = paid_again(shop)
    shop.till.mailbox.is_full = True
    sweep_on(shop, days=1)
    shop.checkout.deliver()
    shop.till.mailbox.is_full = False
    for _ in range(60):
        shop.wait(hours=3)
        shop.checkout.deliver()
    assert 1 == len(shop.till.mailbox.messages)
    say(shop, one, "voided")
    assert [] == shop.reviews()


def test_money_that_staff_denied_counts_though_a_doubt_came_in_between(shop):
    """Taken, denied, doubted: the sweep finds it taken, locks the bill and issues one receipt."""
    form = shop.till.pay(A)
    shop.pay(form)
    say(shop, form, "unpaid")
    shop.till.settle(doubtful(form))
    sweep_on(shop)
    assert (("captured", "paid"), [], 1) == (
        shop.states(form),
        shop.reviews(),
        len(shop.till.rows("receipts")),
    )
    assert [None] == [row["released_at"] for row in shop.till.rows("invoice_locks")]


def test_a_bill_that_another_order_paid_is_not_counted_twice_by_a_person(shop):
    """Denied, doubted, and paid with another selection meanwhile: `paid` is refused, and there is one receipt."""
    one = shop.till.pay(A)
    shop.till.settle(approved(one))
    say(shop, one, "unpaid")
    shop.till.settle(doubtful(one))
    two = shop.till.pay(A, B)
    shop.pay(two)
    shop.checkout.sweep()
    with pytest.raises(ResolutionError, match="paid already"):
        say(shop, one, "paid")
    assert 1 == len(shop.till.rows("receipts"))


def both_paid(shop):
    """Give two orders that share a bill and were both paid: the second is one too many."""
    two, one = shop.till.pay(A, B), shop.till.pay(A)
    shop.pay(one)
    shop.pay(two)
    sweep_on(shop, days=1)
    assert (("captured", "paid"), ("duplicate", "open")) == (shop.states(one), shop.states(two))
    return one, two


def cancel(shop, form):
    """Cancel a payment in the back office."""
    told = shop.till.rows("gateway_transactions")
    transaction = next(row["transaction_id"] for row in told if row["order_id"] == form.order_id)
    shop.bank.api(*ALL).void(form.order_id, transaction, key="by hand", remember=lambda _: None)


def test_the_payment_that_staff_keep_of_two_counts(shop):
    """They cancel the smaller one and capture the bigger one, which was one too many until then."""
    one, two = both_paid(shop)
    cancel(shop, one)
    shop.bank.api(*ALL).capture(
        two.order_id, shop.till.total(A, B), key="by hand too", remember=lambda _: None
    )
    sweep_on(shop)
    assert (("voided", "voided"), ("captured", "paid")) == (shop.states(one), shop.states(two))
    assert ["undone"] == shop.reviews()
    assert "captured" == say(shop, two, "paid")


def test_what_is_captured_by_our_answer_is_counted(shop):
    """One too many, then payable again, then approved once more: where we answer "capture it", it can be confirmed or undone."""
    one, two = both_paid(shop)
    cancel(shop, one)
    sweep_on(shop, days=1)
    assert "ACTION=POSTAUTH" == shop.till.settle(approved(two, TransId="18253Kw4H00099"))
    assert ("capture_requested", "accepted") == shop.states(two)
    assert "captured" == say(shop, two, "paid")
    assert ("captured", "paid") == shop.states(two)


def test_a_payment_of_an_order_that_fell_with_another_one_is_not_called_paid_already(shop):
    """The order was paid by the newer tab, and that was cancelled: the older tab's payment can go back, and the words say why."""
    one, two = shop.till.pay(A), shop.till.pay(A)
    shop.pay(two)
    shop.pay(one)
    sweep_on(shop, days=1)
    cancel(shop, two)
    sweep_on(shop)
    assert (("duplicate", "voided"), ("voided", "voided")) == (shop.states(one), shop.states(two))
    with pytest.raises(ResolutionError, match="voided or refunded with another payment"):
        say(shop, one, "paid")
    assert "voided" == say(shop, one, "voided")


@pytest.mark.parametrize("word", ["voided", "refunded"])
def test_a_paid_order_that_was_wrongly_called_undone_is_reinstated(shop, word):
    """The gateway contradicts, staff look again: the same receipt stands, the bill is locked again, and nothing is issued twice."""
    form = shop.till.pay(A)
    shop.pay(form)
    shop.checkout.sweep()
    say(shop, form, word)
    shop.checkout.sweep()
    assert ["contradiction"] == shop.reviews()
    assert "captured" == say(shop, form, "paid")
    sweep_on(shop)
    assert (("captured", "paid"), []) == (shop.states(form), shop.reviews())
    assert (1, [None]) == (
        len(shop.till.rows("receipts")),
        [row["released_at"] for row in shop.till.rows("invoice_locks")],
    )
    assert 1 == shop.checkout.deliver()
    assert bool(shop.till.seen(form).receipt_url)


def test_what_was_given_back_before_it_counted_is_said_so(shop):
    """Accepted, settled, refunded in the back office: staff say `refunded`, and the bill can be paid."""
    form = shop.till.pay(A)
    shop.pay(form)
    shop.bank.gateway.close_batch(MERCHANT.client_id)
    shop.bank.api(*ALL).refund(form.order_id, shop.till.total(A), key="by hand", remember=lambda _: None)
    sweep_on(shop, days=1)
    assert (("needs_person", "accepted"), ["undone"]) == (shop.states(form), shop.reviews())
    assert "refunded" == say(shop, form, "refunded")
    sweep_on(shop, days=1)
    assert (("refunded", "open"), []) == (shop.states(form), shop.reviews())
    assert shop.till.pay(A)


def test_a_doubtful_payment_that_was_given_back_is_said_so(shop):
    """Nobody counted it: it ends as returned."""
    form = shop.till.pay(A)
    shop.till.settle(doubtful(form))
    assert "refunded" == say(shop, form, "refunded")
    assert [] == shop.reviews()


def test_what_staff_cancelled_before_it_was_captured_leaves_nothing_before_them(shop):
    """Reserved, and capturing is not switched on: they cancel it in the back office, and the look settles all of it."""
    shop.faults(ReplyIgnored())
    form = shop.till.pay(A)
    shop.pay(form)
    sweep_on(shop, days=1)
    assert (("needs_person", "accepted"), ["not_captured"]) == (shop.states(form), shop.reviews())
    cancel(shop, form)
    sweep_on(shop)
    assert (("voided", "open"), []) == (shop.states(form), shop.reviews())


def capture_that_nobody_knows_of(shop):
    """Give a payment whose capture was sent and not answered, and never arrived."""
    shop.faults(ReplyIgnored())
    form = shop.till.pay(A)
    shop.pay(form)
    shop.faults()
    shop.api_faults(ApiCutBefore(on="operations"))
    shop.wait(minutes=6)
    shop.checkout.sweep()
    shop.api_faults()
    assert (("unknown", "accepted"), [None]) == (shop.states(form), outcomes(shop))
    return form


def outcomes(shop):
    return [row["outcome"] for row in shop.till.rows("operations")]


def test_a_capture_that_was_lost_and_cancelled_by_hand_is_settled_by_what_the_gateway_holds(place):
    """The history does not explain it, the status does: no person is asked day after day."""
    with counter(place, *ALL) as shop:
        form = capture_that_nobody_knows_of(shop)
        cancel(shop, form)
        sweep_on(shop)
        assert (("voided", "open"), ["not_done"]) == (shop.states(form), outcomes(shop))
        say(shop, form, "seen")
        sweep_on(shop, days=5)
        assert (("voided", "open"), []) == (shop.states(form), shop.reviews())


@pytest.mark.parametrize(
    ("word", "states"), [("voided", ("voided", "open")), ("unpaid", ("expired", "open"))]
)
def test_what_staff_ended_stays_ended_whatever_was_under_way(place, word, states):
    """Their word closes the operation of which nobody knew, and the sweep does not put it before them again."""
    with counter(place, *ALL) as shop:
        form = capture_that_nobody_knows_of(shop)
        cancel(shop, form)
        say(shop, form, word)
        assert ["overruled"] == outcomes(shop)
        sweep_on(shop, days=5)
        assert (states[1], []) == (shop.order_state(form), shop.reviews())
