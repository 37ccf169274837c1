"""
PostgreSQL, set up so that nobody waits for ever and what was committed stays committed.

READ COMMITTED: what must happen once is carried by unique keys, row locks and guarded updates, never by an isolation
level alone. A transaction that waits too long for a lock, computes too long or forgets to end is ended by the server.
"""

import os
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
_WAIT_SECONDS: Final = 30
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


def _set_up(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        for setting, value in SETTINGS.items():
            cursor.execute(f"SET {setting} = '{value}'")
    connection.commit()


def _leave_to_the_parent(engine: Engine) -> None:
    """A forked child opens connections of its own, and does not close its parent's."""
    weakly = ref(engine)

    def forget() -> None:
        if (alive := weakly()) is not None:
            alive.dispose(close=False)

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget)
