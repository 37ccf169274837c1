"""Settling callbacks: every case of the table of replies, on a real file, with real signatures."""

from datetime import UTC, date, datetime, timedelta

import attrs
import pytest

from rak_billing.clock import utc_now
from rak_billing.confirmation import receipt_of as issue
from rak_billing.errors import JournalError
from rak_billing.payments.states import PublicState, TransitionError
from rak_billing.staff import Resolution
from rak_billing.tenant import Tenant
from support.callbacks import approved, at, declined, doubtful, failed, new_transaction_id, not_authenticated
from support.checkout_kit import NOON, A, B, Till, till

CAPTURE, ACKNOWLEDGE, FAILURE = "ACTION=POSTAUTH", "APPROVED", "FAILURE"


def rename(shop, table, name):
    with shop.journal.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")


@pytest.fixture
def shop(place):
    with till(place) as opened:
        yield opened


def test_an_approval_is_paid_and_captured(shop):
    """One callback: captured, paid, one receipt, one mail, the invoice locked."""
    form = shop.pay(A)
    assert CAPTURE == shop.settle(approved(form))
    assert PublicState.PAID is shop.seen(form).state
    assert (1, 1, 1) == tuple(len(shop.rows(table)) for table in ("receipts", "outbox", "invoice_locks"))


def test_the_receipt_tells_what_was_paid(shop):
    """The guide's own figures come back from its link."""
    form = shop.pay(A)
    shop.settle(approved(form))
    receipt = shop.receipt(form)
    assert ("10000000001", "032437", "448788", "VISA", "0010") == (
        receipt.number, receipt.payment_number, receipt.authorization_code, receipt.method, receipt.last_four,
    )  # fmt: skip
    assert date(2018, 9, 11) == receipt.posting_date


def test_a_guessed_receipt_link_shows_nothing(shop):
    """Only the secret finds a receipt."""
    shop.settle(approved(shop.pay(A)))
    assert shop.checkout.receipt("0" * 32) is None


def test_the_receipt_secret_is_not_in_the_journal(shop):
    """The link is stored hashed."""
    form = shop.pay(A)
    shop.settle(approved(form))
    secret = shop.seen(form).receipt_url.rsplit("/", 1)[1]
    assert all(secret not in str(row) for row in shop.rows("receipts"))


@pytest.mark.parametrize("callback", [approved, declined, doubtful, failed, not_authenticated])
def test_a_repeat_gets_the_first_answer_and_changes_nothing(shop, callback):
    """The very same bytes again: the same answer, not one row more."""
    raw = callback(shop.pay(A))
    first, events = shop.settle(raw), shop.rows("events")
    assert first == shop.settle(raw)
    assert events == shop.rows("events")


def test_a_transaction_is_settled_once(shop):
    """Another callback about the same transaction gets the first answer."""
    form = shop.pay(A)
    transaction = new_transaction_id()
    assert CAPTURE == shop.settle(approved(form, TransId=transaction))
    assert CAPTURE == shop.settle(approved(form, TransId=transaction))
    assert (1, [], 2) == (len(shop.rows("receipts")), shop.reviews(), len(shop.rows("callbacks")))


def test_an_approval_after_a_decline_of_one_transaction_is_paid(shop):
    """Money that a bank authorized is money, whatever was said of its transaction before; somebody looks."""
    form = shop.pay(A)
    transaction = new_transaction_id()
    assert ACKNOWLEDGE == shop.settle(declined(form, TransId=transaction))
    assert CAPTURE == shop.settle(approved(form, TransId=transaction))
    assert CAPTURE == shop.settle(approved(form, TransId=transaction))
    assert (PublicState.PAID, ["contradiction"]) == (shop.seen(form).state, shop.reviews())


