"""
What a customer owes: invoices, the account they belong to, and the statement of both.

These are the words of the billing system, checked once at the door, so that everything behind can trust them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from functools import lru_cache
from typing import Any, Final

import attrs
from attrs.validators import optional

from cmi_gateway.errors import MoneyError
from cmi_gateway.money import Money
from rak_billing.errors import InvoiceError
from rak_billing.invoice_facts import (
    InvoiceKind,
    InvoiceStatus,
    VatLine,
    first_of_month,
    is_flag,
    is_money,
    is_name,
    is_plain_date,
    is_reference,
    is_text,
)

__all__ = [
    "FEE_REFERENCE",
    "MANDATORY_MARK",
    "Account",
    "Invoice",
    "InvoiceKind",
    "InvoiceStatus",
    "Statement",
    "VatLine",
]

#: Reference of the fee line (rule R28); no invoice may carry it.
FEE_REFERENCE: Final = "FRAIS"

#: What follows the description of an invoice that must be paid (rules R23, I07).
MANDATORY_MARK: Final = " — EXIGIBLE (paiement obligatoire)"


@lru_cache(512)  # the same few dozen days stand on every bill, which is worded at every look
def _day(day: date) -> str:
    # Far faster than strftime, which some systems do not pad the year with.
    year, month, number = day.isoformat().split("-")
    return f"{number}/{month}/{year}"


def _not_the_fee(_instance: object, field: attrs.Attribute[str], value: str) -> None:
    if value.upper() == FEE_REFERENCE:
        raise InvoiceError(field.name, f"{FEE_REFERENCE} is reserved for the fee line")


def _kind(value: InvoiceKind | str) -> InvoiceKind:
    try:
        return InvoiceKind(value)
    except ValueError:
        raise InvoiceError("kind", f"expected one of {', '.join(InvoiceKind)}, not {value!r:.40}") from None


def _status(value: InvoiceStatus | str) -> InvoiceStatus:
    try:
        return InvoiceStatus(value)
    except ValueError:
        known = ", ".join(InvoiceStatus)
        raise InvoiceError("status", f"expected one of {known}, not {value!r:.40}") from None


def _is_optional_name(instance: object, field: attrs.Attribute[Any], value: object) -> None:
    if value is not None:
        is_text(instance, field, value)
        is_name(instance, field, str(value))


def _vat_lines(lines: Iterable[VatLine]) -> tuple[VatLine, ...]:
    kept = tuple(lines)
    if not all(isinstance(line, VatLine) for line in kept):
        raise InvoiceError("vat", "expected VatLine values, one for each rate")
    if len({line.rate for line in kept}) < len(kept):
        raise InvoiceError("vat", "expected each rate once")
    return kept


def _optional_name() -> Any:
    return attrs.field(default=None, kw_only=True, validator=_is_optional_name)


@attrs.frozen
class Invoice:
    """
    One unpaid invoice, as the billing system states it.

    Attributes:
        reference: Opaque text of 1 to 32 characters; leading zeros count.
        service: What was supplied, as billing names it: ``ELECTRICITE``, ``EAU``, ``TRAVAUX``, ...
        period: The billed month, as its first day; any date in it or text ``YYYY-MM`` is taken too.
        due_date: The day until which it should be paid. Being past it does not make it mandatory.
        amount: What is left to pay, all taxes included (*net à payer*).
        is_mandatory: Billing demands it in every payment (*exigible*, rule R23).
        kind: What it is; a credit note is never paid.
        status: Where it stands; only an unpaid one can be paid.
        is_disputed: The customer contests it.
        is_direct_debit: The bank will collect it.
        period_until: The last month billed, where there are several; read as *period* is.
        issue_date: The day on which it was made out.
        billed: The whole amount of the invoice, all taxes included (*TTC*); more than *amount* once a part is paid.
        net: Its part without VAT (*HT*).
        vat: Its VAT, one `VatLine` for each rate. Billing computes it; nothing here does.
        contract: The contract that it belongs to, where a customer has several.
        meter: The meter that was read.
        group: Invoices with the same one go together, where the selection rules say so.
        version: Billing's own mark of this state of the invoice (an ETag); part of what a customer accepts.
        text: The back end's own description, where it says in words what others say in flags; see
            `rak_billing.mandatory_pattern.MandatoryPattern`. Shown nowhere.

    Raises:
        InvoiceError: a field does not hold; ``FRAIS`` is reserved for the fee line.
    """

    reference: str = attrs.field(validator=[is_text, is_reference, _not_the_fee])
    service: str = attrs.field(validator=[is_text, is_name])
    period: date = attrs.field(converter=first_of_month)
    due_date: date = attrs.field(validator=is_plain_date)
    amount: Money = attrs.field(validator=is_money)
    is_mandatory: bool = attrs.field(default=False, validator=is_flag)
    kind: InvoiceKind = attrs.field(default=InvoiceKind.INVOICE, kw_only=True, converter=_kind)
    status: InvoiceStatus = attrs.field(default=InvoiceStatus.UNPAID, kw_only=True, converter=_status)
    is_disputed: bool = attrs.field(default=False, kw_only=True, validator=is_flag)
    is_direct_debit: bool = attrs.field(default=False, kw_only=True, validator=is_flag)
    period_until: date | None = attrs.field(
        default=None, kw_only=True, converter=attrs.converters.optional(first_of_month)
    )
    issue_date: date | None = attrs.field(default=None, kw_only=True, validator=optional(is_plain_date))
    billed: Money | None = attrs.field(default=None, kw_only=True, validator=optional(is_money))
    net: Money | None = attrs.field(default=None, kw_only=True, validator=optional(is_money))
    vat: tuple[VatLine, ...] = attrs.field(default=(), kw_only=True, converter=_vat_lines)
    contract: str | None = _optional_name()
    meter: str | None = _optional_name()
    group: str | None = _optional_name()
    version: str | None = _optional_name()
    text: str | None = attrs.field(default=None, kw_only=True, repr=False, validator=optional(is_text))

    @period_until.validator
    def _period_runs_forward(self, field: attrs.Attribute[Any], value: date | None) -> None:
        if value is not None and value < self.period:
            raise InvoiceError(field.name, f"expected {self.period:%Y-%m} or later, not {value:%Y-%m}")

    @vat.validator
    def _parts_add_up(self, field: attrs.Attribute[Any], value: tuple[VatLine, ...]) -> None:
        """Refuse parts that contradict the whole; what is not stated is not judged."""
        if self.billed is None or self.net is None:
            return
        try:
            parts = sum((line.amount for line in value), start=self.net)
        except MoneyError:
            raise InvoiceError(field.name, "expected the currency of the net amount") from None
        if parts != self.billed:
            raise InvoiceError(field.name, f"net and VAT add up to {parts}, billed is {self.billed}")

    @property
    def is_payable(self) -> bool:
        """Whether there is anything to pay: credits, settled and cancelled invoices are not."""
        return self.amount.centimes > 0 and self.status is InvoiceStatus.UNPAID

    @property
    def description(self) -> str:
        """The guide's own words for an invoice (rule R19), with the mark of a mandatory one (rule I07)."""
        words = f"GERANCE:{self.service}, PERIODE:{_day(self.period)}, DATE ECHEANCE:{_day(self.due_date)}"
        return words + MANDATORY_MARK if self.is_mandatory else words


