"""The database is locked, full, cut off or in the way of another: callbacks get FAILURE or the right answer, never half of it."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from rak_billing.payments.journal import Journal
from rak_billing.payments.retrying import Retrying, sqlstate
from support.callbacks import approved
from support.checkout_kit import A, B, Till, till
from support.counts import count
from support.disks import fill_up
from support.many_invoices import invoices
from support.place import PostgresPlace, SqlitePlace
from support.postgres_kit import running_postgres


@pytest.fixture
def server(postgres):
    """A place on PostgreSQL alone."""
    place = PostgresPlace(postgres)
    yield place
    place.clear()


def test_a_locked_database_answers_failure(tmp_path):
    """Somebody holds the file for longer than we wait: FAILURE, nothing half; then the repeat is settled."""
    place = SqlitePlace(tmp_path)
    with Journal.open(place.url, writer_gate=False) as journal:
        shop = Till(journal)
        raw = approved(shop.pay(A))
        journal.engine.dispose()
        event.listen(journal.engine, "connect", lambda c, _: c.execute("PRAGMA busy_timeout = 50"))
        holder = sqlite3.connect(tmp_path / "rak.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        assert "FAILURE" == shop.settle(raw)
        holder.execute("ROLLBACK")
        holder.close()
        assert "ACTION=POSTAUTH" == shop.settle(raw)
        assert 1 == len(shop.rows("receipts"))


def test_a_connection_cut_at_any_statement(server, postgres):
    """The server ends our connection before each statement in turn: the callback is settled all the same, once."""
    with till(server) as shop:
        shop.bills.invoices = invoices(60)
        for number, invoice in enumerate(shop.bills.invoices):
            raw, pids = approved(shop.pay(invoice)), []

            def note(connection, *_others, pids=pids):
                pids.append(connection.connection.dbapi_connection.info.backend_pid)

            def cut(pids=pids):
                postgres.execute(f"SELECT pg_terminate_backend({pids[-1]}, 1000)")

            event.listen(shop.journal.engine, "before_cursor_execute", note)
            with at_statement(shop, number, cut) as seen:
                answer = shop.settle(raw)
            event.remove(shop.journal.engine, "before_cursor_execute", note)
            assert "ACTION=POSTAUTH" == answer
            if len(seen) <= number:
                break
        assert 5 < number == len(shop.rows("receipts")) - 1


@pytest.fixture(scope="module")
def fragile():
    """A server of this file's own, which may be crashed."""
    with running_postgres() as postgres:
        yield postgres


def test_a_server_that_is_started_anew_at_any_statement_or_in_plain_runs_at_some(fragile):
    """It crashes and comes back in the middle of a callback: settled all the same, once, and nothing older is lost."""
    place = PostgresPlace(fragile)
    with till(place) as shop:
        shop.bills.invoices = invoices(60)
        for number in range(0, 60, count(6, 1)):
            raw = approved(shop.pay(shop.bills.invoices[number]))
            with at_statement(shop, number, fragile.restart) as seen:
                answer = shop.settle(raw)
            assert "ACTION=POSTAUTH" == answer
            if len(seen) <= number:
                break
        assert 5 < number
        assert number // count(6, 1) + 1 == len(shop.rows("receipts"))


def test_a_server_that_is_away_gets_failure(fragile):
    """No answer is better than a wrong one; when the server is back, the repeat is settled."""
    place = PostgresPlace(fragile)
    with till(place) as shop:
        shop.journal._retrying = Retrying(sleep=lambda _: None)
        first, second = approved(shop.pay(A)), approved(shop.pay(B))
        assert "ACTION=POSTAUTH" == shop.settle(first)
        with at_statement(shop, 3, fragile.crash):
            assert "FAILURE" == shop.settle(second)
        fragile.start()
        assert 1 == len(shop.rows("receipts"))
        assert ["ACTION=POSTAUTH"] * 2 == [shop.settle(first), shop.settle(second)]
        assert 2 == len(shop.rows("receipts"))


@contextmanager
def at_statement(shop, number, act):
    """Do something before a statement of the journal, counted from 0; give a list that grows with each of them."""
    seen = []

    def count_one(*_):
        seen.append(1)
        if len(seen) == number + 1:
            act()

    event.listen(shop.journal.engine, "before_cursor_execute", count_one)
    yield seen
    event.remove(shop.journal.engine, "before_cursor_execute", count_one)


