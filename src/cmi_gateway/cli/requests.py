"""From a TOML or JSON table to a payment request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import attrs

from cmi_gateway import (
    BillTo,
    ConfigurationError,
    Money,
    OrderLine,
    PaymentRequest,
    Recurring,
    ShipTo,
)
from cmi_gateway.cli.settings import REQUEST_SETTINGS, refuse_unknown_names

#: Tables within a request.
_PARTS: Final[Mapping[str, type[Any]]] = {"bill_to": BillTo, "ship_to": ShipTo, "recurring": Recurring}

_Part = TypeVar("_Part", BillTo, OrderLine, PaymentRequest, Recurring, ShipTo)


def payment_request(table: Mapping[str, Any], settings: Mapping[str, Any]) -> PaymentRequest:
    """
    Make the request that a table describes.

    Args:
        table: Names as those of `cmi_gateway.PaymentRequest`; amounts as text.

        settings: Where the table does not name URLs, language and the like.

    Raises:
        ConfigurationError: a name is missing or unknown, or a value cannot be what it should.
    """
    defaults = {name: settings[name] for name in REQUEST_SETTINGS if name in settings}
    return _made(PaymentRequest, defaults | dict(table), "request")


def _made(part: type[_Part], table: object, where: str) -> _Part:
    if not isinstance(table, Mapping):
        raise ConfigurationError(f"{where} must be a table of names and values")
    fields = attrs.fields_dict(part)
    refuse_unknown_names(table, fields, where)
    missing = [name for name, field in fields.items() if field.default is attrs.NOTHING and name not in table]
    if missing:
        raise ConfigurationError(f"{where}: missing {', '.join(missing)}")
    return part(**{name: _value(name, value) for name, value in table.items()})


def _value(name: str, value: Any) -> Any:
    """Turn what stands in a file into what the request takes."""
    if name == "amount":
        return Money.parse(value)
    if name in _PARTS:
        return _made(_PARTS[name], value, name)
    if name == "display_amount":
        return _shown_amount(value)
    if name == "lines" and isinstance(value, list):
        return [_made(OrderLine, line, f"line {number}") for number, line in enumerate(value, start=1)]
    return value


def _shown_amount(table: object) -> Money:
    if not isinstance(table, Mapping) or table.keys() != {"amount", "currency"}:
        raise ConfigurationError('display_amount must be a table: amount = "10.50", currency = "EUR"')
    return Money.parse(table["amount"], table["currency"])
