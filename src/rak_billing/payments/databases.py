"""From the URL of a database to an engine with the settings that the journal needs."""

from typing import Final

from sqlalchemy import Engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from rak_billing.errors import JournalSettingError
from rak_billing.payments.postgresql import create_postgresql_engine
from rak_billing.payments.sqlite import create_private_file, create_sqlite_engine

_DRIVERS: Final = frozenset({"sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"})
_EXAMPLES: Final = "sqlite:///rak.db or postgresql://user@host/database"


def engine_of(url: str, *, writer_gate: bool = True) -> Engine:
    """
    Return an engine for the database at *url*; of SQLite, its file is made where there is none.

    Raises:
        JournalSettingError: The URL is of no database that the journal knows, its driver is missing, or its file lies on
            a network's file system.
    """
    parsed = url_of(url)
    if parsed.get_backend_name() != "sqlite":
        return create_postgresql_engine(parsed)
    create_private_file(parsed)
    return create_sqlite_engine(parsed, writer_gate=writer_gate)


def url_of(url: str) -> URL:
    """Return the parts of a URL; raises as `engine_of`."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The text is not shown: a database URL may hold a password.
        raise JournalSettingError("url", f"expected a URL such as {_EXAMPLES}") from None
    # The name of the driver too: another one may be missing, or know no threads.
    if parsed.drivername not in _DRIVERS:
        raise JournalSettingError("url", f"expected a URL such as {_EXAMPLES}, not {parsed.drivername}")
    is_sqlite = parsed.get_backend_name() == "sqlite"
    if is_sqlite and (parsed.host or parsed.query or (parsed.database or "").startswith("file:")):
        # An address of SQLite's own can switch off locks, and hides the file from the checks of its disk.
        raise JournalSettingError("url", "expected the path of a file, without options: sqlite:///rak.db")
    return parsed
