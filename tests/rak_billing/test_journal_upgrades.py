"""Upgrades that meet: each other, a kill, a program that works meanwhile, and a person who runs the statements by hand."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from types import SimpleNamespace

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import inspect

from rak_billing.cli import db_texts
from rak_billing.cli.root import rak_billing
from rak_billing.errors import JournalError, SchemaVersionError
from rak_billing.monitoring import is_ready
from rak_billing.payments.databases import engine_of
from rak_billing.payments.histories import broken_histories
from rak_billing.payments.journal import Journal
from rak_billing.payments.postgresql import SETTINGS
from rak_billing.payments.preparing import prepare
from rak_billing.payments.upgrading import statements
from rak_billing.payments.versions import FIRST, HEAD, VERSION_TABLE, version_of
from rak_billing.payments.writer_gate import WriterGate
from support.checkout_kit import A, till
from support.counts import count
from support.operators import KILLED, Operator, run_up_to
from support.tables import described

#: From nothing, from before there were versions, and from a version in between.
STARTS = (None, "unversioned", "0003")


@pytest.fixture
def upgraders():
    """Two processes that upgrade when they are told."""
    pair = Operator(), Operator()
    yield pair
    for one in pair:
        one.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request, tmp_path):
    """Gives the addresses of databases without any table."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path / f'{len(list(tmp_path.iterdir()))}.db'}"
    return request.getfixturevalue("postgres").empty_database


def begun(url, start):
    """Bring a database to where an upgrade starts."""
    engine = engine_of(url)
    with engine.begin() as connection:
        if start is not None:
            run_up_to(connection, FIRST if start == "unversioned" else start)
        if start == "unversioned":
            connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")
    engine.dispose()


def state(url):
    """Give the version and all that the database says of its tables."""
    engine = engine_of(url)
    with engine.connect() as connection:
        found = version_of(connection), described(connection), inspect(connection).has_table("portal_hits")
    engine.dispose()
    return found


@pytest.fixture
def right(fresh):
    """What an upgrade that met nobody leaves."""
    url = fresh()
    assert 0 == CliRunner().invoke(rak_billing, ["db", "upgrade", "--database", url]).exit_code
    return state(url)


@pytest.mark.parametrize("start", STARTS)
def test_two_upgrades_at_once(fresh, right, upgraders, start):
    """Both end well, and there is one schema: nothing twice, nothing half."""
    for _ in range(count(1, 8)):
        url = fresh()
        begun(url, start)
        for one in upgraders:
            one.begin("upgrade", url)
        assert [0, 0] == [one.end() for one in upgraders]
        assert right == state(url)


def test_an_upgrade_that_is_overtaken_looks_again(postgres, monkeypatch):
    """Another one ends after this one saw that no version is written down: there is one version, and not two."""
    url, overtaken = postgres.empty_database(), []
    begun(url, "unversioned")
    engine = engine_of(url)

    def stale(connection):
        names = inspect(connection).get_table_names()
        if not overtaken:
            overtaken.append(True)
            prepare(engine)
        return SimpleNamespace(get_table_names=lambda: names)

    monkeypatch.setattr("rak_billing.payments.upgrading.inspect", stale)
    prepare(engine)
    with engine.connect() as connection:
        assert [HEAD] == connection.exec_driver_sql(
            f"SELECT version_num FROM {VERSION_TABLE}"
        ).scalars().all()
    engine.dispose()
    assert overtaken


@pytest.mark.parametrize("start", STARTS)
def test_a_killed_upgrade_leaves_what_was_there(fresh, right, upgraders, start):
    """Killed at any statement, the tables are as before; the next run finds nothing in its way."""
    upgrader, _ = upgraders
    url = fresh()
    begun(url, start)
    before = state(url)
    for point in range(0, 400, count(23, 1)):
        upgrader.begin("upgrade", url, kill_at=point)
        if upgrader.end() != KILLED:
            break
        assert before == state(url), point
    assert point > 20
    assert right == state(url)


@pytest.mark.parametrize("start", STARTS)
def test_printed_statements_lead_to_the_same_tables(fresh, right, start):
    """Run by the client of the database itself, as a person would, whatever version they begin at."""
    url = fresh()
    begun(url, start)
    shown = CliRunner().invoke(rak_billing, ["db", "upgrade", "--sql", "--database", url])
    assert 0 == shown.exit_code
    assert state(url) != right
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.executescript(shown.output)
    else:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(shown.output)
    assert right == state(url)
    again = CliRunner().invoke(rak_billing, ["db", "upgrade", "--sql", "--database", url])
    assert again.output.startswith(db_texts.NOTHING_TO_DO)


