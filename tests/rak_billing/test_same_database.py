"""Billing in the journal's own database: an entry and the mark that it was delivered are one transaction."""

import sys
from contextlib import contextmanager
from datetime import date

import attrs
import pytest
import sqlalchemy as sa

from cmi_gateway import Money
from rak_billing.billing_posting import PaidInvoice, Posted, Refused
from rak_billing.billing_systems import judging, same_database
from rak_billing.billing_systems.same_database import SameDatabaseBilling
from rak_billing.errors import BillingUnavailableError, CommitUnknownError, JournalError, PostingError
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.invoices import Statement
from rak_billing.payments.journal import Journal
from rak_billing.testing.billing_conformance import Bench, ConformanceError, prove
from support.billing_kit import POSTING, STATEMENT
from support.callbacks import approved
from support.checkout_kit import CUSTOMER, A, Till
from support.documented import documented


def example(name):
    return documented(f"examples/{name}.py")


@pytest.fixture
def ours():
    """The operator's tables and functions, as the documents show them."""
    return example("same_database")


@pytest.fixture
def journal(place, ours):
    """A journal with the operator's tables beside its own."""
    with Journal.open(place.url) as opened:
        with opened.writing() as tx:
            ours.metadata.create_all(tx.connection)
        yield opened
        with opened.writing() as tx:
            ours.metadata.drop_all(tx.connection)
            tx.connection.exec_driver_sql("DROP TABLE IF EXISTS rak_billing_postings")


def fill(connection, ours, statement):
    """Have nothing but these unpaid bills in the operator's tables."""
    for table in reversed(ours.metadata.sorted_tables):
        connection.execute(sa.delete(table))
    account = statement.account
    connection.execute(
        sa.insert(ours.customers).values(
            number=account.customer_ref, name=account.name, address=account.address
        )
    )
    for bill in statement.invoices:
        connection.execute(
            sa.insert(ours.bills).values(
                number=bill.reference,
                customer=account.customer_ref,
                service="ELECTRICITE",
                month="2018-02",
                due=date(2018, 4, 14),
                centimes=bill.amount.centimes,
            )
        )


def bench_of(journal, ours, billing):
    def transaction():
        @contextmanager
        def block():
            with journal.writing() as tx:
                yield tx.connection

        return block()

    def entries(key):
        with journal.reading() as tx:
            entered = sa.select(sa.func.count()).where(ours.ledger.c.payment == key)
            found = tx.connection.execute(entered).scalar_one()
        # A payment of two bills is two lines of the ledger, both or none.
        assert found in {0, 2}
        return found // 2

    with journal.writing() as tx:
        fill(tx.connection, ours, STATEMENT)
        tx.connection.execute(sa.delete(billing.table))
    return Bench(
        receiver=billing,
        posting=POSTING,
        entries=entries,
        billing=billing,
        transaction=transaction,
        crash_in=(judging, ours),
    )


def test_it_keeps_its_promise(journal, ours):
    """Whatever line it dies at, in the adapter or in the operator's functions, the books hold the payment once."""
    billing = ours.our_billing(journal)
    proof = prove(lambda: bench_of(journal, ours, billing))
    assert (ExactlyOnce.SAME_TRANSACTION, True) == (proof.way, proof.crash_points > 20)
    assert same_database.__file__ in bench_of(journal, ours, billing).files


def test_a_function_that_commits_is_found_out(journal, ours):
    """Then the entry would outlive a delivery that was undone."""

    def write(connection, posting):
        ours.write(connection, posting)
        connection.connection.dbapi_connection.execute("COMMIT")
        connection.connection.dbapi_connection.execute("BEGIN")
        return ""

    billing = SameDatabaseBilling(journal, read=ours.read, write=write)
    billing.create_table()
    with pytest.raises((ConformanceError, PostingError, JournalError)):
        prove(lambda: bench_of(journal, ours, billing))


def test_what_was_written_before_a_refusal_is_undone(journal, ours):
    """The first bill was marked already when the second was refused; and the key may be used again."""
    billing = ours.our_billing(journal)
    bench = bench_of(journal, ours, billing)
    first, second = POSTING.invoices
    with journal.writing() as tx:
        tx.connection.execute(
            sa.update(ours.bills).where(ours.bills.c.number == second.reference).values(centimes=1)
        )
    assert isinstance(billing.post(POSTING), Refused)
    assert 0 == bench.entries(POSTING.key)
    assert first.reference in {
        invoice.reference for invoice in billing.statement(POSTING.customer_ref).invoices
    }
    with journal.writing() as tx:
        amount = second.amount.centimes
        tx.connection.execute(
            sa.update(ours.bills).where(ours.bills.c.number == second.reference).values(centimes=amount)
        )
    assert Posted(POSTING.receipt_number) == billing.post(POSTING)


def test_a_payment_is_in_the_books_and_off_the_bills(journal, ours):
    """From the first page to the ledger, in one database."""
    billing = ours.our_billing(journal)
    shop = Till(journal, billing=billing)
    with journal.writing() as tx:
        fill(tx.connection, ours, Statement(shop.bills.account, [A]))
    form = shop.checkout.pay(
        CUSTOMER,
        chosen={A.reference},
        email="client@example.com",
        card="moroccan",
        terms=True,
        accepted=Money.parse("114.26"),
    )
    shop.settle(approved(form))
    assert 2 == shop.checkout.deliver()
    assert 0 == shop.checkout.deliver()
    assert [A.reference] == [row["bill"] for row in shop.rows("our_ledger")]
    assert () == billing.statement(CUSTOMER).invoices
    assert {"sent"} == {"sent" if row["sent_at"] else "waiting" for row in shop.rows("outbox")}
    assert all(row["released_at"] for row in shop.rows("invoice_locks"))


class Broken:
    """A journal whose database is away, or was lost while committing."""

    def __init__(self, error):
        self.error = error

    def run(self, work, *, repeatable=False):
        raise self.error

    @contextmanager
    def reading(self):
        raise self.error
        yield


@pytest.mark.parametrize(
    ("error", "safe"), [(JournalError("down"), True), (CommitUnknownError("cut"), False)]
)
def test_what_the_database_refuses_is_told_apart(ours, error, safe):
    """Nothing was written, or nobody knows; a customer is never told that there is nothing to pay."""
    billing = SameDatabaseBilling(Broken(error), read=ours.read, write=ours.write)
    with pytest.raises(PostingError) as caught:
        billing.post(POSTING)
    assert safe is caught.value.safe_to_retry
    with pytest.raises(BillingUnavailableError):
        billing.statement(CUSTOMER)


def test_the_example_that_searches_keeps_its_promise(tmp_path, capsys, monkeypatch):
    """The documents' example of a billing system that can only be asked."""
    module = example("test_searched_billing")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    module.test_what_can_be_searched_is_entered_once(tmp_path)
    assert "died at" in capsys.readouterr().out


def test_an_amount_of_its_own_is_another_payment(journal, ours):
    """A key is one payment for ever."""
    billing = ours.our_billing(journal)
    bench_of(journal, ours, billing)
    billing.post(POSTING)
    other = attrs.evolve(POSTING, invoices=[PaidInvoice("x", Money(1))])
    assert isinstance(billing.post(other), Refused)
