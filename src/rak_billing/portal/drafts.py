"""
What a customer has entered so far, kept in the customer's own signed cookie.

Each draft has an opaque token that stands in the address of the page, so that several tabs work side by side.
Nothing of a stranger reaches the database before « Payer »; a draft lives for 30 minutes after its last page.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, MutableMapping
from typing import Any, Final

import attrs

from rak_billing.fees.schedule import Card
from rak_billing.ports import Clock

__all__ = ["Draft", "DraftBook", "TooManyInvoicesError"]

# Rename it when the shape of a row changes: browsers still hold rows of the old one.
_SLOT: Final = "drafts"
_PAUSE: Final = 60


class TooManyInvoicesError(ValueError):
    """The choice is longer than a cookie can hold; the customer must choose fewer invoices."""


@attrs.frozen
class Draft:
    """
    One customer's entries.

    Attributes:
        customer_ref: The client code, as text, separators removed.
        email: Where the receipt goes.
        card: ``moroccan`` or ``international`` (rule R11).
        chosen: References of the ticked invoices; None until the customer has chosen.
    """

    customer_ref: str
    email: str = attrs.field(repr=False)
    card: Card
    chosen: tuple[str, ...] | None = None

    @property
    def mark(self) -> str:
        """A short digest of the entries: a page made from other entries carries another mark."""
        text = json.dumps([self.customer_ref, self.email, self.card, sorted(self.chosen or ())])
        return hashlib.sha256(text.encode()).hexdigest()[:20]


@attrs.frozen
class DraftBook:
    """
    The drafts of one browser.

    Attributes:
        count: How many are kept at once; the oldest give way.
        seconds: How long an untouched draft lives.
        room: How many characters of JSON all drafts together may take; a cookie holds about 4,000 bytes.
    """

    _store: MutableMapping[str, Any]
    _clock: Clock
    _random_token: Callable[[], str]
    count: int = 5
    seconds: int = 1800
    room: int = 2700

    def start(self, draft: Draft) -> str:
        """Keep a new draft; give its token."""
        token = self._random_token()
        self.keep(token, draft)
        return token

    def find(self, token: str) -> Draft | None:
        """Give the draft under *token*, unless it is unknown, somebody else's or too old."""
        row = self._rows().get(token)
        return None if row is None else _read(row)

    def keep(self, token: str, draft: Draft) -> None:
        """
        Write *draft* under *token*, as the newest; the oldest others give way.

        Raises:
            TooManyInvoicesError: this draft alone does not fit; nothing is changed.
        """
        rows = self._rows()
        rows.pop(token, None)
        row = _write(draft, self._now() + self.seconds)
        if _size({token: row}) > self.room:
            raise TooManyInvoicesError
        rows[token] = row
        while len(rows) > self.count or _size(rows) > self.room:
            del rows[next(iter(rows))]
        self._save(rows)

    def extend(self, token: str) -> None:
        """Start the life of the draft under *token* again; not at every page, so that tabs rarely race for the cookie."""
        row = self._rows().get(token)
        if row is not None and row[4] - self._now() < self.seconds - _PAUSE:
            self.keep(token, _read(row))

    def drop(self, token: str) -> None:
        """Forget the draft under *token*, if there is one."""
        rows = self._rows()
        if rows.pop(token, None) is not None:
            self._save(rows)

    def latest_of(self, customer_ref: str) -> str | None:
        """Give the token of the newest draft of *customer_ref*, to try a payment again."""
        tokens = [token for token, row in self._rows().items() if row[0] == customer_ref]
        return tokens[-1] if tokens else None

    def _rows(self) -> dict[str, list[Any]]:
        now = self._now()
        return {token: row for token, row in self._store.get(_SLOT, []) if row[4] > now}

    def _save(self, rows: dict[str, list[Any]]) -> None:
        # A list of pairs: the session's JSON sorts the names of an object, and would lose the drafts' age.
        self._store[_SLOT] = [list(pair) for pair in rows.items()]

    def _now(self) -> int:
        return int(self._clock().timestamp())


def _write(draft: Draft, expires_at: int) -> list[Any]:
    chosen = None if draft.chosen is None else list(draft.chosen)
    return [draft.customer_ref, draft.email, draft.card, chosen, expires_at]


def _read(row: list[Any]) -> Draft:
    customer_ref, email, card, chosen, _ = row
    return Draft(customer_ref, email, card, None if chosen is None else tuple(chosen))


def _size(rows: dict[str, list[Any]]) -> int:
    return len(json.dumps(rows))
