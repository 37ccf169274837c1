"""A billing system in the memory of one process: for tests, and to see how small one can be."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import Final

from rak_billing.billing_posting import Posted, Posting, PostingAnswer
from rak_billing.billing_systems.judging import judge_new, judge_repeat
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.invoices import Statement

__all__ = ["InMemoryBilling"]


class InMemoryBilling:
    """
    Bills and payments, gone when the process ends.

    A `rak_billing.ports.BillingSystem` and a `rak_billing.ports.PostingReceiver` of the way
    `rak_billing.exactly_once.ExactlyOnce.KEY`: it answers a key that it has by "already posted".

    Args:
        statements: What each customer owes at the beginning; the last one counts where a customer comes twice.
    """

    exactly_once: Final = ExactlyOnce.KEY

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._statements = {statement.account.customer_ref: statement for statement in statements}
        self._postings: dict[str, Posting] = {}
        self._lock = Lock()

    @property
    def postings(self) -> tuple[Posting, ...]:
        """What was posted, in order."""
        return tuple(self._postings.values())

    def statement(self, customer_ref: str) -> Statement | None:
        """Return the client's account and unpaid invoices, or None when the reference is unknown."""
        with self._lock:
            return self._open(customer_ref)

    def post(self, posting: Posting) -> PostingAnswer:
        """Write *posting* into the books, unless its key is there."""
        with self._lock:
            known = self._postings.get(posting.key)
            if known is not None:
                return judge_repeat(posting, known.digest, known.key)
            settled = self._settled(posting.customer_ref)
            refused = judge_new(posting, self._open(posting.customer_ref), settled)
            if refused is not None:
                return refused
            # One step, the last: before it nothing has happened, after it everything has.
            self._postings[posting.key] = posting
            return Posted(posting.key)

    def _open(self, customer_ref: str) -> Statement | None:
        statement = self._statements.get(customer_ref)
        return None if statement is None else statement.without(self._settled(customer_ref))

    def _settled(self, customer_ref: str) -> frozenset[str]:
        theirs = (known for known in self._postings.values() if known.customer_ref == customer_ref)
        return frozenset(paid.reference for known in theirs for paid in known.invoices)

    def __repr__(self) -> str:
        return f"InMemoryBilling({len(self._statements)} customers, {len(self._postings)} postings)"
