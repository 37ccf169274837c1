"""Processes that bring a database up to date, some of which are killed on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from sqlalchemy import Connection

from rak_billing.payments.databases import engine_of
from rak_billing.payments.preparing import prepare
from rak_billing.payments.upgrading import statements
from rak_billing.portal.schema import metadata as portal_metadata


def run_up_to(connection: Connection, version: str) -> None:
    """Run the migrations up to *version*, as an older package would have, in the transaction of *connection*."""
    for statement in statements(connection.dialect.name, None, version).split(";"):
        lines = [line for line in statement.splitlines() if not line.startswith(("BEGIN", "COMMIT", "--"))]
        if "".join(lines).strip():
            connection.exec_driver_sql("\n".join(lines))


_TESTS = Path(__file__).parents[1]


class Upgrader:
    """A process that forks a child for each upgrade it is asked for, so that one costs no new interpreter."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"import sys; sys.path.insert(0, {str(_TESTS)!r}); from support.upgrades import serve; serve()",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def begin(self, url: str, kill_at: int | None = None) -> None:
        """Have the database at *url* upgraded; kill the process at the statement of that number."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"url": url, "kill_at": kill_at}) + "\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """Wait for it, and give its exit code."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _upgrade(url: str, kill_at: int | None) -> None:
    from sqlalchemy import event

    engine = engine_of(url)
    seen = [0]

    def statement(*_: object) -> None:
        if seen[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        seen[0] += 1

    event.listen(engine, "before_cursor_execute", statement)
    prepare(engine, portal_metadata.create_all)
    engine.dispose()


def serve() -> None:
    """Serve until the input ends."""
    for line in sys.stdin:
        task = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                _upgrade(task["url"], task["kill_at"])
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
