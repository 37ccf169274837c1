"""
What is asked of the gateway, and the ``CC5Request`` that says so.

The elements come in the order of the platform's manual. Values are ASCII with everything else as character references,
so that no encoding on the way can change them. An amount and its currency always go with a capture or refund: left
out, the amount would mean "everything", which is never what was meant by somebody who had an amount in mind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from html import escape
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote_plus

import attrs

from cmi_gateway.errors import ConfigurationError
from cmi_gateway.field_checks import check_order_id

if TYPE_CHECKING:
    from cmi_gateway.money import Money
    from cmi_gateway.secret import Secret

#: How the document travels: as the body, or as the form field ``DATA``.
BodyMode = Literal["raw", "data_field"]

_TRANSACTION_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestKind(StrEnum):
    """What a request asks for."""

    STATUS = "status"
    HISTORY = "history"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"

    @property
    def is_query(self) -> bool:
        """Whether it changes nothing."""
        return self in _QUERIES


_QUERIES: Final = {RequestKind.STATUS: "ORDERSTATUS", RequestKind.HISTORY: "ORDERHISTORY"}
#: The gateway's ``Type``; queries have none.
_TYPES: Final = {
    RequestKind.CAPTURE: "PostAuth",
    RequestKind.VOID: "Void",
    RequestKind.REFUND: "Credit",
}
_WITH_AMOUNT: Final = frozenset({RequestKind.CAPTURE, RequestKind.REFUND})


@attrs.frozen
class Credentials:
    """
    Who asks.

    Attributes:
        user: The API user of CMI's back office.
        password: Its password; not the store key.
        client_id: The merchant account.
    """

    user: str
    password: Secret = attrs.field(repr=False)
    client_id: str


@attrs.frozen(kw_only=True)
class ApiRequest:
    """
    One thing to ask of the gateway.

    Attributes:
        kind: What.
        order_id: Of which order.
        amount: How much to capture or refund; required for both and for nothing else.
        transaction_id: Which transaction to void; for nothing else. Without it the gateway chooses, and may choose
            a refund.

    Raises:
        ConfigurationError: a part is missing, too much, or cannot be right; nothing was sent.
    """

    kind: RequestKind
    order_id: str
    amount: Money | None = None
    transaction_id: str | None = None

    def __attrs_post_init__(self) -> None:
        check_order_id(self.order_id)
        if (self.amount is not None) is not (self.kind in _WITH_AMOUNT):
            raise ConfigurationError("captures and refunds have an amount, other requests have none")
        if self.amount is not None and self.amount.centimes <= 0:
            raise ConfigurationError("an amount to capture or refund must be above zero")
        if self.transaction_id is None:
            return
        if self.kind is not RequestKind.VOID:
            raise ConfigurationError("only a void names a transaction")
        if not isinstance(self.transaction_id, str) or not _TRANSACTION_ID.fullmatch(self.transaction_id):
            raise ConfigurationError("a transaction id is 1 to 64 letters, digits, '.', '-' or '_'")


def build_request(request: ApiRequest, credentials: Credentials) -> bytes:
    """
    Write the document.

    The result holds the password: hand it to the transport at once, and neither keep nor log it.
    """
    # Nothing is bound to a name, as a traceback may print local variables.
    return b"".join(
        [
            b'<?xml version="1.0" encoding="UTF-8"?>\n<CC5Request>',
            *_parts(request, credentials),
            b"</CC5Request>",
        ]
    )


def content_type_of(mode: BodyMode) -> str:
    """Give the header for a body in this mode."""
    return "application/xml; charset=UTF-8" if mode == "raw" else "application/x-www-form-urlencoded"


def body_in(mode: BodyMode, document: bytes) -> bytes:
    """Give the document as it travels in this mode."""
    return document if mode == "raw" else b"DATA=" + quote_plus(document).encode("ascii")


def _parts(request: ApiRequest, credentials: Credentials) -> Iterator[bytes]:
    yield _element("Name", credentials.user)
    yield _password(credentials.password)
    yield _element("ClientId", credentials.client_id)
    if request.kind in _TYPES:
        yield _element("Type", _TYPES[request.kind])
    yield _element("OrderId", request.order_id)
    if request.transaction_id is not None:
        yield _element("TransId", request.transaction_id)
    if request.amount is not None:
        yield _element("Total", request.amount.wire)
        yield _element("Currency", request.amount.currency_number)
    if request.kind in _QUERIES:
        yield b"<Extra>" + _element(_QUERIES[request.kind], "QUERY") + b"</Extra>"


def _element(name: str, text: str, /) -> bytes:
    return f"<{name}>{escape(text)}</{name}>".encode("ascii", "xmlcharrefreplace")


def _password(password: Secret) -> bytes:
    return _element("Password", password._raw.decode("utf-8"))  # noqa: SLF001 - never bound to a name here
