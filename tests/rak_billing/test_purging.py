"""What has been kept for long enough goes; what is owed, doubtful or proof stays, and so does every sum."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from rak_billing.payments.journal import Journal
from rak_billing.payments.purging import Kind, due, purge
from rak_billing.payments.retention import Retention, without_personal_fields
from support.callbacks import approved, declined
from support.checkout_kit import NOON, A, B, Till, till


@pytest.fixture
def shop(place):
    """A paid order of A with a mail sent, a declined one of B, and a callback that was nonsense."""
    with till(place) as opened:
        opened.paid, opened.unpaid = opened.pay(A), opened.pay(B)
        opened.told = approved(opened.paid), declined(opened.unpaid)
        for raw in opened.told:
            opened.settle(raw)
        opened.settle(b"nonsense")
        opened.checkout.deliver()
        yield opened


def totals(journal):
    with journal.reading() as tx:
        return tx.tallies.totals()


def run(shop, **after):
    """Purge after some time, checking that the dry run had said it and that no sum moved."""
    now, before = NOON + timedelta(**after), totals(shop.journal)
    foreseen = due(shop.journal, now=now)
    done = purge(shop.journal, now=now)
    assert (foreseen, before) == (done, totals(shop.journal))
    assert dict.fromkeys(Kind, 0) == due(shop.journal, now=now)
    return {kind: count for kind, count in done.items() if count}


def test_nothing_goes_early(shop):
    """After a month and a day less nothing is due."""
    assert {} == run(shop, days=29)


def test_samples_go_after_thirty_days(shop):
    """The count stays."""
    assert {Kind.SAMPLES: 1} == run(shop, days=31)
    assert {"malformed": 1} == shop.refused()


def test_unpaid_orders_go_after_ninety_days(shop):
    """With their lines, attempts and events; a repeat of the callback still gets its first answer."""
    assert {Kind.SAMPLES: 1, Kind.UNPAID_ORDERS: 1} == run(shop, days=91)
    assert [shop.paid.order_id] == [row["order_id"] for row in shop.rows("attempts")]
    assert "APPROVED" == shop.settle(shop.told[1])
    assert 1 == len(shop.rows("orders"))


def test_a_late_approval_of_a_deleted_order_is_refused(shop):
    """Nobody knows any more what was to be paid: FAILURE, kept, and no money is taken."""
    run(shop, days=91)
    assert "FAILURE" == shop.settle(approved(shop.unpaid))
    assert {"malformed": 1, "unknown_order": 1} == shop.refused()


def test_a_new_attempt_keeps_an_old_order(shop):
    """What somebody tried to pay last month is not abandoned."""
    shop.wait(days=80)
    shop.pay(B)
    assert {Kind.SAMPLES: 1} == run(shop, days=91)


def test_what_waits_for_a_person_stays(shop):
    """A second approval, not captured, is kept however old, with its order."""
    second = shop.pay(B)
    shop.settle(approved(second))
    shop.settle(approved(shop.unpaid))
    assert ["duplicate_payment"] == shop.reviews()
    left = run(shop, days=365 * 12)
    assert 1 == left[Kind.PAID_ORDERS]
    assert 1 == len(shop.rows("orders"))


def test_personal_fields_go_after_thirteen_months(shop):
    """What proves the payment stays: order id, amount, transaction, hash."""
    assert {Kind.SAMPLES: 1, Kind.MAILS: 1, Kind.CALLBACK_FIELDS: 2, Kind.UNPAID_ORDERS: 1} == run(
        shop, days=400
    )
    for row in shop.rows("callbacks"):
        fields = dict(parse_qsl(row["raw"].decode(), keep_blank_values=True))
        assert ("-", "-") == (fields["BillToName"], fields["email"])
        assert {"oid", "amount", "TransId", "HASH"} <= {
            name for name, value in fields.items() if value != "-"
        }


def test_a_repeat_is_known_for_ever(shop):
    """However old and however reduced, a callback gets its first answer again."""
    run(shop, days=400)
    assert "ACTION=POSTAUTH" == shop.settle(shop.told[0])


def test_books_are_kept_for_ten_accounting_years(shop):
    """The payment of September 2018 goes in January 2029, not in September 2028."""
    last_day = datetime(2028, 12, 31, 22, tzinfo=UTC) - NOON
    assert Kind.PAID_ORDERS not in run(shop, seconds=last_day.total_seconds())
    assert 1 == len(shop.rows("receipts"))
    first_day = datetime(2029, 1, 1, tzinfo=UTC) - NOON
    assert {Kind.PAID_ORDERS: 1, Kind.CALLBACK_BODIES: 2} == run(shop, seconds=first_day.total_seconds())
    empty = ("orders", "order_lines", "attempts", "events", "receipts", "outbox", "invoice_locks")
    assert {table: [] for table in (*empty, "gateway_transactions")} == {
        table: shop.rows(table) for table in (*empty, "gateway_transactions")
    }
    assert [b"", b""] == [row["raw"] for row in shop.rows("callbacks")]
    assert 2 == len(shop.rows("issued_forms"))


def test_the_series_of_receipts_goes_on(shop):
    """Numbers are not used again."""
    run(shop, days=365 * 12)
    shop.wait(days=365 * 12)
    form = shop.pay(A)
    shop.settle(approved(form))
    assert "10000000002" == shop.receipt(form).number


def test_sums_of_the_past_are_added_up(shop):
    """Deleted in two runs, the orders of a month are one sum."""
    before = totals(shop.journal)
    assert 2 == sum(tally.orders for tally in before.values())
    run(shop, days=91)
    shop.now = NOON
    shop.pay(B)
    run(shop, days=91)
    assert {("open", 2), ("paid", 1)} == {
        (key.state, tally.orders) for key, tally in totals(shop.journal).items()
    }


def test_more_than_one_batch(place):
    """Hundreds are deleted, a few at a time."""
    with Journal.open(place.url) as journal:
        with journal.writing() as tx:
            for number in range(450):
                tx.rejections.add(f"r{number}", b"", at=NOON + timedelta(seconds=number))
        assert 450 == purge(journal, now=NOON + timedelta(days=40))[Kind.SAMPLES]


def test_sealed_callbacks_are_reduced_too(place):
    """Opened, reduced, and sealed again."""
    with Journal.open(place.url, keys=[b"k" * 32]) as journal:
        shop = Till(journal)
        shop.settle(approved(shop.pay(A)))
        assert 1 == purge(journal, now=NOON + timedelta(days=400))[Kind.CALLBACK_FIELDS]
        row = shop.rows("callbacks")[0]
        assert b"oid" not in bytes(row["raw"])
        with journal.reading() as tx:
            assert b"email=-" in tx.callbacks.raw(row["digest"])


def test_an_unknown_field_is_taken_for_personal():
    """Only what is known to say nothing about anybody keeps its value."""
    raw = b"oid=A-1&HASH=x%3D&BillToName=Ana&note=call+me&plain&extra.trxdate=1"
    assert b"oid=A-1&HASH=x%3D&BillToName=-&note=-&plain-&extra.trxdate=1" == without_personal_fields(raw)


def test_the_books_begin_at_midnight_in_morocco():
    """A payment in the first hour of a year is of that year, whatever UTC says."""
    assert datetime(2015, 12, 31, tzinfo=UTC) == Retention().books_before(datetime(2026, 6, 1, tzinfo=UTC))
