"""
Billing systems that outlive whoever posts to them, one for each way of being exactly-once.

Three of them are the package's own. The others take whatever they are told as often as they are told, so that nothing but
the declared way keeps an entry from being there twice.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Connection

from rak_billing import durable_file
from rak_billing.billing_posting import Posted, Posting
from rak_billing.billing_systems import sqlite
from rak_billing.billing_systems.posting_folder import PostingFolder
from rak_billing.billing_systems.same_database import SameDatabaseBilling
from rak_billing.billing_systems.sqlite import SqliteBilling
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.payments.journal import Journal
from support.kills.points import Points

#: Beside the journal's tables, without any key.
LEDGER = "CREATE TABLE IF NOT EXISTS ledger (body TEXT NOT NULL)"
#: What an entry says: key, receipt number, and centimes by invoice.
Entry: TypeAlias = list[Any]


class Ledger:
    """Books in a file of their own, which take what they are told, as often as they are told."""

    final_after = timedelta(minutes=10)

    def __init__(self, path: Path, way: ExactlyOnce) -> None:
        self._path, self.exactly_once = path, way

    def post(self, posting: Posting) -> Posted:
        """Add an entry."""
        with closing(sqlite3.connect(self._path, isolation_level=None)) as books:
            books.execute("BEGIN IMMEDIATE")
            books.execute(LEDGER)
            books.execute("INSERT INTO ledger VALUES (?)", (json.dumps(posting.to_dict()),))
            books.execute("COMMIT")
        return Posted()

    def find_posting(self, posting: Posting) -> Posted | None:
        """Look for an entry by its key."""
        return Posted() if any(entry["key"] == posting.key for entry in self.postings()) else None

    def postings(self) -> list[dict[str, Any]]:
        """Give all entries."""
        with closing(sqlite3.connect(self._path)) as books:
            books.execute(LEDGER)
            return [json.loads(body) for (body,) in books.execute("SELECT body FROM ledger")]


class LedgerBeside(SameDatabaseBilling):
    """The package's adapter, and a table of the journal's database that takes what it is told."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal, read=lambda _connection, _customer: None, write=_enter)
        self._engine = journal.engine

    def create_tables(self) -> None:
        """Make the tables that are missing."""
        self.create_table()
        with self._engine.begin() as connection:
            connection.exec_driver_sql(LEDGER)

    def postings(self) -> list[dict[str, Any]]:
        """Give all entries."""
        with self._engine.connect() as connection:
            bodies = connection.exec_driver_sql("SELECT body FROM ledger").scalars().all()
        return [json.loads(body) for body in bodies]


def _enter(connection: Connection, posting: Posting) -> str:
    body = json.dumps(posting.to_dict()).replace("'", "''")
    connection.exec_driver_sql(f"INSERT INTO ledger VALUES ('{body}')")
    return posting.receipt_number


class CollectedFolder(PostingFolder):
    """The package's folder, and the back end that collects from it."""

    def postings(self) -> list[dict[str, Any]]:
        """Read what has a manifest that agrees, as `rak_billing.billing_systems.posting_folder` asks of a reader."""
        return [_collected(manifest) for manifest in sorted(self.folder.glob("*.manifest"))]


def _collected(manifest: Path) -> dict[str, Any]:
    facts = json.loads(manifest.read_text())
    content = (manifest.parent / facts["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == facts["sha256"]
    rows = list(csv.DictReader(content.decode().splitlines(), delimiter=";"))
    invoices = [[row["invoice"], int(row["centimes"])] for row in rows]
    return {"key": rows[0]["key"], "receipt_number": rows[0]["receipt_number"], "invoices": invoices}


def _own(way: ExactlyOnce) -> Any:
    return lambda folder, _journal: Ledger(folder / "ledger.db", way)


_OF_LEDGER: tuple[Any, ...] = (Ledger.post, Ledger.find_posting)
#: By its name: how the books are opened, and what of them touches the world, in whose lines the process can die.
BOOKS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "key": (
        lambda folder, _journal: SqliteBilling(folder / "bills.db"),
        (SqliteBilling.post, sqlite._post),
    ),
    "search": (_own(ExactlyOnce.SEARCH), _OF_LEDGER),
    "park": (_own(ExactlyOnce.PARK), _OF_LEDGER),
    "file": (
        lambda folder, _journal: CollectedFolder(folder / "postings"),
        (PostingFolder._write, durable_file.write_whole, durable_file._flush_folder),
    ),
    "same-transaction": (
        lambda _folder, journal: LedgerBeside(journal),
        (SameDatabaseBilling.post_within, _enter),
    ),
    # No way at all: books that do not know a repeat, and say that they do.
    "lie": (_own(ExactlyOnce.KEY), _OF_LEDGER),
}
WAYS = ("key", "search", "park", "file", "same-transaction")


class WatchedBooks:
    """Books in whose lines the process can die."""

    def __init__(self, name: str, folder: Path, journal: Journal, points: Points) -> None:
        make, self._functions = BOOKS[name]
        self._books, self._points = make(folder, journal), points
        self.exactly_once: ExactlyOnce = self._books.exactly_once
        self.final_after = getattr(self._books, "final_after", timedelta())

    def post(self, posting: Posting) -> Any:
        """Post, and perhaps die."""
        with self._points.lines(*self._functions):
            return self._books.post(posting)

    def post_within(self, connection: Connection, posting: Posting) -> Any:
        """Post in the worker's transaction, and perhaps die."""
        with self._points.lines(*self._functions):
            return self._books.post_within(connection, posting)

    def find_posting(self, posting: Posting) -> Any:
        """Search, and perhaps die."""
        with self._points.lines(*self._functions):
            return self._books.find_posting(posting)

    def statement(self, _customer_ref: str) -> None:
        """Nobody starts a payment here."""

    def entries(self) -> list[Entry]:
        """Give what the books say."""
        return [[e["key"], e["receipt_number"], e["invoices"]] for e in self._books.postings()]
