"""The journal on SQLite: how it is opened, and what its keys refuse."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

import cmi_gateway as cmi
from rak_billing.errors import JournalError
from rak_billing.payments import schema
from rak_billing.payments.journal import Journal
from rak_billing.payments.records import ReviewKind
from rak_billing.payments.rejections import masked
from rak_billing.payments.rows import facts_from_json, facts_to_json
from rak_billing.payments.states import Event
from support.callbacks import approved
from support.checkout_kit import NOON, A, till


def insert_of(table, row):
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    return f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values())


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:secret@host/db",
        "sqlite+aiosqlite:///rak.db",
        "nonsense",
        "",
        "sqlite:////no/such/folder/rak.db",
    ],
)
def test_an_unusable_url_is_refused(url):
    """The error says what is expected, and never shows a password."""
    with pytest.raises(JournalError) as caught:
        Journal.open(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("pragma", "expected"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("busy_timeout", 30000),
        ("mmap_size", 0),
    ],
)
def test_sqlite_is_set_up_for_money(tmp_path, pragma, expected):
    """What was committed stays committed."""
    with Journal.open(f"sqlite:///{tmp_path / 'rak.db'}") as journal, journal.engine.connect() as connection:
        assert expected == connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()


def test_a_journal_is_kept(place):
    """Closed and opened again, it knows what it knew."""
    with till(place) as shop:
        form = shop.pay(A)
        raw = approved(form)
        shop.settle(raw)
    with till(place) as again:
        assert "paid" == again.seen(form).state
        assert "ACTION=POSTAUTH" == again.settle(raw)


def test_a_writer_begins_as_a_writer(tmp_path):
    """While one transaction writes, another one cannot even begin to."""
    url = f"sqlite:///{tmp_path / 'rak.db'}"
    with Journal.open(url, writer_gate=False) as first, Journal.open(url, writer_gate=False) as second:
        with second.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 1")
            connection.rollback()
        with first.writing(), pytest.raises(JournalError), second.writing():
            pass


def test_a_reader_does_not_wait_for_a_writer(place):
    """Pages are served while a payment is being written, from the moment before."""
    with Journal.open(place.url) as journal, journal.writing() as writing:
        writing.receipts.next_number("RAK", first=10000000001)
        with journal.reading() as reading:
            assert [] == reading.connection.execute(select(schema.receipt_series)).all()


def test_errors_hide_the_data(place):
    """A refused row is named by its table, never by what was in it."""
    row = {
        "key": "1", "tenant": "RAK", "topic": "M. Secret", "order_reference": "none", "tries": 0, "due_at": NOON,
    }  # fmt: skip
    with Journal.open(place.url) as journal:
        with pytest.raises(JournalError) as caught, journal.writing() as tx:
            tx.connection.execute(insert(schema.outbox).values(**row))
        assert "Secret" not in f"{caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize(
    "table", ["orders", "attempts", "issued_forms", "callbacks", "receipts", "outbox", "events"]
)
def test_a_row_cannot_be_written_twice(place, table):
    """The keys carry the exactly-once, whatever the code does."""
    with till(place) as shop:
        shop.settle(approved(shop.pay(A)))
        again = insert_of(table, shop.rows(table)[0])
        with pytest.raises(JournalError), shop.journal.writing() as tx:
            tx.connection.exec_driver_sql(*again)


@pytest.mark.parametrize(
    ("table", "fresh"),
    [
        ("attempts", {"order_id": "other"}),
        ("receipts", {"number": "10000000009", "secret_hash": "other"}),
        ("receipts", {"number": "10000000009", "order_reference": "other"}),
        ("receipts", {"order_reference": "other", "secret_hash": "other"}),
        ("invoice_locks", {"order_reference": "other"}),
        ("gateway_transactions", {"callback_digest": "other"}),
    ],
)
def test_each_second_key_holds_by_itself(tmp_path, table, fresh):
    """Token, receipt link, receipt of an order, receipt number, held invoice and transaction are unique."""
    with till(tmp_path) as shop:
        shop.settle(approved(shop.pay(A)))
        again = insert_of(table, shop.rows(table)[0] | fresh)
        with shop.journal.engine.connect() as connection:
            connection.rollback()
            connection.connection.execute("PRAGMA foreign_keys = OFF")
            with pytest.raises(IntegrityError, match="UNIQUE"):
                connection.exec_driver_sql(*again)


def test_a_released_invoice_can_be_locked_again(place):
    """The key is on what is held: once posted, it stands in nobody's way."""
    with till(place) as shop:
        shop.settle(approved(shop.pay(A)))
        reference = shop.rows("orders")[0]["reference"]
        with shop.journal.writing() as tx:
            order = tx.orders.order(reference)
            tx.locks.release(order.reference, at=NOON)
            tx.locks.take(order, at=NOON)
        assert [None] == [row["released_at"] for row in shop.rows("invoice_locks")]


