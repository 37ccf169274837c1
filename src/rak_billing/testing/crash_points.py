"""
Makes Python code crash at a chosen line, so that every place where a process can die is tried in turn.

The crash is an exception that nobody catches by accident. Unlike a killed process it runs ``finally`` blocks and closes
what ``with`` opened; and like one it does not test what a disk keeps when the power goes. It never comes while a ``with``
is being left, nor on a bare ``try``, which does nothing: Python would run no clean-up there, and leave a lock taken, which
a process that died could not.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from traceback import clear_frames
from types import FrameType
from typing import Any

__all__ = ["Crash", "crashing", "died_at"]


class Crash(BaseException):
    """The process died at this line of a file; no ``except Exception`` lives through it."""


@contextmanager
def crashing(point: int, files: Collection[str]) -> Iterator[None]:
    """
    Crash at the line number *point* that is executed in *files*, counted from 1, a function's return counting as one.

    Debuggers and coverage see nothing of the block: Python has one place for all of them, which is given back after.
    """
    reached = 0

    # Coverage cannot see what runs in its own place.
    def watch(file: str) -> Callable[[FrameType, str, Any], Any]:  # pragma: no cover
        lines_of_with = _lines_of(file, ast.With)
        entered = set(_lines_of(file, ast.Try))

        def at_line(frame: FrameType, event: str, _value: Any) -> Any:
            nonlocal reached
            is_leaving = event == "line" and frame.f_lineno in entered
            if event == "line" and frame.f_lineno in lines_of_with:
                entered.add(frame.f_lineno)
            if event in {"line", "return"} and not is_leaving:
                reached += 1
                if reached == point:
                    raise Crash(f"{Path(file).name}:{frame.f_lineno}")
            return at_line

        return at_line

    def at_call(frame: FrameType, _event: str, _value: Any) -> Any:  # pragma: no cover
        file = frame.f_code.co_filename
        return watch(file) if file in files else None

    before = sys.gettrace()
    sys.settrace(at_call)
    try:
        yield
    finally:
        sys.settrace(before)


@cache
def _lines_of(file: str, kind: type[ast.With | ast.Try]) -> frozenset[int]:  # pragma: no cover - as above
    """Give the lines on which blocks of this kind begin, up to the first line inside."""
    blocks = (node for node in ast.walk(ast.parse(Path(file).read_bytes())) if isinstance(node, kind))
    return frozenset(line for block in blocks for line in range(block.lineno, block.body[0].lineno))


def died_at(point: int, files: Collection[str], work: Callable[[], object]) -> str | None:
    """Run *work* with a crash at *point*; give the file and line, or None if it ended before that point was reached."""
    try:
        with crashing(point, files):
            work()
    except Crash as crash:
        # A process that died holds nothing open: neither a statement under way nor the lock that comes with it.
        clear_frames(crash.__traceback__)
        return str(crash)
    return None
