"""The sweep asks the gateway and follows its word, whatever became of callbacks, captures and answers."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest.mock import patch

import pytest

from cmi_gateway.simulator.faults import (
    ApiCutAfter,
    ApiCutBefore,
    ApiHtmlError,
    CallbackLate,
    CallbackLost,
    ReplyIgnored,
    ReplyLost,
)
from rak_billing.errors import TenantError
from rak_billing.payments.journal import Journal
from rak_billing.payments.states import PublicState
from rak_billing.recovery.gateway import PacedGateway
from rak_billing.recovery.sweeping import SweepReport
from rak_billing.staff import Resolution
from support.callbacks import approved
from support.checkout_kit import CUSTOMER, NOON, A, B, till
from support.recovery_kit import ALL, DECLINED, Counter, counter


@pytest.fixture
def shop(place):
    with counter(place, *ALL) as opened:
        yield opened


def sweep_through(shop, *, days=3):
    """Sweep at every minute of the first two hours, then at every hour."""
    for _ in range(120):
        shop.wait(minutes=1)
        shop.checkout.sweep()
    for _ in range(24 * days):
        shop.wait(hours=1)
        shop.checkout.sweep()


def test_what_a_callback_approves_is_paid_once_the_gateway_was_asked(shop):
    """Accepted first, with nothing issued; paid at the next sweep, with receipt and mail."""
    form = shop.till.pay(A)
    shop.pay(form)
    assert (("capture_requested", "accepted"), []) == (shop.states(form), shop.till.rows("receipts"))
    assert PublicState.RECEIVED is shop.till.seen(form).state
    report = shop.checkout.sweep()
    assert SweepReport(asked=1, confirmed=1) == report
    assert (("captured", "paid"), 1) == (shop.states(form), len(shop.till.rows("receipts")))
    assert 1 == shop.checkout.deliver()


def test_what_is_to_be_confirmed_later_is_paid_by_whoever_is_first(place):
    """The gateway's word counts in every mode: a sweep confirms it too, and confirming it again changes nothing."""
    with counter(place, *ALL, confirm="later") as shop:
        form, other = shop.till.pay(A), shop.till.pay(B)
        for one in (form, other):
            shop.pay(one)
        shop.checkout.confirm(other.order_id)
        assert ("received", "paid") == (shop.till.seen(form).state, shop.till.seen(other).state)
        shop.checkout.sweep()
        shop.checkout.confirm(form.order_id)
        assert ("paid", "paid") == (shop.till.seen(form).state, shop.till.seen(other).state)
        assert 2 == len(shop.till.rows("receipts"))


def test_a_forged_callback_is_never_paid(shop):
    """Whatever it says, the gateway knows of no payment: a person looks, no receipt, no mail."""
    form = shop.till.pay(A)
    assert "ACTION=POSTAUTH" == shop.till.settle(approved(form))
    sweep_through(shop)
    assert (("needs_person", "accepted"), ["not_at_the_gateway"]) == (shop.states(form), shop.reviews())
    assert ([], []) == (shop.till.rows("receipts"), shop.till.rows("outbox"))


def test_a_lost_callback_is_found_captured_and_paid(shop):
    """Nobody told us, nothing was captured: the sweep accepts it, takes the money, and issues the receipt."""
    shop.faults(CallbackLost())
    form = shop.till.pay(A)
    shop.pay(form)
    shop.wait(minutes=1)
    shop.checkout.sweep()
    assert ("authorized", "accepted") == shop.states(form)
    shop.wait(minutes=5)
    assert SweepReport(asked=1, confirmed=1, captured=1) == shop.checkout.sweep()
    assert ("captured", "paid") == shop.states(form)
    assert shop.till.seen(form).total == shop.bank.money(form).captured
    receipt = shop.till.receipt(form)
    assert (receipt.last_four, True) == (None, receipt.transaction_id is not None)


