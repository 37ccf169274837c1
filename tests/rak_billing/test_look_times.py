"""The calendar of looks at the gateway."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rak_billing.payments.look_times import FIRST_LOOK, SHORTEST_PAUSE, next_look, next_look_while_waited_for

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


def test_a_look_that_came_late_or_early_keeps_its_distance():
    """Asked a second late: the next is a second late too, and none is left out. Asked at once: not again for five minutes."""
    for asked, following in ((0, 300), (61, 361), (361, 21 * 60), (400, 21 * 60)):
        assert START + timedelta(seconds=following) == next_look(START, START + timedelta(seconds=asked))


@given(st.timedeltas(timedelta(), timedelta(days=30)))
def test_no_order_is_asked_about_twice_in_five_minutes(after):
    """Whenever the last look was, the next one keeps its distance, or there is none."""
    asked = START + after
    following = next_look(START, asked)
    assert following is None or following >= asked + SHORTEST_PAUSE


def test_a_customer_who_waits_is_asked_about_thrice_in_the_first_minute():
    """At once, then after 1, 5 and 20 seconds and a minute; after that the calendar."""
    at, looks = START, []
    while (at := next_look_while_waited_for(START, at)) is not None:
        looks.append((at - START).total_seconds())
    assert [1, 5, 20, 60] == looks