@attrs.frozen
class Account:
    """
    Whose invoices they are.

    Attributes:
        customer_ref: The number that the customer types, called *Code Client*, *numéro de Police* and
            ``NUM_CONTRAT`` by the guide (rule I02); opaque text.
        name: As billing holds it; personal, so absent from the repr. Pages show it masked by default.
        address: Likewise.

    Raises:
        InvoiceError: *customer_ref* is not text of 1 to 32 characters, or another field is not text.
    """

    customer_ref: str = attrs.field(validator=[is_text, is_reference])
    name: str = attrs.field(validator=is_text, repr=False)
    address: str = attrs.field(validator=is_text, repr=False)


def _in_order(invoices: Iterable[Invoice]) -> tuple[Invoice, ...]:
    return tuple(invoices)


@attrs.frozen
class Statement:
    """
    What one customer owes at this moment.

    Attributes:
        account: Whose invoices they are.
        invoices: The unpaid ones, in the order in which billing lists them.
    """

    account: Account
    invoices: tuple[Invoice, ...] = attrs.field(converter=_in_order)

    def without(self, references: Collection[str]) -> Statement:
        """Leave out some invoices, such as those that are paid here."""
        kept = (invoice for invoice in self.invoices if invoice.reference not in references)
        return attrs.evolve(self, invoices=kept)
