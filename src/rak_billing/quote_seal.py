"""
The seal on a quote: what the customer accepts is what is paid, posted and printed.

A sealed quote is a text that travels with the page: the facts in full, and a keyed digest of them (HMAC with SHA-256).
Nothing of it is secret and nothing has to be remembered on the server; it cannot be made or changed without the key.
The facts come in full, where a digest would do to notice a change, because the customer has a right to know *what*
changed, and because the order keeps the text as its proof.

::

    cq1.<base64url of the digest, 32 bytes, and the canonical facts, deflated>

The digest covers the version in front, so that a text of one version is never read as another, and what travels, so that
nothing is inflated before its seal was found to hold. The key has this one purpose; it is derived from the checkout's
secret key.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import attrs
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from cmi_gateway.money import Money
from rak_billing.errors import QuoteError, QuoteExpiredError, QuoteSealError
from rak_billing.invoices import FEE_REFERENCE
from rak_billing.quote import FEE_DESCRIPTION, Quote, QuoteLine
from rak_billing.quote_facts import (
    PAID,
    QuoteChange,
    canonical,
    changes_between,
    facts_of,
    instant_of,
    parse_canonical,
)

__all__ = ["QuoteSeal", "SealedQuote"]

_VERSION: Final = "cq1"
_DIGEST_BYTES: Final = 32
#: A thousand invoices and more; a stranger's text beyond it is not even decoded.
_LONGEST: Final = 60_000


@attrs.frozen
class SealedQuote:
    """
    What a customer accepted, read from a text whose seal holds.

    Attributes:
        text: The sealed text itself, as it was handed out.
        facts: Names and values, in the order of `rak_billing.quote_facts.facts_of`.
    """

    text: str
    facts: tuple[tuple[str, str], ...]

    def fact(self, name: str) -> str:
        """
        Give one fact.

        Raises:
            QuoteSealError: there is none of this name.
        """
        for known, value in self.facts:
            if known == name:
                return value
        raise QuoteSealError(f"the sealed quote holds no {name}")

    @property
    def total(self) -> Money:
        """What the customer agreed to pay."""
        return Money(int(self.fact("total")), self.fact("currency"))

    @property
    def expires_at(self) -> datetime | None:
        """Until when it could be accepted."""
        return instant_of(self.fact("expires_at"))

    def require_live(self, at: datetime) -> None:
        """
        Refuse a quote whose time is over.

        Raises:
            QuoteExpiredError: *at* is later than its expiry.
        """
        if self.expires_at is not None and at > self.expires_at:
            raise QuoteExpiredError(self.expires_at)

    def changes_to(self, quote: Quote) -> tuple[QuoteChange, ...]:
        """Name what differs in *quote*, a later one for the same customer; empty when it is what was accepted."""
        now = facts_of(quote, tenant=self.fact("tenant"), customer_ref=self.fact("customer"))
        return changes_between(self.facts, now)

    def require_lines(self, lines: Iterable[QuoteLine], total: Money) -> None:
        """
        Prove that what was written down later (order, receipt, posting) is what was accepted.

        Raises:
            QuoteSealError: a line or the total differs; names the first.
        """
        accepted = sorted(self._lines())
        written = sorted((line.reference, line.description, line.amount.centimes) for line in lines)
        if strange := sorted(set(accepted).symmetric_difference(written)):
            raise QuoteSealError(f"line {strange[0][0]} is not what was accepted")
        if len(accepted) != len(written) or total != self.total:
            raise QuoteSealError(
                f"{len(written)} lines of {total}, accepted were {len(accepted)} of {self.total}"
            )

    def _lines(self) -> list[tuple[str, str, int]]:
        paid = [(name.removeprefix(PAID), int(value)) for name, value in self.facts if name.startswith(PAID)]
        invoices = [(reference, self.fact(f"invoice {reference}"), amount) for reference, amount in paid]
        return [*invoices, (FEE_REFERENCE, FEE_DESCRIPTION, int(self.fact("fee")))]


@attrs.frozen
class QuoteSeal:
    """
    Seals quotes, and opens what it sealed.

    Attributes:
        key: 32 random or derived bytes, for this purpose alone.
        earlier: Keys that this one has replaced: they open what they sealed, and seal nothing more.
    """

    _key: bytes = attrs.field(repr=False, eq=False)
    _earlier: tuple[bytes, ...] = attrs.field(default=(), repr=False, eq=False)

    def seal(self, quote: Quote, *, tenant: str, customer_ref: str) -> str:
        """
        Give *quote* as a sealed text for the page of this customer.

        Raises:
            QuoteError: it has more invoices, well over a thousand, than a text that is opened again can hold.
        """
        content = zlib.compress(canonical(facts_of(quote, tenant=tenant, customer_ref=customer_ref)), 9)
        sealed = base64.urlsafe_b64encode(_digest(self._key, content) + content).rstrip(b"=")
        text = f"{_VERSION}.{sealed.decode()}"
        if len(text) > _LONGEST:
            raise QuoteError(
                f"{len(quote.selection.invoices)} invoices are more than a sealed quote can hold"
            )
        return text

    def open(self, text: str, *, tenant: str, customer_ref: str) -> SealedQuote:
        """
        Read a sealed text that came back from the page of this customer.

        Raises:
            QuoteSealError: it is none, was changed, was sealed with another key, or is another customer's.
        """
        opened = self.read(text)
        if (opened.fact("tenant"), opened.fact("customer")) != (tenant, customer_ref):
            raise QuoteSealError("the quote was sealed for another customer")
        return opened

    def read(self, text: str) -> SealedQuote:
        """
        Read a sealed text, whoever's it is.

        Raises:
            QuoteSealError: it is none, was changed, or was sealed with another key.
        """
        raw = _decoded(text)
        digest, content = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
        if not any(bytes_eq(digest, _digest(key, content)) for key in (self._key, *self._earlier)):
            raise QuoteSealError("the seal does not hold: the text was changed, or sealed with another key")
        return SealedQuote(text, parse_canonical(zlib.decompress(content)))


def _digest(key: bytes, content: bytes) -> bytes:
    hmac = HMAC(key, SHA256())
    hmac.update(f"{_VERSION}.".encode() + content)
    return hmac.finalize()


def _decoded(text: object) -> bytes:
    if not isinstance(text, str) or len(text) > _LONGEST or not text.isascii():
        raise QuoteSealError("expected a sealed quote as this checkout hands it out")
    version, _, sealed = text.partition(".")
    if version != _VERSION:
        raise QuoteSealError(f"expected a quote sealed as {_VERSION}, not {version!r:.20}")
    try:
        raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise QuoteSealError("expected a sealed quote in base64url") from None
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != sealed:
        # Two spellings of one text: the last letter has bits to spare.
        raise QuoteSealError("expected a sealed quote in its own spelling")
    return raw
