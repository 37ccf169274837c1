"""What goes to the driver directly looks like what goes by way of the library."""

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError

from rak_billing.errors import JournalError
from rak_billing.payments.driver import changes, rows
from rak_billing.payments.journal import Transaction
from rak_billing.payments.retrying import sqlstate
from rak_billing.payments.sqlite import READ_ONLY
from support.callbacks import approved
from support.checkout_kit import A, B, till
from support.place import PostgresPlace

_ADD = "INSERT INTO receipt_series (tenant, next_number) VALUES ('x', 1)"


def test_a_refusal_is_the_librarys_and_names_no_values(place):
    """The same error by both ways, so that who tries again need not know which it was."""
    with till(place) as shop, shop.journal.engine.connect() as connection, connection.begin():
        assert [1] == list(changes(connection, [(_ADD, ())]))
        with pytest.raises(IntegrityError) as caught:
            list(changes(connection, [(_ADD, ())]))
        assert caught.value.hide_parameters
        assert not caught.value.connection_invalidated
        connection.rollback()


def test_who_listens_hears_every_statement(place):
    """A test that crashes at each of them goes the way of every payment; a tracer gets the context that it needs."""
    with till(place) as shop:
        engine, forms = shop.journal.engine, [shop.pay(A), shop.pay(B)]
        contexts = {True: [], False: []}
        for is_traced, form in zip((False, True), forms, strict=True):

            def hear(*args, heard=contexts[is_traced]):
                heard.append((args[2], args[4] is None))

            event.listen(engine, "before_cursor_execute", hear)
            if is_traced:
                event.listen(engine, "after_cursor_execute", lambda *_: None)
            assert "ACTION=POSTAUTH" == shop.settle(approved(form))
            event.remove(engine, "before_cursor_execute", hear)
        direct, traced = contexts[False], contexts[True]
        assert [text for text, _ in direct] == [text for text, _ in traced]
        assert any(text.startswith("SELECT orders.reference") for text, _ in direct)
        assert any(is_none for _, is_none in direct)
        assert not any(is_none for _, is_none in traced)


def test_a_lost_connection_takes_its_siblings_along(postgres):
    """A server that was restarted lost them all: the next transaction gets a new one."""
    with till(PostgresPlace(postgres)) as shop:
        engine = shop.journal.engine
        first, second = engine.connect(), engine.connect()
        pids = [one.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() for one in (first, second)]
        first.rollback()
        second.close()
        first.begin()
        postgres.execute(*(f"SELECT pg_terminate_backend({pid}, 1000)" for pid in pids))
        with pytest.raises(DBAPIError) as caught:
            rows(first, "SELECT 1", {})
        assert caught.value.connection_invalidated
        assert sqlstate(caught.value) in {None, "57P01"}
        first.close()
        with engine.connect() as third, third.begin():
            assert [(1,)] == list(rows(third, "SELECT 1", {}))


def test_a_read_of_no_transaction_begins_one(place):
    """What is read first and what is read next is of one moment."""
    with till(place) as shop:
        shop.pay(A)
        with shop.journal.engine.connect() as connection:
            tx = Transaction(connection.execution_options(**{READ_ONLY: True}))
            assert not connection.in_transaction()
            assert not tx.callbacks.known(digest="d", presented_hash="h", order_id="o").is_our_form
            assert connection.in_transaction()


def test_an_error_of_the_journals_own_stays_what_it_is(place):
    """A statement that fails while a callback is settled ends in FAILURE, and the journal goes on."""
    with till(place) as shop:
        form = shop.pay(A)

        def twice(tx):
            assert [1, 1] == list(changes(tx.connection, [(_ADD, ())] * 2))

        with pytest.raises(JournalError, match="IntegrityError"):
            shop.journal.run(twice)
        assert "ACTION=POSTAUTH" == shop.settle(approved(form))
