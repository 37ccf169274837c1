"""
Watches two borders for the checker: the wire to the gateway, and each transaction that was kept.

It knows who did what: which errand claimed an attempt last, and which one now writes or sends. So it sees what tables alone
never show, such as an answer that was written by a machine which had lost its claim.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

import attrs

from rak_billing.recovery.sweeping import LEASE
from support.simulation.faulty_journal import FaultyJournal
from support.simulation.stage import Errand

_KINDS = {b"PostAuth": "capture", b"Void": "void", b"Credit": "refund"}
#: What shows nothing in the gateway's history for so long counts as not done; who sends it later is beyond help.
_FINAL_AFTER = timedelta(minutes=15)


@attrs.frozen
class Claim:
    """Who took an attempt last (a machine, or a callback that told of money), and when."""

    errand: Errand | None
    time: tuple[datetime, int]


class Watch:
    """Keeps what it found wrong, until the checker looks."""

    def __init__(self, journal: FaultyJournal, time: Callable[[], tuple[datetime, int]]) -> None:
        self.flaws: list[str] = []
        #: Attempts of which a person said what became of them, perhaps after an operation was written down.
        self.spoken_of: Collection[str] = ()
        #: What was sent: kind and order id.
        self.sent: Counter[tuple[str, str]] = Counter()
        self._journal, self._time = journal, time
        self._sent_at: dict[tuple[str, str], tuple[datetime, int]] = {}
        self._fences: dict[str, int] = {}
        self._claims: dict[str, Claim] = {}
        self._in_hand: dict[str, Claim] = {}
        self._due: dict[str, Any] = {}
        self._events = self._operations = 0

    def kept(self, errand: Errand | None) -> None:
        """Look at what a transaction of *errand* wrote."""
        self._writes(errand)
        for row in self._journal.rows("SELECT order_id, fence, due_at FROM inquiries"):
            is_claimed = row.fence > self._fences.get(row.order_id, 0)
            if is_claimed:
                self._claim(row.order_id, errand)
            elif self._due.get(row.order_id) != row.due_at:
                self._in_hand.pop(row.order_id, None)
            self._fences[row.order_id], self._due[row.order_id] = row.fence, row.due_at

    def _claim(self, order_id: str, errand: Errand | None) -> None:
        earlier = self._in_hand.pop(order_id, None)
        claim = self._claims[order_id] = Claim(errand, self._time())
        if errand is None or not errand.name.startswith("sweeper"):
            return
        self._in_hand[order_id] = claim
        is_alive = earlier is not None and earlier.errand is not errand and _is_alive(earlier.errand)
        if is_alive and not self._is_over(earlier):
            self.flaws.append(f"two machines have {order_id} in hand at once")

    def _is_over(self, claim: Claim) -> bool:
        (now, jumps), (then, jumps_then) = self._time(), claim.time
        return jumps != jumps_then or now - then >= LEASE

    def _writes(self, errand: Errand | None) -> None:
        """Whoever writes what it learned, or what it is going to send, was the last to claim."""
        events = self._journal.rows(
            f"SELECT order_id, facts FROM events WHERE rowid > {self._events} ORDER BY rowid"
        )
        operations = self._journal.rows(f"SELECT order_id FROM operations WHERE rowid > {self._operations}")
        self._events += len(events)
        self._operations += len(operations)
        learned = [row for row in events if row.facts and "asked" in json.loads(row.facts)]
        for row in [*learned, *operations]:
            claim = self._claims.get(row.order_id)
            if claim is None or claim.errand is not errand:
                self.flaws.append(f"written of {row.order_id} by a machine that had lost its claim")

    def sending(self, body: bytes, errand: Errand | None) -> None:
        """Look at a request that is about to reach the gateway."""
        kind = _KINDS.get(_element(b"Type", body))
        if kind is None:
            return
        order_id = _element(b"OrderId", body).decode()
        self.sent[kind, order_id] += 1
        where = f"kind = '{kind}' AND order_id = '{order_id}'"
        records = self._journal.rows(f"SELECT outcome FROM operations WHERE {where}")
        if len(records) < self.sent[kind, order_id]:
            self.flaws.append(f"a {kind} of {order_id} leaves that was not written down")
        earlier, self._sent_at[kind, order_id] = self._sent_at.get((kind, order_id)), self._time()
        if order_id in self.spoken_of:
            return
        if earlier is not None and self._is_soon_after(earlier):
            self.flaws.append(f"a {kind} of {order_id} leaves again before the first can count as not done")
        is_open = any(row.outcome is None for row in records)
        if not is_open and not self._is_beyond_help(errand):
            self.flaws.append(f"a {kind} of {order_id} leaves after what became of it was written")

    def _is_soon_after(self, then: tuple[datetime, int]) -> bool:
        now, jumps = self._time()
        return jumps == then[1] and now - then[0] < _FINAL_AFTER

    def _is_beyond_help(self, errand: Errand | None) -> bool:
        if errand is None or errand.kept_at is None:
            return False
        return not self._is_soon_after(errand.kept_at)


def is_operation(body: bytes) -> bool:
    """Tell whether a request of the XML API moves money."""
    return _element(b"Type", body) in _KINDS


def _element(name: bytes, body: bytes) -> bytes:
    found = re.search(b"<" + name + b">([^<]*)</", body)
    return b"" if found is None else found[1]


def _is_alive(errand: Errand | None) -> bool:
    return errand is not None and errand.end is None