def test_a_server_that_takes_no_writes_gets_failure(server, postgres):
    """A standby, or one whose disk is nearly full: FAILURE and no trace; once it takes them again, all is well."""
    with till(server) as shop:
        name = server.url.split("?")[0].rsplit("/", 1)[1]
        raw, before = approved(shop.pay(A)), shop.snapshot()
        shop.journal.engine.dispose()
        postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        assert "FAILURE" == shop.settle(raw)
        shop.journal.engine.dispose()
        postgres.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        assert before == shop.snapshot()
        assert "ACTION=POSTAUTH" == shop.settle(raw)


def test_a_server_whose_disk_is_full_gets_failure(fragile):
    """No page can be added any more: FAILURE and nothing decided; with room again the repeat is settled."""
    with fragile.small_disk() as made:
        if made is None:
            pytest.skip("a disk of its own can be mounted by root alone")
        url, disk = made
        with Journal.open(url) as journal:
            shop = Till(journal)
            raw, before = approved(shop.pay(A)), shop.snapshot()
            fill_up(disk)
            assert {"FAILURE"} == {shop.settle(raw) for _ in range(3)}
            assert before["orders"] == shop.snapshot()["orders"]
            assert [] == shop.rows("receipts")
            (disk / "ballast").unlink()
            assert "ACTION=POSTAUTH" == shop.settle(raw)
            assert 1 == len(shop.rows("receipts"))


def serialization_failure(times):
    """Refuse the first *times* statements of a settling as a database does that wants it done again."""
    left = [times]

    def refuse(*_):
        if left[0]:
            left[0] -= 1
            error = psycopg.errors.SerializationFailure("try again")
            raise OperationalError("SELECT", {}, error)

    return refuse


@pytest.mark.parametrize(
    ("times", "answer"), [(1, "ACTION=POSTAUTH"), (5, "ACTION=POSTAUTH"), (12, "FAILURE")]
)
def test_serialization_failures_are_tried_again(server, times, answer):
    """Five times, after a pause each; whoever meets more gets FAILURE, and its repeat is settled."""
    with till(server) as shop:
        shop.journal._retrying = Retrying(sleep=lambda _: None)
        raw = approved(shop.pay(A))
        refuse = serialization_failure(times)
        event.listen(shop.journal.engine, "before_cursor_execute", refuse)
        assert answer == shop.settle(raw)
        event.remove(shop.journal.engine, "before_cursor_execute", refuse)
        assert "ACTION=POSTAUTH" == shop.settle(raw)
        assert 1 == len(shop.rows("receipts"))


def test_transactions_that_meet_under_serializable_are_tried_again(server):
    """A host's engine of the strictest level: many at once meet for real, and every callback is settled once."""
    with till(server) as shop, closing_engine(server.url, "SERIALIZABLE") as engine:
        number, met = 24, []
        shop.bills.invoices = invoices(number)
        bodies = [approved(shop.pay(invoice)) for invoice in shop.bills.invoices] * 2
        strict = Till(Journal(engine, retrying=Noting(met)))
        with ThreadPoolExecutor(4) as pool:
            answers = dict(zip(bodies, pool.map(strict.settle, bodies), strict=True))
        assert "40001" in met
        # Whoever met others more often than it may try has said so, and is told again.
        refused = [body for body, answer in answers.items() if answer == "FAILURE"]
        assert all(strict.settle(body) == "ACTION=POSTAUTH" for body in refused)
        numbers = sorted(int(row["number"]) for row in shop.rows("receipts"))
        assert list(range(10000000001, 10000000001 + number)) == numbers
        assert number == len(shop.rows("outbox"))


class Noting(Retrying):
    """Tries again, and notes by its code what was tried again."""

    def __init__(self, met):
        super().__init__()
        self.__dict__["met"] = met

    def run(self, once, *, repeatable):
        def noted():
            try:
                return once()
            except DBAPIError as error:
                self.met.append(sqlstate(error))
                raise

        return super().run(noted, repeatable=repeatable)


@contextmanager
def closing_engine(url, level):
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), isolation_level=level)
    yield engine
    engine.dispose()
