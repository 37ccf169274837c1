"""The billing systems that need no network: in memory, in a file, from CSV files, and as files handed over."""

import csv
import importlib.util
import json
import sqlite3
import sys
from datetime import date
from hashlib import sha256
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.billing_posting import AlreadyPosted, PaidInvoice, Posted, RefusedReason
from rak_billing.billing_systems.bill_rows import invoice_of, row_of
from rak_billing.billing_systems.csv_files import read_bills
from rak_billing.billing_systems.in_memory import InMemoryBilling
from rak_billing.billing_systems.posting_folder import PostingFolder
from rak_billing.billing_systems.sqlite import SqliteBilling
from rak_billing.errors import BillingUnavailableError, InvoiceError, PostingNotSentError, PostingUnknownError
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.invoices import Statement
from rak_billing.testing import invoices as strategies
from support.billing_kit import CUSTOMER, POSTING, STATEMENT, A, B


@pytest.fixture(params=["in memory", "in a file"])
def billing(request, tmp_path):
    if request.param == "in memory":
        return InMemoryBilling([STATEMENT])
    system = SqliteBilling(tmp_path / "bills.db")
    assert 2 == system.load([STATEMENT])
    return system


def part(*paid, **changes):
    return attrs.evolve(POSTING, invoices=paid or POSTING.invoices, **changes)


def test_bills_are_found_until_they_are_paid(billing):
    """A paid invoice is owed no more, the others are; an unknown customer is None."""
    first, second = POSTING.invoices
    assert STATEMENT == billing.statement(CUSTOMER)
    assert isinstance(billing.post(part(first)), Posted)
    assert (B,) == billing.statement(CUSTOMER).invoices
    assert isinstance(billing.post(part(second, key="RAK-2")), Posted)
    assert () == billing.statement(CUSTOMER).invoices
    assert billing.statement("7") is None


def test_a_repeat_gets_the_entry_that_is_there(billing):
    """Same key, same payment: nothing is written again."""
    first = billing.post(POSTING)
    assert AlreadyPosted(first.billing_reference) == billing.post(POSTING)


@pytest.mark.parametrize(
    ("posting", "reason"),
    [
        (part(receipt_number="10000764161"), RefusedReason.KEY_REUSED),
        (part(key="RAK-2"), RefusedReason.ALREADY_PAID),
        (part(key="RAK-2", customer_ref="7"), RefusedReason.UNKNOWN_CUSTOMER),
        (part(attrs.evolve(POSTING.invoices[0], reference="9"), key="RAK-2"), RefusedReason.UNKNOWN_INVOICE),
    ],
)
def test_what_the_books_do_not_take_is_refused(billing, posting, reason):
    """Each refusal has its reason, and writes nothing."""
    billing.post(POSTING)
    assert reason is billing.post(posting).reason
    assert 1 == len(billing.postings if isinstance(billing, InMemoryBilling) else billing.postings())


def test_an_amount_that_differs_is_refused(billing):
    """Neither more nor less than what is due."""
    answer = billing.post(part(attrs.evolve(POSTING.invoices[0], amount=Money(11301))))
    assert (RefusedReason.AMOUNT_DIFFERS, "123456789: 113.02 is due, 113.01 was paid") == attrs.astuple(
        answer
    )
    assert STATEMENT == billing.statement(CUSTOMER)


def test_nobody_is_shown_in_a_repr(billing, tmp_path):
    """Names and invoices are no part of a log."""
    shown = repr(billing) + repr(PostingFolder(tmp_path))
    assert "BENALI" not in shown
    assert "113" not in shown.replace(str(tmp_path), "")


def test_loading_twice_changes_nothing(tmp_path):
    """What was paid stays paid when the export of yesterday is loaded again."""
    billing = SqliteBilling(tmp_path / "bills.db")
    billing.load([STATEMENT])
    billing.post(POSTING)
    assert 0 == billing.load([STATEMENT])
    assert () == billing.statement(CUSTOMER).invoices
    assert (POSTING.to_dict(),) == SqliteBilling(tmp_path / "bills.db").postings()


