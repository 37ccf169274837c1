"""A journal that fails as databases do: locked, full, cut while committing, its process killed at any statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import Enum, auto
from random import Random
from typing import Any, TypeVar

from sqlalchemy import event

from rak_billing.errors import CommitUnknownError, JournalError
from rak_billing.payments.journal import Journal, Transaction
from rak_billing.payments.retrying import Retrying
from support.simulation.stage import CrashError, Errand, Stage

T = TypeVar("T")


class DatabaseFault(Enum):
    """What becomes of the next transaction."""

    LOCKED = auto()  # refused before anything was done
    FULL = auto()  # refused at its end, and undone
    CUT_KEPT = auto()  # the connection is lost while committing, and it was kept
    CUT_LOST = auto()  # the connection is lost while committing, and it was not
    DEATH_WITHIN = auto()  # the process dies at one of its statements
    DEATH_AFTER = auto()  # the process dies as soon as it is kept


class _UndoneError(Exception):
    pass


# No BaseException: SQLAlchemy would throw the connection away, and the database in memory with it.
class _DeathError(Exception):
    pass


class FaultyJournal:
    """A journal in memory behind the port, with faults that strike the next transaction."""

    def __init__(
        self, inner: Journal, stage: Stage, random: Random, time: Callable[[], tuple[datetime, int]]
    ) -> None:
        inner._retrying = Retrying(random=random.random, sleep=lambda _: None)
        self.inner, self.engine = inner, inner.engine
        self.next_fault: DatabaseFault | None = None
        #: How many transactions were kept; a checker looks again when it grows.
        self.kept = 0
        #: Told of each transaction that was kept, and whose it was.
        self.watch: Callable[[Errand | None], object] = lambda _: None
        self._stage, self._random = stage, random
        self._time = time
        self._depth = 0
        self._until_death: int | None = None
        event.listen(self.engine, "before_cursor_execute", self._count)

    def close(self) -> None:
        """Let go of the engine."""
        event.remove(self.engine, "before_cursor_execute", self._count)

    def run(self, work: Callable[[Transaction], T], *, repeatable: bool = False) -> T:
        """Do *work* in one transaction, unless a fault strikes."""
        if self._depth:
            return self._within(work, repeatable=repeatable)
        self._stage.pause()
        try:
            result = self._struck(work, repeatable=repeatable)
        except JournalError:
            if (errand := self._stage.now) is not None:
                errand.unmarked |= errand.sending
            raise
        self._note()
        if (errand := self._stage.now) is not None:
            errand.sending.clear()
            errand.kept_at = self._time()
        self._stage.pause()
        return result

    def _struck(self, work: Callable[[Transaction], T], *, repeatable: bool) -> T:
        fault, self.next_fault = self.next_fault, None
        match fault:
            case None:
                return self._within(work, repeatable=repeatable)
            case DatabaseFault.LOCKED:
                raise JournalError("locked")
            case DatabaseFault.FULL:
                self._undone(work)
                raise JournalError("full")
            case DatabaseFault.CUT_KEPT | DatabaseFault.CUT_LOST:
                return self._cut(work, repeatable=repeatable, is_kept=fault is DatabaseFault.CUT_KEPT)
            case DatabaseFault.DEATH_WITHIN:
                return self._dying(work, repeatable=repeatable)
            case DatabaseFault.DEATH_AFTER:
                self._within(work, repeatable=repeatable)
                self._note()
                raise CrashError

    def _note(self) -> None:
        self.kept += 1
        self.watch(self._stage.now)

    def _within(self, work: Callable[[Transaction], T], *, repeatable: bool) -> T:
        self._depth += 1
        try:
            return self.inner.run(work, repeatable=repeatable)
        finally:
            self._depth -= 1

    def _undone(self, work: Callable[[Transaction], Any]) -> None:
        def undo(tx: Transaction) -> None:
            work(tx)
            raise _UndoneError

        try:
            self._within(undo, repeatable=False)
        except _UndoneError:
            return
        raise AssertionError("unreachable: the work is always undone")

    def _cut(self, work: Callable[[Transaction], T], *, repeatable: bool, is_kept: bool) -> T:
        if is_kept:
            self._within(work, repeatable=repeatable)
            self._note()
        else:
            self._undone(work)
        if not repeatable:
            raise CommitUnknownError("cut while committing")
        return self._within(work, repeatable=True)

    def _dying(self, work: Callable[[Transaction], T], *, repeatable: bool) -> T:
        self._until_death = self._random.randrange(25)
        try:
            return self._within(work, repeatable=repeatable)
        except _DeathError:
            raise CrashError from None
        finally:
            self._until_death = None

    def _count(self, *_: object) -> None:
        if self._until_death is not None:
            self._until_death -= 1
            if self._until_death < 0:
                self._until_death = None
                raise _DeathError

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Read, all of it from one moment."""
        self._depth += 1
        try:
            with self.inner.reading() as tx:
                yield tx
        finally:
            self._depth -= 1

    def rows(self, query: str) -> list[Any]:
        """Read rows for a checker."""
        with self.inner.reading() as tx:
            return tx.connection.exec_driver_sql(query).all()
