"""The documented way from SQLite to PostgreSQL loses nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from rak_billing.payments.schema import metadata
from support.callbacks import approved
from support.checkout_kit import A, B, till
from support.place import PostgresPlace

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "sqlite_to_postgresql.py"


@pytest.fixture
def new(postgres):
    """A place on PostgreSQL."""
    place = PostgresPlace(postgres)
    yield place
    place.clear()


def everything(shop):
    """Give all rows of all tables; a database gives them in any order."""
    return {table: sorted(shop.rows(table), key=repr) for table in metadata.tables}


def test_a_moved_journal_goes_on(tmp_path, new):
    """Every row is there; open payments are settled in the new place, and the series of receipts goes on."""
    with till(tmp_path) as old:
        paid, still_open = old.pay(A), old.pay(B)
        raw = approved(paid)
        old.settle(raw)
        old.settle(b"nonsense")
        before = everything(old)
    command = [sys.executable, str(EXAMPLE), f"sqlite:///{tmp_path / 'rak.db'}", new.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, True) == (done.returncode, "orders: 2\n" in done.stdout), done.stderr
    with till(new) as moved:
        assert before == everything(moved)
        assert ["ACTION=POSTAUTH"] * 2 == [moved.settle(raw), moved.settle(approved(still_open))]
        assert "10000000002" == moved.receipt(still_open).number