def test_printed_statements_are_one_transaction(tmp_path):
    """A statement that fails leaves nothing behind on SQLite either."""
    url = f"sqlite:///{tmp_path / 'rak.db'}"
    begun(url, "0003")
    before = state(url)
    script = statements("sqlite", "0003").replace("CREATE TABLE paces", "CREATE TABLE orders")
    with closing(sqlite3.connect(tmp_path / "rak.db")) as connection, pytest.raises(sqlite3.OperationalError):
        connection.executescript(script)
    assert before == state(url)


def test_there_are_no_statements_from_a_later_version():
    """The version is named."""
    with pytest.raises(SchemaVersionError, match="9999"):
        statements("sqlite", "9999")


def test_an_upgrade_waits_for_a_payment_and_then_says_so(fresh, monkeypatch):
    """A transaction that holds the tables is not broken; the upgrade gives up with a sentence and has changed nothing."""
    # On SQLite it would wait for half a minute.
    monkeypatch.setattr(WriterGate.__init__, "__kwdefaults__", {"seconds": 0.3})
    url = fresh()
    begun(url, "0003")
    before = state(url)
    engine = engine_of(url)
    with engine.connect() as working:
        working.exec_driver_sql("SELECT * FROM events")
        result = CliRunner().invoke(rak_billing, ["db", "upgrade", "--database", url])
        assert (1, True) == (result.exit_code, "une autre transaction tient la base" in result.output)
    assert before == state(url)
    assert 0 == CliRunner().invoke(rak_billing, ["db", "upgrade", "--database", url]).exit_code
    engine.dispose()


def test_an_upgrade_waits_for_another_one_longer_than_for_a_payment(postgres, monkeypatch):
    """The other one is seen by the version's row, which it holds until it is done."""
    monkeypatch.setitem(SETTINGS, "lock_timeout", "1s")
    url = postgres.empty_database()
    begun(url, "0003")
    with psycopg.connect(url) as other, ThreadPoolExecutor(1) as pool:
        other.execute(f"SELECT * FROM {VERSION_TABLE} FOR UPDATE")
        upgrading = pool.submit(CliRunner().invoke, rak_billing, ["db", "upgrade", "--database", url])
        time.sleep(2)
        assert not upgrading.done()
        other.rollback()
        assert 0 == upgrading.result().exit_code


def test_payments_go_on_while_an_upgrade_finds_nothing_to_do(place):
    """A second run beside a working portal harms nobody."""
    with till(place) as shop, ThreadPoolExecutor(1) as pool:
        upgrading = pool.submit(
            lambda: [
                CliRunner().invoke(rak_billing, ["db", "upgrade", "--database", place.url]) for _ in range(3)
            ]
        )
        for _ in range(5):
            shop.pay(A)
            shop.wait(seconds=1)
        assert [0] * 3 == [result.exit_code for result in upgrading.result()]
        with shop.journal.reading() as tx:
            assert [] == list(broken_histories(tx.connection))


def test_a_program_that_was_overtaken_is_not_ready(fresh):
    """What an upgrade was done under says so where it is asked, and gets no more customers."""
    url = fresh()
    with Journal.open(url, upgrade=True) as journal:
        assert is_ready(journal)
        with journal.writing() as tx:
            tx.connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
        assert not is_ready(journal)


def test_a_long_migration_is_not_cut_off(postgres, monkeypatch):
    """The bound on a statement is for payments: an upgrade of millions of rows takes longer."""
    monkeypatch.setitem(SETTINGS, "statement_timeout", "50ms")
    url = postgres.empty_database()
    with psycopg.connect(url) as connection:
        connection.execute(statements("postgresql", None, FIRST))
        connection.execute(
            """CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END $$;
            CREATE TRIGGER slow BEFORE UPDATE ON rak_billing_version FOR EACH ROW EXECUTE FUNCTION slowly()"""
        )
    Journal.open(url, upgrade=True).close()
    assert HEAD == state(url)[0]
    with pytest.raises(JournalError), Journal.open(url) as journal, journal.writing() as tx:
        tx.connection.exec_driver_sql("SELECT pg_sleep(0.2)")
