"""A look at an SQLite file that changes nothing in it, before it is opened as a journal."""

import sqlite3
from pathlib import Path

from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from rak_billing.errors import JournalSettingError, SchemaVersionError
from rak_billing.payments.local_disk import check_local
from rak_billing.payments.sqlite import file_of
from rak_billing.payments.versions import HEAD, version_of


def look_at_file(url: URL, *, may_be_new: bool) -> bool:
    """
    Check that an SQLite file is a journal's, or may become one, and tell whether it is there.

    To open it would set its log, and make it if missing.

    Args:
        url: Of the database; one in memory, or of another kind, is not looked at.
        may_be_new: Whether there may be no file yet, or one that holds none of the journal's tables.

    Raises:
        JournalSettingError: There is no such file, or it lies on a network's file system.
        ForeignTablesError: It has another program's tables of the journal's names.
        SchemaVersionError: It has tables, and none of the journal's.
        sqlalchemy.exc.DBAPIError: It cannot be read, or is no database.
    """
    file = file_of(url) if url.get_backend_name() == "sqlite" else None
    if file is None:
        return True
    check_local(file)
    path = Path(file).absolute()
    if not _is_there(path):
        if may_be_new:
            return False
        raise JournalSettingError("file", "expected a file that exists")
    address = f"{path.as_uri()}?mode=ro"
    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool
    )
    with engine.connect() as connection:
        if version_of(connection) is None and inspect(connection).get_table_names() and not may_be_new:
            raise SchemaVersionError(None, HEAD)
    return True


def _is_there(path: Path) -> bool:
    try:
        if not path.exists():
            return False
        if path.is_file():
            return True
    except OSError as error:
        raise JournalSettingError("file", f"expected a file that can be reached: {error.strerror}") from error
    raise JournalSettingError("file", "expected a file, not a folder or device")
