"""A receipt as values that JSON holds exactly, and back: whole centimes, ISO dates, no number with a point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from cmi_gateway.errors import MoneyError
from cmi_gateway.money import Money
from rak_billing.errors import ReceiptError
from rak_billing.quote import QuoteLine

if TYPE_CHECKING:
    from rak_billing.receipt import Receipt

__all__ = ["FORMAT", "arguments", "plain"]

#: Changes with the fields or the fixed texts of a receipt, so that old snapshots keep their own reading.
FORMAT: Final = 1

_TEXTS: Final = (
    *("number", "customer_name", "customer_address", "email", "merchant_name", "merchant_id"),
    *("contract", "contract_label", "operator_name", "operator_footer"),
)
_OPTIONAL_TEXTS: Final = ("payment_number", "authorization_code", "method", "last_four", "transaction_id")
_LINE_KEYS: Final = {"reference", "description", "amount"}


def plain(receipt: Receipt) -> dict[str, Any]:
    """Give every field of *receipt*, with the number of this format."""
    return {
        "format": FORMAT,
        **{name: getattr(receipt, name) for name in (*_TEXTS, *_OPTIONAL_TEXTS)},
        "paid_at": receipt.paid_at.isoformat(),
        "utc_offset": int(receipt.utc_offset.total_seconds()),
        "posting_date": receipt.posting_date.isoformat(),
        "currency": receipt.total.currency,
        "lines": [
            {"reference": line.reference, "description": line.description, "amount": line.amount.centimes}
            for line in receipt.lines
        ],
        "total": receipt.total.centimes,
        "fee_net": receipt.fee_net and receipt.fee_net.centimes,
        "fee_vat": receipt.fee_vat and receipt.fee_vat.centimes,
    }


def arguments(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """
    Give the arguments of the `Receipt` that *snapshot* was made of.

    Raises:
        ReceiptError: another format, an unknown or missing key, or a value that does not fit.
    """
    if snapshot.get("format") != FORMAT:
        raise ReceiptError("format", f"expected {FORMAT}, not {snapshot.get('format')!r:.40}")
    if strange := sorted(snapshot.keys() ^ {*_READERS, "format", "currency"}):
        raise ReceiptError(strange[0], "this key is missing or unknown")
    return {name: _value(name, snapshot) for name in _READERS}


def _value(name: str, snapshot: Mapping[str, Any]) -> object:
    try:
        return _READERS[name](snapshot[name], snapshot["currency"])
    except (KeyError, TypeError, ValueError, OverflowError, MoneyError) as error:
        # Without the value and the chained error, which may be personal.
        raise ReceiptError(name, f"does not fit: {type(error).__name__}") from None


def _text(value: object, _currency: str) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _optional_text(value: object, currency: str) -> str | None:
    return None if value is None else _text(value, currency)


def _money(value: int, currency: str) -> Money:
    return Money(value, currency)


def _optional_money(value: int | None, currency: str) -> Money | None:
    return None if value is None else Money(value, currency)


def _instant(value: str, _currency: str) -> datetime:
    instant = datetime.fromisoformat(value)
    if instant.utcoffset() is None:
        raise ValueError
    return instant


def _offset(value: object, _currency: str) -> timedelta:
    if type(value) is not int:
        raise TypeError
    return timedelta(seconds=value)


def _lines(value: list[Any], currency: str) -> tuple[QuoteLine, ...]:
    if any(not isinstance(line, dict) or line.keys() != _LINE_KEYS for line in value):
        raise TypeError
    return tuple(
        QuoteLine(
            _text(line["reference"], currency),
            _text(line["description"], currency),
            _money(line["amount"], currency),
        )
        for line in value
    )


_READERS: Final[dict[str, Callable[[Any, str], object]]] = {
    **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(_OPTIONAL_TEXTS, _optional_text),
    "paid_at": _instant,
    "utc_offset": _offset,
    "posting_date": lambda value, _: date.fromisoformat(value),
    "lines": _lines,
    "total": _money,
    "fee_net": _optional_money,
    "fee_vat": _optional_money,
}
