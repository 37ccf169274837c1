"""An order of the shop under test: what certifying has to know of it, read strictly from what the user gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from cmi_gateway.errors import ConfigurationError, MoneyError
from cmi_gateway.field_checks import check_order_id
from cmi_gateway.money import Money

Fields = tuple[tuple[str, str], ...]

_KNOWN: Final = frozenset({"order_id", "amount", "fields", "action"})
_MOST_FIELDS: Final = 200


@attrs.frozen
class Order:
    """
    An unpaid order that was made for one row.

    Attributes:
        order_id: As the shop sends it in ``oid``.
        amount: What the shop expects.
        fields: The signed form, where the shop gave it; empty otherwise.
    """

    order_id: str
    amount: Money
    fields: Fields = attrs.field(default=(), repr=False)

    def sent(self, name: str) -> str:
        """Give the value of a field of the form, the name in any case; empty where it was not sent."""
        return next((value for sent, value in self.fields if sent.lower() == name.lower()), "")


def order_from(table: object) -> Order:
    """
    Make the order that a command printed, or that stands in a file.

    Raises:
        ConfigurationError: it is not a table with ``order_id`` and ``amount``, or a signed form.
    """
    if not isinstance(table, Mapping):
        raise ConfigurationError(
            "an order must be a table with order_id, amount and, if you have them, fields"
        )
    unknown = sorted(str(name) for name in table if name not in _KNOWN)
    if unknown:
        raise ConfigurationError(f"an order has order_id, amount and fields, not {unknown[0]!r:.40}")
    fields = _fields(table.get("fields", ()))
    return _order(
        table.get("order_id") or _value(fields, "oid"),
        table.get("amount") or _value(fields, "amount"),
        fields,
    )


def order_from_form(fields: Fields) -> Order:
    """
    Make the order of a signed form that was read from a page.

    Raises:
        ConfigurationError: the page's hidden fields are no payment form.
    """
    if not _value(fields, "oid") or not _value(fields, "amount"):
        raise ConfigurationError(
            "the page holds no payment form: expected hidden fields named oid and amount among others"
        )
    return _order(_value(fields, "oid"), _value(fields, "amount"), fields)


def _order(order_id: Any, amount: Any, fields: Fields) -> Order:
    if not all(isinstance(text, str) and text for text in (order_id, amount)):
        raise ConfigurationError("order_id and amount must be text, such as 'SHOP-1' and '114.26'")
    try:
        money = Money.parse(amount.replace(",", ".", 1))
    except MoneyError as error:
        raise ConfigurationError(f"the order's amount is not one: {error}") from None
    return Order(check_order_id(order_id), money, fields)


def _fields(value: object) -> Fields:
    try:
        pairs = tuple(dict(value).items())  # type: ignore[call-overload]  # whatever a file holds
    except (TypeError, ValueError):
        pairs = (("", None),)
    if len(pairs) > _MOST_FIELDS or not all(
        isinstance(name, str) and isinstance(text, str) and name for name, text in pairs
    ):
        raise ConfigurationError("fields must be names and values of the signed form, all text")
    return pairs


def _value(fields: Fields, wanted: str) -> str:
    return next((value for name, value in fields if name.lower() == wanted), "")
