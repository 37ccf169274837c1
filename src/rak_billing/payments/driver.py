"""
Statements handed to the driver, past the library between.

The library takes longer over one statement than SQLite over running it: it looks events up, wraps the answer, and keeps
a context. For statements whose text is ready (`rak_billing.payments.written`) nothing of that is needed, so they go to the
driver's cursor. What callers see is the same: what waits to be written goes first, errors are the library's, and a
connection that was lost is given up together with its idle siblings.

Where anybody listens to statements, as a tracer or a test does, they go by way of the library like all others.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NoReturn

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

#: Execution option of a connection: the queue of what its transaction put off.
PUT_OFF: Final = "journal_writes"


def rows(connection: Connection, sql: str, arguments: Any) -> Sequence[Any]:
    """Return what a statement of this database's own text gives, as the driver gives it, after what was put off before it."""
    send_what_waits(connection)
    if _goes_by_the_library(connection):
        return connection.exec_driver_sql(sql, arguments).all()
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql, arguments)
        return cursor.fetchall()
    except connection.dialect.loaded_dbapi.Error as error:
        _refused(connection, cursor, sql, error)
    finally:
        cursor.close()


def changes(connection: Connection, statements: Iterable[tuple[str, Any]]) -> Iterator[int]:
    """Run statements that give nothing, in front of whatever was put off; each tells how many rows it changed before the next is run."""
    if _goes_by_the_library(connection):
        return (connection.exec_driver_sql(sql, arguments).rowcount for sql, arguments in statements)
    return _changes_by_the_driver(connection, statements)


def begin(connection: Connection, sql: str) -> None:
    """Run the statement that begins a transaction."""
    if is_listened_to(connection):
        connection.exec_driver_sql(sql)
    else:
        list(_changes_by_the_driver(connection, [(sql, ())]))


def _goes_by_the_library(connection: Connection) -> bool:
    # Outside of a transaction it has to begin one first.
    return not connection.in_transaction() or is_listened_to(connection)


def _changes_by_the_driver(connection: Connection, statements: Iterable[tuple[str, Any]]) -> Iterator[int]:
    cursor, sql = connection.connection.cursor(), ""
    try:
        for sql, arguments in statements:
            cursor.execute(sql, arguments)
            yield cursor.rowcount
    except connection.dialect.loaded_dbapi.Error as error:
        _refused(connection, cursor, sql, error)
    finally:
        cursor.close()


def is_listened_to(connection: Connection) -> bool:
    """Tell whether anybody but the journal listens to the statements of this connection or its engine."""
    heard = connection.dispatch
    return bool(heard.after_cursor_execute) or any(
        listener is not _before_statement for listener in heard.before_cursor_execute
    )


def send_what_waits(connection: Connection) -> None:
    """Send what the connection's transaction put off."""
    writes = connection.get_execution_options().get(PUT_OFF)
    if writes is not None:
        writes.send()


def send_before_others(engine: Engine) -> None:
    """Have every statement of *engine* wait for what its transaction put off."""
    # With its return value: else the library wraps it, and it could not be told from others.
    event.listen(engine, "before_cursor_execute", _before_statement, retval=True)


def _before_statement(
    connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: object
) -> tuple[str, Any]:
    send_what_waits(connection)
    return statement, parameters


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
