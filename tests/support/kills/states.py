"""
What a process that died left behind: kept, told apart, and put back.

A state is told by its content (rows, and bytes of files), not by its bytes on the disk, which differ with every run. It
is put back as it was on the disk, logs that were never read included; of a server's database, its rows.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

#: Chance and process keep the names of unfinished files apart.
_UNFINISHED = re.compile(r"\.\d+\.[0-9a-f]{8}\.part$")
_TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
)


class States:
    """The states of one folder, and of one database of a server where the journal is there."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self._copy = folder, folder.with_name(f"{folder.name}-copy")
        self._server = url if urlsplit(url).scheme == "postgresql" else None
        self._kept: dict[str, tuple[dict[Path, bytes], dict[str, bytes]]] = {}

    def look(self, *, keep: bool) -> str:
        """Give the present state's name, the same for the same content; perhaps keep it."""
        files = {
            path.relative_to(self._folder): path.read_bytes()
            for path in sorted(self._folder.rglob("*"))
            if path.is_file()
        }
        rows = self._rows()
        # What is read here is a copy: opening a database mends it.
        _write(self._copy, files)
        name = _digest(self._copy, rows)
        if keep:
            self._kept.setdefault(name, (files, rows))
        return name

    def put_back(self, name: str) -> None:
        """Make the present what it was in that state."""
        files, rows = self._kept[name]
        _write(self._folder, files)
        if self._server is None:
            return
        with psycopg.connect(self._server) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("; ".join(f"DELETE FROM {table}" for table in rows))
            for table, lines in rows.items():
                if lines:
                    with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                        copy.write(lines)

    def _rows(self) -> dict[str, bytes]:
        if self._server is None:
            return {}
        with psycopg.connect(self._server) as connection:
            tables = [table for (table,) in connection.execute(_TABLES)]
            return {table: _copied(connection, table) for table in tables}


def _copied(connection: psycopg.Connection[Any], table: str) -> bytes:
    with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
        return b"".join(bytes(part) for part in copy)


def _write(folder: Path, files: dict[Path, bytes]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path, content in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)


def _digest(folder: Path, rows: dict[str, bytes]) -> str:
    seen = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.suffix == ".db":
            content = _dumped(path)
        elif path.name.endswith(("-wal", "-shm", "-journal", "-gate")):
            # Part of the database beside it.
            continue
        else:
            content = path.read_bytes()
        name = _UNFINISHED.sub(".part", path.name)
        seen.update(f"\n{name} {len(content)}\n".encode() + content)
    for table, lines in rows.items():
        seen.update(f"\n{table}\n".encode() + b"\n".join(sorted(lines.splitlines())))
    return seen.hexdigest()[:16]


def _dumped(path: Path) -> bytes:
    with closing(sqlite3.connect(path)) as database:
        return "\n".join(database.iterdump()).encode()
