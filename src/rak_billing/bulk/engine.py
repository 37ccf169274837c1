"""What the simulation asks of an engine: read a file, answer a query, write its rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from rak_billing.bulk.invoice_columns import InvoiceTable
from rak_billing.fees.compiled.sql import Dialect

__all__ = ["Engine"]


class Engine(Protocol):
    """DuckDB or Spark."""

    @property
    def dialect(self) -> Dialect:
        """How it writes SQL."""
        ...

    def table(self, path: Path) -> InvoiceTable:
        """
        Open a file of invoices, Parquet or CSV by its ending.

        Raises:
            InvoiceFileError: it cannot be read.
        """
        ...

    def rows(self, query: str, table: InvoiceTable) -> Sequence[tuple[Any, ...]]:
        """
        Give the rows of a query on *table* whose answer is small.

        Raises:
            InvoiceFileError: what the query reads is malformed further down.
        """
        ...

    def write(self, query: str, path: Path) -> None:
        """
        Write the rows of a query as Parquet or CSV, by the ending of *path*.

        Raises:
            InvoiceFileError: it cannot be written.
        """
        ...
