"""A journal with a long past, and what a question to it costs: by the steps of SQLite's machine, by PostgreSQL's own account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

from rak_billing.payments import schema

#: Table to the columns that differ from row to row, the key first.
_OWN = {
    "orders": ("reference", "customer_ref"),
    "attempts": ("order_id", "order_reference", "token_hash"),
    "inquiries": ("order_id",),
    "outbox": ("key", "order_reference"),
    "reviews": ("order_id",),
}
_ENDED = {
    ("inquiries", "due_at"): "NULL",
    ("outbox", "sent_at"): "due_at",
    ("reviews", "resolved_at"): "raised_at",
}


def write_past(connection: Connection, first: int, last: int, *, is_over: bool = True) -> None:
    """Write orders like the one that is there; with nothing left to do about them, or, where it is not over, as that one stands."""
    numbers = f"(SELECT generate_series({first}, {last})::text AS n) s"
    if connection.dialect.name == "sqlite":
        counted = f"SELECT {first} AS n UNION ALL SELECT n + 1 FROM s WHERE n < {last}"
        numbers = f"(WITH RECURSIVE s AS ({counted}) SELECT n FROM s) s"
    ended = _ENDED if is_over else {}
    for table, own in _OWN.items():
        columns = schema.metadata.tables[table].columns.keys()
        written = ", ".join(
            f"{name} || n" if name in own else ended.get((table, name), name) for name in columns
        )
        model = f"(SELECT * FROM {table} ORDER BY length({own[0]}) LIMIT 1) model"
        connection.exec_driver_sql(f"INSERT INTO {table} SELECT {written} FROM {model}, {numbers}")


def steps_of(engine: Engine, work: Callable[[], object]) -> int:
    """Count the steps that SQLite's machine takes for *work*, which uses the engine's one idle connection."""
    count = [0]

    def step() -> None:
        count[0] += 1

    with engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
    raw.set_progress_handler(step, 1)
    try:
        work()
    finally:
        raw.set_progress_handler(None, 0)
    return count[0]


@contextmanager
def statements_of(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Give the statements that leave meanwhile."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def most_rows_read(engine: Engine, work: Callable[[], object]) -> int:
    """Say how many rows the dearest question of *work* reads, by PostgreSQL's own account."""
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    with statements_of(engine) as sent:
        work()
    asked = [(statement, parameters) for statement, parameters in sent if statement.startswith("SELECT")]
    with engine.connect() as connection:
        plans = [
            connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
            for statement, parameters in asked
        ]
    return max(_rows_read(plan[0]["Plan"]) for plan in plans)


def _rows_read(node: dict[str, Any]) -> int:
    """Add up what the leaves of a plan read, and threw away."""
    own = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return sum(_rows_read(part) for part in node.get("Plans", ())) or int(own)
