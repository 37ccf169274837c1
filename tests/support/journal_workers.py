"""Processes that settle callbacks or run bare transactions, as the workers of a deployment do: one connection each."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from time import perf_counter, process_time
from typing import Any

import attrs
import psycopg

from rak_billing.payments.journal import Journal
from support.checkout_kit import Till

_CREATE = (
    "CREATE TABLE bare (id TEXT PRIMARY KEY, body TEXT)",
    "CREATE TABLE sums (id TEXT PRIMARY KEY, n BIGINT)",
)
_ROWS = 64
_BODY = "x" * 1300


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
        doers = {"ours": Till(journal).checkout.settle, "bare": Bare(url, number)}
        pipe.send(None)
        while (task := pipe.recv()) is not None:
            kind, items = task
            before = process_time()
            for item in items:
                doers[kind](item)
            pipe.send(process_time() - before)


class Workers:
    """The processes of one place."""

    def __init__(self, pipes: Sequence[Any]) -> None:
        self._pipes = pipes

    def round(self, kind: str, items: Sequence[Any]) -> Round:
        """Have *items* worked off, each process its share at once."""
        start = perf_counter()
        for number, pipe in enumerate(self._pipes):
            pipe.send((kind, items[number :: len(self._pipes)]))
        busy = sum(pipe.recv() for pipe in self._pipes)
        return Round(perf_counter() - start, busy)


@contextmanager
def working(url: str, processes: int) -> Iterator[Workers]:
    """Start that many processes on the journal at *url*, and end them."""
    context = multiprocessing.get_context("spawn")
    pairs = [context.Pipe() for _ in range(processes)]
    started = [
        context.Process(target=_work, args=(theirs, url, number), daemon=True)
        for number, (_, theirs) in enumerate(pairs)
    ]
    for process in started:
        process.start()
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
