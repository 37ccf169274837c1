"""One request of the XML API under a fault plan: whether it is carried out, and what goes back over the wire."""

from __future__ import annotations

from typing import Final, assert_never

import attrs

from cmi_gateway.api.safe_xml import MalformedDocumentError, parse_xml
from cmi_gateway.simulator.api_answer import CONTENT_TYPE, ENCODING, failure
from cmi_gateway.simulator.api_request import ROOT, document_in
from cmi_gateway.simulator.fault_book import FaultBook
from cmi_gateway.simulator.faults import (
    ApiCutAfter,
    ApiCutBefore,
    ApiFailure,
    ApiFault,
    ApiGzip,
    ApiHtmlError,
    ApiSlow,
    ApiWrongEncoding,
)
from cmi_gateway.simulator.gateway import SimulatedGateway

_SERVER_ERROR: Final = 500
_ERROR_PAGE: Final = (
    b"<!DOCTYPE html>\n<html><head><title>Error 500</title></head>"
    b"<body><h1>Internal Server Error</h1></body></html>\n"
)


@attrs.frozen(kw_only=True)
class ApiTurn:
    """
    What goes back.

    Attributes:
        status: The HTTP status.
        body: The bytes, not compressed.
        content_type: The header.
        seconds: How long the client waits for them; the operation is done before.
        is_gzip: Whether the body goes compressed.
        is_cut: Whether the connection ends before the body is through.
    """

    body: bytes = attrs.field(repr=False)
    status: int = 200
    content_type: str = CONTENT_TYPE
    seconds: float = 0.0
    is_gzip: bool = False
    is_cut: bool = False


def take_turn(
    gateway: SimulatedGateway, book: FaultBook, raw: bytes, *, content_type: str = "", address: str = ""
) -> ApiTurn:
    """
    Answer a request of the XML API, or not, as the faults in force say.

    Args:
        gateway: Who carries it out.

        book: The faults; rules for an order or an amount look at the order that the request names.

        raw: The body.

        content_type: Its header.

        address: Where it came from.
    """
    order_id, amount, is_query = _subject(gateway, raw)
    faults = book.for_request(order_id, amount, is_query=is_query)
    if any(isinstance(fault, ApiCutBefore) for fault in faults):
        return ApiTurn(body=b"", is_cut=True, seconds=_wait(faults))
    errors = [fault for fault in faults if isinstance(fault, (ApiHtmlError, ApiFailure))]
    error = errors[-1] if errors else None
    body = b""
    if error is None or error.done:
        body = gateway.answer_api(raw, content_type=content_type, address=address)
    match error:
        case ApiHtmlError():
            return _error_page(faults)
        case ApiFailure():
            return _answer(failure(gateway.now()), faults)
        case None:
            return _answer(body, faults)
        case _:
            assert_never(error)


def _answer(body: bytes, faults: tuple[ApiFault, ...]) -> ApiTurn:
    for fault in faults:
        if isinstance(fault, ApiWrongEncoding):
            body = body.replace(ENCODING.encode("ascii"), fault.declared.encode("ascii", "replace"), 1)
    return ApiTurn(
        body=body,
        seconds=_wait(faults),
        is_gzip=any(isinstance(fault, ApiGzip) for fault in faults),
        is_cut=any(isinstance(fault, ApiCutAfter) for fault in faults),
    )


def _error_page(faults: tuple[ApiFault, ...]) -> ApiTurn:
    return ApiTurn(body=_ERROR_PAGE, status=_SERVER_ERROR, content_type="text/html", seconds=_wait(faults))


def _wait(faults: tuple[ApiFault, ...]) -> float:
    return sum([fault.seconds for fault in faults if isinstance(fault, ApiSlow)][-1:])


def _subject(gateway: SimulatedGateway, raw: bytes) -> tuple[str, str, bool]:
    """
    Give the order that a request names, the amount of its payment, and whether it is a query.

    The texts are empty where there is none.
    """
    try:
        document = parse_xml(document_in(raw), root=ROOT)
    except MalformedDocumentError:
        return "", "", True
    client_id, order_id, kind = [
        (document.findtext(name) or "").strip() for name in ("ClientId", "OrderId", "Type")
    ]
    order = gateway.order(client_id, order_id)
    payment = order.payment if order else None
    return order_id, str(payment.amount) if payment else "", not kind
