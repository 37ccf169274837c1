"""
A lock on a whole file, among processes: taken if it is free, or waited for in the system's own queue.

The system lets those that wait in one by one, in the order in which they came, and wakes nobody in vain; but it knows no limit
of time, and nothing can call a thread back that waits there. So a thread of its own waits. Who gives up leaves it behind:
when its turn comes, it passes the lock on at once.

Windows has no such queue: there one looks again every few milliseconds, and the order of coming is not kept.
"""

import os
import time
from contextlib import suppress
from threading import Lock, Thread
from typing import Final

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]
    import msvcrt

_SHORTEST_NAP: Final = 0.0005
_LONGEST_NAP: Final = 0.005


def lock(file: int, seconds: float) -> bool:
    """
    Lock an open file, waiting so long at most; tell whether it is locked.

    Where it is not, *file* is not the caller's any more: it is closed now, or when its turn has come.
    """
    if try_lock(file):
        return True
    if fcntl is not None:
        return _Turn(file).wait(seconds)
    return _locked_by_looking(file, seconds)  # pragma: no cover - Windows


def try_lock(file: int) -> bool:
    """Lock an open file if nobody else has; tell whether it is locked."""
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:  # pragma: no cover - Windows
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True


def unlock_and_close(file: int) -> None:
    """Let go of the lock, which to close does not where a child has a copy, and of the file."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_UN)
    else:  # pragma: no cover - Windows
        os.lseek(file, 0, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
    os.close(file)


class _Turn:
    """One wait in the queue."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._came = Lock()
        self._came.acquire()
        # Taken by the thread when the turn has come, or by the caller to give up: whoever is first.
        self._decided = Lock()

    def wait(self, seconds: float) -> bool:
        """Wait for the lock, and tell whether it came; else the file is left to the thread, or closed."""
        try:
            Thread(target=self._queue, name="rak_billing writers' gate", daemon=True).start()
        except RuntimeError:
            # This machine has no thread left; who waits for ever would be worse.
            os.close(self._file)
            return False
        try:
            has_come = self._came.acquire(timeout=max(0.0, seconds))
        except BaseException:
            if not self._is_left():
                unlock_and_close(self._file)
            raise
        # At the last moment it may have come all the same.
        if not has_come and self._is_left():
            return False
        # Asked again, since the queue itself may have failed.
        if try_lock(self._file):
            return True
        os.close(self._file)
        return False

    def _is_left(self) -> bool:
        return self._decided.acquire(blocking=False)

    def _queue(self) -> None:
        with suppress(OSError):
            fcntl.flock(self._file, fcntl.LOCK_EX)
        if self._decided.acquire(blocking=False):
            self._came.release()
        else:
            unlock_and_close(self._file)


def _locked_by_looking(file: int, seconds: float) -> bool:  # pragma: no cover - Windows
    until, nap = time.monotonic() + seconds, _SHORTEST_NAP
    while not try_lock(file):
        if time.monotonic() >= until:
            os.close(file)
            return False
        time.sleep(nap)
        nap = min(2 * nap, _LONGEST_NAP)
    return True
