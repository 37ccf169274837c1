"""
Making a database fit for this package: new tables, or those that exist brought up to date.

Several processes may do so at once, on several machines. Whoever finds the version's row locks it; whoever finds none may
meet another who makes the same table, and then looks again at what that one has left. No advisory lock is needed.
"""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from rak_billing.payments.postgresql import be_patient
from rak_billing.payments.retrying import sqlstate
from rak_billing.payments.versions import HEAD, create_tables, version_of

#: By which codes PostgreSQL says that somebody made the same table, row or column meanwhile.
_MADE_MEANWHILE: Final = frozenset({"23505", "42701", "42P07"})
_TRIES: Final = 3


def prepare(engine: Engine, *others: Callable[[Connection], None]) -> str | None:
    """
    Create the tables, or migrate them, in one transaction, and return the version they had before.

    Args:
        engine: Of the journal's database.
        others: What else is made in that transaction, where it is missing.

    Raises:
        SchemaVersionError: They are of a later version than this package knows.
        ForeignTablesError: They are another program's.
    """
    for number in range(1, _TRIES + 1):
        try:
            with engine.begin() as connection:
                found = bring_up_to_date(connection)
                for other in others:
                    other(connection)
                return found
        except DBAPIError as error:
            if number == _TRIES or sqlstate(error) not in _MADE_MEANWHILE:
                raise
    raise AssertionError("unreachable: the last try returns or raises")


def bring_up_to_date(connection: Connection) -> str | None:
    """
    Create the tables, or migrate them, in the transaction of *connection*, and return the version they had before.

    Raises:
        SchemaVersionError: They are of a later version than this package knows.
        ForeignTablesError: They are another program's.
    """
    found = version_of(connection)
    if found == HEAD:
        return found
    be_patient(connection)
    found = version_of(connection, lock=True)
    if found is None:
        create_tables(connection)
    elif found != HEAD:
        # Loaded only where there is something to migrate.
        from rak_billing.payments.upgrading import migrate  # noqa: PLC0415

        migrate(connection, found)
    return found
