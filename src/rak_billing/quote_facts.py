"""
A quote as a list of named facts, and as the one text that a seal covers.

The text is a netstring of netstrings: each name and each value stands behind its own length in bytes, so that no value
can be taken for the end of another, and two different lists of facts never share a text.
What is sealed is all that a customer sees and agrees to, and the versions of what it was made by: whose bill it is, each
invoice with its balance, its version and what is paid of it, the rules, the tariff, the fee's parts, the total, the day
and the expiry.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import attrs

from rak_billing.errors import QuoteSealError
from rak_billing.quote import Quote

__all__ = ["PAID", "QuoteChange", "canonical", "changes_between", "facts_of", "instant_of", "parse_canonical"]

#: One fact: its name and its value, both text.
Fact = tuple[str, str]

#: Before the reference, the name of what is left to pay of an invoice.
BALANCE: Final = "balance of "
#: Before the reference, the name of what is paid of an invoice.
PAID: Final = "paid of "
#: Facts about the moment, which differ whenever the same bill is quoted again.
_OF_THE_MOMENT: Final = frozenset({"on", "expires_at"})
_LONGEST_LENGTH: Final = 6


@attrs.frozen
class QuoteChange:
    """
    One fact that is no longer what the customer accepted.

    Attributes:
        fact: Its name, such as ``total`` or ``balance of 123456789``.
        accepted: What the customer accepted; None for a fact that is new.
        now: What it is now; None for one that is gone.
    """

    fact: str
    accepted: str | None
    now: str | None

    def __str__(self) -> str:
        """Name the fact; its values may be personal."""
        return self.fact


def facts_of(quote: Quote, *, tenant: str, customer_ref: str) -> tuple[Fact, ...]:
    """Give the facts of *quote*, in a fixed order; amounts are centimes, instants are UTC."""
    return (("tenant", tenant), ("customer", customer_ref), *_of_the_selection(quote), *_of_the_fee(quote))


def _of_the_selection(quote: Quote) -> Iterator[Fact]:
    selection = quote.selection
    yield "rules", selection.rules.id
    yield "rules version", selection.rules.version
    yield "rules fingerprint", selection.rules.fingerprint
    yield "on", selection.on.isoformat()
    yield "expires_at", "" if quote.expires_at is None else quote.expires_at.astimezone(UTC).isoformat()
    yield "currency", quote.total.currency
    yield "invoices", str(len(selection.invoices))
    for invoice, amount in zip(selection.invoices, selection.amounts, strict=True):
        # What varies stands last, so that no reference can make the name of another fact.
        reference = invoice.reference
        yield f"invoice {reference}", invoice.description
        yield f"{BALANCE}{reference}", str(invoice.amount.centimes)
        yield f"{PAID}{reference}", str(amount.centimes)
        yield f"version of {reference}", "" if invoice.version is None else f"={invoice.version}"


def _of_the_fee(quote: Quote) -> Iterator[Fact]:
    fee = quote.fee
    yield "schedule", fee.schedule_id
    yield "schedule version", fee.schedule_version
    yield "card", fee.card
    yield "fee base", str(fee.base.centimes)
    yield "fee", str(fee.gross.centimes)
    yield "fee net", str(fee.net.centimes)
    yield "fee vat", str(fee.vat.centimes)
    yield "fee rule", str(fee.rule_number)
    # Exact centimes, as fractions where they do not end.
    yield "fee parts", json.dumps([[part.key, str(part.exact)] for part in fee.parts])
    yield "fee shares", json.dumps([share.centimes for share in fee.shares])
    yield "operator's cost", str(fee.merchant_cost.centimes)
    yield "operator's cost net", str(fee.merchant_net.centimes)
    yield "total", str(quote.total.centimes)


def canonical(facts: Sequence[Fact]) -> bytes:
    """Write facts as the one text that stands for them."""
    return b"".join(_framed(_framed(name.encode()) + _framed(value.encode())) for name, value in facts)


def _framed(content: bytes) -> bytes:
    return b"%d:%b" % (len(content), content)


def parse_canonical(content: bytes) -> tuple[Fact, ...]:
    """
    Read facts back.

    Raises:
        QuoteSealError: *content* is not exactly what `canonical` writes.
    """
    facts = []
    for pair in _unframed(content):
        parts = list(_unframed(pair))
        if len(parts) != 2:  # noqa: PLR2004  # a name and a value
            raise QuoteSealError("expected a name and a value for each fact")
        try:
            facts.append((parts[0].decode(), parts[1].decode()))
        except UnicodeDecodeError:
            raise QuoteSealError("expected facts in UTF-8") from None
    return tuple(facts)


def _unframed(content: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(content):
        colon = content.find(b":", place, place + _LONGEST_LENGTH + 1)
        digits = content[place:colon] if colon > place else b""
        if not digits.isdigit() or (digits[:1] == b"0" and digits != b"0"):
            raise QuoteSealError("expected the length of a part in plain digits")
        end = colon + 1 + int(digits)
        if end > len(content):
            raise QuoteSealError("a part is longer than the text")
        yield content[colon + 1 : end]
        place = end


def changes_between(accepted: Sequence[Fact], now: Sequence[Fact]) -> tuple[QuoteChange, ...]:
    """
    Name every fact that differs, in the order of what was accepted, then what is new.

    The day and the expiry are left out: when the same bill is quoted again they always differ, and what depends on them,
    rules, tariff and amounts, is compared itself.
    """
    before, after = dict(accepted), dict(now)
    names = [name for name in dict.fromkeys((*before, *after)) if name not in _OF_THE_MOMENT]
    return tuple(
        QuoteChange(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )


def instant_of(text: str) -> datetime | None:
    """Read the expiry as `facts_of` writes it."""
    return datetime.fromisoformat(text) if text else None