def test_the_series_ends_with_its_digits(place):
    """The twelfth digit is refused, not cut."""
    with Journal.open(place.url) as journal, journal.writing() as tx:
        assert "99999999999" == tx.receipts.next_number("RAK", first=99999999999)
        with pytest.raises(JournalError):
            tx.receipts.next_number("RAK", first=1)


def test_each_operator_has_a_series_of_its_own(place):
    """Numbers of one operator leave no gap in another's."""
    with Journal.open(place.url) as journal, journal.writing() as tx:
        numbers = [tx.receipts.next_number(tenant, first=10000000001) for tenant in ("RAK", "SRM", "RAK")]
        assert ["10000000001", "10000000001", "10000000002"] == numbers


def test_instants_are_kept_in_utc(place):
    """An instant of any zone comes back as the same instant; one without a zone is refused."""
    instant = datetime(2026, 11, 23, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=1)))
    with Journal.open(place.url) as journal:
        with journal.writing() as tx:
            tx.rejections.add("test", b"", at=instant)
            kept = tx.connection.execute(select(schema.rejection_samples.c.received_at)).scalar_one()
        assert (instant, UTC) == (kept, kept.tzinfo)
        with pytest.raises(JournalError, match="time zone"), journal.writing() as tx:
            tx.rejections.add("test", b"", at=datetime(2026, 11, 23))  # noqa: DTZ001 - that is the test


def test_an_unknown_order_is_an_error(place):
    """A reference that leads nowhere is never an empty order."""
    with Journal.open(place.url) as journal, journal.reading() as tx, pytest.raises(JournalError):
        tx.orders.order("unknown")


def test_a_stale_move_is_refused(place):
    """Two that read the same state cannot both move it."""
    with till(place) as shop:
        form = shop.pay(A)
        with shop.journal.writing() as tx:
            order, attempt = tx.orders.locked(form.order_id)
        shop.settle(approved(form))
        with pytest.raises(JournalError, match="moved meanwhile"), shop.journal.writing() as tx:
            tx.orders.apply(Event.APPROVE, order, attempt, at=NOON)


def test_history_and_reviews_can_be_read(place):
    """Staff see what happened, in order, and what is left to do."""
    with till(place) as shop:
        older, newer = shop.pay(A), shop.pay(A)
        for form in (newer, older):
            shop.settle(approved(form))
        with shop.journal.reading() as tx:
            reference = shop.seen(newer).order_reference
            history = tx.orders.history(reference)
            assert [
                "send",
                "supersede",
                "send",
                "approve",
                "trust",
                "duplicate",
            ] == [row.event for row in history]
            assert [(older.order_id, ReviewKind.DUPLICATE_PAYMENT)] == [
                (review.order_id, review.kind) for review in tx.reviews.unresolved()
            ]
            assert newer.order_id == tx.orders.accepted_attempt(reference).order_id


def test_facts_survive_json():
    """What the gateway said comes back whole."""
    facts = cmi.PaymentFacts(transaction_id="T", gateway_time=NOON, three_d_secure=True)
    assert facts == facts_from_json(facts_to_json(facts))
    assert cmi.PaymentFacts() == facts_from_json(facts_to_json(cmi.PaymentFacts()))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"email=Ana%40x.ma&amount=12.50", "email=aaa@a.aa&amount=99.99"),
        (b"Ana Ben=1", "aaa aaa=9"),
        (b"Bennani=1", "aaaaaaa=9"),
        (b"BillToName=Ana&Bennani&oid=", "BillToName=aaa&aaaaaaa&oid="),
        (b"\xff=\x00", "?=?"),
    ],
)
def test_samples_show_the_shape_only(raw, expected):
    """Letters, digits and signs; nothing that anybody wrote."""
    assert expected.replace("?=?", "�=?") == masked(raw)


def test_long_samples_are_cut():
    """Of a flood, two kilobytes and the size."""
    assert masked(b"a=" + b"b" * 5000).endswith("… (5002 bytes)")


