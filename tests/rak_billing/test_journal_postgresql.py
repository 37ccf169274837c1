"""PostgreSQL: how connections are set up, and what happens when they are cut or meet."""

import os
import sys
from contextlib import contextmanager
from subprocess import run
from threading import Barrier, Thread

import pytest
from sqlalchemy import event

from rak_billing.errors import CommitUnknownError, JournalError
from rak_billing.payments import postgresql
from rak_billing.payments.journal import Journal
from rak_billing.payments.retrying import Retrying
from support.callbacks import approved
from support.checkout_kit import NOON, A, Till, till
from support.place import PostgresPlace


@pytest.fixture
def server(postgres):
    """A place on PostgreSQL alone."""
    place = PostgresPlace(postgres)
    yield place
    place.clear()


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("lock_timeout", "5s"),
        ("statement_timeout", "15s"),
        ("idle_in_transaction_session_timeout", "30s"),
        ("transaction_isolation", "read committed"),
        ("transaction_read_only", "off"),
    ],
)
def test_writers_are_set_up_for_money(server, setting, expected):
    """Nobody waits for ever, and no isolation level is counted on."""
    with Journal.open(server.url) as journal, journal.writing() as tx:
        assert expected == tx.connection.exec_driver_sql(f"SHOW {setting}").scalar()


@pytest.mark.parametrize(
    ("setting", "expected"), [("transaction_isolation", "repeatable read"), ("transaction_read_only", "on")]
)
def test_readers_see_one_moment(server, setting, expected):
    """And they cannot write."""
    with Journal.open(server.url) as journal:
        with journal.reading() as tx:
            assert expected == tx.connection.exec_driver_sql(f"SHOW {setting}").scalar()
        with journal.writing() as tx:
            assert expected != tx.connection.exec_driver_sql(f"SHOW {setting}").scalar()


def test_a_server_that_forgets_is_refused(server):
    """With synchronous_commit off, what was acknowledged may be gone after a crash."""
    with pytest.raises(JournalError, match="synchronous_commit"):
        Journal.open(f"{server.url}&options=-c%20synchronous_commit%3Doff")


