"""
Which version the journal's tables are of, told without loading the migrations.

A new database gets the tables of today at once; the migrations are for those that exist. That both ways lead to the
same tables is tested.
"""

from typing import Final

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select

from rak_billing.errors import SchemaVersionError
from rak_billing.payments.schema import metadata

#: The version that this package works with.
HEAD: Final = "0005"
#: The version of tables that were made before there were versions.
FIRST: Final = "0001"
VERSION_TABLE: Final = "rak_billing_version"

# As Alembic makes it.
_version = Table(
    VERSION_TABLE,
    MetaData(naming_convention={"pk": f"{VERSION_TABLE}_pkc"}),
    Column("version_num", String(32), primary_key=True),
)


def version_of(connection: Connection) -> str | None:
    """Return the version of the tables; None where there are none."""
    names = set(inspect(connection).get_table_names())
    if VERSION_TABLE in names:
        found: str | None = connection.execute(select(_version.c.version_num)).scalar_one_or_none()
        return found
    return FIRST if "orders" in names else None


def create_tables(connection: Connection) -> None:
    """Create all tables in an empty database."""
    metadata.create_all(connection)
    mark(connection, HEAD)


def mark(connection: Connection, version: str) -> None:
    """Write down the version of tables that bear none yet."""
    _version.create(connection, checkfirst=True)
    connection.execute(insert(_version).values(version_num=version))


def check_version(connection: Connection) -> None:
    """
    Check that the tables are those that this package works with.

    Raises:
        SchemaVersionError: They are not.
    """
    found = version_of(connection)
    if found != HEAD:
        raise SchemaVersionError(found, HEAD)
