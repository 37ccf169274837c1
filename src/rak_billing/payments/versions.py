"""
Which version the journal's tables are of, told without loading the migrations.

A new database gets the tables of today at once; the migrations are for those that exist. That both ways lead to the
same tables is tested.
"""

from typing import Final

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select

from rak_billing.errors import ForeignTablesError, SchemaVersionError
from rak_billing.payments.schema import metadata

#: The version that this package works with.
HEAD: Final = "0009"
#: The version of tables that were made before there were versions.
FIRST: Final = "0001"
VERSION_TABLE: Final = "rak_billing_version"
#: Columns of `orders` that every version has; another program's table of that name has not all of them.
_OURS: Final = frozenset({"reference", "tenant", "customer_ref", "quote_digest", "total_centimes"})

# As Alembic makes it.
version_table: Final = Table(
    VERSION_TABLE,
    MetaData(naming_convention={"pk": f"{VERSION_TABLE}_pkc"}),
    Column("version_num", String(32), primary_key=True),
)


def version_of(connection: Connection, *, lock: bool = False) -> str | None:
    """
    Return the version of the tables; None where there are none.

    Args:
        connection: To the database.

        lock: Whether whoever else wants to change the version waits until this transaction ends, where rows can be
            locked.

    Raises:
        ForeignTablesError: There are tables of the journal's names that are not the journal's.
    """
    names = set(inspect(connection).get_table_names())
    if VERSION_TABLE in names:
        query = select(version_table.c.version_num)
        found = connection.execute(query.with_for_update() if lock else query).scalars().all()
        if len(found) == 1:
            return str(found[0])
    taken = names & set(metadata.tables)
    if not taken:
        return None
    if VERSION_TABLE in names or not _is_ours(connection, taken):
        raise ForeignTablesError(taken)
    return FIRST


def _is_ours(connection: Connection, taken: set[str]) -> bool:
    return (
        "orders" in taken
        and {column["name"] for column in inspect(connection).get_columns("orders")} >= _OURS
    )


def create_tables(connection: Connection) -> None:
    """Create all tables in an empty database."""
    metadata.create_all(connection, checkfirst=False)
    # An empty one may be left of something else.
    version_table.create(connection, checkfirst=True)
    _write(connection, HEAD)


def mark(connection: Connection, version: str) -> None:
    """Write down the version of tables that bear none yet; the database refuses it where somebody did so meanwhile."""
    # Not looked for first: between the look and the writing another upgrade may end, and there would be two versions.
    version_table.create(connection, checkfirst=False)
    _write(connection, version)


def _write(connection: Connection, version: str) -> None:
    connection.execute(insert(version_table).values(version_num=version))


def check_version(connection: Connection) -> None:
    """
    Check that the tables are those that this package works with.

    Raises:
        SchemaVersionError: They are not.
        ForeignTablesError: They are another program's.
    """
    found = version_of(connection)
    if found != HEAD:
        raise SchemaVersionError(found, HEAD)
