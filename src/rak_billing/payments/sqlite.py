"""
SQLite, set up so that what was committed stays committed.

Write-ahead log with ``synchronous=FULL``: a payment that was acknowledged survives a power cut (``NORMAL`` may lose
the last commits). Every transaction begins with ``BEGIN IMMEDIATE`` unless it says that it only reads: a transaction
that begins as a reader and then writes is refused at once when another wrote in between, however long the timeout.
No memory map, for a reported corruption with several writing connections. The file belongs on a local disk.

A connection belongs to the process that opened it, and so do SQLite's notes of who holds which lock. A child that is forked
while its parent has the file open inherits notes of locks that only the parent holds: when the parent then closes, it
takes itself for the last user and deletes the log, with what the child committed to it. So idle connections are closed before a
fork, and a child that was forked in the middle of a transaction is refused.
"""

import logging
import os
import sqlite3
from contextlib import suppress
from typing import Any, Final
from weakref import WeakSet, ref

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool

from rak_billing.errors import JournalError
from rak_billing.payments.driver import begin
from rak_billing.payments.local_disk import check_local
from rak_billing.payments.sqlite_versions import may_damage_the_log
from rak_billing.payments.writer_gate import WriterGate, guard_writers

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
_OLD: Final = (
    "SQLite %s has a rare fault that can damage its write-ahead log, mended in 3.51.3, 3.50.7 and 3.44.6; "
    "writers queue at a gate, which keeps clear of it: %s"
)

_log = logging.getLogger(__name__)


def create_sqlite_engine(url: URL, *, writer_gate: bool = True) -> Engine:
    """
    Return an engine with the settings above; an in-memory database lives as long as the engine.

    Args:
        url: Of the database.

        writer_gate: Whether writers queue at a file beside the database.

    Raises:
        JournalSettingError: The file lies on a network's file system.
    """
    in_memory = url.database in {None, "", ":memory:"}
    file = file_of(url)
    if file is not None:
        check_local(file)
        if may_damage_the_log(sqlite3.sqlite_version_info):
            _log.warning(_OLD, sqlite3.sqlite_version, writer_gate)
    engine = create_engine(
        url,
        # A second connection to an in-memory database would see an empty one.
        poolclass=QueuePool,
        pool_size=1 if in_memory else 8,
        max_overflow=0 if in_memory else 24,
        pool_timeout=_WAIT_SECONDS,
        connect_args={"check_same_thread": False, "timeout": _WAIT_SECONDS, "factory": _Connection},
        # Errors name the statement, never the customer's data in it.
        hide_parameters=True,
    )
    event.listen(engine, "connect", _set_up)
    if writer_gate and file is not None:
        guard_writers(engine, WriterGate(f"{file}-gate"), read_only=READ_ONLY)
    event.listen(engine, "begin", _begin)
    if not in_memory:
        _keep_to_one_process(engine)
    return engine


def file_of(url: URL) -> str | None:
    """Return the path of the database's file; None for one in memory, or by a URI of SQLite's own."""
    database = url.database
    return None if not database or database.startswith((":", "file:")) else database


def create_private_file(url: URL) -> None:
    """
    Create the database's file, where there is none, for its owner alone; SQLite gives its log the same mode.

    What cannot be created is left to SQLite to complain about.
    """
    if (file := file_of(url)) is not None:
        with suppress(OSError):
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


class _Connection(sqlite3.Connection):
    """One that can be referred to weakly."""


class _OneProcess:
    """Knows which process uses an engine, and what that process has open."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._opened: WeakSet[sqlite3.Connection] = WeakSet()

    def before_connect(self, *_: object) -> None:
        """Let a forked child open its own connections if it inherited none."""
        if self._process != os.getpid():
            self._refuse_inherited(self._opened)
            self._process = os.getpid()

    def opened(self, connection: sqlite3.Connection, _record: object) -> None:
        self._opened.add(connection)

    def closed(self, connection: sqlite3.Connection, _record: object) -> None:
        self._opened.discard(connection)

    def before_use(self, *_: object) -> None:
        """Never hand out a connection of another process, whatever way the fork was made."""
        self._refuse_inherited(self._process != os.getpid())

    @staticmethod
    def _refuse_inherited(inherited: object) -> None:
        if inherited:
            raise JournalError(
                "this process was forked while the journal was in use: open the journal in the child instead"
            )


def _keep_to_one_process(engine: Engine) -> None:
    process, weakly = _OneProcess(), ref(engine)
    event.listen(engine, "do_connect", process.before_connect)
    event.listen(engine, "connect", process.opened)
    event.listen(engine, "close", process.closed)
    event.listen(engine, "checkout", process.before_use)

    def close_idle() -> None:
        if (alive := weakly()) is not None:
            alive.dispose()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=close_idle)


def _set_up(connection: sqlite3.Connection, record: Any) -> None:
    # The driver's own idea of when to begin a transaction is switched off; `_begin` decides.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    begin(connection, "BEGIN" if read_only else "BEGIN IMMEDIATE")
