"""Copy a journal from SQLite to PostgreSQL: python sqlite_to_postgresql.py sqlite:///rak.db postgresql://…"""

import sys

from sqlalchemy import Connection, Table, func, insert, select

import rak_billing as rak
from rak_billing.payments.journal import Transaction
from rak_billing.payments.schema import metadata

BATCH = 500


def rows_of(side: Connection, table: Table) -> int:
    """Count the rows of a table."""
    return side.execute(select(func.count()).select_from(table)).scalar_one()


def copy(old: Connection, new: Connection) -> None:
    """Copy every table, those that others refer to first."""
    for table in metadata.sorted_tables:
        if rows_of(new, table):
            raise SystemExit(f"{table.name}: the new journal is not empty; copy into one that is")
        rows = old.execute(select(table)).mappings()
        while batch := rows.fetchmany(BATCH):
            new.execute(insert(table), [dict(row) for row in batch])


def compare(old: Transaction, new: Transaction) -> None:
    """Compare the rows of every table and the sums over all orders, and print both."""
    for table in metadata.sorted_tables:
        there, here = rows_of(old.connection, table), rows_of(new.connection, table)
        if there != here:
            raise SystemExit(f"{table.name}: {there} rows in the old journal, {here} in the new")
        print(f"{table.name}: {here}")
    if old.tallies.totals() != new.tallies.totals():
        raise SystemExit("the sums over all orders differ")
    for key, tally in sorted(new.tallies.totals().items()):
        print(f"{key.tenant} {key.month} {key.state}: {tally.orders} orders, {tally.centimes} centimes")


def main(old_url: str, new_url: str) -> None:
    """Copy all of it in one transaction, which is kept only if both sides agree."""
    with (
        rak.Journal.open(old_url, upgrade=False) as old,
        rak.Journal.open(new_url) as new,
        old.reading() as source,
        new.writing() as target,
    ):
        copy(source.connection, target.connection)
        compare(source, target)


if __name__ == "__main__":
    try:
        old_address, new_address = sys.argv[1:]
    except ValueError:
        raise SystemExit(__doc__) from None
    main(old_address, new_address)
