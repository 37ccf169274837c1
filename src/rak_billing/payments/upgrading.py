"""From one version of the tables to the next, by the migrations that come with the package."""

import io
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from rak_billing.errors import SchemaVersionError
from rak_billing.payments.postgresql import wait_as_usual
from rak_billing.payments.versions import HEAD, VERSION_TABLE, mark

_FOLDER: Final = Path(__file__).parent / "migrations"


def _config(output: io.StringIO | None = None) -> Config:
    config = Config(stdout=io.StringIO(), output_buffer=output)
    # A percent sign in the path would be read as a reference to another setting.
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def migrate(connection: Connection, found: str) -> None:
    """
    Bring tables of the version *found* up to date, in the transaction of *connection*.

    Raises:
        SchemaVersionError: No migration leads from there.
    """
    if found not in versions():
        raise SchemaVersionError(found, HEAD)
    if VERSION_TABLE not in inspect(connection).get_table_names():
        mark(connection, found)
    # Who waits for a table that is in use keeps everybody else waiting behind.
    wait_as_usual(connection)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def versions() -> tuple[str, ...]:
    """Return all versions, the oldest first."""
    return tuple(
        script.revision for script in reversed([*ScriptDirectory.from_config(_config()).walk_revisions()])
    )


def statements(dialect: str, found: str | None, wanted: str = HEAD, *, is_marked: bool = True) -> str:
    """
    Return what an upgrade from *found* to *wanted* runs on a database of this *dialect*, for a person who runs it.

    Args:
        dialect: ``sqlite`` or ``postgresql``.
        found: The version of the tables; None where there are none.
        wanted: The version to come to.
        is_marked: Whether the version stands in the database; tables from before there were versions have none.

    Raises:
        SchemaVersionError: No migration leads from there.
    """
    if found is not None and found not in versions():
        raise SchemaVersionError(found, HEAD)
    output = io.StringIO()
    config = _config(output)
    config.attributes.update(dialect=dialect, unmarked=None if is_marked else found)
    command.upgrade(config, wanted if found is None else f"{found}:{wanted}", sql=True)
    return output.getvalue()
