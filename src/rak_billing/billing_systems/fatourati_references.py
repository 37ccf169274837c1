"""
Which payment of Fatourati's belongs to which posting of ours, remembered before it is confirmed.

A look-up opens a payment and names it; only a repeat under the same name can be recognised as one. So the whole
request is kept under our key before it is sent for the first time, and every later try sends that one again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from os import PathLike, fspath
from typing import Final

import attrs

from rak_billing.errors import BillingUnavailableError

__all__ = ["KeptRequest", "KeptRequests"]

_PATIENCE: Final = 10.0
#: Each commit is on the disk before it is answered.
_SYNC: Final = "FULL"


@attrs.frozen
class KeptRequest:
    """
    What is sent for one posting, however often.

    Attributes:
        digest: Of the posting that it was made for.
        request: The document.
    """

    digest: str
    request: str = attrs.field(repr=False)


class KeptRequests:
    """
    The requests in one SQLite file; safe to share between threads and processes.

    Args:
        path: The file, made where it is missing.

    Raises:
        BillingUnavailableError: The file cannot be used; so do the methods.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = fspath(path)
        with self._file() as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS requests "
                "(key TEXT PRIMARY KEY, digest TEXT NOT NULL, request TEXT NOT NULL)"
            )

    def of(self, key: str) -> KeptRequest | None:
        """Return what is kept under *key*."""
        with self._file() as connection:
            row = connection.execute("SELECT digest, request FROM requests WHERE key = ?", (key,)).fetchone()
        return None if row is None else KeptRequest(*row)

    def keep(self, key: str, kept: KeptRequest) -> KeptRequest:
        """Keep *kept*, unless another one came first; return the one that is kept."""
        with self._file() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO requests VALUES (?, ?, ?)", (key, kept.digest, kept.request)
            )
            row = connection.execute("SELECT digest, request FROM requests WHERE key = ?", (key,)).fetchone()
        return KeptRequest(*row)

    @contextmanager
    def _file(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)) as connection:
                connection.execute(f"PRAGMA synchronous={_SYNC}")
                yield connection
        except sqlite3.Error as error:
            raise BillingUnavailableError(f"the file of kept requests cannot be used: {error}") from None
