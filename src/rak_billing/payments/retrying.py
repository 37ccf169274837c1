"""
Doing a transaction again when the database asks for it.

On PostgreSQL a transaction may be refused for no fault of its own: it met another one (serialization failure, deadlock,
the same key written at the same moment), or the connection was cut. Each is told from a real refusal by its code, never
by its text. The pause before another try is drawn from the whole of an interval that doubles, so that those that met once
do not meet again.
"""

import time
from collections.abc import Callable
from enum import Enum, auto
from random import SystemRandom
from typing import Final, TypeVar

import attrs
from sqlalchemy.exc import DBAPIError

from rak_billing.errors import CommitUnknownError, JournalError, StaleStateError

T = TypeVar("T")

#: Serialization failure and deadlock.
_MET_ANOTHER: Final = frozenset({"40001", "40P01"})
#: A key that somebody else wrote meanwhile, and a row that was deleted meanwhile, as the purge does.
_CHANGED: Final = frozenset({"23505", "23503"})


class Trouble(Enum):
    """What a failed transaction means for another try."""

    PASSING = auto()  # undone for sure, by no fault of its own
    # Somebody wrote the same key, or deleted what is referred to: undone, and one more look finds out.
    TAKEN = auto()
    UNKNOWN = auto()  # kept or not, nobody knows
    LASTING = auto()  # the same would happen again


def trouble_of(error: Exception) -> Trouble:
    """Tell what kind of trouble *error* is."""
    if isinstance(error, CommitUnknownError):
        return Trouble.UNKNOWN
    if isinstance(error, StaleStateError):
        return Trouble.PASSING
    if not isinstance(error, DBAPIError):
        return Trouble.LASTING
    if error.connection_invalidated or sqlstate(error) in _MET_ANOTHER:
        return Trouble.PASSING
    return Trouble.TAKEN if sqlstate(error) in _CHANGED else Trouble.LASTING


def sqlstate(error: DBAPIError) -> str | None:
    """Return the five characters by which PostgreSQL names an error; None where there are none."""
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)


@attrs.frozen
class Retrying:
    """
    How often, and after what pause, a transaction is tried again.

    Attributes:
        again: How many tries follow the first.
        first_pause: Seconds; the longest pause before the first of them. It doubles with each.
        longest_pause: Seconds.
        random: Gives a number from 0 to 1 (1 excluded).
        sleep: Waits so many seconds.
    """

    again: int = 5
    first_pause: float = 0.02
    longest_pause: float = 1.0
    random: Callable[[], float] = attrs.field(factory=lambda: SystemRandom().random, repr=False)
    sleep: Callable[[float], None] = attrs.field(default=time.sleep, repr=False)

    def run(self, once: Callable[[], T], *, repeatable: bool) -> T:
        """
        Do *once*, and do it again while that may help.

        Args:
            once: One whole transaction, with no effect outside of it.

            repeatable: Whether it may be done again though it may have been kept, because it begins by looking whether
                it was.

        Raises:
            CommitUnknownError: Whether any of the tries was kept is unknown.
        """
        unknown: CommitUnknownError | None = None
        was_taken = False
        for number in range(self.again + 1):
            try:
                return once()
            except (DBAPIError, JournalError) as error:
                trouble = trouble_of(error)
                unknown = error if isinstance(error, CommitUnknownError) else unknown
                if number == self.again or not _may_help(trouble, repeatable=repeatable, was_taken=was_taken):
                    if unknown is not None and unknown is not error:
                        raise unknown from error
                    raise
                was_taken = trouble is Trouble.TAKEN
            self.sleep(self._pause(number))
        raise AssertionError("unreachable: the last try returns or raises")

    def _pause(self, number: int) -> float:
        return self.random() * min(self.first_pause * 2.0**number, self.longest_pause)


def _may_help(trouble: Trouble, *, repeatable: bool, was_taken: bool) -> bool:
    match trouble:
        case Trouble.PASSING:
            return True
        case Trouble.TAKEN:
            # Twice in a row it is no coincidence but a key that is written twice by us.
            return not was_taken
        case Trouble.UNKNOWN:
            return repeatable
        case Trouble.LASTING:
            return False
