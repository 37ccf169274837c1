"""What a request of the XML API asks for: a parsed document in, one value out, or the code to refuse with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

import attrs

from cmi_gateway.errors import AmountError
from cmi_gateway.money import CURRENCY_NUMBERS, Money
from cmi_gateway.secret import Secret
from cmi_gateway.simulator.account_rules import Operation

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

ROOT: Final = "CC5Request"
#: For what is no CC5Request at all. The real answer is not public; this is the code of a malformed query.
UNREADABLE: Final = "CORE-2014"
NO_SUCH_RIGHT: Final = "CORE-2202"
_WRONG_TYPE: Final = "CORE-2001"
_UNREADABLE_AMOUNT: Final = "CORE-2007"
_AMOUNT_TOO_LONG: Final = "CORE-1018"
_NEGATIVE_AMOUNT: Final = "CORE-1024"
_WRONG_CURRENCY: Final = "CORE-1010"
_TRANS_ID_FOR_VOIDS: Final = "CORE-1028"
_WRONG_ORDER_ID: Final = "CORE-2301"

_FORM_FIELD: Final = "DATA"
_MOST_FIELDS: Final = 16
_LONGEST_ID: Final = 64
_LONGEST_AMOUNT: Final = 17
_NEGATIVE: Final = re.compile(r"-[0-9.,]+")
_DIGITS: Final = re.compile(r"[0-9]+(?:\.[0-9]{1,2})?")
_TYPES: Final = {"PostAuth": Operation.CAPTURE, "Void": Operation.VOID, "Credit": Operation.REFUND}
#: Payments with card data: a right that this simulator gives nobody, since no card number may come here.
_CARD_TYPES: Final = frozenset({"Auth", "PreAuth"})
_QUERIES: Final = {"ORDERSTATUS": Operation.STATUS, "ORDERHISTORY": Operation.HISTORY}


@attrs.frozen(kw_only=True)
class Credentials:
    """Who asks: merchant, API user and password, as sent."""

    client_id: str
    user: str
    password: Secret = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class ApiRequest:
    """
    One request.

    Attributes:
        operation: What to do.
        order_id: The order.
        trans_id: The transaction to void; empty for the order's only one.
        amount: How much to capture or refund; None for all.
    """

    operation: Operation
    order_id: str
    trans_id: str = ""
    amount: Money | None = None


@attrs.frozen(kw_only=True)
class ApiFlaw:
    """
    A request that cannot be carried out as it stands.

    Attributes:
        code: What to refuse with.
        order_id: The order it named, when that could be read.
    """

    code: str
    order_id: str = ""


class _FlawError(Exception):
    """Ends the reading of a request; its only argument is the code."""


def document_in(body: bytes) -> bytes:
    """
    Give the XML of a request: the body itself, or the value of its form field ``DATA``.

    The body decides, not the content type: clients of this platform send wrong ones, and none.
    """
    start = body.lstrip()
    if start.startswith((b"<", b"\xef\xbb\xbf")) or b"=" not in start:
        return body
    try:
        # Latin-1 keeps every byte as it is, whatever encoding the document declares.
        pairs = parse_qsl(body.decode("latin-1"), encoding="latin-1", max_num_fields=_MOST_FIELDS)
    except ValueError:
        return body
    return dict(pairs).get(_FORM_FIELD, "").encode("latin-1", "replace")


def credentials_in(document: Element) -> Credentials:
    """Read who asks: before anything else, so that a stranger learns nothing about the rest."""
    return Credentials(
        client_id=_text(document, "ClientId"),
        user=_text(document, "Name"),
        password=Secret(_text(document, "Password")),
    )


def request_in(document: Element) -> ApiRequest | ApiFlaw:
    """Read what is asked for, by the names and bounds of the platform's manual; the order of elements is free."""
    order_id = _text(document, "OrderId")
    if not 0 < len(order_id) <= _LONGEST_ID:
        return ApiFlaw(code=_WRONG_ORDER_ID)
    try:
        return _request(document, order_id)
    except _FlawError as flaw:
        return ApiFlaw(code=str(flaw), order_id=order_id)


def _request(document: Element, order_id: str) -> ApiRequest:
    if len({child.tag for child in document}) < len(document):
        raise _FlawError(UNREADABLE)  # an element given twice has no one meaning
    operation = _operation(document)
    trans_id = _text(document, "TransId")
    if trans_id and operation in (Operation.CAPTURE, Operation.REFUND):
        raise _FlawError(_TRANS_ID_FOR_VOIDS)
    return ApiRequest(operation=operation, order_id=order_id, trans_id=trans_id, amount=_amount(document))


def _operation(document: Element) -> Operation:
    kind = _text(document, "Type")
    if kind in _CARD_TYPES:
        raise _FlawError(NO_SUCH_RIGHT)
    if kind:
        if kind not in _TYPES:
            raise _FlawError(_WRONG_TYPE)
        return _TYPES[kind]
    asked = [operation for name, operation in _QUERIES.items() if _text(document, f"Extra/{name}") == "QUERY"]
    if len(asked) != 1:
        raise _FlawError(UNREADABLE)
    return asked[0]


def _amount(document: Element) -> Money | None:
    text = _text(document, "Total")
    currency = _text(document, "Currency") or CURRENCY_NUMBERS["MAD"]
    if currency not in CURRENCY_NUMBERS.values():
        raise _FlawError(_WRONG_CURRENCY)
    if not text:
        return None
    if len(text) > _LONGEST_AMOUNT:
        raise _FlawError(_AMOUNT_TOO_LONG)
    if _NEGATIVE.fullmatch(text):
        raise _FlawError(_NEGATIVE_AMOUNT)
    # The platform reads a comma too.
    written = text.replace(",", ".")
    try:
        return Money.parse(written, currency)
    except AmountError:
        is_large = _DIGITS.fullmatch(written) is not None
        raise _FlawError(_AMOUNT_TOO_LONG if is_large else _UNREADABLE_AMOUNT) from None


def _text(document: Element, path: str) -> str:
    return (document.findtext(path) or "").strip()
