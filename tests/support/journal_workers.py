"""Processes that settle callbacks or run bare transactions, as the workers of a deployment do: one connection each."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import count
from random import Random
from time import perf_counter, process_time
from typing import Any

import attrs
import psycopg

from cmi_gateway import Money
from rak_billing.invoices import Invoice
from rak_billing.payments.journal import Journal
from support.callbacks import approved
from support.checkout_kit import Till
from support.gateway_kit import MERCHANT

_CREATE = (
    "CREATE TABLE bare (id TEXT PRIMARY KEY, body TEXT)",
    "CREATE TABLE sums (id TEXT PRIMARY KEY, n BIGINT)",
)
_ROWS = 64
_BODY = "x" * 1300

#: How a checkout confirms payments: what that means for a callback. With "later" it does what it does with "gateway".
WAYS = {
    "later": "accepted, to be confirmed by the gateway",
    "callback": "confirmed by the callback alone",
}


@attrs.frozen
class Round:
    """What a round of work took: seconds from its start to its end, and seconds of the processors of all workers."""

    seconds: float
    busy: float


class Bare:
    """Two statements in a transaction, by the driver alone."""

    def __init__(self, url: str, number: int) -> None:
        self._is_postgresql = url.startswith("postgresql")
        self._connection: Any = psycopg.connect(url) if self._is_postgresql else _sqlite(url)
        self._ids, self._prefix = count(), number

    def __call__(self, number: int) -> None:
        cursor = self._connection.cursor()
        sign = "%s" if self._is_postgresql else "?"
        cursor.execute(
            f"INSERT INTO bare VALUES ({sign}, {sign})", (f"{self._prefix}-{next(self._ids)}", _BODY)
        )
        cursor.execute(f"UPDATE sums SET n = n + 1 WHERE id = {sign}", (str(number % _ROWS),))
        self._connection.commit()
        cursor.close()


class Verifying:
    """A bare transaction behind a verified signature: more than this no journal can reach, whatever it writes."""

    def __init__(self, bare: Bare) -> None:
        self._bare, self._rows = bare, count()

    def __call__(self, raw: bytes) -> None:
        MERCHANT.verify(raw)
        self._bare(next(self._rows))


def _sqlite(url: str) -> sqlite3.Connection:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level="IMMEDIATE", timeout=60)
    connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
    return connection


def create_bare(url: str) -> None:
    """Create the tables of the bare transactions."""
    connection: Any = psycopg.connect(url) if url.startswith("postgresql") else _sqlite(url)
    for statement in _CREATE:
        connection.execute(statement)
    for number in range(_ROWS):
        connection.execute(f"INSERT INTO sums VALUES ('{number}', 0)")
    connection.commit()
    connection.close()


def _work(pipe: Any, url: str, number: int) -> None:
    with Journal.open(url) as journal:
        tills = [Till(journal, confirm=way, random_token=Random(number).randbytes) for way in WAYS]
        doers = {way: till.checkout.settle for way, till in zip(WAYS, tills, strict=True)}
        bare = Bare(url, number)
        doers |= {"start": _Starting(tills[0], number), "bare": bare, "verified": Verifying(bare)}
        pipe.send(None)
        while (task := pipe.recv()) is not None:
            kind, items = task
            before = process_time()
            done = [doers[kind](item) for item in items]
            pipe.send((process_time() - before, done if kind == "start" else None))


class _Starting:
    """Starts payments of invoices that no other process has, and gives the callbacks that approve them."""

    def __init__(self, till: Till, number: int) -> None:
        self._till, self._number, self._ids = till, number, count(1)
        self._total: Any = None

    def __call__(self, _: object) -> bytes:
        reference = f"{self._number}{next(self._ids):06d}"
        bill = Invoice(reference, "ELECTRICITE", date(2018, 1, 1), date(2018, 2, 14), Money(11302))
        self._till.bills.invoices = [bill]
        self._total = self._total or self._till.total(bill)
        form = self._till.pay(bill, accepted=self._total)
        return approved(form, TransId=f"18253Kw4H{reference}", rnd=f"{reference:0>20}")


class Workers:
    """The processes of one place."""

    def __init__(self, pipes: Sequence[Any]) -> None:
        self._pipes = pipes

    def start(self, number: int) -> list[bytes]:
        """Start that many payments, and give the callbacks that approve them."""
        return [body for _, bodies in self._share("start", range(number)) for body in bodies]

    def round(self, kind: str, items: Sequence[Any]) -> Round:
        """Have *items* worked off, each process its share at once."""
        start = perf_counter()
        busy = sum(busy for busy, _ in self._share(kind, items))
        return Round(perf_counter() - start, busy)

    def _share(self, kind: str, items: Sequence[Any]) -> list[Any]:
        for number, pipe in enumerate(self._pipes):
            pipe.send((kind, items[number :: len(self._pipes)]))
        return [pipe.recv() for pipe in self._pipes]


@contextmanager
def working(url: str, processes: int) -> Iterator[Workers]:
    """Start that many processes on the journal at *url*, and end them."""
    context = multiprocessing.get_context("spawn")
    pairs = [context.Pipe() for _ in range(processes)]
    started = [
        context.Process(target=_work, args=(theirs, url, number), daemon=True)
        for number, (_, theirs) in enumerate(pairs)
    ]
    for process, (_, theirs) in zip(started, pairs, strict=True):
        process.start()
        # Else nobody would hear of its death.
        theirs.close()
    ours = [mine for mine, _ in pairs]
    try:
        for pipe in ours:
            pipe.recv()
        yield Workers(ours)
    finally:
        for pipe in ours:
            pipe.send(None)
        for process in started:
            process.join(30)
