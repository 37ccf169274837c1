"""
What a customer owes: invoices, the account they belong to, and the statement of both.

These are the words of the billing system, checked once at the door, so that everything behind can trust them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Final

import attrs

from cmi_gateway.money import Money
from rak_billing.errors import InvoiceError

__all__ = ["FEE_REFERENCE", "MANDATORY_MARK", "Account", "Invoice", "Statement"]

#: Reference of the fee line (rule R28); no invoice may carry it.
FEE_REFERENCE: Final = "FRAIS"

#: What follows the description of an invoice that must be paid (rules R23, I07).
MANDATORY_MARK: Final = " — EXIGIBLE (paiement obligatoire)"

_REFERENCE_LIMIT: Final = 32
_SERVICE_LIMIT: Final = 64
_MONTH: Final = re.compile(r"([12][0-9]{3})-(0[1-9]|1[0-2])")


def _first_of_month(value: date | str) -> date:
    """Take a date, or text ``2018-02``, as the month that it lies in (rule I08)."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.replace(day=1)
    if isinstance(value, str) and (match := _MONTH.fullmatch(value)):
        return date(int(match[1]), int(match[2]), 1)
    raise InvoiceError("period", f"expected a date or text such as '2018-02', not {value!r:.40}")


def _is_text(_instance: object, field: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str):
        raise InvoiceError(field.name, f"expected text, not {type(value).__name__}")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InvoiceError(field.name, "holds half a character; was it decoded with another charset?")


def _reference(_instance: object, field: attrs.Attribute[str], value: str) -> None:
    if not 1 <= len(value) <= _REFERENCE_LIMIT or not value.isprintable() or value != value.strip():
        raise InvoiceError(
            field.name, f"expected 1 to {_REFERENCE_LIMIT} printable characters without outer spaces"
        )


def _not_the_fee(_instance: object, field: attrs.Attribute[str], value: str) -> None:
    if value.upper() == FEE_REFERENCE:
        raise InvoiceError(field.name, f"{FEE_REFERENCE} is reserved for the fee line")


def _service(_instance: object, field: attrs.Attribute[str], value: str) -> None:
    if not value.strip() or len(value) > _SERVICE_LIMIT:
        raise InvoiceError(field.name, f"expected 1 to {_SERVICE_LIMIT} characters, not all of them spaces")
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise InvoiceError(field.name, "control characters are not allowed")


def _plain_date(_instance: object, field: attrs.Attribute[date], value: date) -> None:
    # A datetime is a date to isinstance, yet never equals one.
    if type(value) is not date:
        raise InvoiceError(field.name, f"expected a date, not {type(value).__name__}")


@attrs.frozen
class Invoice:
    """
    One unpaid invoice, as the billing system states it.

    Attributes:
        reference: Opaque text of 1 to 32 characters; leading zeros count.
        service: What was supplied, as billing names it: ``ELECTRICITE``, ``EAU``, ``TRAVAUX``, ...
        period: The billed month, as its first day; any date in it or text ``YYYY-MM`` is taken too.
        due_date: The day until which it should be paid. Being past it does not make it mandatory.
        amount: What is left to pay, all taxes included.
        is_mandatory: Billing demands it in every payment (*exigible*, rule R23).

    Raises:
        InvoiceError: a field does not hold; ``FRAIS`` is reserved for the fee line.
    """

    reference: str = attrs.field(validator=[_is_text, _reference, _not_the_fee])
    service: str = attrs.field(validator=[_is_text, _service])
    period: date = attrs.field(converter=_first_of_month)
    due_date: date = attrs.field(validator=_plain_date)
    amount: Money = attrs.field()
    is_mandatory: bool = attrs.field(default=False)

    @amount.validator
    def _amount_is_money(self, field: attrs.Attribute[Money], value: Money) -> None:
        if not isinstance(value, Money):
            raise InvoiceError(field.name, f"expected Money, not {type(value).__name__}")

    @is_mandatory.validator
    def _mark_is_a_flag(self, field: attrs.Attribute[bool], value: bool) -> None:
        # "false" and "N" are true to Python, and would lock the line for the customer.
        if not isinstance(value, bool):
            raise InvoiceError(field.name, f"expected True or False, not {type(value).__name__}")

    @property
    def is_payable(self) -> bool:
        """Whether there is anything to pay: credits and settled invoices are not."""
        return self.amount.centimes > 0

    @property
    def description(self) -> str:
        """The guide's own words for an invoice (rule R19), with the mark of a mandatory one (rule I07)."""
        words = (
            f"GERANCE:{self.service}, PERIODE:{self.period:%d/%m/%Y}, DATE ECHEANCE:{self.due_date:%d/%m/%Y}"
        )
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

    customer_ref: str = attrs.field(validator=[_is_text, _reference])
    name: str = attrs.field(validator=_is_text, repr=False)
    address: str = attrs.field(validator=_is_text, repr=False)


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
        """Leave out some invoices, such as those that are paid here and not posted yet."""
        kept = (invoice for invoice in self.invoices if invoice.reference not in references)
        return attrs.evolve(self, invoices=kept)
