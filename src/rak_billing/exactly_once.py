"""
How a payment comes into the books once, although its messenger may die at any point.

Delivering at least once is all that a worker can do alone. The rest is the receiving side's: each adapter declares
in which of five ways a repeat does no harm, and from that alone follows what to do when nobody knows whether a
posting has arrived. There is no sixth way; "it will not happen" is none.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum, unique
from typing import assert_never

from rak_billing.billing_posting import Posted

__all__ = ["ExactlyOnce", "NextStep", "after_search", "after_unknown"]


@unique
class ExactlyOnce(StrEnum):
    """In which way a billing adapter makes exactly one entry out of deliveries that may repeat."""

    SAME_TRANSACTION = "same-transaction"
    """Billing lives in the journal's database: the entry is written in the transaction that marks it as delivered."""
    KEY = "key"
    """Billing keeps our key, and answers a repeat by "already posted"."""
    SEARCH = "search"
    """Billing does not recognise a repeat, but can be asked for our key."""
    PARK = "park"
    """Neither: whatever has an unknown outcome waits for a person."""
    FILE = "file"
    """A file whose name and content follow from the posting: writing it again changes nothing."""


@unique
class NextStep(StrEnum):
    """What a worker does about a posting whose outcome is unknown."""

    RETRY = "retry"
    """Post it again, by the same key, after a pause."""
    SEARCH = "search"
    """Ask billing for the key before anything else; see `after_search`."""
    PARK = "park"
    """Never repeat it: put it before a person."""


def after_unknown(way: ExactlyOnce) -> NextStep:
    """
    Say what to do after `rak_billing.errors.PostingUnknownError`, or after a worker that died while posting.

    `rak_billing.errors.PostingNotSentError` needs no decision: nothing has left, and any way may try again.
    """
    match way:
        case ExactlyOnce.SAME_TRANSACTION | ExactlyOnce.KEY | ExactlyOnce.FILE:
            return NextStep.RETRY
        case ExactlyOnce.SEARCH:
            return NextStep.SEARCH
        case ExactlyOnce.PARK:
            return NextStep.PARK
        case _:
            assert_never(way)


def after_search(found: Posted | None, *, since: timedelta, final_after: timedelta) -> Posted | NextStep:
    """
    Say what to do with the answer of a search by our key.

    Args:
        found: The entry, or None where billing has none.

        since: How long ago the posting was last sent. By a clock that may have been set back it is negative, and
            proves nothing.

        final_after: When an answer "none" is final: the adapter's own figure. Before it the posting may still be on
            its way, and posting again would put it in twice.
    """
    if found is not None:
        return found
    return NextStep.RETRY if since >= final_after else NextStep.SEARCH
