"""What a person finds out is written by the same events as everything else, with who and why."""

import pytest

from rak_billing.errors import JournalError, ResolutionError
from rak_billing.payments.states import TransitionError
from rak_billing.staff import Resolution
from support.callbacks import approved, doubtful
from support.checkout_kit import A, B
from support.recovery_kit import Counter, counter


@pytest.fixture
def shop(place):
    with counter(place) as opened:
        yield opened


def forged(shop):
    """Give a form that a callback approved and the gateway knows nothing of, as a person finds it."""
    form = shop.till.pay(A)
    shop.till.settle(approved(form))
    shop.wait(hours=2)
    shop.checkout.sweep()
    return form


def resolve(shop, form, finding, why="vu au back-office"):
    return shop.checkout.staff().resolve(form.order_id, Resolution(finding), by="k.alami", why=why).value


def test_what_waits_is_listed_with_its_reasons(shop):
    """Order, attempt and why; nothing of another operator, nothing that no order is behind."""
    form = forged(shop)
    (matter,) = shop.checkout.staff().waiting()
    assert (form.order_id, "needs_person", ["not_at_the_gateway"]) == (
        matter.order_id,
        matter.attempt_state.value,
        [review.kind.value for review in matter.reviews],
    )


@pytest.mark.parametrize(
    ("finding", "states", "receipts"),
    [
        ("paid", ("captured", "paid"), 1),
        ("voided", ("voided", "open"), 0),
        ("unpaid", ("expired", "open"), 0),
        ("seen", ("needs_person", "accepted"), 0),
    ],
)
def test_a_person_says_what_became_of_an_accepted_payment(shop, finding, states, receipts):
    """Paid: receipt and mail. Nothing there: the bill can be paid again. All of it with who and why."""
    form = forged(shop)
    assert states[0] == resolve(shop, form, finding)
    assert (states, receipts, []) == (shop.states(form), len(shop.till.rows("receipts")), shop.reviews())
    last = shop.till.rows("events")[-1]
    assert '"by":"k.alami","why":"vu au back-office"' in last["facts"]
    if states[1] == "open":
        assert shop.till.pay(A)


def test_a_doubtful_payment_can_be_paid_or_nothing(shop):
    """The bank had authorized: a receipt without card facts. Or it had not: closed."""
    first, second = shop.till.pay(A), shop.till.pay(B)
    for form in (first, second):
        shop.till.settle(doubtful(form))
    assert ("captured", "expired") == (resolve(shop, first, "paid"), resolve(shop, second, "unpaid"))
    assert shop.till.receipt(first).transaction_id is None
    assert "captured" == resolve(shop, first, "paid", why="deux fois")


def test_a_second_payment_is_never_counted_by_a_person(shop):
    """The invoices are paid: it can be voided or refunded, not counted."""
    older, newer = shop.till.pay(A), shop.till.pay(A)
    for form in (newer, older):
        shop.till.settle(approved(form))
    with pytest.raises(ResolutionError, match="paid already"):
        resolve(shop, older, "paid")
    assert "refunded" == resolve(shop, older, "refunded")


def test_what_cannot_be_is_refused(shop):
    """An attempt that was only sent was not refunded, unknown ones do not exist, and nobody stays unnamed."""
    form = shop.till.pay(A)
    with pytest.raises(TransitionError):
        resolve(shop, form, "refunded")
    desk = shop.checkout.staff()
    for order_id, by, why in (("RAK-unknown", "k", "w"), (form.order_id, " ", "w"), (form.order_id, "k", "")):
        with pytest.raises(ResolutionError):
            desk.resolve(order_id, Resolution.SEEN, by=by, why=why)
    with pytest.raises(ResolutionError):
        desk.revive("no such key", delivered=False)


def test_the_history_of_an_order_is_found_by_either_name(shop):
    """Its reference, or the gateway's order id of an attempt."""
    form = forged(shop)
    desk = shop.checkout.staff()
    by_attempt = desk.history(form.order_id)
    assert by_attempt == desk.history(by_attempt.order.reference)
    assert ["send", "approve", "refer"] == [event.event for event in by_attempt.events]
    with pytest.raises(JournalError):
        desk.history("nothing")


def test_another_operator_sees_nothing_of_it(shop):
    """Two operators on one journal: each has its own desk."""
    import attrs

    form = forged(shop)
    other = Counter(
        shop.till.journal, shop.bank, tenant=attrs.evolve(shop.checkout.tenant, id="SRM")
    ).checkout.staff()
    assert ((), ()) == (other.waiting(), other.dead_letters())
    with pytest.raises(ResolutionError):
        other.resolve(form.order_id, Resolution.SEEN, by="x", why="y")
