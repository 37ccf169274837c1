"""The database is locked, full, cut off or in the way of another: callbacks get FAILURE or the right answer, never half of it."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from rak_billing.payments.journal import Journal
from rak_billing.payments.retrying import Retrying
from rak_billing.payments.schema import metadata
from support.callbacks import approved
from support.checkout_kit import A, B, Till, till
from support.many_invoices import invoices
from support.place import PostgresPlace, SqlitePlace

TABLES = sorted(metadata.tables)


@pytest.fixture
def server(postgres):
    """A place on PostgreSQL alone."""
    place = PostgresPlace(postgres)
    yield place
    place.clear()


def snapshot(shop):
    return {table: shop.rows(table) for table in TABLES}


@contextmanager
def small_disk(folder):
    """Give a folder on a disk of 3 MB of its own, or one with a quota where none can be mounted."""
    folder.mkdir()
    command = shutil.which("mount")
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    mounted = bool(
        is_root
        and command
        and not subprocess.run(
            [command, "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)],
            check=False,
            capture_output=True,
        ).returncode
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def fill_up(folder):
    """Write until the disk takes no more."""
    with (folder / "ballast").open("wb", buffering=0) as ballast:
        for size in (65536, 4096, 1):
            try:
                while True:
                    ballast.write(b"x" * size)
            except OSError:
                continue


def test_a_full_disk_loses_nothing(tmp_path):
    """On a disk with no room left a callback gets FAILURE and leaves no trace; with room again its repeat is settled."""
    with small_disk(tmp_path / "disk") as is_mounted:
        place = SqlitePlace(tmp_path / "disk")
        with till(place) as shop:
            forms = [shop.pay(A), shop.pay(B)]
            assert "ACTION=POSTAUTH" == shop.settle(approved(forms[0]))
            before, raw = snapshot(shop), approved(forms[1])
            with no_room(tmp_path / "disk", shop, is_mounted=is_mounted):
                answers = [shop.settle(raw) for _ in range(3)]
                assert {"FAILURE"} == set(answers)
            after = snapshot(shop)
            assert before["receipts"] == after["receipts"]
            assert before["events"] == after["events"]
            assert "ACTION=POSTAUTH" == shop.settle(raw)
            assert ["ok"] == [row["integrity_check"] for row in pragma(shop, "integrity_check")]
            assert 2 == len(shop.rows("receipts"))


@contextmanager
def no_room(folder, shop, *, is_mounted):
    if is_mounted:
        shop.journal.engine.dispose()
        fill_up(folder)
        yield
        (folder / "ballast").unlink()
        return

    def limit(connection, _record):
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    shop.journal.engine.dispose()
    event.listen(shop.journal.engine, "connect", limit)
    yield
    event.remove(shop.journal.engine, "connect", limit)
    shop.journal.engine.dispose()


def pragma(shop, name):
    with shop.journal.engine.connect() as connection:
        return [dict(row._mapping) for row in connection.exec_driver_sql(f"PRAGMA {name}")]


def test_a_quota_loses_nothing(tmp_path):
    """The same by SQLite's own limit of pages, on every machine."""
    with till(SqlitePlace(tmp_path)) as shop:
        form = shop.pay(A)
        raw, before = approved(form), snapshot(shop)
        with no_room(tmp_path, shop, is_mounted=False):
            while shop.settle(raw) != "FAILURE":
                raw = approved(form)  # what still fits into pages that are there
                before = snapshot(shop)
        after = snapshot(shop)
        assert [before[table] for table in ("orders", "events", "receipts")] == [
            after[table] for table in ("orders", "events", "receipts")
        ]
        assert "FAILURE" != shop.settle(raw)


def test_a_locked_database_answers_failure(tmp_path):
    """Somebody holds the file for longer than we wait: FAILURE, nothing half; then the repeat is settled."""
    place = SqlitePlace(tmp_path)
    with Journal.open(place.url, writer_gate=False) as journal:
        shop = Till(journal)
        raw = approved(shop.pay(A))
        journal.engine.dispose()
        event.listen(journal.engine, "connect", lambda c, _: c.execute("PRAGMA busy_timeout = 50"))
        holder = sqlite3.connect(tmp_path / "rak.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        assert "FAILURE" == shop.settle(raw)
        holder.execute("ROLLBACK")
        holder.close()
        assert "ACTION=POSTAUTH" == shop.settle(raw)
        assert 1 == len(shop.rows("receipts"))


def test_a_connection_cut_at_any_statement(server, postgres):
    """The server ends our connection before each statement in turn: the callback is settled all the same, once."""
    with till(server) as shop:
        shop.bills.invoices = invoices(60)
        for number, invoice in enumerate(shop.bills.invoices):
            raw, seen = approved(shop.pay(invoice)), []

            def cut(connection, *_others, number=number, seen=seen):
                seen.append(1)
                if len(seen) == number + 1:
                    pid = connection.connection.dbapi_connection.info.backend_pid
                    postgres.execute(f"SELECT pg_terminate_backend({pid}, 1000)")

            event.listen(shop.journal.engine, "before_cursor_execute", cut)
            answer = shop.settle(raw)
            event.remove(shop.journal.engine, "before_cursor_execute", cut)
            assert "ACTION=POSTAUTH" == answer
            if len(seen) <= number:
                break
        assert 5 < number == len(shop.rows("receipts")) - 1


def serialization_failure(times):
    """Refuse the first *times* statements of a settling as a database does that wants it done again."""
    left = [times]

    def refuse(*_):
        if left[0]:
            left[0] -= 1
            error = psycopg.errors.SerializationFailure("try again")
            raise OperationalError("SELECT", {}, error)

    return refuse


@pytest.mark.parametrize(
    ("times", "answer"), [(1, "ACTION=POSTAUTH"), (5, "ACTION=POSTAUTH"), (12, "FAILURE")]
)
def test_serialization_failures_are_tried_again(server, times, answer):
    """Five times, after a pause each; whoever meets more gets FAILURE, and its repeat is settled."""
    with till(server) as shop:
        shop.journal._retrying = Retrying(sleep=lambda _: None)
        raw = approved(shop.pay(A))
        refuse = serialization_failure(times)
        event.listen(shop.journal.engine, "before_cursor_execute", refuse)
        assert answer == shop.settle(raw)
        event.remove(shop.journal.engine, "before_cursor_execute", refuse)
        assert "ACTION=POSTAUTH" == shop.settle(raw)
        assert 1 == len(shop.rows("receipts"))
