"""Where a test keeps its journal: a file, or a database of a server."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.postgres_kit import PostgresServer


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """Give a folder in memory, where the machine has such a place: for tests in which the disk decides nothing."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


class SqlitePlace:
    """A file in a folder of the test's."""

    dialect = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'rak.db'}"


class PostgresPlace:
    """A database that has the journal's tables, made when it is first needed."""

    dialect = "postgresql"

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    @cached_property
    def url(self) -> str:
        """The database's address."""
        return self._server.database()

    def clear(self) -> None:
        """Give the database back if there is one."""
        if "url" in self.__dict__:
            self._server.give_back(self.url)

    def drop(self) -> None:
        """Drop the database, whatever a test made in it."""
        if "url" in self.__dict__:
            self._server.drop(self.url)
