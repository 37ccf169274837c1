"""An invoice as a row of plain texts, as CSV files and tables hold it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from cmi_gateway.errors import MoneyError
from cmi_gateway.money import Money
from rak_billing.errors import InvoiceError
from rak_billing.invoices import Invoice

__all__ = ["OPTIONAL_COLUMNS", "REQUIRED_COLUMNS", "invoice_of", "row_of"]

REQUIRED_COLUMNS: Final = ("reference", "service", "period", "due_date", "amount")
_FLAGS: Final = {"mandatory": "is_mandatory", "disputed": "is_disputed", "direct_debit": "is_direct_debit"}
_TEXTS: Final = ("kind", "status", "period_until", "contract", "meter", "group", "version", "text")
#: What a row may leave out, or leave empty.
OPTIONAL_COLUMNS: Final = (*_FLAGS, "issue_date", *_TEXTS)

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TRUTH: Final = {"": False, "0": False, "1": True}
_COMMA_AMOUNT: Final = re.compile(r"[0-9]+,[0-9]{1,2}")


def invoice_of(row: Mapping[str, str], *, decimal: str = ".") -> Invoice:
    """
    Read an invoice from its row.

    Args:
        row: Text by column. Dates are ``2018-04-14``, the period ``2018-02``, flags ``1`` or ``0``.

        decimal: The mark before the decimals of amounts, ``.`` or ``,``; the other one is refused, for what one
            reader takes for 1.234 another takes for 1,234.

    Raises:
        InvoiceError: A column is missing, or holds what cannot be.
    """
    for column in REQUIRED_COLUMNS:
        if not row.get(column):
            raise InvoiceError(column, "expected a value, found none")
    optional: dict[str, Any] = {column: row[column] for column in _TEXTS if row.get(column)}
    optional.update({field: _flag(column, row.get(column, "")) for column, field in _FLAGS.items()})
    if row.get("issue_date"):
        optional["issue_date"] = _day("issue_date", row["issue_date"])
    return Invoice(
        row["reference"],
        row["service"],
        _period(row["period"]),
        _day("due_date", row["due_date"]),
        _amount(row["amount"], decimal),
        **optional,
    )


def row_of(invoice: Invoice) -> dict[str, str]:
    """
    Give *invoice* as a row that `invoice_of` reads back.

    What an invoice is made of (*billed*, *net*, *vat*) is left out: it is billing's to know, and nothing here pays it.
    """
    row = {
        "reference": invoice.reference,
        "service": invoice.service,
        "period": f"{invoice.period:%Y-%m}",
        "due_date": invoice.due_date.isoformat(),
        "amount": invoice.amount.wire,
        "issue_date": invoice.issue_date.isoformat() if invoice.issue_date else "",
    }
    row.update({column: str(int(getattr(invoice, field))) for column, field in _FLAGS.items()})
    row.update({column: str(getattr(invoice, column) or "") for column in _TEXTS})
    row["period_until"] = f"{invoice.period_until:%Y-%m}" if invoice.period_until else ""
    return row


def _flag(column: str, text: str) -> bool:
    if text not in _TRUTH:
        raise InvoiceError(column, f"expected 1, 0 or nothing, not {text!r:.40}")
    return _TRUTH[text]


def _day(column: str, text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvoiceError(column, f"expected a day such as 2018-04-14, not {text!r:.40}")


def _period(text: str) -> date | str:
    # The guide writes a period as its first day, others as a month.
    return _day("period", text) if _DAY.fullmatch(text) else text


def _amount(text: str, decimal: str) -> Money:
    if decimal == "," and _COMMA_AMOUNT.fullmatch(text):
        text = text.replace(",", ".")
    elif decimal == "," and "." in text:
        raise InvoiceError("amount", f"expected a comma before the decimals, not {text!r:.40}")
    try:
        return Money.parse(text)
    except MoneyError as error:
        raise InvoiceError("amount", str(error)) from None
