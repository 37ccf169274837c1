"""
Statements handed to the driver, past the library between.

The library takes longer over one statement than SQLite over running it: it looks events up, wraps the answer, and keeps
a context. For statements whose text is ready (`rak_billing.payments.written`) nothing of that is needed, so they go to the
driver's cursor. What callers see is the same: what waits to be written goes first, errors are the library's, and a
connection that was lost is given up together with its idle siblings.

Who listens to what comes before a statement hears it all the same, with no context, as the library's documentation allows.
Tracers measure how long one takes and want the context too: where anybody listens to what comes after, statements go by way of the
library like all others.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NoReturn

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

#: Execution option of a connection: the queue of what its transaction put off.
PUT_OFF: Final = "journal_writes"


def rows(connection: Connection, sql: str, arguments: Any) -> Sequence[Any]:
    """Return what a statement of this database's own text gives, as the driver gives it, after what was put off before it."""
    if _goes_by_the_library(connection):
        return connection.exec_driver_sql(sql, arguments).all()
    with _cursor(connection) as execute:
        found: Sequence[Any] = execute(sql, arguments).fetchall()
    return found


def changes(connection: Connection, statements: Iterable[tuple[str, Any]]) -> Iterator[int]:
    """Run statements that give nothing, in front of whatever was put off; each tells how many rows it changed before the next is run."""
    if _goes_by_the_library(connection):
        return (connection.exec_driver_sql(sql, arguments).rowcount for sql, arguments in statements)
    return _changes_by_the_driver(connection, statements)


def begin(connection: Connection, sql: str) -> None:
    """Run the statement that begins a transaction."""
    if is_traced(connection):
        connection.exec_driver_sql(sql)
    else:
        list(_changes_by_the_driver(connection, [(sql, ())]))


def is_traced(connection: Connection) -> bool:
    """Tell whether anybody listens to what comes after the statements of this connection or its engine."""
    return bool(connection.dispatch.after_cursor_execute)


def send_before_others(engine: Engine) -> None:
    """Have every statement of *engine* wait for what its transaction put off."""
    event.listen(engine, "before_cursor_execute", _before_statement)


def _before_statement(connection: Connection, *_: object) -> None:
    writes = connection.get_execution_options().get(PUT_OFF)
    if writes is not None:
        writes.send()


def _goes_by_the_library(connection: Connection) -> bool:
    # Outside of a transaction it has to begin one first.
    return not connection.in_transaction() or is_traced(connection)


def _changes_by_the_driver(connection: Connection, statements: Iterable[tuple[str, Any]]) -> Iterator[int]:
    with _cursor(connection) as execute:
        for sql, arguments in statements:
            yield execute(sql, arguments).rowcount


@contextmanager
def _cursor(connection: Connection) -> Iterator[Callable[[str, Any], Any]]:
    """Give what runs a statement on one cursor of the driver, and the cursor back."""
    cursor, sql = connection.connection.cursor(), ""

    def execute(statement: str, arguments: Any) -> Any:
        nonlocal sql
        sql = statement
        for listener in connection.dispatch.before_cursor_execute:
            sql, arguments = listener(connection, cursor, sql, arguments, None, False)
        cursor.execute(sql, arguments)
        return cursor

    try:
        yield execute
    except connection.dialect.loaded_dbapi.Error as error:
        _refused(connection, cursor, sql, error)
    finally:
        cursor.close()


def _refused(connection: Connection, cursor: Any, sql: str, error: Exception) -> NoReturn:
    dialect = connection.dialect
    is_lost = dialect.is_disconnect(error, connection.connection, cursor)  # type: ignore[arg-type]
    wrapped = DBAPIError.instance(
        sql,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=is_lost,
        dialect=dialect,
    )
    if is_lost:
        connection.invalidate(error)
        # Whatever cut this one has most likely cut those that wait in the pool.
        connection.engine.dispose()
    raise wrapped from error