def test_a_decline_after_an_approval_of_one_transaction_undoes_nothing(shop):
    """Still paid, once, and somebody looks."""
    form = shop.pay(A)
    transaction = new_transaction_id()
    assert CAPTURE == shop.settle(approved(form, TransId=transaction))
    assert ACKNOWLEDGE == shop.settle(declined(form, TransId=transaction))
    assert (PublicState.PAID, ["contradiction"]) == (shop.seen(form).state, shop.reviews())
    assert CAPTURE == shop.settle(approved(form, TransId=transaction))
    assert 1 == len(shop.rows("receipts"))


def test_an_approval_that_contradicts_twice_is_answered(place):
    """Its transaction was declined before, and its attempt voided since: one matter for a person, one answer."""
    with till(place, confirm="later") as shop:
        form = shop.pay(A)
        assert ACKNOWLEDGE == shop.settle(declined(form, TransId="18253Kw4H00001"))
        assert CAPTURE == shop.settle(approved(form))
        shop.checkout.staff().resolve(form.order_id, Resolution.VOIDED, by="k.alami", why="vu au back-office")
        raw = approved(form, TransId="18253Kw4H00001")
        assert [ACKNOWLEDGE, ACKNOWLEDGE] == [shop.settle(raw), shop.settle(raw)]
        assert ["contradiction"] == shop.reviews()


def test_a_second_transaction_of_a_refunded_order_is_flagged(shop):
    """Paid, given back, and charged once more under the same order id: not captured, and a person looks."""
    form = shop.pay(A)
    shop.settle(approved(form))
    shop.checkout.confirm(form.order_id)
    shop.checkout.staff().resolve(form.order_id, Resolution.REFUNDED, by="k.alami", why="vu au back-office")
    assert ACKNOWLEDGE == shop.settle(approved(form))
    assert (PublicState.RETURNED, ["duplicate_payment"]) == (shop.seen(form).state, shop.reviews())


@pytest.mark.parametrize("callback", [declined, not_authenticated])
def test_a_decline_leaves_the_order_payable(shop, callback):
    """Acknowledged; the page says refused, the order stays open."""
    form = shop.pay(A)
    assert ACKNOWLEDGE == shop.settle(callback(form))
    assert (PublicState.REFUSED, "open") == (shop.seen(form).state, shop.rows("orders")[0]["state"])


def test_another_operators_payment_is_not_confirmed(shop):
    """Its receipt would carry the wrong name: FAILURE, and nothing is captured."""
    form = shop.pay(A)
    other = Till(shop.journal, tenant=attrs.evolve(Tenant.preset("rak"), id="SRM"))
    assert FAILURE == other.settle(approved(form))
    assert (PublicState.PENDING, []) == (shop.seen(form).state, shop.rows("receipts"))


def test_a_payment_of_no_calendar_day_is_answered(shop):
    """The gateway's clock shows the last day of all: FAILURE, nothing is captured."""
    form = shop.pay(A)
    assert FAILURE == shop.settle(approved(form, **{"EXTRA.TRXDATE": "31/12/9999 23:59:59"}))
    assert (PublicState.PENDING, []) == (shop.seen(form).state, shop.rows("receipts"))


def test_what_could_not_be_settled_is_kept_for_a_person(shop):
    """The gateway's word is kept raw, once, when our own side fails; it is settled when it comes again."""
    form = shop.pay(A)
    raw = approved(form)
    rename(shop, "outbox", "gone")
    assert [FAILURE, FAILURE] == [shop.settle(raw), shop.settle(raw)]
    assert ([raw], ["unsettled"]) == ([row["raw"] for row in shop.rows("callbacks")], shop.reviews())
    rename(shop, "gone", "outbox")
    assert [CAPTURE, CAPTURE] == [shop.settle(raw), shop.settle(raw)]
    assert (1, 1) == (len(shop.rows("callbacks")), len(shop.rows("receipts")))
    (review,) = shop.rows("reviews")
    assert ("callback", ()) == (review["resolved_by"], shop.checkout.staff().waiting())


