"""The journal behind a pooler that lends connections for one transaction at a time, as PgBouncer does."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import attrs
import psycopg
import pytest
from click.testing import CliRunner

from rak_billing.cli.root import rak_billing
from rak_billing.errors import JournalError
from rak_billing.payments.histories import broken_histories
from rak_billing.payments.journal import Journal
from rak_billing.payments.postgresql import SETTINGS
from rak_billing.testing.journal_conformance import JournalConformance
from support.callbacks import approved, declined
from support.checkout_kit import A, Till
from support.pgbouncer_kit import SERVER_CONNECTIONS, pooling

CLIENTS = 4 * SERVER_CONNECTIONS


@pytest.fixture(scope="module")
def pooler(postgres):
    with pooling(postgres) as running:
        yield running


@pytest.fixture
def direct(postgres):
    """The address of a database by which the server itself is reached."""
    url = postgres.empty_database()
    yield url
    postgres.drop(url)


@pytest.fixture
def url(pooler, direct):
    """The address of the same database through the pooler, its tables made through it too."""
    through = pooler.through(direct)
    Journal.open(through, upgrade=True).close()
    return through


class TestJournalThroughAPooler(JournalConformance):
    """All that a journal must hold to, its threads at once included."""

    @pytest.fixture
    def journal(self, url):
        """An empty journal."""
        with Journal.open(url) as opened:
            yield opened


def settings_in(connection):
    return {name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in SETTINGS}


def payments(url, number):
    """Pay as a process of its own would: declined, approved, and told twice."""
    with Journal.open(url) as journal:
        shop = Till(journal, random_token=os.urandom)
        for place in range(15):
            bill = attrs.evolve(A, reference=f"{number}-{place}")
            shop.bills.invoices = [bill]
            form = shop.pay(bill)
            shop.settle(declined(form))
            told = approved(form)
            assert ["ACTION=POSTAUTH"] * 2 == [shop.settle(told) for _ in range(2)]
            assert "paid" == shop.seen(form).state
        return len(shop.rows("receipts"))


def test_whole_payments_go_through_a_pooler(url):
    """More clients than connections, each for long enough that a driver would prepare its statements."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda number: payments(url, number), range(CLIENTS)))
    with Journal.open(url) as journal, journal.reading() as tx:
        assert [] == list(broken_histories(tx.connection))
        paid = [tally.orders for key, tally in tx.tallies.totals().items() if key.state == "paid"]
        assert [15 * CLIENTS] == paid


def test_every_transaction_has_its_bounds_and_no_other_program_has_them(url):
    """They are made in the transaction and end with it, whichever of the server's connections serves it."""
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as other, Journal.open(url) as journal:
        theirs = [other.execute(f"SHOW {name}").fetchone()[0] for name in SETTINGS]
        for _ in range(3):
            with journal.writing() as tx:
                assert SETTINGS == settings_in(tx.connection)
            with journal.reading() as tx:
                assert SETTINGS == settings_in(tx.connection)
                assert (
                    "repeatable read"
                    == tx.connection.exec_driver_sql("SHOW transaction_isolation").scalar_one()
                )
        for _ in range(3 * SERVER_CONNECTIONS):
            assert theirs == [other.execute(f"SHOW {name}").fetchone()[0] for name in SETTINGS]
        assert set(theirs) != set(SETTINGS.values())


def test_a_bound_ends_what_takes_too_long(url, monkeypatch):
    """As it does without a pooler."""
    monkeypatch.setitem(SETTINGS, "statement_timeout", "50ms")
    with Journal.open(url) as journal, pytest.raises(JournalError), journal.writing() as tx:
        tx.connection.exec_driver_sql("SELECT pg_sleep(1)")


def wait_for(url):
    """Wait until the pooler has noticed that its connections were ended: until then it lends them."""
    for _ in range(100):
        try:
            with psycopg.connect(url, prepare_threshold=None) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the pooler never came to itself")


def test_what_the_role_has_is_not_sent_again(url, direct):
    """Given to the database by its owner, the bounds cost no journey in each transaction."""
    name = direct.split("/")[3].split("?")[0]
    with psycopg.connect(direct, autocommit=True) as owner:
        for setting, value in SETTINGS.items():
            owner.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")
        # The pooler's own connections are from before.
        owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )
    wait_for(url)
    with Journal.open(url) as journal, journal.writing() as tx:
        assert SETTINGS == settings_in(tx.connection)
        assert [] == [key for key in tx.connection.connection.info if "settings" in str(key)]


def test_nothing_is_prepared(url, direct):
    """A prepared statement would be on a connection that somebody else has by then."""
    with Journal.open(url) as journal:
        for _ in range(20):
            with journal.reading() as tx:
                tx.rejections.counts()
        with journal.reading() as tx:
            assert tx.connection.connection.dbapi_connection.prepare_threshold is None
            assert (
                0 == tx.connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar_one()
            )
    with Journal.open(direct) as journal, journal.reading() as tx:
        assert tx.connection.connection.dbapi_connection.prepare_threshold is not None


def test_the_operators_commands_go_through_a_pooler(url):
    """Looking, purging and upgrading."""
    for command in (["upgrade"], ["purge"], ["upgrade", "--sql"]):
        assert 0 == CliRunner().invoke(rak_billing, ["db", *command, "--database", url]).exit_code
    shown = CliRunner().invoke(rak_billing, ["db", "check", "--database", url]).output
    assert f"✓ Délais : lock_timeout={SETTINGS['lock_timeout']}" in shown
