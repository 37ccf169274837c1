"""A billing system that takes postings in any of the five ways, and whose trouble a test sets."""

from __future__ import annotations

from datetime import timedelta

from rak_billing.billing_posting import Posted, Refused
from rak_billing.errors import BillingUnavailableError, PostingNotSentError, PostingUnknownError
from rak_billing.exactly_once import ExactlyOnce
from support.checkout_kit import A, Bills


class Books(Bills):
    """A billing system that takes postings, and whose trouble the test sets."""

    def __init__(self, way):
        super().__init__(A)
        self.exactly_once = way
        self.entries, self.calls, self.searches = [], 0, 0
        self.trouble, self.answer = None, Posted("B1")
        self.final_after = timedelta(minutes=10)
        self.cannot_search = False

    def post(self, posting):
        self.calls += 1
        if self.trouble == "not sent":
            raise PostingNotSentError(posting.key, "refused connection")
        if self.trouble != "lost before":
            self._enter(posting)
        if self.trouble in {"lost before", "lost after"}:
            raise PostingUnknownError(posting.key, "no answer")
        return self.answer

    def _enter(self, posting):
        is_known = self.exactly_once is ExactlyOnce.KEY and posting.key in [e.key for e in self.entries]
        if not is_known and not isinstance(self.answer, Refused):
            self.entries.append(posting)

    def find_posting(self, posting):
        self.searches += 1
        if self.cannot_search:
            raise BillingUnavailableError("down")
        return Posted("B1") if posting.key in [entry.key for entry in self.entries] else None

    def post_within(self, connection, posting):
        self.calls += 1
        connection.exec_driver_sql("SELECT 1")
        if self.trouble:
            raise PostingNotSentError(posting.key, "locked")
        self.entries.append(posting)
        return self.answer
