"""A billing adapter of your own, and the proof that it books each payment once."""

import sqlite3
from datetime import date

from cmi_gateway import Money
from rak_billing.billing_posting import AlreadyPosted, PaidInvoice, Posted, Posting, Refused, RefusedReason
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.testing.billing_conformance import Bench, prove


class OurBooks:
    """Posts payments into a table of ours, whose key is unique."""

    exactly_once = ExactlyOnce.KEY

    def __init__(self, path):
        self.path = path
        with sqlite3.connect(path) as books:
            books.execute(
                "CREATE TABLE IF NOT EXISTS payments (key TEXT PRIMARY KEY, digest TEXT, centimes INTEGER)"
            )
        books.close()

    def post(self, posting):
        books = sqlite3.connect(self.path, isolation_level=None)
        try:
            row = (posting.key, posting.digest, posting.total.centimes)
            # The unique key decides, in one statement: to look first and write then would book twice, one day.
            added = books.execute("INSERT OR IGNORE INTO payments VALUES (?, ?, ?)", row).rowcount
            if added:
                return Posted()
            query = "SELECT digest FROM payments WHERE key = ?"
            (digest,) = books.execute(query, (posting.key,)).fetchone()
            return AlreadyPosted() if digest == posting.digest else Refused(RefusedReason.KEY_REUSED)
        finally:
            books.close()


def entries(path, key):
    """Count what the books hold, without asking the adapter."""
    books = sqlite3.connect(path)
    try:
        return books.execute("SELECT COUNT(*) FROM payments WHERE key = ?", (key,)).fetchone()[0]
    finally:
        books.close()


def test_our_books_take_each_payment_once(tmp_path):
    """Whatever line the worker dies at, there is one entry."""
    posting = Posting(
        key="RAK-7f3kq9z2mb4wx1t8",
        tenant="rak",
        customer_ref="123456789",
        invoices=[PaidInvoice("383180218210", Money.parse("113.02"))],
        posting_date=date(2018, 9, 11),
        receipt_number="10000764160",
    )
    made = iter(range(1000))

    def bench():
        path = tmp_path / f"books-{next(made)}.db"
        return Bench(receiver=OurBooks(path), posting=posting, entries=lambda key: entries(path, key))

    proof = prove(bench)
    assert proof.way is ExactlyOnce.KEY
    print(f"died at {proof.crash_points} points, twice at each")
