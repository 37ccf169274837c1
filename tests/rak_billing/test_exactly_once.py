"""What a worker does when nobody knows whether a posting has arrived."""

from datetime import timedelta

import pytest

from rak_billing.billing_posting import Posted
from rak_billing.exactly_once import ExactlyOnce, NextStep, after_search, after_unknown

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("way", "step"),
    [
        (ExactlyOnce.SAME_TRANSACTION, NextStep.RETRY),
        (ExactlyOnce.KEY, NextStep.RETRY),
        (ExactlyOnce.FILE, NextStep.RETRY),
        (ExactlyOnce.SEARCH, NextStep.SEARCH),
        (ExactlyOnce.PARK, NextStep.PARK),
    ],
)
def test_the_way_decides(way, step):
    """Only where a repeat does no harm is a posting repeated."""
    assert step is after_unknown(way)


def test_every_way_has_a_decision():
    """There is no way for which the worker is left alone."""
    assert {NextStep.RETRY, NextStep.SEARCH, NextStep.PARK} == {after_unknown(way) for way in ExactlyOnce}


@pytest.mark.parametrize("since", [timedelta(0), 10 * MINUTE, -MINUTE])
def test_what_was_found_is_posted(since):
    """An entry in the books ends the matter, however late it is found."""
    assert Posted("R1") == after_search(Posted("R1"), since=since, final_after=MINUTE)


@pytest.mark.parametrize(
    ("since", "step"),
    [
        (-MINUTE, NextStep.SEARCH),
        (timedelta(seconds=59), NextStep.SEARCH),
        (MINUTE, NextStep.RETRY),
        (60 * MINUTE, NextStep.RETRY),
    ],
)
def test_not_found_is_final_only_after_its_time(since, step):
    """A posting that is still on its way is not sent a second time; a clock set back proves nothing."""
    assert step is after_search(None, since=since, final_after=MINUTE)