def test_a_missing_driver_is_named(monkeypatch):
    """The extra that brings it is named too."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(JournalError, match=r"cmi-gateway\[postgres\]"):
        Journal.open("postgresql+psycopg://host/db")


def test_settings_are_those_that_the_guide_names():
    """Figures that operators rely on."""
    assert {"5s", "15s", "30s"} == set(postgresql.SETTINGS.values())


def test_a_lock_that_is_not_got_is_an_error(server):
    """Whoever holds an order for too long does not hold up the callbacks for ever: FAILURE, and kept for a person."""
    with till(server) as shop, Journal.open(server.url) as other:
        form = shop.pay(A)
        shop.journal.engine.dispose()
        event.listen(shop.journal.engine, "connect", hurry)
        with other.writing() as tx:
            tx.orders.locked(form.order_id)
            assert "FAILURE" == shop.settle(approved(form))
        assert ["unsettled"] == shop.reviews()
        assert "ACTION=POSTAUTH" == shop.settle(approved(form))


def hurry(connection, _record):
    connection.execute("SET lock_timeout = '50ms'")
    connection.commit()


@contextmanager
def lost_in_commit(journal, server, *, times, is_kept):
    """Cut the connection in the next commits, before or after the server did what was asked."""
    left = [times]

    def cut(connection):
        if left[0] > 0:
            left[0] -= 1
            driver = connection.connection.driver_connection
            pid = driver.info.backend_pid
            if is_kept:
                driver.execute("COMMIT")
                driver.execute("SELECT 1")  # begins another one, whose COMMIT is then lost
            server._server.execute(f"SELECT pg_terminate_backend({pid}, 5000)")

    event.listen(journal.engine, "commit", cut)
    try:
        yield
    finally:
        event.remove(journal.engine, "commit", cut)


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_commit_without_an_answer_is_unknown(server, is_kept):
    """Work that cannot be repeated is left to the caller, with an error of its own."""
    with Journal.open(server.url) as journal:
        with lost_in_commit(journal, server, times=1, is_kept=is_kept), pytest.raises(CommitUnknownError):
            journal.run(lambda tx: tx.rejections.add("test", b"", at=NOON))
        with journal.reading() as tx:
            assert ({"test": 1} if is_kept else {}) == tx.rejections.counts()


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("times", [1, 2])
def test_a_callback_whose_commit_was_lost_is_looked_up(server, is_kept, times):
    """The same answer, one receipt and one mail, whichever side of the commit the cable was pulled on."""
    with till(server) as shop:
        form = shop.pay(A)
        with lost_in_commit(shop.journal, server, times=times, is_kept=is_kept):
            assert "ACTION=POSTAUTH" == shop.settle(approved(form))
        assert (1, 1, 1) == tuple(len(shop.rows(t)) for t in ("receipts", "outbox", "callbacks"))
        assert "10000000001" == shop.receipt(form).number


def test_a_start_whose_commit_was_lost_is_done_again(server):
    """What nobody was given is superseded: one form is open, and it is the one that was handed out."""
    with till(server) as shop:
        with lost_in_commit(shop.journal, server, times=1, is_kept=True):
            form = shop.pay(A)
        assert {form.order_id: "sent"} == {
            row["order_id"]: row["state"] for row in shop.rows("attempts") if row["state"] != "superseded"
        }


def test_connections_that_were_cut_while_idle_are_replaced(server):
    """The server was started anew: the next callback is settled all the same."""
    with till(server) as shop:
        form = shop.pay(A)
        server._server.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'postgres' "
            "AND pid <> pg_backend_pid() AND datname LIKE 't%'"
        )
        assert "ACTION=POSTAUTH" == shop.settle(approved(form))


def test_deadlocks_are_broken_and_done_again(server):
    """Two that lock two series crosswise both end, each with its numbers."""
    with Journal.open(server.url) as journal:
        for tenant in ("RAK", "SRM"):
            journal.run(lambda tx, tenant=tenant: tx.receipts.next_number(tenant, first=1))
        met, done = Barrier(2), []

        def take(*tenants):
            tries = []

            def work(tx):
                tries.append(tx.receipts.next_number(tenants[0], first=1))
                if len(tries) == 1:
                    met.wait(10)
                return tries[-1], tx.receipts.next_number(tenants[1], first=1)

            done.append(journal.run(work))

        threads = [Thread(target=take, args=pair) for pair in (("RAK", "SRM"), ("SRM", "RAK"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [("00000000002", "00000000003"), ("00000000003", "00000000002")] == sorted(done) or len(
            done
        ) == 2
        with journal.reading() as tx:
            series = tx.connection.exec_driver_sql("SELECT next_number FROM receipt_series").scalars().all()
        assert [4, 4] == series


_CHILD = """
import os, sys
from datetime import UTC, datetime
from rak_billing.payments.journal import Journal

def add(journal, reason):
    journal.run(lambda tx: tx.rejections.add(reason, b"", at=datetime(2026, 1, 1, tzinfo=UTC)))

with Journal.open(sys.argv[1]) as journal:
    add(journal, "parent")
    if (pid := os.fork()) == 0:
        try:
            add(journal, "child")
            journal.close()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    add(journal, "parent")
    with journal.reading() as tx:
        print(sorted(tx.rejections.counts().items()))
"""


@pytest.mark.skipif(os.name != "posix", reason="forks are POSIX")
def test_a_journal_may_be_opened_before_a_fork(server):
    """Parent and child each use connections of their own."""
    done = run(
        [sys.executable, "-c", _CHILD, server.url], capture_output=True, text=True, timeout=60, check=False
    )
    assert ("[('child', 1), ('parent', 2)]\n", "") == (done.stdout, done.stderr)


def test_a_hosts_own_engine_serves(server):
    """A portal that has an engine already hands it over."""
    with Journal.open(server.url) as opened, Journal(opened.engine, retrying=Retrying(again=0)) as journal:
        shop = Till(journal)
        assert "ACTION=POSTAUTH" == shop.settle(approved(shop.pay(A)))


def test_a_reader_does_not_notice_that_the_server_was_restarted(server):
    """Its idle connections are gone: the next look takes a new one, and is no error."""
    with Journal.open(server.url) as journal, Journal.open(server.url) as other:
        with journal.reading() as tx:
            before = tx.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        with other.writing() as tx:
            assert tx.connection.exec_driver_sql(f"SELECT pg_terminate_backend({before}, 5000)").scalar()
        with journal.reading() as tx:
            assert before != tx.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            assert "on" == tx.connection.exec_driver_sql("SHOW transaction_read_only").scalar()
