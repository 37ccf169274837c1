"""The lock among threads: one at a time, in the order of coming."""

import time
from threading import Thread

from rak_billing.payments.fair_lock import FairLock

WAITERS = 8


def waiting(lock, number, what):
    """Start a thread that waits for the lock, and come back when it stands in the line."""
    thread = Thread(target=what)
    thread.start()
    while len(lock._line) < number:
        time.sleep(0.001)
    return thread


def test_who_came_first_is_let_in_first():
    """Whoever gives the lock back and wants it again at once stands behind those that wait."""
    lock, order = FairLock(), []
    assert lock.acquire(0)

    def enter(number):
        assert lock.acquire(30)
        order.append(number)
        lock.release()

    threads = [waiting(lock, number + 1, lambda number=number: enter(number)) for number in range(WAITERS)]
    lock.release()
    assert lock.acquire(30)
    order.append("again")
    lock.release()
    for thread in threads:
        thread.join(30)
    assert [*range(WAITERS), "again"] == order


def test_who_gives_up_leaves_the_line():
    """A turn that nobody waits for any more goes to the next one."""
    lock, came = FairLock(), []
    assert lock.acquire(0)
    assert not lock.acquire(0.01)
    assert not lock.acquire(-1)
    thread = waiting(lock, 1, lambda: came.append(lock.acquire(30)))
    lock.release()
    thread.join(30)
    assert [True] == came
    assert not lock.acquire(0)
    lock.release()
    assert lock.acquire(0)


def test_a_turn_that_comes_at_the_last_moment_counts():
    """Handed over while its waiter was giving up: it is the waiter's, and not lost."""

    class Late(FairLock):
        def _leaves(self, turn):
            self.release()
            return super()._leaves(turn)

    lock = Late()
    assert lock.acquire(0)
    assert lock.acquire(0.01)
    lock.release()
    assert lock.acquire(0)


def test_whoever_is_interrupted_while_waiting_leaves_the_line(monkeypatch):
    """A worker that is told to stop keeps nobody out, whether its turn had come or not."""
    for comes_first in (False, True):
        lock = FairLock()
        assert lock.acquire(0)

        class Interrupted:
            def __init__(self, lock=lock, comes_first=comes_first):
                self._lock, self._comes_first = lock, comes_first

            def acquire(self, timeout=None):
                if timeout is not None:
                    if self._comes_first:
                        self._lock.release()
                    raise KeyboardInterrupt

            def release(self):
                pass

        monkeypatch.setattr("rak_billing.payments.fair_lock.Lock", Interrupted)
        try:
            lock.acquire(1)
        except KeyboardInterrupt:
            pass
        else:
            raise AssertionError("it was not interrupted")
        if not comes_first:
            lock.release()
        assert lock.acquire(0)
        monkeypatch.undo()
