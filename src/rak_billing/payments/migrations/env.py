"""What Alembic runs for each command: it hands over the connection, or writes the statements instead."""

from alembic import context

from rak_billing.payments.schema import metadata
from rak_billing.payments.versions import VERSION_TABLE


def _run() -> None:
    attributes = context.config.attributes
    if context.is_offline_mode():
        context.configure(
            dialect_name=attributes["dialect"],
            target_metadata=metadata,
            version_table=VERSION_TABLE,
            literal_binds=True,
        )
    else:
        # The transaction is the caller's: all migrations are kept, or none.
        context.configure(
            connection=attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
        )
    with context.begin_transaction():
        context.run_migrations()


_run()
