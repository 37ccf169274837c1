"""
PostgreSQL, set up so that nobody waits for ever and what was committed stays committed.

READ COMMITTED: what must happen once is carried by unique keys, row locks and guarded updates, never by an isolation
level alone. A transaction that waits too long for a lock, computes too long or forgets to end is ended by the server.

A pooler between (PgBouncer) that hands out a server's connection for one transaction at a time keeps nothing of a session: a
setting made in one is gone in the next, and would be another program's; a statement that was prepared is elsewhere. Such a
pooler is told by its process not being the server's. Then the settings that the role or database has not got are made anew
in each transaction, and nothing is prepared.
"""

import os
from collections.abc import Iterable
from typing import Any, Final
from weakref import ref

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import NoSuchModuleError
from sqlalchemy.pool import QueuePool

from rak_billing.errors import JournalSettingError

#: Setting to value, for each of our connections.
SETTINGS: Final = {
    "lock_timeout": "5s",
    "statement_timeout": "15s",
    "idle_in_transaction_session_timeout": "30s",
}
_DRIVER: Final = "postgresql+psycopg"
#: What a session begins with, whatever was set in it since.
_LOOK: Final = (
    "SELECT name, reset_val || COALESCE(unit, ''), pg_backend_pid() FROM pg_settings WHERE name IN "
    f"({', '.join(repr(name) for name in SETTINGS)})"
)
_EACH_TIME: Final = "rak_billing.settings_of_each_transaction"
_WAIT_SECONDS: Final = 30
_PATIENCE: Final = "60s"
_CONNECT_SECONDS: Final = 10


def create_postgresql_engine(url: URL) -> Engine:
    """
    Return an engine with the settings above.

    Raises:
        JournalSettingError: The driver is not installed.
    """
    arguments = {} if "connect_timeout" in url.query else {"connect_timeout": _CONNECT_SECONDS}
    try:
        engine = create_engine(
            url.set(drivername=_DRIVER),
            isolation_level="READ COMMITTED",
            poolclass=QueuePool,
            pool_size=8,
            max_overflow=24,
            pool_timeout=_WAIT_SECONDS,
            connect_args=arguments,
            # Errors name the statement, never the customer's data in it.
            hide_parameters=True,
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        raise JournalSettingError(
            "driver", "expected the driver psycopg: install it with pip install 'cmi-gateway[postgres]'"
        ) from None
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    _leave_to_the_parent(engine)
    return engine


def check_durable(connection: Connection) -> None:
    """
    Check that a commit is on disk when it is told.

    Raises:
        JournalSettingError: It is not.
    """
    mode = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
    if mode == "off":
        raise JournalSettingError(
            "durability",
            "expected synchronous_commit to be on: with off, payments that were acknowledged vanish in a crash; "
            "set it for this role or database",
        )


def be_patient(connection: Connection) -> None:
    """Let a statement over millions of rows end, and wait for another upgrade, until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            f"SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '{_PATIENCE}', true)"
        )


def wait_as_usual(connection: Connection) -> None:
    """Wait for locks no longer than in any transaction."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_setting(["lock_timeout"], is_local=True))


def _set_up(connection: Any, record: Any) -> None:
    with connection.cursor() as cursor:
        found = cursor.execute(_LOOK).fetchall()
        missing = [name for name, value, _ in found if value != _in_milliseconds(SETTINGS[name])]
        is_pooled = any(process != connection.info.backend_pid for *_, process in found)
        if missing and not is_pooled:
            cursor.execute(_setting(missing, is_local=False))
    connection.commit()
    if is_pooled:
        connection.prepare_threshold = None
        if missing:
            record.info[_EACH_TIME] = _setting(missing, is_local=True)


def _begin(connection: Connection) -> None:
    statement = connection.connection.info.get(_EACH_TIME)
    if statement is not None:
        connection.exec_driver_sql(statement)


def _setting(names: Iterable[str], *, is_local: bool) -> str:
    parts = (f"set_config('{name}', '{SETTINGS[name]}', {str(is_local).lower()})" for name in names)
    return f"SELECT {', '.join(parts)}"


def _in_milliseconds(seconds: str) -> str:
    return f"{seconds.removesuffix('s')}000ms"


def _leave_to_the_parent(engine: Engine) -> None:
    """A forked child opens connections of its own, and does not close its parent's."""
    weakly = ref(engine)

    def forget() -> None:
        if (alive := weakly()) is not None:
            alive.dispose(close=False)

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget)