def test_a_lost_answer_is_captured_by_the_sweep(shop):
    """Our ACTION=POSTAUTH was ignored: the money is still reserved; taken at the look after five minutes, not before."""
    shop.faults(ReplyIgnored())
    form = shop.till.pay(A)
    shop.pay(form)
    shop.checkout.sweep()
    assert "capture_requested" == shop.state(form)
    shop.wait(minutes=6)
    shop.checkout.sweep()
    assert ("captured", "paid") == shop.states(form)
    assert 0 < shop.bank.money(form).captured.centimes


def test_a_customer_who_waits_is_asked_about_sooner(shop):
    """The gateway captures a few seconds after our answer: seen at the second look, not minutes later."""
    shop.faults(ReplyIgnored())
    form = shop.till.pay(A)
    shop.pay(form)
    shop.checkout.sweep()
    shop.bank.api("capture").capture(form.order_id, shop.till.seen(form).total)
    shop.wait(seconds=3)
    shop.checkout.sweep()
    assert ("captured", "paid") == shop.states(form)


def test_a_lost_reply_that_captured_all_the_same_is_confirmed(shop):
    """The gateway hung up and captured: one look tells."""
    shop.faults(ReplyLost())
    form = shop.till.pay(A)
    shop.pay(form)
    shop.checkout.sweep()
    assert ("captured", "paid") == shop.states(form)


@pytest.mark.parametrize("fault", [ApiCutAfter(on="operations"), ApiHtmlError(on="operations", done=True)])
def test_a_capture_whose_answer_is_lost_is_found_by_asking(shop, fault):
    """Sent once, unknown for a while, confirmed by the history; never sent a second time."""
    shop.faults(ReplyIgnored())
    form = shop.till.pay(A)
    shop.pay(form)
    shop.api_faults(fault)
    shop.wait(minutes=6)
    shop.checkout.sweep()
    assert "unknown" == shop.state(form)
    shop.api_faults()
    shop.wait(minutes=5)
    shop.checkout.sweep()
    assert (("captured", "paid"), ["done"]) == (
        shop.states(form),
        [row["outcome"] for row in shop.till.rows("operations")],
    )
    assert 1 == sum(b"PostAuth" in body for _, body in shop.bank.requests)


def test_a_capture_that_never_arrived_is_tried_again_once_that_is_sure(shop):
    """Cut before the gateway acted: after a quarter of an hour the history proves it, and a second try is made."""
    shop.faults(ReplyIgnored())
    form = shop.till.pay(A)
    shop.pay(form)
    shop.api_faults(ApiCutBefore(on="operations"))
    shop.wait(minutes=6)
    shop.checkout.sweep()
    shop.api_faults()
    for _ in range(7):
        shop.wait(minutes=5)
        shop.checkout.sweep()
    assert ["not_done", "done"] == [row["outcome"] for row in shop.till.rows("operations")]
    assert ("captured", "paid") == shop.states(form)


def test_without_the_right_to_capture_a_person_is_asked(place):
    """Operations off: nothing is sent; once a person has captured it in the back office, the sweep sees it."""
    with counter(place) as shop:
        shop.faults(ReplyIgnored())
        form = shop.till.pay(A)
        visit = shop.pay(form)
        shop.wait(minutes=6)
        shop.checkout.sweep()
        assert (("needs_person", "accepted"), ["not_captured"]) == (shop.states(form), shop.reviews())
        assert not any(b"PostAuth" in body for _, body in shop.bank.requests)
        shop.bank.api("capture").capture(form.order_id, shop.till.seen(form).total)
        assert visit.order.totals.captured.centimes
        sweep_through(shop, days=1)
        assert (("captured", "paid"), []) == (shop.states(form), shop.reviews())


def test_an_authorization_of_five_days_is_not_captured_without_a_person(shop):
    """The worker stood still for a week: banks have dropped the reservation, nobody knows."""
    shop.faults(ReplyIgnored())
    form = shop.till.pay(A)
    shop.pay(form)
    shop.wait(days=6)
    shop.checkout.sweep()
    assert (("needs_person", "accepted"), ["not_captured"]) == (shop.states(form), shop.reviews())


