"""
One writer at a time, for SQLite.

Where many processes write without pause, SQLite lets some of them starve until they give up with "database is locked". A lock
on a file beside the database lets one in at a time. Who waits looks again every few milliseconds, so that a stuck holder ends
in an error and not in waiting for ever; that is no queue, and the order of coming is not kept. It also keeps a checkpoint from running
while another connection of ours writes, which is where versions before 3.51.3 can damage the write-ahead log.

It is a guard on top of SQLite's own locks and never a substitute: a writer that does not know of it is still correct.
"""

import os
import time
from threading import Lock, get_ident
from typing import Any, Final

from sqlalchemy import Connection, Engine, event

from rak_billing.errors import JournalBusyError, JournalError, JournalSettingError

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]
    import msvcrt

_HELD: Final = "rak_billing.writer_gate"
_SHORTEST_NAP: Final = 0.0005
_LONGEST_NAP: Final = 0.005


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
        self._here = Lock()
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
        if not self._here.acquire(timeout=self._seconds):
            raise self._busy()
        try:
            self._file = self._lock_file(until)
        except BaseException:
            self._here.release()
            raise
        self._holder = get_ident()

    def give(self) -> None:
        """Let the next one in."""
        file, self._file, self._holder = self._file, None, None
        if file is not None:
            _unlock(file)
            os.close(file)
            self._here.release()

    def _lock_file(self, until: float) -> int:
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise JournalSettingError(
                "gate", f"the file of the writers' gate cannot be opened: {type(error).__name__}"
            ) from error
        nap = _SHORTEST_NAP
        while not _try_lock(file):
            if time.monotonic() >= until:
                os.close(file)
                raise self._busy()
            time.sleep(nap)
            nap = min(2 * nap, _LONGEST_NAP)
        return file

    def _busy(self) -> JournalBusyError:
        return JournalBusyError(f"the journal is locked: other writers held it for {self._seconds:g} seconds")

    def _after_fork(self) -> None:
        # A child's copy would keep the lock when its parent is killed. To close is not to unlock.
        file, self._file, self._holder = self._file, None, None
        if file is not None:
            os.close(file)
        self._here = Lock()


def _try_lock(file: int) -> bool:
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:  # pragma: no cover - Windows
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True


def _unlock(file: int) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_UN)
    else:  # pragma: no cover - Windows
        os.lseek(file, 0, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)


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
