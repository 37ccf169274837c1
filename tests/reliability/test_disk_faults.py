"""The disk under an SQLite journal is full, broken or read-only: callbacks get FAILURE, never half of what is right."""

import pytest
from sqlalchemy.exc import OperationalError

from rak_billing.errors import JournalError
from rak_billing.payments.retrying import Retrying
from support.callbacks import approved
from support.checkout_kit import A, B, till
from support.disks import no_file_longer_than, no_room, read_only, small_disk
from support.place import SqlitePlace


def decided(shop):
    """Give what a callback decides; the callback alone may be kept for a person."""
    found = shop.snapshot()
    return {table: found[table] for table in ("orders", "attempts", "events", "receipts", "outbox")}


def test_a_full_disk_loses_nothing(tmp_path):
    """On a disk with no room left a callback gets FAILURE and leaves no trace; with room again its repeat is settled."""
    with small_disk(tmp_path / "disk") as is_mounted:
        place = SqlitePlace(tmp_path / "disk")
        with till(place) as shop:
            forms = [shop.pay(A), shop.pay(B)]
            assert "ACTION=POSTAUTH" == shop.settle(approved(forms[0]))
            before, raw = shop.snapshot(), approved(forms[1])
            with no_room(tmp_path / "disk", shop, is_mounted=is_mounted):
                answers = [shop.settle(raw) for _ in range(3)]
                assert {"FAILURE"} == set(answers)
            after = shop.snapshot()
            assert before["receipts"] == after["receipts"]
            assert before["events"] == after["events"]
            assert "ACTION=POSTAUTH" == shop.settle(raw)
            assert ["ok"] == [row["integrity_check"] for row in pragma(shop, "integrity_check")]
            assert 2 == len(shop.rows("receipts"))


def pragma(shop, name):
    with shop.journal.engine.connect() as connection:
        return [dict(row._mapping) for row in connection.exec_driver_sql(f"PRAGMA {name}")]


def test_a_quota_loses_nothing(tmp_path):
    """The same by SQLite's own limit of pages, on every machine."""
    with till(SqlitePlace(tmp_path)) as shop:
        form = shop.pay(A)
        raw, before = approved(form), shop.snapshot()
        with no_room(tmp_path, shop, is_mounted=False):
            while shop.settle(raw) != "FAILURE":
                raw = approved(form)  # what still fits into pages that are there
                before = shop.snapshot()
        after = shop.snapshot()
        assert [before[table] for table in ("orders", "events", "receipts")] == [
            after[table] for table in ("orders", "events", "receipts")
        ]
        assert "FAILURE" != shop.settle(raw)


def test_a_disk_that_breaks_at_any_page_of_a_commit_loses_nothing(tmp_path):
    """Writing fails at the first page, then later and later: FAILURE, and nothing decided, until all of it fits."""
    log = tmp_path / "rak.db-wal"
    with till(SqlitePlace(tmp_path)) as shop:
        shop.journal._retrying = Retrying(sleep=lambda _: None)
        raw, before, failures = approved(shop.pay(A)), decided(shop), 0
        length, answer = log.stat().st_size, "FAILURE"
        while answer == "FAILURE":
            assert before == decided(shop)
            with no_file_longer_than(length + 4120 * failures):
                answer = shop.settle(raw)
            failures += answer == "FAILURE"
        assert failures > 5
        assert "ACTION=POSTAUTH" == answer == shop.settle(raw)
        assert ["ok"] == [row["integrity_check"] for row in pragma(shop, "integrity_check")]
        assert (1, 1) == (len(shop.rows("receipts")), len(shop.rows("outbox")))


def test_a_commit_that_is_kept_and_called_a_failure_is_looked_up(tmp_path):
    """An error of the disk after the commit: the same answer, one receipt and one mail."""
    with till(SqlitePlace(tmp_path)) as shop:
        dialect, left = shop.journal.engine.dialect, [2]
        raw, right = approved(shop.pay(A)), dialect.do_commit

        def commit(connection):
            right(connection)
            if left[0]:
                left[0] -= 1
                raise OperationalError("COMMIT", {}, Exception("disk I/O error"))

        dialect.do_commit = commit
        assert "ACTION=POSTAUTH" == shop.settle(raw)
        assert [0] == left
        assert (1, 1, 1) == tuple(len(shop.rows(table)) for table in ("receipts", "outbox", "callbacks"))


def test_what_cannot_be_written_is_not_answered(tmp_path):
    """On a disk that became read-only a callback gets FAILURE and a start an error; made writable again, both go on."""
    with small_disk(tmp_path / "disk") as is_mounted, till(SqlitePlace(tmp_path / "disk")) as shop:
        raw, before, total = approved(shop.pay(A)), shop.snapshot(), shop.total(B)
        with read_only(tmp_path / "disk", shop, is_mounted=is_mounted):
            assert "FAILURE" == shop.settle(raw)
            with pytest.raises(JournalError):
                shop.pay(B, accepted=total)
        assert before == shop.snapshot()
        assert "ACTION=POSTAUTH" == shop.settle(raw)
        assert "ACTION=POSTAUTH" == shop.settle(approved(shop.pay(B)))
