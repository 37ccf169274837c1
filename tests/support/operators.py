"""Processes that do an operator's work on a database, some of which are killed on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from rak_billing.payments.databases import engine_of
from rak_billing.payments.journal import Journal
from rak_billing.payments.preparing import prepare
from rak_billing.payments.purging import purge
from rak_billing.payments.resealing import reseal
from rak_billing.payments.upgrading import statements
from rak_billing.portal.schema import metadata as portal_metadata


def run_up_to(connection: Connection, version: str) -> None:
    """Run the migrations up to *version*, as an older package would have, in the transaction of *connection*."""
    run_statements(connection, statements(connection.dialect.name, None, version))


def run_statements(connection: Connection, script: str) -> None:
    """Run what ``db upgrade --sql`` prints, one statement after the other, in the transaction of *connection*."""
    for statement in script.split(";"):
        lines = [line for line in statement.splitlines() if not line.startswith(("BEGIN", "COMMIT", "--"))]
        if "".join(lines).strip():
            connection.exec_driver_sql("\n".join(lines))


#: The exit code of a process that was killed.
KILLED = -int(signal.SIGKILL)
_TESTS = Path(__file__).parents[1]


class Operator:
    """A process that forks a child for each task it is given, so that one costs no new interpreter."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"import sys; sys.path.insert(0, {str(_TESTS)!r}); from support.operators import serve; serve()",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def begin(self, work: str, url: str, *, kill_at: int | None = None, **details: Any) -> None:
        """Have ``upgrade``, ``purge`` or ``reseal`` done at *url*; kill the process at the statement of that number."""
        assert self._process.stdin is not None
        task = {"work": work, "url": url, "kill_at": kill_at, "details": details}
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """Wait for it, and give its exit code."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _kill_at(engine: Engine, point: int | None) -> None:
    seen = [0]

    def statement(*_: object) -> None:
        if seen[0] == point:
            os.kill(os.getpid(), signal.SIGKILL)
        seen[0] += 1

    event.listen(engine, "before_cursor_execute", statement)


def _upgrade(url: str, kill_at: int | None) -> None:
    engine = engine_of(url)
    _kill_at(engine, kill_at)
    prepare(engine, portal_metadata.create_all)
    engine.dispose()


def _purge(url: str, kill_at: int | None, *, now: str) -> None:
    with Journal.open(url) as journal:
        _kill_at(journal.engine, kill_at)
        purge(journal, now=datetime.fromisoformat(now))


def _reseal(url: str, kill_at: int | None, *, keys: list[str]) -> None:
    with Journal.open(url, keys=keys) as journal:
        _kill_at(journal.engine, kill_at)
        reseal(journal)


_WORKS: dict[str, Callable[..., None]] = {"upgrade": _upgrade, "purge": _purge, "reseal": _reseal}


def serve() -> None:
    """Serve until the input ends."""
    for line in sys.stdin:
        task = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                _WORKS[task["work"]](task["url"], task["kill_at"], **task["details"])
                code = 0
            except BaseException:  # noqa: BLE001 - told, and the child ends in any case
                traceback.print_exc()
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
