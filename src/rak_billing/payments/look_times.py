"""
When the gateway is asked about an attempt: the calendar of looks, as pure arithmetic.

It begins when the form leaves, and anew when a callback tells of money. The first looks come quickly, because most
callbacks that do not come were lost within a minute; the later ones thin out. In the background one order is never asked
about more than once in five minutes, whatever the calendar says; in the first minute after a callback a customer waits.
"""

from datetime import datetime, timedelta
from typing import Final

#: After the beginning of the calendar; then once a day.
LOOKS: Final = (
    timedelta(minutes=1),
    timedelta(minutes=6),
    timedelta(minutes=21),
    timedelta(hours=1, minutes=30),
    timedelta(hours=6),
)
FIRST_LOOK: Final = LOOKS[0]
_DAILY: Final = timedelta(days=1)
#: For so many days at most; what is not settled then is before a person long since.
_DAYS: Final = 15

#: After a callback told of money, and the first look found it not captured yet: while the customer waits before a page
#: that says "being confirmed", there are three more looks before the calendar's first.
WHILE_WAITED_FOR: Final = (timedelta(seconds=1), timedelta(seconds=5), timedelta(seconds=20), FIRST_LOOK)

#: An attempt of which nothing was heard has expired at this age, once the gateway was asked.
EXPIRES_AFTER: Final = timedelta(minutes=90)
#: That the gateway knows nothing of an attempt is final at this age: the payer's session has certainly ended.
NOT_FOUND_IS_FINAL_AFTER: Final = timedelta(minutes=60)
#: Between two looks at one order.
SHORTEST_PAUSE: Final = timedelta(minutes=5)


def next_look(since: datetime, asked_at: datetime) -> datetime | None:
    """
    Give when to look after a look at *asked_at*, by the calendar that began at *since*; None once it is over.

    Looks that were missed, as by a worker that did not run, are not made up for; one that would follow too soon is put off.
    """
    looks = (*LOOKS, *(_DAILY * day for day in range(1, _DAYS + 1)))
    following = next((since + after for after in looks if since + after > asked_at), None)
    return None if following is None else max(following, asked_at + SHORTEST_PAUSE)


def next_look_while_waited_for(since: datetime, asked_at: datetime) -> datetime | None:
    """Give the next look at a payment whose customer waits; None once that first minute is over."""
    return next((since + after for after in WHILE_WAITED_FOR if since + after > asked_at), None)
