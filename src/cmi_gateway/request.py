"""What one attempt at a payment asks of the gateway, as plain values; `cmi_gateway.Merchant.sign` checks them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

import attrs

from cmi_gateway.money import Money

Language = Literal["fr", "ar", "en"]
RecurringUnit = Literal["D", "W", "M", "Y"]
OwnWords = Literal["lines", "description", "criteria"]


@attrs.frozen(kw_only=True)
class BillTo:
    """
    The payer as the gateway's page shows them; all but the name are optional.

    Every value travels to the gateway and back, and is typed by the payer in most shops: send what you need,
    not what you have. Accents, apostrophes and Arabic are kept. The telephone is sent in international form
    (``+212612345678``); a Moroccan number may be given as it is dialled (``06 12 34 56 78``).
    """

    name: str = attrs.field(repr=False)
    company: str = attrs.field(default="", repr=False)
    street1: str = attrs.field(default="", repr=False)
    street2: str = attrs.field(default="", repr=False)
    street3: str = attrs.field(default="", repr=False)
    city: str = attrs.field(default="", repr=False)
    state: str = attrs.field(default="", repr=False)
    postal_code: str = attrs.field(default="", repr=False)
    country: str = attrs.field(default="", repr=False)
    phone: str = attrs.field(default="", repr=False)


@attrs.frozen(kw_only=True)
class ShipTo:
    """Where the goods go, as the gateway's page shows it; all are optional."""

    name: str = attrs.field(default="", repr=False)
    company: str = attrs.field(default="", repr=False)
    street1: str = attrs.field(default="", repr=False)
    street2: str = attrs.field(default="", repr=False)
    street3: str = attrs.field(default="", repr=False)
    city: str = attrs.field(default="", repr=False)
    state: str = attrs.field(default="", repr=False)
    postal_code: str = attrs.field(default="", repr=False)
    country: str = attrs.field(default="", repr=False)
    email: str = attrs.field(default="", repr=False)
    phone: str = attrs.field(default="", repr=False)
    fax: str = attrs.field(default="", repr=False)


@attrs.frozen(kw_only=True)
class Recurring:
    """
    A payment that the gateway repeats by itself; only for merchants whose contract says so.

    Attributes:
        payments: How many payments in all, from 2 to 999.
        every: How many units lie between two of them, from 1 to 99.
        unit: ``D`` days, ``W`` weeks, ``M`` months or ``Y`` years.
    """

    payments: int
    every: int
    unit: RecurringUnit


@attrs.frozen(kw_only=True)
class OrderLine:
    """
    One line of the order, for display on the gateway's page.

    Attributes:
        reference: The article's or invoice's number, up to 64 characters.
        description: Up to 128 characters; colons become spaces, since the gateway alters them.
        amount: The line's amount. The lines of a request add up to its amount.
    """

    reference: str
    description: str = attrs.field(repr=False)  # what a payer has engraved is personal
    amount: Money


# These let what is no such thing pass: `sign` refuses it by name, where raising here would leave a half-made object.
def _lines(listed: Iterable[OrderLine]) -> tuple[OrderLine, ...]:
    return tuple(listed) if isinstance(listed, Iterable) else (listed,)


def _criteria(listed: Iterable[str]) -> tuple[str, ...]:
    # One text is one criterion, not as many as it has letters.
    return tuple(listed) if isinstance(listed, Iterable) and not isinstance(listed, str) else (listed,)


def _statement(parts: Iterable[OwnWords] | OwnWords) -> tuple[OwnWords, ...]:
    # One text names one part.
    return tuple(parts) if isinstance(parts, Iterable) and not isinstance(parts, str) else (parts,)


def _frozen_mapping(custom: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(custom)) if isinstance(custom, Mapping) else custom


@attrs.frozen(kw_only=True)
class PaymentRequest:
    """
    What one attempt at a payment asks of the gateway.

    Attributes:
        order_id: The gateway's ``oid``: random (80 bits or more) and fresh for every attempt, up to 64
            letters, digits, ``-``, ``_`` and ``.``. Give all of yours one prefix and one length (``SHOP-7f3k…``):
            by these they are recognised in what a payer types, and refused there.
        amount: What is charged, above zero; the gateway settles in MAD only.
        email: The payer's address, up to 64 characters.
        bill_to: The payer.
        lines: At most nine, adding up to *amount*; none is allowed.
        ok_url, fail_url: Where the payer's browser posts the result. Never proof of payment.
        shop_url: Where « Annuler » leads, without fields.
        callback_url: Where the gateway's server posts the result: the truth.
        language: Of the payment page.
        custom: Your own fields, sent, hashed and sent back.
        description: For the card holder's bank, on its 3-D Secure page; up to 255 characters.
        display_amount: The amount in another currency, shown beside; the charge stays *amount*.
        show_currencies: Whether the page offers approximate amounts in other currencies.
        own_words: Your statement which of ``lines``, ``description`` and ``criteria`` hold your own words only, such as
            the invoice numbers of your billing system. They may then read as a result of the gateway: an invoice
            may be numbered 00. Leave out what a payer can choose or type; by default that is all of them.
        criteria: Up to nine of the merchant's reporting keys (``DIMCRITERIA1`` …), 64 characters each.
        ship_to: Where goods go.
        recurring: The terms of a repeated payment, where the contract allows it.
        session_timeout: Seconds that the payer has on the payment page, 30 to 2700.
        refresh_time: Seconds before the result page moves on, where it does.
        auto_redirect: Whether the result page leads back at once, without showing the gateway's receipt.
    """

    order_id: str
    amount: Money
    email: str = attrs.field(repr=False)
    bill_to: BillTo = attrs.field(repr=False)
    lines: tuple[OrderLine, ...] = attrs.field(default=(), converter=_lines)
    # Return addresses may hold tokens.
    ok_url: str = attrs.field(repr=False)
    fail_url: str = attrs.field(repr=False)
    shop_url: str = attrs.field(repr=False)
    callback_url: str = attrs.field(repr=False)
    language: Language = "fr"
    custom: Mapping[str, str] = attrs.field(factory=dict, converter=_frozen_mapping, repr=False)
    session_timeout: int = 1800
    refresh_time: int = 5
    auto_redirect: bool = True
    description: str = attrs.field(default="", repr=False)
    display_amount: Money | None = None
    show_currencies: bool = False
    criteria: tuple[str, ...] = attrs.field(default=(), converter=_criteria, repr=False)
    ship_to: ShipTo | None = attrs.field(default=None, repr=False)
    recurring: Recurring | None = None
    own_words: tuple[OwnWords, ...] = attrs.field(default=(), converter=_statement)
