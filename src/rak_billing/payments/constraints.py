"""Whether the tables have the columns and unique keys that the journal relies on, whatever their version says."""

from collections.abc import Iterator

from sqlalchemy import Connection, PrimaryKeyConstraint, Table, UniqueConstraint, inspect

from rak_billing.payments.schema import metadata

# What SQLAlchemy knows a table by: its schema, which is the default one, and its name.
_Key = tuple[str | None, str]


def missing_parts(connection: Connection) -> Iterator[str]:
    """Name each column and unique key that is missing, as ``table.column`` or ``table(column, column)``."""
    inspector = inspect(connection)
    columns = inspector.get_multi_columns()
    primary = inspector.get_multi_pk_constraint()
    indexes = inspector.get_multi_indexes()
    unique = inspector.get_multi_unique_constraints()
    for table in metadata.sorted_tables:
        key: _Key = (None, table.name)
        there = {column["name"] for column in columns.get(key, ())}
        yield from (str(column) for column in table.c if column.name not in there)
        keys = {frozenset(index["column_names"]) for index in indexes.get(key, ()) if index["unique"]}
        keys |= {frozenset(constraint["column_names"]) for constraint in unique.get(key, ())}
        keys.add(frozenset(primary[key]["constrained_columns"] if key in primary else ()))
        for wanted in _unique_keys(table):
            if wanted not in keys:
                yield f"{table.name}({', '.join(sorted(wanted))})"


def _unique_keys(table: Table) -> Iterator[frozenset[str]]:
    for constraint in table.constraints:
        if isinstance(constraint, (PrimaryKeyConstraint, UniqueConstraint)):
            yield frozenset(constraint.columns.keys())
    for index in table.indexes:
        if index.unique:
            yield frozenset(index.columns.keys())
