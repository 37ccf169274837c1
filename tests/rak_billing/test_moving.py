"""The documented way from SQLite to PostgreSQL loses nothing."""

import subprocess
import sys
from collections import deque
from pathlib import Path

import pytest

from rak_billing.errors import JournalSettingError
from rak_billing.payments.histories import broken_histories
from rak_billing.payments.journal import Journal
from rak_billing.payments.schema import metadata
from rak_billing.payments.states import AttemptState, Event, OrderState, TransitionError, apply
from rak_billing.testing.journal_samples import FACTS, NOW, begin, order
from support.callbacks import approved
from support.checkout_kit import A, B, till
from support.place import PostgresPlace

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "sqlite_to_postgresql.py"
KEY = b"k" * 32


@pytest.fixture
def new(postgres):
    """A place on PostgreSQL."""
    place = PostgresPlace(postgres)
    yield place
    place.clear()


def move(folder, new):
    """Run the example as the page says."""
    command = [sys.executable, str(EXAMPLE), f"sqlite:///{folder / 'rak.db'}", new.url]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def everything(shop):
    """Give all rows of all tables; a database gives them in any order."""
    return {table: sorted(shop.rows(table), key=repr) for table in metadata.tables}


def ways():
    """Give a way to each pair of states of attempt and order that can be: the events that lead there."""
    start = (AttemptState.SENT, OrderState.OPEN)
    found, waiting = {start: ()}, deque([start])
    while waiting:
        pair = waiting.popleft()
        for event in Event:
            try:
                after = (apply(pair[0], event), apply(pair[1], event))
            except TransitionError:
                continue
            if after not in found:
                found[after] = (*found[pair], event)
                waiting.append(after)
    return found


def live(tx, number, events):
    """Have one order live through *events*."""
    it = order(number, f"F{number}")
    begin(tx, it)
    pair = tx.orders.locked(f"ORDER-{number}-1")
    for event in events:
        pair = tx.orders.apply(event, *pair, at=NOW)
    if pair[1].state.has_ended:
        tx.orders.keep_payment(pair[1], FACTS, NOW)


def test_a_moved_journal_goes_on(tmp_path, new):
    """Every row is there; open payments are settled in the new place, the series of receipts goes on, a second copy is refused."""
    with till(tmp_path) as old:
        paid, still_open = old.pay(A), old.pay(B)
        raw = approved(paid)
        old.settle(raw)
        old.settle(b"nonsense")
        before = everything(old)
    done = move(tmp_path, new)
    assert (0, True) == (done.returncode, "orders: 2\n" in done.stdout), done.stderr
    with till(new) as moved:
        assert before == everything(moved)
        assert ["ACTION=POSTAUTH"] * 2 == [moved.settle(raw), moved.settle(approved(still_open))]
        assert "10000000002" == moved.receipt(still_open).number
        again = move(tmp_path, new)
        assert (1, True) == (again.returncode, "the new journal is not empty" in again.stderr)


def test_payments_in_every_state_are_moved(tmp_path, new):
    """Sealed, each with its history: sums by state are the same, and every history leads to the state beside it."""
    pairs = ways()
    assert {state for state, _ in pairs} == {*AttemptState} - {AttemptState.DRAFT}
    with Journal.open(f"sqlite:///{tmp_path / 'rak.db'}", keys=[KEY]) as old:
        for number, events in enumerate(pairs.values(), start=1):
            old.run(lambda tx, number=number, events=events: live(tx, number, events))
        with old.reading() as tx:
            before = tx.tallies.totals()
    done = move(tmp_path, new)
    assert 0 == done.returncode, done.stderr
    paid = next(tally for key, tally in before.items() if key.state == "paid")
    assert f"RAK 2026-11 paid: {paid.orders} orders, {paid.centimes} centimes\n" in done.stdout
    with Journal.open(new.url, keys=[KEY]) as moved, moved.reading() as tx:
        assert before == tx.tallies.totals()
        assert [] == list(broken_histories(tx.connection))
        kept = {
            (tx.orders.attempt(f"ORDER-{n}-1").state, tx.orders.order(f"ORDER-{n}").state)
            for n in range(1, len(pairs) + 1)
        }
        assert set(pairs) == kept


def test_an_old_journal_that_is_not_there_is_not_made(tmp_path):
    """A slip of the pen in its address says so, and leaves no empty file behind."""
    with pytest.raises(JournalSettingError, match="expected a file that exists"):
        Journal.open(f"sqlite:///{tmp_path / 'rak.db'}", upgrade=False)
    assert [] == list(tmp_path.iterdir())
