"""
A payment as the billing system is told of it, and what it may answer.

Only what is needed to put money on invoices: no name, address, e-mail or card leaves the portal by this way.
An answer is a value; failing to learn one is a `rak_billing.errors.PostingError`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import date
from enum import StrEnum, unique
from hashlib import sha256
from typing import Any, Final, TypeAlias

import attrs

from cmi_gateway.errors import MoneyError
from cmi_gateway.money import Money
from rak_billing.errors import PostingFactError
from rak_billing.invoice_facts import is_money, is_plain_date, is_reference, is_text

__all__ = [
    "AlreadyPosted",
    "PaidInvoice",
    "Posted",
    "Posting",
    "PostingAnswer",
    "Refused",
    "RefusedReason",
]

# A key is a column, a header and the name of a file; what fits all three needs no escaping in any.
_KEY: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,63}")


@attrs.frozen
class PaidInvoice:
    """
    One invoice and what was paid on it.

    Attributes:
        reference: The invoice, as billing names it.
        amount: What was paid, more than nothing; the fee of the service is no part of it.

    Raises:
        InvoiceError: *reference* is no reference, or *amount* no `cmi_gateway.Money`.
        PostingFactError: Nothing, or less, was paid.
    """

    reference: str = attrs.field(validator=[is_text, is_reference])
    amount: Money = attrs.field(validator=is_money)

    @amount.validator
    def _is_paid(self, _field: attrs.Attribute[Any], value: Money) -> None:
        if value.centimes <= 0:
            raise PostingFactError("amount", f"expected more than nothing on each invoice, got {value}")


def _is_key(_posting: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or _KEY.fullmatch(value) is None:
        raise PostingFactError(
            field.name, f"expected 1 to 64 letters, digits, '-', '_' and '.', not {value!r:.70}"
        )


def _in_order(invoices: Iterable[PaidInvoice]) -> tuple[PaidInvoice, ...]:
    return tuple(invoices)


@attrs.frozen(kw_only=True)
class Posting:
    """
    One paid order, to be written into the billing system once.

    Attributes:
        key: Our reference of the order, the same for ever: billing knows a repeat by it.
        tenant: The operator.
        customer_ref: Whose invoices they are.
        invoices: What was paid on each, at least one, each once; the fee is none of them.
        posting_date: The day on which it shall count with the operator.
        receipt_number: Of the receipt that the customer holds.

    Raises:
        PostingFactError: A field does not hold.
        InvoiceError: *customer_ref* is no reference.
    """

    key: str = attrs.field(validator=_is_key)
    tenant: str = attrs.field(validator=_is_key)
    customer_ref: str = attrs.field(validator=[is_text, is_reference])
    invoices: tuple[PaidInvoice, ...] = attrs.field(converter=_in_order)
    posting_date: date = attrs.field(validator=is_plain_date)
    receipt_number: str = attrs.field(validator=_is_key)

    @invoices.validator
    def _add_up(self, field: attrs.Attribute[Any], value: tuple[PaidInvoice, ...]) -> None:
        if not value or not all(isinstance(paid, PaidInvoice) for paid in value):
            raise PostingFactError(field.name, "expected PaidInvoice values, at least one")
        if len({paid.reference for paid in value}) < len(value):
            raise PostingFactError(field.name, "expected each invoice once")
        try:
            _total(value)
        except MoneyError as error:
            raise PostingFactError(field.name, f"expected amounts that add up: {error}") from None

    @property
    def total(self) -> Money:
        """What was paid on the invoices together, without the fee."""
        return _total(self.invoices)

    @property
    def digest(self) -> str:
        """SHA-256 of all of it in hexadecimal: the same key with another digest is another payment, and a mistake."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return sha256(text.encode("ascii")).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain JSON values; amounts are whole centimes."""
        return {
            "key": self.key,
            "tenant": self.tenant,
            "customer_ref": self.customer_ref,
            "invoices": [[paid.reference, paid.amount.centimes] for paid in self.invoices],
            "currency": self.total.currency,
            "total": self.total.centimes,
            "posting_date": self.posting_date.isoformat(),
            "receipt_number": self.receipt_number,
        }


def _total(invoices: Iterable[PaidInvoice]) -> Money:
    return sum((paid.amount for paid in invoices), start=Money(0, next(iter(invoices)).amount.currency))


@unique
class RefusedReason(StrEnum):
    """Why billing did not take a posting; what an operator's own acknowledgements say too."""

    UNKNOWN_CUSTOMER = "unknown-customer"
    UNKNOWN_INVOICE = "unknown-invoice"
    ALREADY_PAID = "already-paid"
    """By another payment: the customer has paid twice."""
    AMOUNT_DIFFERS = "amount-differs"
    CANCELLED = "cancelled"
    CLOSED_PERIOD = "closed-period"
    KEY_REUSED = "key-reused"
    """Billing holds another payment under this key."""
    OTHER = "other"


@attrs.frozen
class Posted:
    """
    It is in the books, written now.

    Attributes:
        billing_reference: Billing's own number of the entry, where it gives one.
    """

    billing_reference: str | None = None


@attrs.frozen
class AlreadyPosted:
    """
    It was in the books before, by this very posting: a repeat, and nothing was written.

    Attributes:
        billing_reference: Billing's own number of the entry, where it gives one.
    """

    billing_reference: str | None = None


@attrs.frozen
class Refused:
    """
    Billing will not have it, now or later: a person has to look. Nothing was written.

    Attributes:
        reason: Of a closed list.
        detail: For staff: billing's code, or which invoice; no personal data.
    """

    reason: RefusedReason
    detail: str = ""


#: What billing answers: one of these three, and no other.
PostingAnswer: TypeAlias = Posted | AlreadyPosted | Refused