@pytest.mark.skipif(os.name != "posix", reason="modes and forks are POSIX")
def test_the_file_is_its_owners_alone(tmp_path):
    """Who pays what is nobody else's business: the file and what SQLite keeps beside it have mode 0600."""
    before = os.umask(0)
    try:
        with till(tmp_path) as shop:
            shop.pay(A)
            files = {path.name: f"{path.stat().st_mode & 0o777:o}" for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert dict.fromkeys(("rak.db", "rak.db-gate", "rak.db-shm", "rak.db-wal"), "600") == files


@pytest.mark.skipif(os.name != "posix", reason="modes and forks are POSIX")
def test_an_operators_own_mode_is_kept(tmp_path):
    """A file that was made readable for a group, for backups, stays so."""
    (tmp_path / "rak.db").touch(mode=0o640)
    with till(tmp_path) as shop:
        shop.pay(A)
    assert 0o640 == (tmp_path / "rak.db").stat().st_mode & 0o777


#: Parent and child add a row each, the child once more after the parent closed its journal.
_FORK = """
import os, sys
from datetime import UTC, datetime
from rak_billing.errors import JournalError
from rak_billing.payments.journal import Journal

def add(journal, reason):
    with journal.writing() as tx:
        tx.rejections.add(reason, b"", at=datetime(2026, 1, 1, tzinfo=UTC))
        return tx.connection.connection.driver_connection

def child():
    assert add(journal, "child") is not parents
    os.write(said[1], b"1")
    os.read(heard[0], 1)
    add(journal, "child")
    journal.close()

journal = Journal.open(sys.argv[1])
parents, said, heard = add(journal, "parent"), os.pipe(), os.pipe()
if (pid := os.fork()) == 0:
    try:
        child()
        os._exit(0)
    finally:
        os._exit(1)
os.close(said[1])
os.read(said[0], 1)
add(journal, "parent")
journal.close()
os.write(heard[1], b"1")
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
with Journal.open(sys.argv[1]) as journal, journal.reading() as tx:
    print(tx.rejections.counts())
"""

#: Here the fork comes in the middle of a transaction, or in a way that Python does not notice.
_UNSAFE_FORK = """
import ctypes, os, sys
from rak_billing.errors import JournalError
from rak_billing.payments.journal import Journal

fork = {"os": os.fork, "libc": ctypes.PyDLL(None).fork}[sys.argv[2]]
with Journal.open(sys.argv[1]) as journal, journal.reading():
    if (pid := fork()) == 0:
        try:
            with journal.reading():
                os._exit(0)
        except JournalError as error:
            os._exit(7 if "forked" in str(error) else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def run(script, *arguments):
    command = [sys.executable, "-W", "error", "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    # Its one word about an old SQLite is no error.
    said = [line for line in done.stderr.splitlines() if not line.startswith("SQLite ")]
    assert (0, []) == (done.returncode, said)
    return done.stdout.strip()


@pytest.mark.skipif(os.name != "posix", reason="modes and forks are POSIX")
def test_a_journal_may_be_opened_before_a_fork(tmp_path):
    """Nothing is lost: neither process uses the other's connections, nor takes itself for the only one."""
    assert "{'child': 2, 'parent': 2}" == run(_FORK, f"sqlite:///{tmp_path / 'rak.db'}")


@pytest.mark.skipif(os.name != "posix", reason="modes and forks are POSIX")
@pytest.mark.parametrize("fork", ["os", "libc"])
def test_a_child_that_inherits_connections_is_refused(tmp_path, fork):
    """It could lose what it commits, so it is told to open a journal of its own."""
    assert "7" == run(_UNSAFE_FORK, f"sqlite:///{tmp_path / 'rak.db'}", fork)


def test_a_refusal_names_the_database_s_own_code(place):
    """An operator can look it up; what was to be written is not in the message."""
    code = {"sqlite": "SQLITE_CONSTRAINT_PRIMARYKEY", "postgresql": "23505"}[place.dialect]
    with till(place) as shop:
        shop.pay(A)
        reference = shop.rows("orders")[0]["reference"]
        with shop.journal.reading() as tx:
            known = tx.orders.order(reference)
        again = attrs.evolve(known, quote_digest="another")
        with pytest.raises(JournalError, match=rf"IntegrityError \({code}\)$") as caught:
            shop.journal.run(lambda tx: tx.orders.add(again))
    assert "BENNANI" not in str(caught.value)
