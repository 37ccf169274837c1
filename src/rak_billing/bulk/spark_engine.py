"""Spark as the engine, for those who outgrow a machine; here it runs on this one, in as many threads as it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from rak_billing.bulk.invoice_columns import (
    ColumnKind,
    InvoiceTable,
    empty,
    separator_of,
    unreadable,
    unwritable,
)
from rak_billing.fees.compiled.sql import SPARK, Dialect

__all__ = ["SparkEngine", "spark_engine"]

_KINDS: Final = {
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint"), ColumnKind.INTEGER),
    "string": ColumnKind.TEXT,
    "date": ColumnKind.DAY,
}
#: What the arithmetic relies on, whoever made the session: an overflow ends the run instead of giving null or another number.
_EXACT: Final = ("spark.sql.ansi.enabled", "true")


@attrs.frozen
class SparkEngine:
    """
    A session; your own for a cluster, or that of `spark_engine`.

    Attributes:
        session: Its overflow checks (ANSI mode) are switched on.
    """

    session: SparkSession
    dialect: Dialect = SPARK

    def __attrs_post_init__(self) -> None:
        self.session.conf.set(*_EXACT)

    def table(self, path: Path) -> InvoiceTable:
        """As `Engine.table`; a folder of Parquet files will do too."""
        reader = self.session.read
        try:
            if path.suffix.lower() == ".csv":
                # As text, which is what Spark does unless it is asked to guess.
                # A row of another length ends the run, as on DuckDB; otherwise it would be cut or filled in silence.
                header = reader.text(str(path)).first()
                if header is None:
                    raise empty(path.name)
                separator = separator_of(header[0])
                whole = reader.option("columnPruning", "false")  # else only the columns in use are looked at
                frame = whole.csv(str(path), header=True, escape='"', sep=separator, mode="FAILFAST")
            else:
                frame = reader.parquet(str(path))
        except (PySparkException, Py4JJavaError) as error:
            raise unreadable(path.name, _first_line(error)) from error
        frame.createOrReplaceTempView("invoice_file")
        return InvoiceTable(
            path.name, "invoice_file", {name: _kind(kind) for name, kind in frame.dtypes}, self.dialect
        )

    def rows(self, query: str, table: InvoiceTable) -> Sequence[tuple[Any, ...]]:
        """As `Engine.rows`."""
        try:
            return [tuple(row) for row in self.session.sql(query).collect()]
        except (PySparkException, Py4JJavaError) as error:
            raise unreadable(table.name, _first_line(error)) from error

    def write(self, query: str, path: Path) -> None:
        """As `Engine.write`; *path* becomes a folder of files, as Spark's outputs are, and must not exist yet."""
        writer = self.session.sql(query).write
        try:
            if path.suffix.lower() == ".csv":
                writer.csv(str(path), header=True, escape='"')
            else:
                writer.parquet(str(path))
        except (PySparkException, Py4JJavaError) as error:
            raise unwritable(path.name, _first_line(error)) from error


@contextmanager
def spark_engine(memory: str = "1GB") -> Iterator[SparkEngine]:
    """
    Start Spark on this machine for as long as the block lasts; it needs Java.

    Args:
        memory: How much it may take, such as ``512MB``.
    """
    builder = SparkSession.builder.master("local[*]").appName("rak-billing fees")
    settings = {
        "spark.driver.memory": memory.removesuffix("B").lower(),
        # Heard by nobody else.
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "8",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    try:
        yield SparkEngine(session)
    finally:
        session.stop()


def _kind(name: str) -> ColumnKind:
    if name.startswith("decimal("):
        scale = int(name.rstrip(")").partition(",")[2])
        return ColumnKind.DECIMAL if scale <= 2 else ColumnKind.OTHER  # noqa: PLR2004 - centimes
    return _KINDS.get(name, ColumnKind.OTHER)


def _first_line(error: PySparkException | Py4JJavaError) -> str:
    words = error.java_exception.getMessage() if isinstance(error, Py4JJavaError) else str(error)
    return str(words).partition("\n")[0]
