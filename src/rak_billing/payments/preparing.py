"""Making a database fit for this package: new tables, or those that exist brought up to date."""

from sqlalchemy import Connection

from rak_billing.payments.versions import HEAD, create_tables, version_of


def bring_up_to_date(connection: Connection) -> str | None:
    """
    Create the tables, or migrate them, and return the version they had before.

    Raises:
        SchemaVersionError: They are of a later version than this package knows.
    """
    found = version_of(connection)
    if found is None:
        create_tables(connection)
    elif found != HEAD:
        # Loaded only where there is something to migrate.
        from rak_billing.payments.upgrading import migrate  # noqa: PLC0415

        migrate(connection, found)
    return found
