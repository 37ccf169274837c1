"""State is what the events lead to; whatever was changed by hand is told."""

from types import SimpleNamespace

import pytest

from rak_billing.payments.checking import Check, Level, check_database
from rak_billing.payments.folding import flaws_of
from rak_billing.payments.histories import broken_histories
from support.callbacks import approved, declined
from support.checkout_kit import A, B, till


@pytest.fixture
def shop(place):
    with till(place) as opened:
        first = opened.pay(A)
        opened.settle(declined(first))
        opened.settle(approved(opened.pay(A)))
        opened.pay(B)
        yield opened


def flaws(shop):
    with shop.journal.reading() as tx:
        return [flaw.problem for flaw in broken_histories(tx.connection)]


def test_what_the_checkout_writes_holds(shop):
    """Every order of a day's work is where its events lead."""
    assert [] == flaws(shop)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("UPDATE orders SET state = 'open'", "the events lead to paid, open is written"),
        ("UPDATE attempts SET state = 'settled'", "the events lead to"),
        ("UPDATE events SET attempt_state = 'voided' WHERE event = 'approve'", "approve does not lead from"),
        ("UPDATE events SET event = 'conjure' WHERE event = 'approve'", "conjure does not lead from"),
        ("UPDATE events SET order_before = 'lost' WHERE event = 'approve'", "OrderState was open, not lost"),
        ("DELETE FROM events WHERE event = 'decline'", "expected position 1"),
    ],
)
def test_what_was_changed_by_hand_is_told(shop, damage, problem):
    """A state set beside the events, an event rewritten or removed: each is found."""
    with shop.journal.engine.begin() as connection:
        connection.exec_driver_sql(damage)
    assert any(problem in found for found in flaws(shop))


def test_a_history_may_begin_with_its_second_event():
    """Journals from before the first event of a start was kept begin with what followed."""
    event = SimpleNamespace(
        position=0, order_id="1", event="approve", order_before="open", order_state="accepted",
        attempt_before="sent", attempt_state="capture_requested",
    )  # fmt: skip
    assert () == flaws_of("R", [event], "accepted", {"1": "capture_requested", "2": "sent"})


def test_the_check_of_the_database_walks_them(shop):
    """With --integrity: a note where all is well, an error that names order and event where it is not."""
    engine, now = shop.journal.engine, shop.now

    def histories():
        found = check_database(engine, now=now, integrity=True)
        return [(finding.level, finding.found) for finding in found if finding.check is Check.HISTORIES]

    assert [(Level.NOTE, "ok")] == histories()
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE orders SET state = 'voided' WHERE state = 'paid'")
    [(level, words)] = histories()
    assert (Level.ERROR, True) == (level, "voided is written" in words)
