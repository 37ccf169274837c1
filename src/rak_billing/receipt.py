"""
The proof of a payment: a snapshot of plain facts that reads the same in ten years (rules R43 to R53).

Nothing in it is looked up again: not the bill, the tariff, the operator's name or the zone file. What
was printed on the day of the payment can be printed from the stored snapshot at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Self

import attrs

from cmi_gateway.errors import MoneyError
from cmi_gateway.money import Money
from rak_billing import receipt_page, receipt_snapshot, receipt_text
from rak_billing.business_day import local_time
from rak_billing.errors import ReceiptError
from rak_billing.invoices import FEE_REFERENCE
from rak_billing.quote import QuoteLine

__all__ = ["Receipt"]

_NUMBER: Final = re.compile(r"[0-9]{11}")
_LAST_FOUR: Final = re.compile(r"[0-9]{4}")


def _in_order(lines: Iterable[QuoteLine]) -> tuple[QuoteLine, ...]:
    if not isinstance(lines, Iterable):
        raise ReceiptError("lines", f"expected lines, not {type(lines).__name__}")
    return tuple(lines)


def _in_utc(instant: datetime) -> datetime:
    return local_time(instant).astimezone(UTC)


def _matches(pattern: re.Pattern[str], expected: str) -> Any:
    def check(_instance: object, field: attrs.Attribute[str], value: object) -> None:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            # What came may be a whole card number: it must not reach a log.
            raise ReceiptError(field.name, f"expected {expected}")

    return check


def _is(kind: type) -> Any:
    """Accept values of one *kind* only: a snapshot of any other could be written, and not be read back."""

    def check(_instance: object, field: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, kind):
            raise ReceiptError(field.name, f"expected {kind.__name__}, not {type(value).__name__}")

    return check


_TEXT: Final = _is(str)
_TEXT_OR_NONE: Final = attrs.validators.optional(_TEXT)
_MONEY_OR_NONE: Final = attrs.validators.optional(_is(Money))


def _is_line(line: object) -> bool:
    return (
        isinstance(line, QuoteLine)
        and isinstance(line.reference, str)
        and isinstance(line.description, str)
        and isinstance(line.amount, Money)
    )


@attrs.frozen(kw_only=True)
class Receipt:
    """
    What the customer keeps as proof of payment.

    Facts that the gateway did not give are None and show as a dash.

    Attributes:
        number: Of the receipt, 11 digits of an unbroken series of the operator (rule R52).
        paid_at: The instant that the gateway gives for the payment, kept in UTC (rule R45).
        utc_offset: Of Moroccan legal time at that instant, kept so that no later zone file moves it.
        posting_date: The day on which the payment shows at the agency (rule R42).
        payment_number: The gateway's number of the payment, text with leading zeros (rule R46).
        authorization_code: The bank's (rule R47).
        method: Brand of the card, such as ``VISA`` (rule R48).
        last_four: The last four digits of the card, never more (rule R49).
        transaction_id: The gateway's, case-sensitive (rule R50).
        customer_name: As the customer is to see it, masked or not (rule R51).
        customer_address: Likewise; empty to leave it out.
        email: Where the receipt is sent.
        merchant_name: Short name of the operator, such as ``RAK``.
        merchant_id: The operator's account at the gateway.
        contract: The customer reference (rule R52).
        contract_label: What the gateway calls it.
        lines: What was paid, the fee last (rule R53): the lines of the order, never those of billing today.
        total: What was paid; the lines add up to it.
        fee_net: The fee without VAT, or None to show no VAT.
        fee_vat: Its VAT; with the net part it adds up to the fee line.
        operator_name: The operator's full name, for the head of the page.
        operator_footer: Its legal particulars and contact, for the foot; lines apart by line feeds.

    Raises:
        ReceiptError: a field does not hold, or the amounts do not add up.
        InstantError: *paid_at* has no offset from UTC.
    """

    number: str = attrs.field(validator=_matches(_NUMBER, "11 digits as text"))
    paid_at: datetime = attrs.field(converter=_in_utc)
    utc_offset: timedelta = attrs.field()
    posting_date: date = attrs.field()
    payment_number: str | None = attrs.field(default=None, validator=_TEXT_OR_NONE)
    authorization_code: str | None = attrs.field(default=None, validator=_TEXT_OR_NONE)
    method: str | None = attrs.field(default=None, validator=_TEXT_OR_NONE)
    last_four: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(_matches(_LAST_FOUR, "four digits as text"))
    )
    transaction_id: str | None = attrs.field(default=None, validator=_TEXT_OR_NONE)
    customer_name: str = attrs.field(repr=False, validator=_TEXT)
    customer_address: str = attrs.field(default="", repr=False, validator=_TEXT)
    email: str = attrs.field(repr=False, validator=_TEXT)
    merchant_name: str = attrs.field(validator=_TEXT)
    merchant_id: str = attrs.field(validator=_TEXT)
    contract: str = attrs.field(validator=_TEXT)
    contract_label: str = attrs.field(default="NUM_CONTRAT", validator=_TEXT)
    lines: tuple[QuoteLine, ...] = attrs.field(converter=_in_order)
    total: Money = attrs.field()
    fee_net: Money | None = attrs.field(default=None, validator=_MONEY_OR_NONE)
    fee_vat: Money | None = attrs.field(default=None, validator=_MONEY_OR_NONE)
    operator_name: str = attrs.field(default="", validator=_TEXT)
    operator_footer: str = attrs.field(default="", validator=_TEXT)

    @utc_offset.default
    def _legal_offset(self) -> timedelta:
        return local_time(self.paid_at).utcoffset() or timedelta(0)

    @utc_offset.validator
    def _offset_is_of_whole_seconds(self, field: attrs.Attribute[timedelta], value: timedelta) -> None:
        if not isinstance(value, timedelta) or value.microseconds:
            raise ReceiptError(field.name, "expected a timedelta of whole seconds")

    @posting_date.validator
    def _posting_date_is_a_day(self, field: attrs.Attribute[date], value: date) -> None:
        if type(value) is not date:
            raise ReceiptError(field.name, f"expected a date, not {type(value).__name__}")

    @lines.validator
    def _lines_are_lines(
        self, field: attrs.Attribute[tuple[QuoteLine, ...]], value: tuple[QuoteLine, ...]
    ) -> None:
        if not all(map(_is_line, value)):
            raise ReceiptError(field.name, "expected each to be a QuoteLine of two texts and Money")

    @total.validator
    def _lines_add_up(self, field: attrs.Attribute[Money], value: Money) -> None:
        if not self.lines or _sum(line.amount for line in self.lines) != value:
            raise ReceiptError(field.name, "expected the sum of the lines, of which there is at least one")

    @fee_vat.validator
    def _fee_parts_add_up(self, field: attrs.Attribute[Money | None], value: Money | None) -> None:
        parts = [part for part in (self.fee_net, value) if part is not None]
        fees = [line.amount for line in self.lines if line.reference == FEE_REFERENCE]
        if parts and (len(parts) != 2 or _sum(parts) != _sum(fees)):  # noqa: PLR2004 - net and VAT are two
            raise ReceiptError(
                field.name, "expected both parts of the fee, adding up to its line, or neither"
            )

    @property
    def paid_at_local(self) -> datetime:
        """The instant of the payment in the legal time of that day."""
        return (self.paid_at + self.utc_offset).replace(tzinfo=None)

    @property
    def merchant(self) -> str:
        """The merchant as the gateway prints it: ``RAK (600000099)``."""
        return f"{self.merchant_name} ({self.merchant_id})"

    def text(self) -> str:
        """Give the receipt as plain text, for mails and terminals."""
        return receipt_text.text_of(self)

    def html(
        self, *, return_url: str | None = None, print_script_url: str | None = None, nonce: str | None = None
    ) -> str:
        """
        Give the receipt as one HTML page that prints on A4 and fits a phone; it needs no other file.

        Args:
            return_url: Where « Cliquez ici pour retourner au site marchand » leads; without it there is
                no such link.
            print_script_url: A script of the portal that makes the button « Imprimer » print; where none runs
                the page says how to print instead. Without it the page holds no script.
            nonce: Of the page's Content-Security-Policy, for its one style block and that script.
        """
        return receipt_page.page_of(
            self, return_url=return_url, print_script_url=print_script_url, nonce=nonce
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the snapshot as values that JSON holds exactly; `from_dict` gives back an equal receipt."""
        return receipt_snapshot.plain(self)

    @classmethod
    def from_dict(cls, snapshot: Mapping[str, Any]) -> Self:
        """
        Read a stored snapshot.

        Raises:
            ReceiptError: a key is unknown, missing, or holds a value that does not fit.
        """
        return cls(**receipt_snapshot.arguments(snapshot))


def _sum(amounts: Iterable[Money]) -> Money | None:
    try:
        return sum(amounts) or None
    except MoneyError:
        return None
