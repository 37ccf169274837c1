"""A crash at any statement of a transaction leaves all of it or nothing."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event

from rak_billing.payments.schema import metadata
from rak_billing.payments.states import PublicState
from support.callbacks import approved
from support.checkout_kit import A, B, till

TABLES = sorted(metadata.tables)
#: How many statements a callback that pays may take, its commit included; each costs a journey or a few microseconds.
MOST = {"sqlite": 16, "postgresql": 7}
FEWEST = 5


class CrashError(Exception):
    """The process is gone."""


@contextmanager
def crash_at(engine, number):
    """Raise before statement *number*, commits included; yields the list of statements that were run."""
    seen = []

    def count(_connection, _cursor, statement, *_others):
        if len(seen) == number:
            raise CrashError(statement)
        seen.append(statement)

    def count_commit(connection):
        count(connection, None, "COMMIT")

    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", count_commit)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", count)
        event.remove(engine, "commit", count_commit)


def snapshot(shop):
    return {table: shop.rows(table) for table in TABLES}


def crashes(shop, work):
    """Run *work* with a crash at its first statement, then its second, and so on; give the state after each."""
    number = 0
    while True:
        with crash_at(shop.journal.engine, number) as seen:
            try:
                work()
            except CrashError:
                pass
            else:
                assert len(seen) == number
                return
        yield number, snapshot(shop)
        number += 1


def test_settling_leaves_no_half_state(place):
    """Whatever statement fails, the journal is as before; the repeat is settled as if it were the first."""
    with till(place) as shop:
        form = shop.pay(A)
        raw, before = approved(form), snapshot(shop)
        after = [state for _, state in crashes(shop, lambda: shop.checkout.settle(raw))]
        # Every read, write and the commit itself; and a callback never takes more of them.
        assert FEWEST < len(after) <= MOST[place.dialect]
        assert [before] * len(after) == after
        assert PublicState.PAID is shop.seen(form).state
        assert (1, 1) == (len(shop.rows("receipts")), len(shop.rows("outbox")))


def test_starting_leaves_no_half_state(place):
    """Whatever statement fails, no order and no attempt is left, and nothing was superseded."""
    with till(place) as shop:
        shop.pay(A, B)
        before, total = snapshot(shop), shop.total(A)
        for _, after in crashes(shop, lambda: shop.pay(A, accepted=total)):
            assert before == after
        assert ["sent", "superseded"] == sorted(row["state"] for row in shop.rows("attempts"))


def test_confirming_leaves_no_half_state(place):
    """Whatever statement fails, no receipt number is spent."""
    with till(place, confirm="later") as shop:
        form = shop.pay(A)
        shop.settle(approved(form))
        before = snapshot(shop)
        for _, after in crashes(shop, lambda: shop.checkout.confirm(form.order_id)):
            assert before == after
        assert ["10000000001"] == [row["number"] for row in shop.rows("receipts")]


def test_a_broken_journal_answers_failure(place):
    """The disk refuses: the gateway is told FAILURE, takes no money, and its repeat is settled."""
    with till(place) as shop:
        form = shop.pay(A)
        raw = approved(form)
        with shop.journal.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE outbox RENAME TO gone")
        assert "FAILURE" == shop.settle(raw)
        with shop.journal.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE gone RENAME TO outbox")
        assert PublicState.PENDING is shop.seen(form).state
        assert "ACTION=POSTAUTH" == shop.settle(raw)


def test_a_broken_journal_refuses_nonsense_all_the_same(place):
    """What cannot even be counted is still answered."""
    with till(place) as shop:
        with shop.journal.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE rejections")
        assert "FAILURE" == shop.settle(b"nonsense")


@pytest.mark.parametrize("crash", range(8))
def test_a_mail_is_sent_again_after_a_crash(place, crash):
    """Whichever statement of the claim fails, the mail is sent once the process is back."""
    with till(place) as shop:
        shop.settle(approved(shop.pay(A)))
        with crash_at(shop.journal.engine, crash), pytest.raises(CrashError):
            shop.checkout.deliver()
        shop.wait(minutes=6)
        shop.checkout.deliver()
        assert 1 == len({message["Message-ID"] for message in shop.mailbox.messages})
