"""Our journal holds to what every journal must hold to, on both databases, in clear and sealed."""

import pytest

from rak_billing.payments.journal import Journal
from rak_billing.testing.journal_conformance import JournalConformance


class TestJournal(JournalConformance):
    @pytest.fixture
    def journal(self, place):
        """An empty journal."""
        with Journal.open(place.url) as journal:
            yield journal


class TestSealedJournal(JournalConformance):
    @pytest.fixture
    def journal(self, tmp_path):
        """An empty journal with a key."""
        with Journal.open(f"sqlite:///{tmp_path / 'rak.db'}", keys=[b"k" * 32]) as journal:
            yield journal


def test_a_double_that_forgets_a_key_is_caught(place):
    """The tests see what they are for: without the key of open orders, one of them fails."""
    with Journal.open(place.url) as journal:
        with journal.writing() as tx:
            tx.connection.exec_driver_sql("DROP INDEX uq_orders_open")
        with pytest.raises(AssertionError, match="expected JournalError"):
            JournalConformance().test_keys_are_unique(journal)
        with journal.writing() as tx:
            tx.connection.exec_driver_sql("DELETE FROM order_lines")
            tx.connection.exec_driver_sql("DELETE FROM attempts")
            tx.connection.exec_driver_sql("DELETE FROM orders")
            tx.connection.exec_driver_sql(
                "CREATE UNIQUE INDEX uq_orders_open ON orders (tenant, customer_ref, quote_digest) WHERE state = 'open'"
            )
