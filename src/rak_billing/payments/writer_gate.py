"""
One writer at a time, for SQLite.

Where many processes write without pause, SQLite lets some of them starve until they give up with "database is locked". A lock
on a file beside the database lets one in at a time, in the order of coming; a stuck holder ends in an error and not in waiting
for ever. It also keeps a checkpoint from running while another connection of ours writes, which is where versions before 3.51.3 can
damage the write-ahead log.

It is a guard on top of SQLite's own locks and never a substitute: a writer that does not know of it is still correct.
"""

import os
import time
from threading import get_ident
from typing import Any, Final

from sqlalchemy import Connection, Engine, event

from rak_billing.errors import JournalBusyError, JournalError, JournalSettingError
from rak_billing.payments.fair_lock import FairLock
from rak_billing.payments.file_lock import lock, unlock_and_close

_HELD: Final = "rak_billing.writer_gate"


class WriterGate:
    """
    A gate that one writer holds at a time, among all threads and processes that know its file.

    Args:
        path: Of the file beside the database; it is made where it is missing and stays empty.
        seconds: How long anybody waits for it.
    """

    def __init__(self, path: str, *, seconds: float = 30.0) -> None:
        self._path = path
        self._seconds = seconds
        self._here = FairLock()
        self._file: int | None = None
        self._holder: int | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._after_fork)

    def take(self) -> None:
        """
        Wait for the gate and hold it.

        Raises:
            JournalError: This thread holds it already.
            JournalBusyError: Others held it for too long.
            JournalSettingError: Its file cannot be used.
        """
        if self._holder == get_ident():
            raise JournalError(
                "this thread has a transaction open that may write: a second one would wait for the first for ever; "
                "do the work in the first, or end it before"
            )
        until = time.monotonic() + self._seconds
        if not self._here.acquire(self._seconds):
            raise self._busy()
        try:
            # Known before it is locked: a child that is forked meanwhile has a copy to close.
            self._file = self._opened()
            if not lock(self._file, until - time.monotonic()):
                raise self._busy()  # noqa: TRY301 - undone like whatever else goes wrong
        except BaseException:
            self._file = None
            self._here.release()
            raise
        self._holder = get_ident()

    def give(self) -> None:
        """Let the next one in."""
        file, self._file, self._holder = self._file, None, None
        if file is not None:
            unlock_and_close(file)
            self._here.release()

    def _opened(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise JournalSettingError(
                "gate", f"the file of the writers' gate cannot be opened: {type(error).__name__}"
            ) from error

    def _busy(self) -> JournalBusyError:
        return JournalBusyError(f"the journal is locked: other writers held it for {self._seconds:g} seconds")

    def _after_fork(self) -> None:
        # A child's copy would keep the lock when its parent is killed. To close is not to unlock.
        file, self._file, self._holder = self._file, None, None
        if file is not None:
            os.close(file)
        self._here = FairLock()


def guard_writers(engine: Engine, gate: WriterGate, *, read_only: str) -> None:
    """
    Have every transaction of *engine* that may write hold *gate* until its connection is back in the pool.

    Args:
        engine: Its own listeners to the beginning of a transaction must come after this.

        gate: The gate.

        read_only: The execution option of connections that only read.
    """

    def begin(connection: Connection) -> None:
        info = connection.connection.info
        if not connection.get_execution_options().get(read_only, False) and _HELD not in info:
            gate.take()
            info[_HELD] = True

    def leave(_connection: Any, record: Any, *_: object) -> None:
        if record.info.pop(_HELD, False):
            gate.give()

    event.listen(engine, "begin", begin)
    for end in ("checkin", "invalidate", "soft_invalidate"):
        event.listen(engine, end, leave)