def test_an_attempt_that_nobody_paid_expires_at_ninety_minutes_after_asking(shop):
    """Not found at 1, 6 and 21 minutes proves nothing; at an hour and a half it does, and the bill stays payable."""
    form = shop.till.pay(A)
    for minutes in (1, 5, 15):
        shop.wait(minutes=minutes)
        assert SweepReport(asked=1) == shop.checkout.sweep()
        assert PublicState.PENDING is shop.till.seen(form).state
    shop.wait(minutes=68)
    assert SweepReport() == shop.checkout.sweep()
    shop.wait(minutes=1)
    assert SweepReport(asked=1, expired=1) == shop.checkout.sweep()
    assert PublicState.EXPIRED is shop.till.seen(form).state
    assert shop.till.pay(A).order_id != form.order_id


def test_an_outage_of_the_gateway_expires_nothing(shop):
    """Who cannot be asked has not said no."""
    form = shop.till.pay(A)
    shop.api_faults(ApiCutBefore())
    sweep_through(shop, days=1)
    assert "sent" == shop.state(form)
    shop.api_faults()
    sweep_through(shop, days=1)
    assert "expired" == shop.state(form)


def test_a_late_approval_after_expiry_is_money(shop):
    """The callback comes two hours late: accepted, captured, paid."""
    shop.faults(CallbackLate(seconds=7200))
    form = shop.till.pay(A)
    visit = shop.pay(form, DECLINED)
    shop.wait(minutes=90)
    shop.checkout.sweep()
    assert shop.state(form) in {"sent", "declined"}
    assert visit.order is not None
    late = shop.till.pay(B)
    shop.wait(minutes=90)
    shop.checkout.sweep()
    assert "expired" == shop.state(late)
    shop.faults()
    shop.till.settle(approved(late))
    assert ("capture_requested", "accepted") == shop.states(late)


def test_the_gateway_is_asked_about_what_could_not_be_settled(shop):
    """The approval of a payment that nobody asks about any more met a broken database: FAILURE, and a look at once."""
    form = shop.till.pay(A)
    sweep_through(shop, days=2)
    assert (0, "expired") == (shop.checkout.sweep().asked, shop.state(form))
    with shop.till.journal.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE invoice_locks RENAME TO gone")
    assert "FAILURE" == shop.till.settle(approved(form))
    with shop.till.journal.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO invoice_locks")
    assert (1, ["unsettled"]) == (shop.checkout.sweep().asked, shop.reviews())


def test_a_late_callback_of_a_payment_that_the_sweep_found_is_the_same_payment(shop):
    """It gets the usual answer, brings the card's brand to the receipt, and is no second payment."""
    shop.faults(CallbackLate(seconds=120))
    form = shop.till.pay(A)
    shop.pay(form)
    shop.wait(minutes=1)
    shop.checkout.sweep()
    assert ("authorized", "accepted") == shop.states(form)
    shop.wait(minutes=2)
    shop.checkout.sweep()
    assert (("captured", "paid"), []) == (shop.states(form), shop.reviews())
    assert shop.till.receipt(form).last_four is not None


@pytest.mark.parametrize("confirm", ["gateway", "callback"])
def test_a_callback_that_comes_after_the_receipt_changes_nothing(place, confirm):
    """The sweep found, captured and paid; the callback of the same payment gets its answer, and the facts stay the receipt's."""
    with counter(place, *ALL, confirm=confirm) as shop:
        shop.faults(CallbackLate(seconds=3600))
        form = shop.till.pay(A)
        shop.pay(form)
        for _ in range(3):
            shop.wait(minutes=6)
            shop.checkout.sweep()
        assert ("captured", "paid") == shop.states(form)
        before = [shop.till.rows(table) for table in ("attempts", "orders", "receipts", "outbox")]
        shop.wait(hours=1)
        assert ["ACTION=POSTAUTH"] == [row["reply"] for row in shop.till.rows("callbacks")]
        assert before == [shop.till.rows(table) for table in ("attempts", "orders", "receipts", "outbox")]
        assert [] == shop.reviews()


