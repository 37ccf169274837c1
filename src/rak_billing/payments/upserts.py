"""
Writing a row that may be there already, in one statement.

Between a look and a write another transaction may write the same key; one statement has no between. Both databases have
it, each under a name of its own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from rak_billing.payments.written import Written, given


def insert_for(dialect: str, table: Table) -> Any:
    """Give the insert of this kind of database, which may name what happens to a row that is there already."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def insert_unless_there(
    connection: Connection, table: Table, rows: Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> bool:
    """Insert what is not there yet, and tell whether anything was; waits for whoever is writing the same key."""
    statement = insert_for(connection.dialect.name, table).values(rows).on_conflict_do_nothing()
    return bool(connection.execute(statement.returning(*table.primary_key)).all())


def adding_up(table: Table, column: str) -> Written:
    """
    Make the statement that adds up in *column* and returns the sum.

    Its values are the table's primary key, ``fresh`` for a row that was not there yet, and ``more``, which is added
    to one that was.
    """
    key, summed = table.primary_key.columns, table.c[column]

    def build(dialect: str) -> Any:
        values = {part.name: given(part) for part in key} | {column: given(summed, "fresh")}
        return (
            insert_for(dialect, table)
            .values(values)
            .on_conflict_do_update(index_elements=list(key), set_={column: summed + given(summed, "more")})
            .returning(summed)
        )

    return Written(table, build)


def add_up(
    connection: Connection,
    table: Table,
    key: Mapping[str, Any],
    amounts: Mapping[str, int],
    *,
    first: int = 0,
) -> int:
    """
    Add *amounts* to the row of this *key*, or insert it with them, and return the sum in the first of the columns.

    Args:
        connection: In a transaction that writes; the row stays locked until it ends.

        table: The table, whose primary key *key* is.

        key: The row.

        amounts: Column to what is added.

        first: What the row is taken to have held in each column before it was there.
    """
    fresh = {column: first + amount for column, amount in amounts.items()}
    more = {column: table.c[column] + amount for column, amount in amounts.items()}
    statement = (
        insert_for(connection.dialect.name, table)
        .values(**key, **fresh)
        .on_conflict_do_update(index_elements=list(key), set_=more)
        .returning(table.c[next(iter(amounts))])
    )
    return int(connection.execute(statement).scalar_one())
