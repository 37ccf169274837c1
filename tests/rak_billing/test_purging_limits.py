"""What the purge must never take, and who may get in its way: payments, a second purge, a kill."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import attrs
import pytest
from sqlalchemy import event

from rak_billing.payments.histories import broken_histories
from rak_billing.payments.journal import Journal
from rak_billing.payments.purging import Kind, due, purge
from rak_billing.staff import Resolution
from support.callbacks import approved, declined, doubtful
from support.checkout_kit import NOON, A, B, Till, till
from support.counts import count
from support.operators import KILLED, Operator
from support.place import PostgresPlace

YEARS = timedelta(days=365 * 30)


@pytest.fixture
def shop(place):
    """A paid order of A, its mail sent, and a declined one of B."""
    with till(place) as opened:
        opened.paid, opened.unpaid = opened.pay(A), opened.pay(B)
        opened.settle(approved(opened.paid))
        opened.settle(declined(opened.unpaid))
        opened.checkout.deliver()
        yield opened


def change(shop, *statements):
    """Bring the journal into a state that takes long to come by."""
    with shop.journal.writing() as tx:
        for statement in statements:
            tx.connection.exec_driver_sql(statement)


def purged(shop, after):
    """Purge *after* noon, seeing that the dry run had said it and that no sum moved."""
    with shop.journal.reading() as tx:
        before = tx.tallies.totals()
    foreseen = due(shop.journal, now=NOON + after)
    assert foreseen == purge(shop.journal, now=NOON + after)
    with shop.journal.reading() as tx:
        assert before == tx.tallies.totals()
    return {kind: number for kind, number in foreseen.items() if number}


def order_of(shop, form):
    return next(row["order_reference"] for row in shop.rows("attempts") if row["order_id"] == form.order_id)


OPERATION = "INSERT INTO operations (key, order_id, kind, record, sent_at{more}) VALUES ('k/{id}', '{id}', 'void', 'x', '{at}'{rest})"
UNFINISHED = {
    "a posting that was not made": "INSERT INTO outbox (key, tenant, topic, order_reference, tries, due_at) "
    "VALUES ('p/{order}', 'RAK', 'posting', '{order}', 3, '{at}')",
    "a mail that was given up": "UPDATE outbox SET sent_at = NULL, parked_at = '{at}' WHERE order_reference = '{order}'",
    "a void whose end is unknown": OPERATION.format(more="", rest="", id="{id}", at="{at}"),
    "a look at the gateway that is due": "UPDATE inquiries SET asked_at = '{at}', due_at = '{at}' WHERE order_id = '{id}'",
    "a matter for a person": "INSERT INTO reviews (order_id, kind, callback_digest, raised_at) "
    "VALUES ('{id}', 'doubt', '', '{at}')",
} | {
    f"an attempt that is {state}": f"UPDATE attempts SET state = '{state}' WHERE order_id = '{{id}}'"
    for state in ("doubtful", "duplicate", "needs_person", "unknown", "authorized")
}


@pytest.mark.parametrize("name", UNFINISHED)
def test_what_is_not_finished_stays(shop, name):
    """However old, paid or not: a person, the gateway or billing still has to do with it."""
    # Nobody is sent a mail about an order that was not paid.
    forms = [shop.paid] if name == "a mail that was given up" else [shop.paid, shop.unpaid]
    orders = [order_of(shop, form) for form in forms]
    for form, order in zip(forms, orders, strict=True):
        change(shop, UNFINISHED[name].format(order=order, id=form.order_id, at="2018-09-10T10:00:00.000000Z"))
    purged(shop, YEARS)
    assert sorted(orders) == sorted(row["reference"] for row in shop.rows("orders"))


@pytest.mark.parametrize(
    "was",
    [
        "UPDATE attempts SET state = 'refunded' WHERE order_id = '{id}'",
        "UPDATE attempts SET state = 'voided' WHERE order_id = '{id}'",
        OPERATION.format(more=", outcome, resolved_at", rest=", 'done', '{at}'", id="{id}", at="{at}"),
    ],
    ids=["refunded", "voided", "an operation of ours"],
)
def test_money_that_went_back_belongs_to_the_books(shop, was):
    """An order that nobody paid in the end, and for which money moved, is kept for ten years and then goes."""
    change(shop, was.format(id=shop.unpaid.order_id, at="2018-09-10T10:00:00.000000Z"))
    assert Kind.UNPAID_ORDERS not in purged(shop, timedelta(days=400))
    assert 2 == purged(shop, YEARS)[Kind.PAID_ORDERS]


def test_what_staff_wrote_goes_with_its_order(shop):
    """Who settled a matter, and why, is kept as long as the payment that it was about, and no longer."""
    other = shop.pay(B)
    shop.settle(doubtful(other))
    for form, word in ((other, Resolution.UNPAID), (shop.paid, Resolution.SEEN)):
        change(
            shop,
            "INSERT INTO reviews (order_id, kind, callback_digest, raised_at) "
            f"VALUES ('{form.order_id}', 'clock_skew', '', '2018-09-10T10:00:00.000000Z')",
        )
        shop.checkout.staff().resolve(form.order_id, word, by="k.alami", why="vu")
    assert 3 == len(shop.rows("reviews"))
    purged(shop, timedelta(days=400))
    assert {shop.paid.order_id} == {row["order_id"] for row in shop.rows("reviews")}
    purged(shop, YEARS)
    assert [] == shop.rows("reviews")


def test_that_a_payment_was_posted_belongs_to_the_books(shop):
    """Mails are forgotten after thirteen months; a posting is not."""
    order = order_of(shop, shop.paid)
    change(
        shop,
        "INSERT INTO outbox (key, tenant, topic, order_reference, tries, due_at, sent_at) VALUES "
        f"('posting/{order}', 'RAK', 'posting', '{order}', 1, '2018-09-10T10:00:00.000000Z', '2018-09-10T10:00:00.000000Z')",
    )
    assert 1 == purged(shop, timedelta(days=400))[Kind.MAILS]
    assert ["posting"] == [row["topic"] for row in shop.rows("outbox")]
    assert 1 == purged(shop, YEARS)[Kind.PAID_ORDERS]


def test_proof_before_a_person_stays_whole(shop):
    """A callback about which a person must still decide keeps its fields, without which its signature proves nothing."""
    change(
        shop,
        UNFINISHED["a matter for a person"].format(id=shop.paid.order_id, at="2018-09-10T10:00:00.000000Z"),
    )
    assert 1 == purged(shop, YEARS)[Kind.CALLBACK_FIELDS]
    kept = {row["order_id"]: bytes(row["raw"]) for row in shop.rows("callbacks")}
    assert b"BillToName=-" not in kept[shop.paid.order_id]
    assert b"" == kept[shop.unpaid.order_id]


def many(journal, number, *, at):
    """Write that many old payments, every second one declined."""
    shop = Till(journal, random_token=os.urandom)
    shop.now = at
    for place in range(number):
        bill = attrs.evolve(A, reference=f"{at:%Y%j}{place:06}")
        shop.bills.invoices = [bill]
        form = shop.pay(bill)
        shop.settle(approved(form) if place % 2 else declined(form))
    shop.checkout.deliver()


def test_two_purges_while_payments_go_on(place, monkeypatch):
    """Old ones go, once each, new ones come, and the sums are of all of them."""
    # Several batches, of fewer payments than it would take.
    monkeypatch.setattr("rak_billing.payments.purging._BATCH", 5)
    later = NOON + YEARS
    with Journal.open(place.url) as journal, ThreadPoolExecutor(4) as pool:
        many(journal, 40, at=NOON)
        jobs = [pool.submit(purge, journal, now=later) for _ in range(2)]
        jobs += [pool.submit(many, journal, 10, at=later + timedelta(days=day)) for day in (0, 1)]
        first, second, *_ = [job.result() for job in jobs]
        gone = [first[kind] + second[kind] for kind in (Kind.UNPAID_ORDERS, Kind.PAID_ORDERS)]
        with journal.reading() as tx:
            counts = {"open": 0, "paid": 0}
            for key, tally in tx.tallies.totals().items():
                counts[key.state] += tally.orders
            assert [] == list(broken_histories(tx.connection))
        assert ([20, 20], {"open": 30, "paid": 30}, 20) == (gone, counts, len(Till(journal).rows("orders")))


def test_a_customer_who_comes_back_while_it_is_purged(place):
    """The old order goes or is used again, and either way the customer can pay, once."""
    back = NOON + timedelta(days=91)
    with Journal.open(place.url) as journal, ThreadPoolExecutor(1) as pool:
        shop = Till(journal, random_token=os.urandom)
        for number in range(count(10, 60)):
            bill = attrs.evolve(A, reference=f"{number}")
            shop.bills.invoices, shop.now = [bill], NOON
            shop.pay(bill)
            shop.now = back
            purging = pool.submit(purge, journal, now=back)
            form = shop.pay(bill)
            purging.result()
            assert "ACTION=POSTAUTH" == shop.settle(approved(form))
        with journal.reading() as tx:
            paid = [tally.orders for key, tally in tx.tallies.totals().items() if key.state == "paid"]
            assert [] == list(broken_histories(tx.connection))
        assert number + 1 == sum(paid)


def test_an_order_that_is_being_used_again_is_not_purged(postgres):
    """Between finding it and reading its lines the purge passes by, and the customer pays what was accepted."""
    back, taken, server = NOON + timedelta(days=91), [], PostgresPlace(postgres)
    with till(server) as shop:
        first = shop.pay(A)
        shop.now = back

        def purge_before_lines(_connection, _cursor, text, *_others):
            if text.startswith("SELECT order_lines.order_reference") and not taken:
                taken.append(None)
                taken[0] = purge(shop.journal, now=back)[Kind.UNPAID_ORDERS]

        event.listen(shop.journal.engine, "before_cursor_execute", purge_before_lines)
        second = shop.pay(A)
        assert [0] == taken
        assert ["ACTION=POSTAUTH", "APPROVED"] == [shop.settle(approved(form)) for form in (second, first)]
    server.drop()


def test_a_killed_purge_goes_on_where_it_was(place):
    """Killed at any statement, every sum is as before; the next run does the rest."""
    operator, now = Operator(), (NOON + YEARS).isoformat()
    try:
        with Journal.open(place.url) as journal:
            many(journal, 8, at=NOON)
            with journal.reading() as tx:
                before = tx.tallies.totals()
            for point in range(0, 400, count(11, 1)):
                operator.begin("purge", place.url, kill_at=point, now=now)
                if operator.end() != KILLED:
                    break
                with journal.reading() as tx:
                    assert before == tx.tallies.totals(), point
                    assert [] == list(broken_histories(tx.connection))
            assert point > 5
            assert [] == Till(journal).rows("orders")
    finally:
        operator.close()
