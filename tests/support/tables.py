"""What a database says of its own tables, for comparing how they came about."""

from sqlalchemy import Connection

from rak_billing.payments.versions import VERSION_TABLE

_POSTGRES_COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns
WHERE table_schema = 'public'
"""
_POSTGRES_KEYS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
"""


def described(connection: Connection) -> list[tuple[object, ...]]:
    """Give every column, key and index, each as the database describes it; in no order that tells how they were made."""
    found = _sqlite(connection) if connection.dialect.name == "sqlite" else _postgres(connection)
    return sorted((row for row in found if VERSION_TABLE not in str(row)), key=repr)


def _postgres(connection: Connection) -> list[tuple[object, ...]]:
    return [
        tuple(row)
        for query in (_POSTGRES_COLUMNS, _POSTGRES_KEYS)
        for row in connection.exec_driver_sql(query)
    ]


def _sqlite(connection: Connection) -> list[tuple[object, ...]]:
    master = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master").all()
    found: list[tuple[object, ...]] = []
    for kind, name, table, sql in master:
        if table == VERSION_TABLE:
            continue
        if table.startswith("portal_"):
            found.append((name, " ".join((sql or "").split())))
            continue
        if kind == "index":
            found.append((name, " ".join((sql or "").split())))
            continue
        # A column that was added later stands last, and means the same.
        parts = " ".join(sql.split()).removesuffix(") STRICT").split("(", 1)[1]
        assert sql.rstrip().endswith("STRICT")
        found += [(name, part.strip()) for part in parts.split(", ")]
    return found