def test_what_is_about_no_order_of_ours_is_kept_and_waits_for_nobody(shop):
    """True by its signature, of an order that is not here, while our side fails: no person could do anything about it."""
    stranger = "RAK-0000000000000000"
    raw = approved(shop.pay(A), oid=stranger, ReturnOid=stranger)
    rename(shop, "rejections", "gone")
    assert FAILURE == shop.settle(raw)
    assert ([raw], []) == ([row["raw"] for row in shop.rows("callbacks")], shop.reviews())
    rename(shop, "gone", "rejections")
    assert FAILURE == shop.settle(raw)
    assert (["unknown_order"], []) == ([row["reason"] for row in shop.rows("rejections")], shop.reviews())


def test_what_is_settled_again_settles_no_other_callbacks_matter(shop):
    """A decline and an approval met the fault; the approval came again: what the decline said still waits for a person."""
    form = shop.pay(A)
    refusal, approval = declined(form), approved(form)
    rename(shop, "events", "gone")
    assert [FAILURE, FAILURE] == [shop.settle(refusal), shop.settle(approval)]
    rename(shop, "gone", "events")
    assert CAPTURE == shop.settle(approval)
    (review,) = [row for row in shop.rows("reviews") if row["resolved_at"] is None]
    kept = {row["digest"]: row["raw"] for row in shop.rows("callbacks")}
    assert ("unsettled", refusal) == (review["kind"], kept[review["callback_digest"]])


def test_what_cannot_even_be_kept_is_answered(shop):
    """No table to keep it in: FAILURE all the same."""
    form = shop.pay(A)
    rename(shop, "callbacks", "gone")
    assert FAILURE == shop.settle(approved(form))


def test_decline_then_success_under_one_order_id_is_paid(shop):
    """The customer tried another card on the gateway's page."""
    form = shop.pay(A)
    shop.settle(declined(form))
    assert CAPTURE == shop.settle(approved(form))
    assert PublicState.PAID is shop.seen(form).state


def test_a_late_decline_undoes_nothing(shop):
    """Success, then the decline of an earlier try: still paid."""
    form = shop.pay(A)
    shop.settle(approved(form))
    assert ACKNOWLEDGE == shop.settle(declined(form))
    assert PublicState.PAID is shop.seen(form).state


def test_a_superseded_attempt_may_still_pay(shop):
    """The older tab is paid, the newer one never: accepted and captured."""
    older, newer = shop.pay(A), shop.pay(A)
    assert CAPTURE == shop.settle(approved(older))
    assert (PublicState.PAID, PublicState.PAID) == (shop.seen(older).state, shop.seen(newer).state)


def test_only_the_payer_is_shown_the_receipt(shop):
    """The other tab, perhaps another person's, learns that it is paid and no more."""
    older, newer = shop.pay(A), shop.pay(A)
    shop.settle(approved(older))
    assert shop.seen(newer).receipt_url is None


def test_the_second_of_two_successes_is_not_captured(shop):
    """Two attempts at one order both succeed: one captured, one acknowledged and flagged."""
    older, newer = shop.pay(A), shop.pay(A)
    assert (CAPTURE, ACKNOWLEDGE) == (shop.settle(approved(newer)), shop.settle(approved(older)))
    assert (PublicState.REVIEW, ["duplicate_payment"]) == (shop.seen(older).state, shop.reviews())
    assert 1 == len(shop.rows("receipts"))


def test_a_success_for_invoices_of_another_paid_order_is_not_captured(shop):
    """A was paid with B; the older order for A alone succeeds too late."""
    older, newer = shop.pay(A), shop.pay(A, B)
    assert (CAPTURE, ACKNOWLEDGE) == (shop.settle(approved(newer)), shop.settle(approved(older)))
    assert ["duplicate_payment"] == shop.reviews()


def test_a_second_transaction_of_a_paid_order_is_not_captured(shop):
    """The card was charged twice under one order id: the second one is voided."""
    form = shop.pay(A)
    assert (CAPTURE, ACKNOWLEDGE) == (shop.settle(approved(form)), shop.settle(approved(form)))
    assert (PublicState.PAID, ["duplicate_payment"]) == (shop.seen(form).state, shop.reviews())