def test_the_next_export_is_all_that_is_owed(tmp_path):
    """Paid at the counter: gone. Corrected: corrected. New: there. Paid here: still paid, though the export lists it."""
    billing = SqliteBilling(tmp_path / "bills.db")
    c, d = (attrs.evolve(A, reference=reference) for reference in ("333333333", "444444444"))
    billing.replace([attrs.evolve(STATEMENT, invoices=(A, B, c))])
    billing.post(part(POSTING.invoices[0]))
    corrected = attrs.evolve(B, amount=Money(4000))
    moved = attrs.evolve(STATEMENT.account, name="AUTRE NOM")
    billing.replace([Statement(moved, (A, corrected, d))])
    assert Statement(moved, (corrected, d)) == billing.statement(CUSTOMER)
    assert isinstance(billing.post(part(POSTING.invoices[0])), AlreadyPosted)
    billing.replace([])
    assert () == billing.statement(CUSTOMER).invoices


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_row_of_exports_owes_what_the_last_one_lists_and_nobody_paid(tmp_path_factory, data):
    """Whatever was listed before, and whatever was paid between two exports."""
    billing = SqliteBilling(tmp_path_factory.mktemp("bills") / "bills.db")
    many = [attrs.evolve(A, reference=f"{number:09}") for number in range(4)]
    posted = set()
    for number in range(3):
        listed = data.draw(st.lists(st.sampled_from(many), unique=True))
        billing.replace([attrs.evolve(STATEMENT, invoices=listed)])
        owed = [invoice for invoice in listed if invoice.reference not in posted]
        assert tuple(owed) == billing.statement(CUSTOMER).invoices
        if owed:
            paid = PaidInvoice(owed[0].reference, owed[0].amount)
            assert isinstance(billing.post(part(paid, key=f"RAK-{number}")), Posted)
            posted.add(owed[0].reference)


def test_an_export_that_cannot_be_written_leaves_the_bills_as_they_were(tmp_path):
    """A disk that is full, or a statement that breaks off: what was owed is owed still."""
    billing = SqliteBilling(tmp_path / "bills.db")
    billing.replace([STATEMENT])

    def breaks_off():
        yield attrs.evolve(STATEMENT, invoices=(A,))
        raise OSError("the export ends in the middle")

    with pytest.raises(OSError, match="middle"):
        billing.replace(breaks_off())
    assert STATEMENT == billing.statement(CUSTOMER)


def test_a_file_that_is_none_is_an_outage(tmp_path):
    """Neither looking up nor posting takes trouble with the file for an answer."""
    path = tmp_path / "bills.db"
    billing = SqliteBilling(path)
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(BillingUnavailableError, match="file of the bills cannot be used"):
        billing.statement(CUSTOMER)
    with pytest.raises(PostingNotSentError, match="cannot be"):
        billing.post(POSTING)
    path.unlink()
    path.mkdir()
    with pytest.raises(PostingNotSentError, match="cannot be opened"):
        billing.post(POSTING)


class FailingCommit(sqlite3.Connection):
    def execute(self, sql, *values):
        if sql == "COMMIT":
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, *values)


def test_a_busy_file_was_not_sent_to_and_a_failed_commit_is_unknown(tmp_path, monkeypatch):
    """Before the commit nothing can be in the books; after it began, it can."""
    billing = SqliteBilling(tmp_path / "bills.db")
    billing.load([STATEMENT])
    monkeypatch.setattr("rak_billing.billing_systems.sqlite._PATIENCE", 0.01)
    other = sqlite3.connect(tmp_path / "bills.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(PostingNotSentError, match="locked"):
        billing.post(POSTING)
    other.close()
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **options: connect(*args, factory=FailingCommit, **options)
    )
    with pytest.raises(PostingUnknownError, match="failed while committing"):
        billing.post(POSTING)


@given(strategies.invoices())
def test_an_invoice_is_read_back_from_its_row(invoice):
    """All that a row holds comes back; what an invoice is made of stays billing's."""
    if invoice.amount.centimes <= 0:
        return
    kept = attrs.evolve(invoice, billed=None, net=None, vat=())
    assert kept == invoice_of(row_of(invoice))


ROW = row_of(A)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("reference", ""),
        ("amount", "113,02"),
        ("amount", "1.234"),
        ("due_date", "14/04/2018"),
        ("due_date", "2018-02-30"),
        ("period", "02/2018"),
        ("mandatory", "oui"),
        ("status", "lost"),
        ("issue_date", "yesterday"),
    ],
)
def test_a_row_that_could_mean_two_things_is_refused(column, value):
    """Each column has one form."""
    with pytest.raises(InvoiceError):
        invoice_of(ROW | {column: value})


def test_decimals_follow_their_setting():
    """Where commas are said to come, a dot is refused, and the guide's first day stands for its month."""
    assert A == invoice_of(ROW | {"amount": "113,02", "period": "2018-02-01"}, decimal=",")
    assert A == invoice_of(ROW | {"issue_date": ""})
    with pytest.raises(InvoiceError, match="expected a comma"):
        invoice_of(ROW, decimal=",")


CUSTOMERS = "customer_ref;name;address\n123456789;M. BENALI AHMED;12 RUE MOHAMED V KENITRA\n"
INVOICES = (
    "customer_ref;reference;service;period;due_date;amount;mandatory\n"
    "123456789;123456789;ELECTRICITE;2018-02;2018-04-14;113.02;0\n"
    "123456789;987654321;ELECTRICITE;2018-03-01;2018-05-14;105.81;\n"
)