def pay_twice(shop):
    """Pay the same bill in two tabs: the newer one first, then the older."""
    older = shop.till.pay(A)
    old_tab = shop.customer.open(older)
    newer = shop.till.pay(A)
    shop.pay(newer)
    old_tab.pay("4000000000000010")
    return older, newer


def test_a_second_payment_is_voided(shop):
    """Acknowledged, not captured, voided by its transaction, and nobody needs to look any more."""
    older, newer = pay_twice(shop)
    assert "duplicate" == shop.state(older)
    assert 1 == shop.checkout.sweep().voided
    shop.wait(minutes=5)
    shop.checkout.sweep()
    assert (("voided", "paid"), "captured") == (shop.states(older), shop.state(newer))
    assert ([], 0) == (shop.reviews(), shop.bank.money(older).held.centimes)
    assert PublicState.RETURNED is shop.till.seen(older).state
    voids = [body for _, body in shop.bank.requests if b">Void<" in body]
    assert 1 == len(voids)
    assert b"TransId" in voids[0]


def test_a_second_payment_of_which_no_callback_told_is_found_and_voided(shop):
    """The older tab's callback is lost: the sweep finds the money that nobody awaits."""
    older = shop.till.pay(A)
    old_tab = shop.customer.open(older)
    newer = shop.till.pay(A)
    shop.pay(newer)
    shop.checkout.sweep()
    shop.faults(CallbackLost())
    old_tab.pay("4000000000000010")
    sweep_through(shop, days=1)
    assert (("voided", "paid"), []) == (shop.states(older), shop.reviews())


def test_a_second_authorization_under_one_order_id_is_never_captured_by_us(shop):
    """The callback told of one transaction, the gateway shows another one reserved: the first may be captured, so a person looks."""
    form = shop.till.pay(A)
    shop.faults(CallbackLost())
    shop.pay(form)
    shop.till.settle(approved(form))
    sweep_through(shop)
    assert (("needs_person", "accepted"), ["contradiction"]) == (shop.states(form), shop.reviews())
    assert 0 == shop.bank.money(form).captured.centimes


def test_a_second_approval_of_one_attempt_is_acknowledged_and_put_before_a_person(shop):
    """The same order id, approved twice by two transactions: the second is not captured, the first counts, once, and staff know."""
    form = shop.till.pay(A)
    shop.pay(form)
    assert "APPROVED" == shop.till.settle(approved(form))
    sweep_through(shop)
    assert (("captured", "paid"), ["duplicate_payment"]) == (shop.states(form), shop.reviews())
    assert (1, form.order_id) == (
        len(shop.till.rows("receipts")),
        shop.checkout.staff().waiting()[0].order_id,
    )


def test_a_second_payment_waits_for_a_person_where_voids_are_off(place):
    """Nothing is sent, and the review stays until somebody voids it in the back office."""
    with counter(place, "capture") as shop:
        older, _newer = pay_twice(shop)
        sweep_through(shop, days=1)
        assert ("duplicate", ["duplicate_payment"]) == (shop.state(older), shop.reviews())
        shop.bank.api("void").void(older.order_id)
        sweep_through(shop, days=2)
        assert ("voided", []) == (shop.state(older), shop.reviews())


def test_a_second_payment_that_was_captured_and_settled_is_refunded(place):
    """Found taken in a closed batch: too late to void, so given back, once."""
    with counter(place, *ALL) as shop:
        older, _newer = pay_twice(shop)
        shop.bank.api("capture").capture(older.order_id, shop.till.seen(older).total)
        shop.bank.gateway.close_batch()
        sweep_through(shop, days=1)
        assert (("refunded", "paid"), []) == (shop.states(older), shop.reviews())
        assert 0 == shop.bank.money(older).net.centimes


def test_a_payment_that_was_voided_at_the_gateway_is_undone(shop):
    """Somebody cancelled it in the back office after it was paid: the order says so, and a person is told."""
    form = shop.till.pay(A)
    shop.pay(form)
    shop.checkout.sweep()
    api = shop.bank.api("void")
    api.void(form.order_id)
    if shop.bank.money(form).held.centimes:
        api.void(form.order_id)
    sweep_through(shop, days=2)
    assert (("voided", "voided"), ["undone"]) == (shop.states(form), shop.reviews())


