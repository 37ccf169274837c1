"""The calendar of looks at the gateway."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rak_billing.payments.look_times import FIRST_LOOK, SHORTEST_PAUSE, next_look

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


def looks():
    at = START + FIRST_LOOK
    while at is not None:
        yield at - START
        at = next_look(START, at)


def test_the_calendar_is_the_promised_one():
    """1, 6 and 21 minutes, 1 h 30, 6 h, then daily, and an end."""
    minutes = [int(after.total_seconds()) // 60 for after in looks()]
    assert [1, 6, 21, 90, 360, *(1440 * day for day in range(1, 16))] == minutes


def test_a_look_at_the_very_beginning_is_followed_by_the_second():
    """Asked at once after a callback: the look at one minute would come too early, the next is at six."""
    assert START + timedelta(minutes=6) == next_look(START, START + timedelta(seconds=2))


@given(st.timedeltas(timedelta(), timedelta(days=30)))
def test_no_order_is_asked_about_twice_in_five_minutes(after):
    """Whenever the last look was, the next one keeps its distance, or there is none."""
    asked = START + after
    following = next_look(START, asked)
    assert following is None or following >= asked + SHORTEST_PAUSE