def read(folder, customers=CUSTOMERS, invoices=INVOICES):
    (folder / "customers.csv").write_text(customers, encoding="utf-8")
    (folder / "invoices.csv").write_text(invoices, encoding="utf-8")
    return read_bills(folder / "customers.csv", folder / "invoices.csv")


def test_bills_come_from_two_files(tmp_path):
    """The guide's customer and invoices, as a spreadsheet writes them."""
    assert (STATEMENT,) == read(tmp_path, "\ufeff" + CUSTOMERS)


@pytest.mark.parametrize(
    ("customers", "invoices", "words"),
    [
        (CUSTOMERS, INVOICES.replace("105.81", "105,81"), "invoices.csv, line 3, amount"),
        (
            CUSTOMERS,
            INVOICES.replace("987654321", "123456789"),
            "line 3, reference: expected each invoice once",
        ),
        (
            CUSTOMERS,
            INVOICES.replace("\n123456789;987", "\n7;987"),
            "line 3, customer_ref: expected a customer",
        ),
        (CUSTOMERS, INVOICES.replace("105.81;", "105.81"), "line 3, columns: expected 7"),
        (CUSTOMERS, INVOICES + "1;2;3;4;5;6;7;8\n", "line 4, columns"),
        (CUSTOMERS, INVOICES.replace("amount", "montant"), "line 1, columns"),
        (CUSTOMERS, "", "line 1, columns"),
        (CUSTOMERS, INVOICES + '1;"2', "text: expected UTF-8 with quotes closed"),
        (CUSTOMERS + CUSTOMERS.splitlines()[1], INVOICES, "customers.csv, line 3, customer_ref"),
    ],
)
def test_a_bad_line_refuses_the_file(tmp_path, customers, invoices, words):
    """No line is skipped: a customer would be told that there is nothing to pay."""
    with pytest.raises(InvoiceError, match=words):
        read(tmp_path, customers, invoices)


def test_another_charset_is_refused(tmp_path):
    """Names are not guessed."""
    read(tmp_path)
    (tmp_path / "customers.csv").write_bytes(CUSTOMERS.replace("AHMED", "AÏCHA").encode("cp1252"))
    with pytest.raises(InvoiceError, match="UTF-8"):
        read_bills(tmp_path / "customers.csv", tmp_path / "invoices.csv")


def test_a_posting_is_two_files(tmp_path):
    """The content has a line for each invoice, and the manifest its size and digest; nothing else is left."""
    folder = PostingFolder(tmp_path / "out")
    name = "rak_RAK-7f3kq9z2mb4wx1t8.csv"
    assert (ExactlyOnce.FILE, Posted(name)) == (folder.exactly_once, folder.post(POSTING))
    content, manifest = (tmp_path / "out" / name), (tmp_path / "out" / f"{name}.manifest")
    assert {content, manifest} == set((tmp_path / "out").iterdir())
    rows = list(csv.DictReader(content.read_text(encoding="utf-8").splitlines(), delimiter=";"))
    assert [("123456789", "11302"), ("987654321", "10581")] == [
        (row["invoice"], row["centimes"]) for row in rows
    ]
    facts = json.loads(manifest.read_bytes())
    raw = content.read_bytes()
    assert (sha256(raw).hexdigest(), len(raw), 2, 21883) == tuple(
        facts[fact] for fact in ("sha256", "bytes", "lines", "total")
    )


def test_a_file_that_was_taken_is_not_written_again(tmp_path):
    """The manifest stays when the content was collected, and the repeat is known."""
    folder = PostingFolder(tmp_path)
    name = folder.post(POSTING).billing_reference
    (tmp_path / name).unlink()
    assert AlreadyPosted(name) == folder.post(POSTING)
    assert not (tmp_path / name).exists()
    other = attrs.evolve(POSTING, posting_date=date(2018, 9, 12))
    assert RefusedReason.KEY_REUSED is folder.post(other).reason


def test_a_reference_is_no_formula(tmp_path):
    """A spreadsheet that opens the file computes nothing."""
    paid = attrs.evolve(POSTING.invoices[0], reference="=1+1")
    name = PostingFolder(tmp_path).post(part(paid)).billing_reference
    assert b";'=1+1;" in (tmp_path / name).read_bytes()


def test_a_folder_in_trouble_was_not_sent_to(tmp_path):
    """Without its manifest nobody takes the content."""
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(PostingNotSentError, match="cannot be written to"):
        PostingFolder(tmp_path / "out").post(POSTING)


def test_the_example_of_the_documentation_keeps_its_promise(tmp_path):
    """Whoever copies the adapter of the page begins with one that is proved."""
    path = Path(__file__).parents[2] / "docs" / "examples" / "test_own_billing.py"
    spec = importlib.util.spec_from_file_location("test_own_billing", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.test_our_books_take_each_payment_once(tmp_path)
    del sys.modules[spec.name]