def test_a_doubtful_failure_is_flagged(shop):
    """An error with an authorization code: FAILURE, and a person looks."""
    form = shop.pay(A)
    assert FAILURE == shop.settle(doubtful(form))
    assert (PublicState.REVIEW, ["doubtful_failure"]) == (shop.seen(form).state, shop.reviews())


def test_a_plain_failure_changes_nothing(shop):
    """An error without any sign of money: acknowledged, still pending."""
    form = shop.pay(A)
    assert ACKNOWLEDGE == shop.settle(failed(form))
    assert (PublicState.PENDING, []) == (shop.seen(form).state, shop.reviews())


def test_receipt_numbers_have_no_gap(shop):
    """Two orders, two numbers in a row, whatever was refused between them."""
    first = shop.pay(A)
    shop.settle(approved(first))
    second = shop.pay(B)
    shop.settle(declined(second))
    shop.settle(approved(first))
    shop.settle(approved(second))
    assert ["10000000001", "10000000002"] == [row["number"] for row in shop.rows("receipts")]


def test_the_gateways_time_decides_the_posting_date(shop):
    """Paid at 21:58, told at 22:01: posted tomorrow, not the day after."""
    shop.now = datetime(2018, 9, 10, 21, 1, tzinfo=UTC)
    form = shop.pay(A)
    shop.settle(approved(form, **at(shop.now - timedelta(minutes=3))))
    assert (date(2018, 9, 11), []) == (shop.receipt(form).posting_date, shop.reviews())


def test_clocks_far_apart_are_flagged(shop):
    """Six minutes between the gateway's clock and ours: paid, and a person looks."""
    form = shop.pay(A)
    assert CAPTURE == shop.settle(approved(form, **at(NOON - timedelta(minutes=6))))
    assert ["clock_skew"] == shop.reviews()


def test_without_the_gateways_time_ours_decides(shop):
    """A callback without a time is dated by its arrival."""
    form = shop.pay(A)
    shop.settle(approved(form, **{"EXTRA.TRXDATE": ""}))
    assert NOON == shop.receipt(form).paid_at


def test_confirmed_later_it_is_accepted_first(place):
    """Accepted locks the invoice; receipt, number and mail wait for the confirmation, which counts once."""
    with till(place, confirm="later") as shop:
        form = shop.pay(A)
        assert CAPTURE == shop.settle(approved(form))
        assert (PublicState.RECEIVED, []) == (shop.seen(form).state, shop.rows("receipts"))
        assert (B,) == shop.checkout.look_up("100200300").invoices
        shop.checkout.confirm(form.order_id)
        shop.checkout.confirm(form.order_id)
        assert (PublicState.PAID, 1) == (shop.seen(form).state, len(shop.rows("receipts")))


def test_what_was_not_accepted_cannot_be_confirmed(shop):
    """A pending attempt is refused, and so is an unknown one."""
    form = shop.pay(A)
    with pytest.raises(TransitionError):
        shop.checkout.confirm(form.order_id)
    with pytest.raises(JournalError):
        shop.checkout.confirm("RAK-unknown")
    assert ["send"] == [row["event"] for row in shop.rows("events")]


def test_a_receipt_is_made_of_an_accepted_payment_only(shop):
    """Without the gateway's facts there is nothing to certify."""
    form = shop.pay(A)
    with shop.journal.writing() as tx:
        order, attempt = tx.orders.locked(form.order_id)
    with pytest.raises(JournalError):
        issue(order, attempt, number="10000000001", tenant=shop.checkout.tenant, merchant_id="600000099")


def test_the_clock_of_the_machine_is_aware():
    """Without a clock of its own, a checkout reads the machine's, in UTC."""
    assert UTC is utc_now().tzinfo
