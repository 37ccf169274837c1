"""
A billing system in one SQLite file: bills, and the payments posted on them.

The demo's, and enough for an operator whose back end exports bills and collects payments. One unique key is the
exactly-once: an entry and the mark on its invoices are written in one transaction, or not at all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from os import PathLike, fspath
from typing import Final

from rak_billing.billing_posting import Posted, Posting, PostingAnswer
from rak_billing.billing_systems.bill_rows import invoice_of, row_of
from rak_billing.billing_systems.judging import judge_new, judge_repeat
from rak_billing.errors import BillingUnavailableError, PostingNotSentError, PostingUnknownError
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.invoices import Account, Statement

__all__ = ["SqliteBilling"]

#: For how long a busy file is waited for.
_PATIENCE: Final = 10.0
#: Each commit is on the disk before it is answered.
_SYNC: Final = "FULL"
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS customers (customer_ref TEXT PRIMARY KEY, name TEXT NOT NULL, address TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS postings (
    key TEXT PRIMARY KEY, entry INTEGER NOT NULL UNIQUE, digest TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS invoices (
    reference TEXT PRIMARY KEY, customer_ref TEXT NOT NULL REFERENCES customers, place INTEGER NOT NULL,
    body TEXT NOT NULL, posting_key TEXT REFERENCES postings
);
CREATE INDEX IF NOT EXISTS invoices_of_customer ON invoices (customer_ref, place);
"""


class SqliteBilling:
    """
    Bills and payments in one file. Share one between threads and processes: each call opens the file anew.

    A `rak_billing.ports.BillingSystem` and a `rak_billing.ports.PostingReceiver` of the way
    `rak_billing.exactly_once.ExactlyOnce.KEY`.

    Args:
        path: The file; it and its tables are made where they are missing.

    Raises:
        BillingUnavailableError: The file cannot be opened, or is none of SQLite's.
    """

    exactly_once: Final = ExactlyOnce.KEY

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = fspath(path)
        with self._reading() as connection:
            connection.executescript(_TABLES)

    def load(self, statements: Iterable[Statement]) -> int:
        """
        Add the bills of *statements*, all in one transaction, and return how many invoices were new.

        An invoice that is known already stays as it is, paid or not, so that loading a file twice changes nothing. A later
        export of the back end, in which bills have changed or gone, is taken in by `replace`.

        Raises:
            BillingUnavailableError: They could not be written; none of them was.
        """
        with self._writing() as connection:
            return sum(_add(connection, statement) for statement in statements)

    def replace(self, statements: Iterable[Statement]) -> None:
        """
        Take in an export, in one transaction: from now on the bills of *statements* are all that is owed.

        New bills are added, changed ones changed, and what the export has no more, since it was paid at the counter or
        cancelled, is not owed any more. What was posted here stays posted, whether the export knows it yet or not.

        Raises:
            BillingUnavailableError: They could not be written; what was owed before is owed still.
        """
        with self._writing() as connection:
            connection.execute("DELETE FROM invoices WHERE posting_key IS NULL")
            for statement in statements:
                _add(connection, statement)

    def statement(self, customer_ref: str) -> Statement | None:
        """
        Return the client's account and unpaid invoices, or None when the reference is unknown.

        Raises:
            BillingUnavailableError: The file could not be read.
        """
        with self._reading() as connection:
            return _statement(connection, customer_ref)

    def post(self, posting: Posting) -> PostingAnswer:
        """
        Write *posting* and settle its invoices, in one transaction, unless its key is there.

        Raises:
            PostingNotSentError: Nothing was written: the file is busy, full, or cannot be opened.
            PostingUnknownError: It failed while committing.
        """
        try:
            connection = self._open()
        except sqlite3.Error as error:
            raise PostingNotSentError(posting.key, f"the file cannot be opened: {error}") from None
        with closing(connection):
            try:
                # Takes the file for writing at once: what is read below stays true until the commit.
                connection.execute("BEGIN IMMEDIATE")
                answer = _post(connection, posting)
            except sqlite3.Error as error:
                raise PostingNotSentError(posting.key, f"nothing was written: {error}") from None
            try:
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise PostingUnknownError(posting.key, f"failed while committing: {error}") from None
            return answer

    def postings(self) -> tuple[dict[str, object], ...]:
        """
        Return what was posted, in order, as `rak_billing.billing_posting.Posting.to_dict` gave it.

        Raises:
            BillingUnavailableError: The file could not be read.
        """
        with self._reading() as connection:
            rows = connection.execute("SELECT body FROM postings ORDER BY entry").fetchall()
        return tuple(json.loads(body) for (body,) in rows)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Keep all that is written within, or nothing of it: by an error the connection is closed without a commit."""
        with self._reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._open()) as connection:
                yield connection
        except sqlite3.Error as error:
            raise BillingUnavailableError(f"the file of the bills cannot be used: {error}") from None

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)
        connection.execute(f"PRAGMA synchronous={_SYNC}")
        return connection

    def __repr__(self) -> str:
        return f"SqliteBilling({self._path!r})"


def _add(connection: sqlite3.Connection, statement: Statement) -> int:
    account = statement.account
    connection.execute(
        "INSERT INTO customers VALUES (?, ?, ?) "
        "ON CONFLICT (customer_ref) DO UPDATE SET name = excluded.name, address = excluded.address",
        (account.customer_ref, account.name, account.address),
    )
    return sum(
        connection.execute(
            "INSERT OR IGNORE INTO invoices VALUES (?, ?, ?, ?, NULL)",
            (invoice.reference, account.customer_ref, place, json.dumps(row_of(invoice))),
        ).rowcount
        for place, invoice in enumerate(statement.invoices)
    )


def _statement(connection: sqlite3.Connection, customer_ref: str) -> Statement | None:
    found = connection.execute(
        "SELECT name, address FROM customers WHERE customer_ref = ?", (customer_ref,)
    ).fetchone()
    if found is None:
        return None
    rows = connection.execute(
        "SELECT body FROM invoices WHERE customer_ref = ? AND posting_key IS NULL ORDER BY place",
        (customer_ref,),
    ).fetchall()
    return Statement(Account(customer_ref, *found), [invoice_of(json.loads(body)) for (body,) in rows])


def _post(connection: sqlite3.Connection, posting: Posting) -> PostingAnswer:
    known = connection.execute("SELECT digest, entry FROM postings WHERE key = ?", (posting.key,)).fetchone()
    if known is not None:
        return judge_repeat(posting, known[0], str(known[1]))
    settled = connection.execute(
        "SELECT reference FROM invoices WHERE customer_ref = ? AND posting_key IS NOT NULL",
        (posting.customer_ref,),
    ).fetchall()
    refused = judge_new(
        posting, _statement(connection, posting.customer_ref), frozenset(row[0] for row in settled)
    )
    if refused is not None:
        return refused
    (entry,) = connection.execute(
        "INSERT INTO postings SELECT ?, COALESCE(MAX(entry), 0) + 1, ?, ? FROM postings RETURNING entry",
        (posting.key, posting.digest, json.dumps(posting.to_dict())),
    ).fetchone()
    connection.executemany(
        "UPDATE invoices SET posting_key = ? WHERE reference = ?",
        [(posting.key, paid.reference) for paid in posting.invoices],
    )
    return Posted(str(entry))
