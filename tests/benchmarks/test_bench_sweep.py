"""One sweep of twenty due attempts, in a journal of a hundred orders and in one of a hundred thousand."""

from datetime import timedelta

import pytest

from rak_billing.payments.journal import Journal
from support.checkout_kit import NOON, A, Till
from support.sweeping_machine import PaidGateway

DUE = 20
_COPIES = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number})"
#: Table to the columns that name a row, each made unique by a number.
_NAMED = {
    "orders": ("reference", "quote_digest"),
    "order_lines": ("order_reference", "reference"),
    "attempts": ("order_id", "order_reference", "token_hash"),
    "events": ("order_reference", "order_id"),
    "inquiries": ("order_id",),
}


def multiply(journal, number):
    """Copy the one order of a journal so many times, with everything that belongs to it."""
    with journal.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for table, names in _NAMED.items():
            columns = [
                row[1] for row in connection.exec_driver_sql(f"PRAGMA table_info({table})") if row[1] != "i"
            ]
            values = [_named(c) if c in names else c for c in columns]
            connection.exec_driver_sql(
                f"INSERT INTO {table} ({', '.join(columns)}) {_COPIES.format(number=number)} "
                f"SELECT {', '.join(values)} FROM {table}, n"
            )
        later = (NOON + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        connection.exec_driver_sql(f"UPDATE inquiries SET due_at = '{later}'")


def _named(column):
    # The fee's line is known by its reference.
    return f"CASE WHEN {column} = 'FRAIS' THEN {column} ELSE {column} || '-' || n.i END"


@pytest.mark.parametrize("orders", [100, 100_000])
def test_sweep(benchmark, tmp_path, orders):
    """What is due is found by an index: the past costs nothing."""
    with Journal.open(f"sqlite:///{tmp_path / 'rak.db'}") as journal:
        form = Till(journal).pay(A)
        multiply(journal, orders)
        with journal.reading() as tx:
            ids = tx.connection.exec_driver_sql("SELECT order_id FROM attempts").scalars().all()
        amounts = dict.fromkeys(ids, dict(form.fields)["amount"])
        now = NOON + timedelta(minutes=10)
        shop = Till(journal, clock=lambda: now, api=PaidGateway(tmp_path, amounts), sleep=lambda _: None)
        left = iter(ids)

        def make_due():
            chosen = [next(left) for _ in range(DUE)]
            with journal.engine.begin() as connection:
                for order_id in chosen:
                    connection.exec_driver_sql(
                        "UPDATE inquiries SET due_at = since WHERE order_id = ?", (order_id,)
                    )

        report = benchmark.pedantic(
            lambda: shop.checkout.sweep(limit=DUE), setup=make_due, rounds=4, iterations=1
        )
        assert DUE == report.asked == report.unanswered + DUE
