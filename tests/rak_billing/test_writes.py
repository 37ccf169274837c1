"""What a transaction puts off is there for whoever reads, and is written once."""

import pytest
from sqlalchemy import event

from rak_billing.errors import JournalError
from rak_billing.payments import schema
from rak_billing.payments.states import AttemptState, Event, OrderState
from support.checkout_kit import NOON, A, till
from support.place import PostgresPlace


def test_nobody_reads_behind_what_waits(place):
    """A statement of anybody on the connection sees what was put off before it."""
    with till(place) as shop:
        form = shop.pay(A)
        with shop.journal.writing() as tx:
            order, attempt = tx.orders.locked(form.order_id)
            tx.orders.apply(Event.DECLINE, order, attempt, at=NOON)
            found = tx.connection.execute(schema.attempts.select()).one()
            assert AttemptState.DECLINED.value == found.state
            assert ["send", "decline"] == [row.event for row in tx.orders.history(order.reference)]


def test_two_moves_are_one_write_and_two_events(place):
    """Each has its place in the history, and the states are those of the last."""
    with till(place) as shop:
        form = shop.pay(A)
        with shop.journal.writing() as tx:
            moved = tx.orders.locked(form.order_id)
            for number in (Event.DECLINE, Event.APPROVE, Event.TRUST):
                moved = tx.orders.apply(number, *moved, at=NOON)
        rows = sorted(shop.rows("events"), key=lambda row: row["position"])
        assert ["send", "decline", "approve", "trust"] == [row["event"] for row in rows]
        assert [0, 1, 2, 3] == [row["position"] for row in rows]
        assert OrderState.PAID.value == shop.rows("orders")[0]["state"]
        assert AttemptState.CAPTURE_REQUESTED.value == shop.rows("attempts")[0]["state"]


def test_one_row_is_never_written_twice_at_once(place):
    """What cannot be made one write is sent before the next; both count."""
    with till(place) as shop:
        form = shop.pay(A)
        before = shop.rows("inquiries")[0]["fence"]
        with shop.journal.writing() as tx:
            tx.inquiries.hasten(form.order_id, at=NOON)
            tx.inquiries.hasten(form.order_id, at=NOON)
        assert before + 2 == shop.rows("inquiries")[0]["fence"]


def test_a_refused_write_undoes_all_that_waited(place):
    """The same key twice: an error of the journal's, and nothing of the transaction is left."""
    with till(place) as shop:
        form = shop.pay(A)
        order = shop.rows("orders")[0]["reference"]
        with shop.journal.writing() as tx:
            tx.outbox.add(key="k", tenant="RAK", topic="t", order_reference=order, at=NOON)
        fence = shop.rows("inquiries")[0]["fence"]

        def again(tx):
            tx.inquiries.hasten(form.order_id, at=NOON)
            tx.outbox.add(key="k", tenant="RAK", topic="t", order_reference=order, at=NOON)

        with pytest.raises(JournalError):
            shop.journal.run(again)
        assert fence == shop.rows("inquiries")[0]["fence"]


def test_on_a_server_the_writes_are_one_journey(postgres):
    """Moves, event, inquiry and entry are one statement, with a value that they share in it once."""
    place = PostgresPlace(postgres)
    with till(place) as shop:
        form, seen = shop.pay(A), []
        with shop.journal.writing() as tx:
            moved = tx.orders.locked(form.order_id)
            event.listen(tx.connection, "before_cursor_execute", lambda *args: seen.append(args[3]))
            order, _ = tx.orders.apply(Event.DECLINE, *moved, at=NOON)
            tx.inquiries.hasten(form.order_id, at=NOON)
            tx.outbox.add(key="k", tenant="RAK", topic="t", order_reference=order.reference, at=NOON)
        (values,) = seen
        assert 1 == list(values.values()).count(form.order_id)
    place.clear()
