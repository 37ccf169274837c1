"""What a person finds out is written by the same events as everything else, with who and why."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from cmi_gateway.simulator.faults import ReplyIgnored
from rak_billing.errors import ResolutionError, TenantError
from rak_billing.payments.states import TransitionError
from rak_billing.staff import Resolution
from support.callbacks import approved, doubtful
from support.checkout_kit import A, B, till
from support.recovery_kit import ALL, Counter, counter


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


def test_what_is_not_decided_does_not_leave_the_list(shop):
    """Off the list it would be forgotten, with the bill locked: "seen" is no answer to whether money was taken."""
    form = forged(shop)
    with pytest.raises(ResolutionError, match="not known"):
        resolve(shop, form, "seen")
    assert ["not_at_the_gateway"] == shop.reviews()


def test_money_that_is_still_reserved_is_not_voided(place):
    """Staff say that it was cancelled, and the gateway still holds it: they hear of it at the next look."""
    with counter(place) as shop:
        form = shop.till.pay(A)
        shop.faults(ReplyIgnored())
        shop.pay(form)
        resolve(shop, form, "voided")
        shop.checkout.sweep()
        assert (("voided", "open"), ["contradiction"]) == (shop.states(form), shop.reviews())


@pytest.mark.parametrize(
    ("word", "end"),
    [
        ("unpaid", (("captured", "paid"), [], 1)),
        ("voided", (("voided", "open"), ["contradiction"], 0)),
    ],
)
def test_a_person_who_errs_is_contradicted_by_the_gateway(place, word, end):
    """The money was taken, and staff say that it was not: the gateway is asked at once, and either counts it or has a person look."""
    with counter(place, *ALL) as shop:
        form = shop.till.pay(A)
        shop.pay(form)
        resolve(shop, form, word)
        shop.checkout.sweep()
        assert end == (shop.states(form), shop.reviews(), len(shop.till.rows("receipts")))
        resolve(shop, form, "paid", why="débité après tout")
        shop.checkout.sweep()
        assert (("captured", "paid"), [], 1) == (
            shop.states(form),
            shop.reviews(),
            len(shop.till.rows("receipts")),
        )


def test_money_that_a_person_counts_and_the_gateway_does_not_know_comes_back_to_a_person(shop):
    """Staff say paid, of a forged callback: the receipt is out, and the next look says that something is wrong."""
    form = forged(shop)
    resolve(shop, form, "paid")
    shop.wait(hours=2)
    shop.checkout.sweep()
    assert ["not_at_the_gateway"] == shop.reviews()


@pytest.mark.parametrize("word", ["unpaid", "voided"])
def test_a_bill_that_was_freed_can_be_paid_after_all(shop, word):
    """The first approval was no payment: the customer pays the same bill again, under the same order, and that one counts."""
    resolve(shop, forged(shop), word)
    form = shop.till.pay(A)
    shop.pay(form)
    shop.checkout.sweep()
    assert (("captured", "paid"), 1) == (shop.states(form), len(shop.till.rows("orders")))


def test_two_people_at_once_are_heard_one_after_the_other(shop):
    """One says paid, one says that there was no money: whoever comes second is refused, or recorded; money is never counted and freed."""
    form = forged(shop)
    words = ["paid", "unpaid"] * 4
    with ThreadPoolExecutor(len(words)) as pool:
        said = list(pool.map(lambda word: attempt_to(resolve, shop, form, word), words))
    held = {"paid": {A.reference}, "open": set()}
    with shop.till.journal.reading() as tx:
        assert held[shop.order_state(form)] == tx.locks.paid("RAK", [A.reference])
    assert len(shop.till.rows("receipts")) == (shop.order_state(form) == "paid")
    heard = [row for row in shop.till.rows("events") if '"by"' in (row["facts"] or "")]
    assert len(heard) >= len([word for word in said if word is not None])


def attempt_to(act, *arguments):
    """Give what came of it, or None where it was refused."""
    try:
        return act(*arguments)
    except TransitionError:
        return None


def test_a_second_payment_is_never_counted_by_a_person(shop):
    """The invoices are paid: it can be voided or refunded, not counted."""
    older, newer = shop.till.pay(A), shop.till.pay(A)
    for form in (newer, older):
        shop.till.settle(approved(form))
    with pytest.raises(ResolutionError, match="paid already"):
        resolve(shop, older, "paid")
    assert "refunded" == resolve(shop, older, "refunded")


def test_what_cannot_be_is_refused(shop):
    """A payment that was taken is not nothing, unknown ones do not exist, and nobody stays unnamed."""
    form = shop.till.pay(A)
    shop.pay(form)
    shop.checkout.sweep()
    with pytest.raises(TransitionError):
        resolve(shop, form, "unpaid")
    desk = shop.checkout.staff()
    for order_id, by, why in (("RAK-unknown", "k", "w"), (form.order_id, " ", "w"), (form.order_id, "k", "")):
        with pytest.raises(ResolutionError):
            desk.resolve(order_id, Resolution.SEEN, by=by, why=why)
    with pytest.raises(ResolutionError):
        desk.revive("no such key", delivered=False, by="k", why="w")


def test_the_history_of_an_order_is_found_by_either_name(shop):
    """Its reference, or the gateway's order id of an attempt."""
    form = forged(shop)
    desk = shop.checkout.staff()
    by_attempt = desk.history(form.order_id)
    assert by_attempt == desk.history(by_attempt.order.reference)
    assert ["send", "approve", "refer"] == [event.event for event in by_attempt.events]
    with pytest.raises(ResolutionError):
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
    for reference in (form.order_id, shop.till.rows("orders")[0]["reference"]):
        with pytest.raises(ResolutionError):
            other.history(reference)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_shows_nothing_is_refused(limit):
    """A caller's slip is named."""
    with till() as shop, pytest.raises(TenantError, match=f"limit.*expected 1 or more, got {limit}"):
        shop.checkout.staff().waiting(limit=limit)
