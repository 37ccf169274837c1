"""What Alembic runs for each command: it hands over the connection, or writes the statements instead."""

from alembic import context
from sqlalchemy import insert
from sqlalchemy.schema import CreateTable

from rak_billing.payments.schema import metadata
from rak_billing.payments.versions import VERSION_TABLE, version_table


def _run() -> None:
    attributes = context.config.attributes
    if context.is_offline_mode():
        context.configure(
            dialect_name=attributes["dialect"],
            target_metadata=metadata,
            version_table=VERSION_TABLE,
            literal_binds=True,
            # On SQLite too, where the library would leave it out: all of what is printed is kept, or nothing.
            transactional_ddl=True,
        )
    else:
        # The transaction is the caller's: all migrations are kept, or none.
        context.configure(
            connection=attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
        )
    with context.begin_transaction():
        if (unmarked := attributes.get("unmarked")) is not None:
            context.execute(CreateTable(version_table))
            context.execute(insert(version_table).values(version_num=unmarked))
        context.run_migrations()


_run()
