"""
A journal in dictionaries: what somebody with a store of another kind would write, from `rak_billing.payments.port` alone.

One transaction runs at a time, on copies of the tables; the copies take the tables' place if it ends well. That is all
the locking there is, so it says nothing about databases: it shows that port and conformance tests need none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from types import SimpleNamespace

from support.dict_errands import Inquiries, Operations, Outbox, Paces, Rejections, Reviews
from support.dict_payments import Callbacks, Locks, Orders, Receipts

_TABLES = (
    "orders", "attempts", "forms", "events", "locks", "callbacks", "told", "inquiries", "operations",
    "paces", "rejections", "reviews", "series", "receipts", "outbox",
)  # fmt: skip


PARTS = {
    "orders": Orders, "locks": Locks, "callbacks": Callbacks, "inquiries": Inquiries, "operations": Operations,
    "paces": Paces, "rejections": Rejections, "reviews": Reviews, "receipts": Receipts, "outbox": Outbox,
}  # fmt: skip


class DictJournal:
    """A `rak_billing.payments.port.JournalPort` that keeps nothing when it ends; *parts* stand in for some of its own."""

    def __init__(self, **parts):
        self._parts = PARTS | parts
        self._lock = RLock()
        self._tables = {name: {} for name in _TABLES}

    def run(self, work, *, repeatable=False):
        """Do *work* on copies, and keep them if it ends well."""
        with self._lock:
            copies = {name: dict(table) for name, table in self._tables.items()}
            result = work(self._transaction(copies))
            self._tables = copies
            return result

    @contextmanager
    def reading(self) -> Iterator[SimpleNamespace]:
        """Give copies that are thrown away."""
        with self._lock:
            copies = {name: dict(table) for name, table in self._tables.items()}
        yield self._transaction(copies)

    def _transaction(self, tables):
        it = SimpleNamespace(**tables)
        return SimpleNamespace(**{name: part(it) for name, part in self._parts.items()})
