"""
Errands that stand still between two transactions, so that another may go on: many actors in one thread.

Each errand is a greenlet. It gives way where a real process could be overtaken, before and after a transaction and
before a message leaves, and a seeded `random.Random` says who goes on. So a run is repeated by its seed alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from greenlet import getcurrent, greenlet

from rak_billing.errors import BillingError


class CrashError(BaseException):
    """The process is gone: nothing catches this but the stage."""


class Errand:
    """One thing that an actor does, from beginning to end, with pauses."""

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        self.name = name
        self.greenlet = greenlet(self._run)
        self._work = work
        #: How it ended: "done", "crashed", or the name of an error that callers must expect.
        self.end: str | None = None
        #: Keys of mails and postings that left and are not marked as sent yet.
        self.sending: set[str] = set()
        #: Those of them that it could not mark, for the database refused; it goes on, and they leave once more.
        self.unmarked: set[str] = set()
        #: When its last transaction ended, and how often the clock had been put right or wrong by then.
        self.kept_at: tuple[datetime, int] | None = None
        #: Before what it stands still, where that is worth knowing.
        self.before = ""

    def _run(self) -> None:
        try:
            self._work()
        except CrashError:
            self.end = "crashed"
        except BillingError as error:
            self.end = type(error).__name__
        else:
            self.end = "done"


class Stage:
    """Runs errands, one at a time."""

    def __init__(self) -> None:
        self.waiting: list[Errand] = []
        self.now: Errand | None = None
        self._hub = getcurrent()
        #: Told of every errand that ended.
        self.ended: list[Errand] = []

    def begin(self, name: str, work: Callable[[], object]) -> Errand:
        """Begin an errand, and run it until it gives way or ends."""
        errand = Errand(name, work)
        self._switch(errand)
        return errand

    def go_on(self, errand: Errand) -> None:
        """Have an errand go on until it gives way again or ends."""
        self.waiting.remove(errand)
        self._switch(errand)

    def kill(self, errand: Errand) -> None:
        """End an errand where it stands, as if its process had died."""
        self.waiting.remove(errand)
        self._switch(errand, CrashError())

    def pause(self, before: str = "") -> None:
        """Give way; outside of an errand nothing happens."""
        if (errand := self.now) is not None:
            errand.before = before
            self._hub.switch()
            errand.before = ""

    def _switch(self, errand: Errand, error: BaseException | None = None) -> None:
        self.now = errand
        try:
            if error is None:
                errand.greenlet.switch()
            else:
                errand.greenlet.throw(error)
        finally:
            self.now = None
        if errand.end is None:
            self.waiting.append(errand)
        else:
            self.ended.append(errand)
