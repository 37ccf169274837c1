"""A module of an operator's own, for commands that load one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

_numbers = count(1)


@contextmanager
def module_with(folder: Path, monkeypatch, source: str) -> Iterator[str]:
    """Write a module of this source that can be imported from *folder*, and give its name."""
    name = f"operator_portal_{next(_numbers)}"
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    try:
        yield name
    finally:
        sys.modules.pop(name, None)
