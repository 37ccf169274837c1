"""Copy a journal from SQLite to PostgreSQL: python sqlite_to_postgresql.py sqlite:///rak.db postgresql://…"""

import sys

from sqlalchemy import Connection, func, insert, select

import rak_billing as rak
from rak_billing.payments.schema import metadata

BATCH = 500


def copy(old: Connection, new: Connection) -> dict[str, int]:
    """Copy every table, those that others refer to first, and give the number of rows of each."""
    counts = {}
    for table in metadata.sorted_tables:
        rows = old.execute(select(table)).mappings()
        while batch := rows.fetchmany(BATCH):
            new.execute(insert(table), [dict(row) for row in batch])
        there, here = (
            side.execute(select(func.count()).select_from(table)).scalar_one() for side in (old, new)
        )
        if there != here:
            raise SystemExit(f"{table.name}: {there} rows in the old journal, {here} in the new")
        counts[table.name] = here
    return counts


def main(old_url: str, new_url: str) -> None:
    with (
        rak.Journal.open(old_url, upgrade=False) as old,
        rak.Journal.open(new_url) as new,
        old.reading() as source,
        new.writing() as target,
    ):
        counts = copy(source.connection, target.connection)
    for table, count in counts.items():
        print(f"{table}: {count}")


if __name__ == "__main__":
    main(*sys.argv[1:])
