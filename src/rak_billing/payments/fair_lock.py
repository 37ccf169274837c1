"""
A lock among threads that are let in as they came.

Python's own lock may be taken again by the thread that just gave it back, before the one that was woken for it runs. Where
the processor is busy, somebody can wait so for as long as others keep coming. Here whoever gives the lock back hands it over.
"""

from collections import deque
from threading import Lock


class FairLock:
    """A lock whose waiters form a line."""

    def __init__(self) -> None:
        self._state = Lock()
        self._is_taken = False
        # One for each that waits: locked until it is its turn.
        self._line: deque[Lock] = deque()

    def acquire(self, seconds: float) -> bool:
        """Wait for the lock, so long at most; tell whether it is the caller's."""
        with self._state:
            if not self._is_taken:
                self._is_taken = True
                return True
            turn = Lock()
            turn.acquire()
            self._line.append(turn)
        try:
            has_come = turn.acquire(timeout=max(0.0, seconds))
        except BaseException:
            if not self._leaves(turn):
                self.release()
            raise
        # At the last moment it may have come all the same.
        return has_come or not self._leaves(turn)

    def release(self) -> None:
        """Hand the lock over to who has waited for the longest time."""
        with self._state:
            if self._line:
                self._line.popleft().release()
            else:
                self._is_taken = False

    def _leaves(self, turn: Lock) -> bool:
        """Leave the line; False where the lock was handed over already."""
        with self._state:
            if turn not in self._line:
                return False
            self._line.remove(turn)
            return True
