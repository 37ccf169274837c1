"""A billing system that does not know a repeat, but can be asked: search before posting again."""

import sqlite3
from contextlib import closing
from datetime import date, timedelta

from cmi_gateway import Money
from rak_billing.billing_posting import PaidInvoice, Posted, Posting
from rak_billing.errors import BillingUnavailableError, PostingNotSentError, PostingUnknownError
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.testing.billing_conformance import Bench, prove


class LedgerWithoutKeys:
    """Enters whatever it is sent, twice if it is sent twice; our key is a text in its remark."""

    def __init__(self, path):
        self.path = path
        with closing(sqlite3.connect(path)) as books:
            books.execute("CREATE TABLE IF NOT EXISTS entries (remark TEXT, centimes INTEGER)")

    def enter(self, remark, centimes):
        with closing(sqlite3.connect(self.path)) as books:
            books.execute("INSERT INTO entries VALUES (?, ?)", (remark, centimes))
            books.commit()

    def entries(self, remark):
        with closing(sqlite3.connect(self.path)) as books:
            return books.execute("SELECT COUNT(*) FROM entries WHERE remark = ?", (remark,)).fetchone()[0]


class SearchedBilling:
    """Posts into such a ledger."""

    exactly_once = ExactlyOnce.SEARCH
    #: The ledger is written at once; a slow one would need the longest time that an entry is under way.
    final_after = timedelta(minutes=10)

    def __init__(self, ledger):
        self.ledger = ledger

    def post(self, posting):
        try:
            self.ledger.enter(posting.key, posting.total.centimes)
        except ConnectionRefusedError as error:
            raise PostingNotSentError(posting.key, str(error)) from error
        except (OSError, sqlite3.Error) as error:
            # It may have been entered: only a search tells.
            raise PostingUnknownError(posting.key, str(error)) from error
        return Posted()

    def find_posting(self, posting):
        try:
            return Posted() if self.ledger.entries(posting.key) else None
        except (OSError, sqlite3.Error) as error:
            raise BillingUnavailableError(str(error)) from error


def test_what_can_be_searched_is_entered_once(tmp_path):
    """Whatever line the worker dies at, it asks before it posts again, and there is one entry."""
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
        ledger = LedgerWithoutKeys(tmp_path / f"ledger-{next(made)}.db")
        return Bench(receiver=SearchedBilling(ledger), posting=posting, entries=ledger.entries)

    proof = prove(bench)
    assert proof.way is ExactlyOnce.SEARCH
    print(f"died at {proof.crash_points} points, twice at each")
