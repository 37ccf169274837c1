"""
SQLite, set up so that what was committed stays committed.

Write-ahead log with ``synchronous=FULL``: a payment that was acknowledged survives a power cut (``NORMAL`` may lose
the last commits). Every transaction begins with ``BEGIN IMMEDIATE`` unless it says that it only reads: a transaction
that begins as a reader and then writes is refused at once when another wrote in between, however long the timeout.
No memory map, for a reported corruption with several writing connections. The file belongs on a local disk.
"""

import sqlite3
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool

#: Execution option of a connection that only reads: it neither waits for writers nor holds them up.
READ_ONLY: Final = "journal_read_only"

_PRAGMAS: Final = (
    "busy_timeout = 30000",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "trusted_schema = OFF",
    "mmap_size = 0",
    "journal_size_limit = 67108864",
)
_WAIT_SECONDS: Final = 30


def create_sqlite_engine(url: URL) -> Engine:
    """Return an engine with the settings above; an in-memory database lives as long as the engine."""
    in_memory = url.database in {None, "", ":memory:"}
    engine = create_engine(
        url,
        # A second connection to an in-memory database would see an empty one.
        poolclass=QueuePool,
        pool_size=1 if in_memory else 8,
        max_overflow=0 if in_memory else 24,
        pool_timeout=_WAIT_SECONDS,
        connect_args={"check_same_thread": False, "timeout": _WAIT_SECONDS},
        # Errors name the statement, never the customer's data in it.
        hide_parameters=True,
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: sqlite3.Connection, record: Any) -> None:
    # The driver's own idea of when to begin a transaction is switched off; `_begin` decides.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