def test_an_invoice_whose_payment_was_voided_can_be_paid_again(shop):
    """Not posted yet, and not paid any more: shown again, payable, and an older attempt at it counts."""
    older, form = shop.till.pay(A, B), shop.till.pay(A)
    shop.pay(form)
    shop.checkout.sweep()
    shop.wait(minutes=10)
    shop.bank.api("void").void(form.order_id)
    shop.checkout.staff().resolve(form.order_id, Resolution.VOIDED, by="k.alami", why="vu au back-office")
    assert ("voided", "voided") == shop.states(form)
    assert (A, B) == shop.checkout.look_up(CUSTOMER).invoices
    assert shop.till.pay(A)
    shop.pay(older)
    assert ("capture_requested", "accepted") == shop.states(older)


def test_what_is_settled_is_not_asked_about_any_more(shop):
    """The batch is closed: settled, and no further look is due."""
    form = shop.till.pay(A)
    shop.pay(form)
    shop.checkout.sweep()
    shop.bank.gateway.close_batch()
    shop.wait(days=1)
    shop.checkout.sweep()
    assert (("settled", "paid"), [None]) == (
        shop.states(form),
        [row["due_at"] for row in shop.till.rows("inquiries")],
    )


def test_no_request_leaves_within_a_second_of_another_and_no_order_is_asked_twice_in_five_minutes(shop):
    """Swept every ten seconds for an hour: beyond the minute in which customers wait, the gateway is never pressed."""
    shop.faults(ReplyIgnored())
    forms = [shop.till.pay(chosen) for chosen in (A, B)]
    for form in forms:
        shop.pay(form)
    for _ in range(360):
        shop.wait(seconds=10)
        shop.checkout.sweep()
    times = [at for at, body in shop.bank.requests if b"ORDERSTATUS" in body]
    assert all(later - at >= timedelta(seconds=1) for at, later in itertools.pairwise(times))
    for form in forms:
        own = [
            at
            for at, body in shop.bank.requests
            if b"ORDERSTATUS" in body and form.order_id.encode() in body and at - NOON >= timedelta(minutes=1)
        ]
        assert all(later - at >= timedelta(minutes=5) for at, later in itertools.pairwise(own))


def test_the_two_requests_of_a_capture_leave_a_second_apart(shop):
    """The history is read, and the capture sent after another second: the gateway counts requests, not operations."""
    shop.faults(ReplyIgnored())
    shop.pay(shop.till.pay(A))
    shop.wait(minutes=6)
    before = len(shop.bank.requests)
    assert 1 == shop.checkout.sweep().captured
    instants = [at for at, _ in shop.bank.requests[before:]]
    assert len(instants) >= 3
    assert all(later - earlier >= timedelta(seconds=1) for earlier, later in itertools.pairwise(instants))


def test_limit_and_budget_end_a_sweep_that_another_goes_on_with(shop):
    """Three are due: one look, then one second of looks, then the rest."""
    for chosen in ((A,), (B,), (A, B)):
        shop.till.pay(*chosen)
    shop.wait(minutes=1)
    assert SweepReport(asked=1, is_finished=False) == shop.checkout.sweep(limit=1)
    assert SweepReport(asked=1, is_finished=False) == shop.checkout.sweep(budget=timedelta(seconds=0.5))
    assert SweepReport(asked=1) == shop.checkout.sweep()


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_lets_nothing_be_asked_is_refused(shop, limit):
    """Such a sweep would never be finished: the caller's slip is named, with or without an api."""
    for checkout in (shop.checkout, shop.till.checkout):
        with pytest.raises(TenantError, match=f"limit.*expected 1 or more, got {limit}"):
            checkout.sweep(limit=limit)


