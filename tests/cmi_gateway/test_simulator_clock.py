"""A clock that tests move, and the batch that closes by it."""

from datetime import UTC, datetime, time, timedelta, timezone

import pytest

from cmi_gateway.simulator.clock import VirtualClock
from support.simulator_api_kit import desk
from support.simulator_kit import PAID_AT


def test_it_stands_still_and_moves_when_told():
    """Two looks give one instant; advance and set move it, set also back."""
    clock = VirtualClock(PAID_AT)
    assert clock() == clock() == PAID_AT
    assert clock.advance(days=1, minutes=2) == PAID_AT + timedelta(days=1, minutes=2)
    clock.set(PAID_AT)
    assert clock() == PAID_AT
    assert repr(clock) == f"VirtualClock({PAID_AT!r})"


def test_it_speaks_utc():
    """An instant given in another zone is the same instant."""
    east = timezone(timedelta(hours=5))
    assert VirtualClock(datetime(2018, 9, 10, 5, tzinfo=east))().tzinfo is UTC


def test_a_naive_instant_and_a_step_back_are_refused():
    """Neither has one meaning here."""
    naive = PAID_AT.replace(tzinfo=None)
    with pytest.raises(ValueError, match="aware"):
        VirtualClock(naive)
    clock = VirtualClock(PAID_AT)
    with pytest.raises(ValueError, match="aware"):
        clock.set(naive)
    with pytest.raises(ValueError, match="forward"):
        clock.advance(seconds=-1)


def test_no_batch_closes_by_itself_unless_told():
    """Days may pass: without an hour, only close_batch settles."""
    books = desk().paid()
    books.clock.advance(days=3)
    assert [batch.closed_at for batch in books.state.batches] == [None]
    (batch,) = books.state.close_batch("600000099")
    assert (batch.number, batch.captured_centimes, batch.refunded_centimes) == (1, 10000, 0)
    with pytest.raises(KeyError):
        books.state.close_batch("600000001")


def test_a_batch_closes_at_its_hour_in_morocco():
    """At 23:00 in Morocco, not before; what is captured later goes into the next batch."""
    books = desk(batch_closes_at=time(23)).paid()
    books.clock.set(datetime(2018, 9, 10, 21, 59, tzinfo=UTC))
    assert books.ask("ORDERSTATUS").extra["TRANS_STAT"] == "C"
    books.clock.advance(minutes=1)
    extra = books.ask("ORDERSTATUS").extra
    assert (extra["TRANS_STAT"], extra["SETTLEID"]) == ("S", "1")
    assert books.state.batches[0].closed_at == datetime(2018, 9, 10, 22, tzinfo=UTC)


def test_a_payment_after_days_of_silence_waits_for_the_next_hour():
    """Nights that nobody looked at do not settle what was captured this morning."""
    books = desk(batch_closes_at=time(23))
    books.clock.advance(days=4)
    books.paid()
    assert books.ask("ORDERSTATUS").extra["TRANS_STAT"] == "C"
    books.clock.advance(days=1)
    assert books.ask("ORDERSTATUS").extra["SETTLEID"] == "2"


def test_refunds_are_settled_with_the_next_batch():
    """A refund goes into the batch that is open when it is made."""
    books = desk().settled()
    books.ask("Credit", Total="30.00")
    (batch,) = books.state.close_batch()
    assert (batch.number, batch.captured_centimes, batch.refunded_centimes) == (2, 0, 3000)
