"""The places at which a process can die: every statement, both sides of a commit, every line of a billing adapter."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, FunctionType
from typing import Any

from sqlalchemy import event

from rak_billing.payments.journal import Journal

MAIL_UNMARKED = "the mail has left and is not marked"
POSTING_OPEN = "the posting was begun and is not marked"
_BEGIN, _END = "UPDATE outbox SET begun_at", "UPDATE outbox SET sent_at"


class Points:
    """Counts the places at which a process can die, and dies at one of them."""

    def __init__(self, kill_at: int | None = None) -> None:
        self.names: list[str] = []
        #: Whether a mail has left, and no commit says so yet.
        self.is_mail_unmarked = False
        #: Whether a commit says that a posting is about to leave, and none that it arrived.
        self._is_posting_open = False
        self._marks: bool | None = None
        self._kill_at = kill_at
        #: Whether it is the test that reads, and no process that can die.
        self._is_offstage = False

    def reach(self, name: str) -> None:
        """Note a point; SIGKILL if it is the one."""
        if self._is_offstage:
            return
        if len(self.names) == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        unsure = {MAIL_UNMARKED: self.is_mail_unmarked, POSTING_OPEN: self._is_posting_open}
        self.names.append(", ".join([name, *(words for words, holds in unsure.items() if holds)]))

    @contextmanager
    def offstage(self) -> Iterator[None]:
        """Note nothing: what is read here, no worker reads."""
        self._is_offstage = True
        yield
        self._is_offstage = False

    def watch(self, journal: Journal) -> None:
        """Note every statement, and both sides of every commit."""

        def statement(_connection: Any, _cursor: Any, text: str, *_: Any) -> None:
            if text.startswith((_BEGIN, _END)):
                self._marks = text.startswith(_BEGIN)
            self.reach(" ".join(text.split()[:3]))

        event.listen(journal.engine, "before_cursor_execute", statement)
        dialect = journal.engine.dialect
        right = dialect.do_commit

        def commit(connection: Any) -> None:
            self.reach("before COMMIT")
            right(connection)
            self.is_mail_unmarked = False
            if self._marks is not None:
                self._is_posting_open, self._marks = self._marks, None
            self.reach("after COMMIT")

        dialect.do_commit = commit  # type: ignore[method-assign]

    @contextmanager
    def lines(self, *functions: FunctionType) -> Iterator[None]:
        """Note every line that is executed in *functions*, and every return: any two calls of the system lie apart."""
        codes = {function.__code__ for function in functions}

        def at_line(frame: FrameType, what: str, _value: Any) -> Any:
            if what in {"line", "return"}:
                self.reach(f"{frame.f_code.co_name} {what} {frame.f_lineno}")
            return at_line

        def at_call(frame: FrameType, _what: str, _value: Any) -> Any:
            return at_line if frame.f_code in codes else None

        before = sys.gettrace()
        sys.settrace(at_call)
        try:
            yield
        finally:
            sys.settrace(before)