def test_a_gateway_that_shuts_us_out_ends_the_sweep(place):
    """A wrong password is not tried on every order: it may lock the account."""
    with counter(place) as shop:
        shop.till.pay(A)
        shop.till.pay(B)
        shop.wait(minutes=1)
        shop.bank.account = None
        wrong = shop.bank.api()
        wrong = type(wrong)(
            wrong.merchant, user="rakapi", password="wrong", transport=shop.bank.carry, clock=shop.bank.clock
        )
        other = Counter(shop.till.journal, shop.bank, api=wrong)
        assert SweepReport(unanswered=1, is_finished=False) == other.checkout.sweep()
        assert 1 == len(shop.bank.requests)


def test_without_an_api_nothing_is_asked_and_the_log_says_so_once(caplog):
    """No way to the gateway: attempts stay as they are."""
    with till() as shop:
        shop.pay(A)
        shop.wait(days=1)
        assert [SweepReport(), SweepReport()] == [shop.checkout.sweep(), shop.checkout.sweep()]
    assert 1 == sum("no api" in record.getMessage() for record in caplog.records)


def test_two_machines_sweep_at_once_and_do_nothing_twice(place):
    """Each attempt is one machine's at a time: one capture each, one receipt each, one look each."""
    with counter(place, *ALL) as shop:
        shop.faults(ReplyIgnored())
        forms = [shop.till.pay(chosen) for chosen in (A, B)]
        for form in forms:
            shop.pay(form)
        shop.wait(minutes=6)
        with Journal.open(place.url) as second:
            machines = [shop, Counter(second, shop.bank, *ALL)]
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda machine: machine.checkout.sweep(), machines * 2))
        assert {("captured", "paid")} == {shop.states(form) for form in forms}
        assert (2, 2) == (len(shop.till.rows("receipts")), len(shop.till.rows("operations")))
        assert 2 == sum(b"PostAuth" in body for _, body in shop.bank.requests)


def test_a_machine_that_slept_through_its_lease_writes_nothing(shop):
    """It asked, was suspended, and another machine has done the work meanwhile: its answer is dropped."""
    form = shop.till.pay(A)
    shop.pay(form)
    look = PacedGateway.look

    def slow(*arguments):
        answer = look(*arguments)
        shop.wait(minutes=6)
        with patch.object(PacedGateway, "look", look):
            assert 1 == shop.checkout.sweep().confirmed
        return answer

    with patch.object(PacedGateway, "look", slow):
        assert 0 == shop.checkout.sweep().confirmed
    assert (1, "captured") == (len(shop.till.rows("receipts")), shop.state(form))


def test_a_callback_that_comes_while_the_sweep_is_about_to_capture_stops_it(shop):
    """The record is refused just before sending: the callback's answer asks for the capture already."""
    shop.faults(CallbackLate(seconds=301))
    form = shop.till.pay(A)
    shop.pay(form)
    shop.wait(minutes=1)
    shop.checkout.sweep()
    move = PacedGateway.move

    def interrupted(*arguments, **more):
        shop.customer.deliver_due()
        return move(*arguments, **more)

    shop.bank.clock.advance(minutes=5)
    with patch.object(PacedGateway, "move", interrupted):
        assert 0 == shop.checkout.sweep().captured
    assert not any(b"PostAuth" in body for _, body in shop.bank.requests)
    shop.checkout.sweep()
    assert (("captured", "paid"), ["clock_skew"]) == (shop.states(form), shop.reviews())


def test_a_void_that_never_gets_through_is_tried_thrice_and_then_for_a_person():
    """Each try is sure not to have been carried out before the next; the money stays held, and nobody loses sight of it."""
    with counter(None, *ALL) as shop:
        first, second = shop.till.pay(A), shop.till.pay(A)
        shop.pay(first)
        shop.pay(second)
        shop.api_faults(ApiCutBefore(on="operations"))
        sweep_through(shop, days=1)
        tries = [row["outcome"] for row in shop.till.rows("operations")]
        assert ["not_done"] * 3 == tries
        assert ("duplicate", True) == (shop.state(second), "not_voided" in shop.reviews())
