"""DuckDB as the engine: in this process, within a bound of memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import attrs
import duckdb

from rak_billing.bulk.invoice_columns import (
    ColumnKind,
    InvoiceTable,
    empty,
    separator_of,
    unreadable,
    unwritable,
)
from rak_billing.fees.compiled.sql import DUCKDB, Dialect

__all__ = ["DuckDbEngine", "duckdb_engine"]

_INTEGERS: Final = {f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")} | {
    "INTEGER",
    "UINTEGER",
}
_LONGEST_HEADER: Final = 65_536


@attrs.frozen
class DuckDbEngine:
    """A connection; made by `duckdb_engine`."""

    connection: duckdb.DuckDBPyConnection
    dialect: Dialect = DUCKDB

    def table(self, path: Path) -> InvoiceTable:
        """As `Engine.table`."""
        try:
            if path.suffix.lower() == ".csv":
                # As text: a guess at types would read amounts as floating point. A guess at the rest skips lines.
                relation = self.connection.read_csv(
                    str(path),
                    all_varchar=True,
                    header=True,
                    delimiter=_separator(path),
                    quotechar='"',
                    skiprows=0,
                )
            else:
                relation = self.connection.read_parquet(str(path))
            relation.create_view("invoice_file", replace=True)
            types = zip(relation.columns, map(str, relation.types), strict=True)
            return InvoiceTable(
                path.name, "invoice_file", {name: _kind(kind) for name, kind in types}, self.dialect
            )
        except duckdb.Error as error:
            raise unreadable(path.name, _first_line(error)) from error

    def rows(self, query: str, table: InvoiceTable) -> Sequence[tuple[Any, ...]]:
        """As `Engine.rows`."""
        try:
            return self.connection.execute(query).fetchall()
        except (duckdb.InvalidInputException, duckdb.IOException) as error:
            raise unreadable(table.name, _first_line(error)) from error

    def write(self, query: str, path: Path) -> None:
        """As `Engine.write`."""
        options = (
            "FORMAT csv, HEADER" if path.suffix.lower() == ".csv" else "FORMAT parquet, COMPRESSION zstd"
        )
        target = self.dialect.literal(str(path))
        try:
            self.connection.execute(f"COPY ({query}) TO {target} ({options})")
        except duckdb.IOException as error:
            raise unwritable(path.name, _first_line(error)) from error


@contextmanager
def duckdb_engine(memory: str = "1GB") -> Iterator[DuckDbEngine]:
    """
    Open DuckDB for as long as the block lasts.

    Args:
        memory: How much it may take, such as ``512MB``; what does not fit waits on disk.
    """
    with TemporaryDirectory(prefix="rak-billing-") as folder:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory,
            "temp_directory": folder,
            # The order of a file means nothing here, and keeping it costs memory.
            "preserve_insertion_order": "false",
            "autoinstall_known_extensions": "false",
        }
        connection = duckdb.connect(config=settings)
        try:
            yield DuckDbEngine(connection)
        finally:
            connection.close()


def _kind(name: str) -> ColumnKind:
    if name in _INTEGERS:
        return ColumnKind.INTEGER
    if name.startswith("DECIMAL("):
        scale = int(name.rstrip(")").partition(",")[2])
        return ColumnKind.DECIMAL if scale <= 2 else ColumnKind.OTHER  # noqa: PLR2004 - centimes
    return {"VARCHAR": ColumnKind.TEXT, "DATE": ColumnKind.DAY}.get(name, ColumnKind.OTHER)


def _separator(path: Path) -> str:
    with path.open("rb") as file:
        header = file.readline(_LONGEST_HEADER)
    if not header:
        raise empty(path.name)
    return separator_of(header.decode("utf-8", "replace"))


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
