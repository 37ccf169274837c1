"""
Statements handed to the driver, past the library between.

The library takes longer over one statement than SQLite over running it: it looks events up, wraps the answer, and keeps
a context. For statements whose text is ready (`rak_billing.payments.written`) nothing of that is needed, so they go to the
driver's cursor. What callers see is the same: what waits to be written goes first, errors are the library's, and a
connection that was lost is given up together with its idle siblings.

Where anybody listens to statements, as a tracer or a test does, they go by way of the library like all others.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, NoReturn

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

#: Execution option of a connection: the queue of what its transaction put off.
PUT_OFF: Final = "journal_writes"


class Answer(NamedTuple):
    """
    What a statement gave.

    Attributes:
        rows: As the driver gives them.
        changed: How many rows the statement changed, where it changes any.
    """

    rows: Sequence[Any]
    changed: int


def run(connection: Connection, sql: str, arguments: Any) -> Answer:
    """Run a statement of this database's own text, after what was put off before it."""
    send_what_waits(connection)
    (answer,) = run_each(connection, [(sql, arguments)])
    return answer


def run_each(connection: Connection, statements: Iterable[tuple[str, Any]]) -> Iterator[Answer]:
    """Run one after the other, each when its answer is asked for, in front of whatever was put off."""
    if not connection.in_transaction() or is_listened_to(connection):
        return (_by_the_library(connection, *statement) for statement in statements)
    return _by_the_driver(connection, statements)


def begin(connection: Connection, sql: str) -> None:
    """Run the statement that begins a transaction."""
    if is_listened_to(connection):
        connection.exec_driver_sql(sql)
    else:
        list(_by_the_driver(connection, [(sql, ())]))


def _by_the_library(connection: Connection, sql: str, arguments: Any) -> Answer:
    result = connection.exec_driver_sql(sql, arguments)
    return Answer(result.all() if result.returns_rows else (), result.rowcount)


def _by_the_driver(connection: Connection, statements: Iterable[tuple[str, Any]]) -> Iterator[Answer]:
    cursor, sql = connection.connection.cursor(), ""
    try:
        for sql, arguments in statements:
            cursor.execute(sql, arguments)
            yield Answer(cursor.fetchall() if cursor.description else (), cursor.rowcount)
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
