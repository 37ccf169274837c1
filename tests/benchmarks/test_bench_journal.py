"""
Durable callbacks a second, as a ratio to bare durable transactions of two statements on the same database.

Everything that an approved callback writes is counted: the callback, states, history, lock, receipt number, receipt and
outbox entry, in one transaction. Figures in seconds depend on the disk; the ratio does so less.
"""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import count
from threading import local
from time import perf_counter

import psycopg
import pytest

from cmi_gateway import Money
from rak_billing import Invoice, Journal
from support.callbacks import approved
from support.checkout_kit import Till
from support.place import PostgresPlace, SqlitePlace
from support.postgres_kit import running_postgres

CALLBACKS = 96
_CREATE = (
    "CREATE TABLE bare (id TEXT PRIMARY KEY, body TEXT)",
    "CREATE TABLE sums (id TEXT PRIMARY KEY, n BIGINT)",
)


@pytest.fixture(scope="module")
def careful_postgres():
    """A server that waits for its disk, unlike that of the tests."""
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def durable_place(request, tmp_path):
    """A place where what is committed is on disk."""
    if request.param == "sqlite":
        yield SqlitePlace(tmp_path)
        return
    place = PostgresPlace(request.getfixturevalue("careful_postgres"))
    yield place
    place.drop()


class Bare:
    """Two statements in a transaction, by the driver alone, on one connection a thread."""

    def __init__(self, place):
        self._place, self._mine, self._numbers, self._opened = place, local(), count(), []
        connection = self._connect()
        for statement in _CREATE:
            connection.execute(statement)
        for number in range(16):
            connection.execute(f"INSERT INTO sums VALUES ('{number}', 0)")
        connection.commit()
        connection.close()

    def _connect(self):
        if self._place.dialect == "postgresql":
            return psycopg.connect(self._place.url)
        path = self._place.url.removeprefix("sqlite:///")
        connection = sqlite3.connect(path, isolation_level="IMMEDIATE", timeout=60, check_same_thread=False)
        connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 60000"
        )
        return connection

    def __call__(self, number):
        if not hasattr(self._mine, "connection"):
            self._mine.connection = self._connect()
            self._opened.append(self._mine.connection)
        with (
            self._mine.connection.cursor()
            if self._place.dialect == "postgresql"
            else _Plain(self._mine) as cursor
        ):
            cursor.execute(f"INSERT INTO bare VALUES ('{next(self._numbers)}', '{'x' * 1300}')")
            cursor.execute(f"UPDATE sums SET n = n + 1 WHERE id = '{number % 16}'")
        self._mine.connection.commit()

    def close(self):
        for connection in self._opened:
            connection.close()


class _Plain:
    def __init__(self, mine):
        self._connection = mine.connection

    def __enter__(self):
        return self._connection

    def __exit__(self, *_):
        return None


def a_second(work, items, threads):
    """Do *work* with each of *items* on that many threads, and give how many were done a second."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: None, range(threads)))
        start = perf_counter()
        list(pool.map(work, items))
        return len(items) / (perf_counter() - start)


@pytest.mark.parametrize("connections", [1, 4, 16])
def test_durable_callbacks(benchmark, measured, durable_place, connections):
    """Each of many customers pays a bill; every callback is answered ACTION=POSTAUTH and kept."""
    name = f"callbacks a second over bare transactions, {durable_place.dialect}, {connections} connections"
    bills = [
        Invoice(f"{1000 + n}", "ELECTRICITE", date(2018, 1, 1), date(2018, 2, 14), Money(11302))
        for n in range(CALLBACKS)
    ]
    with Journal.open(durable_place.url) as journal:
        shop = Till(journal)
        shop.bills.invoices = bills
        total = shop.total(bills[0])
        bodies = [approved(shop.pay(bill, accepted=total)) for bill in bills]
        bare = Bare(durable_place)
        rates = {"bare": a_second(bare, range(2 * CALLBACKS), connections)}
        bare.close()

        def settle_all():
            rates["ours"] = a_second(shop.settle, bodies, connections)

        benchmark.pedantic(settle_all, rounds=1)
        assert CALLBACKS == len(shop.rows("receipts"))
    measured(f"durable {name}", rates["ours"], aim="depends on the disk")
    measured(f"ratio of {name}", rates["ours"] / rates["bare"], aim="above 0.5")
