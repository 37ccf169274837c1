"""The XML API's desk: who asks, whether they may, what is done, and the answer's bytes."""

from __future__ import annotations

from typing import Final, assert_never

from cmi_gateway.api.safe_xml import MalformedDocumentError, parse_xml
from cmi_gateway.simulator import api_answer, operations
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.account_rules import Operation
from cmi_gateway.simulator.api_request import (
    NO_SUCH_RIGHT,
    ROOT,
    UNREADABLE,
    ApiFlaw,
    ApiRequest,
    credentials_in,
    document_in,
    request_in,
)
from cmi_gateway.simulator.books import Books
from cmi_gateway.simulator.operations import Done
from cmi_gateway.simulator.transaction import TransactionNumbers

_WRONG_CREDENTIALS: Final = "CORE-2201"
_WRONG_ADDRESS: Final = "CORE-2254"


def answer(books: Books, body: bytes, *, address: str = "") -> bytes:
    """
    Carry out the request in *body* and answer it.

    What the real gateway answers to a wrong password is not public. Here a merchant that is not known, one
    without an API user, a wrong user and a wrong password get one and the same answer: ``Error``, ``99``, CORE-2201.
    A reader must not take it for an order that was not found: that one is ``Declined`` and has no error code.
    """
    try:
        document = parse_xml(document_in(body), root=ROOT)
    except MalformedDocumentError:
        return _refused(books, UNREADABLE)
    credentials = credentials_in(document)
    account = books.accounts.get(credentials.client_id)
    if account is None or not account.knows(credentials.user, credentials.password):
        return _refused(books, _WRONG_CREDENTIALS)
    if not account.rules.admits(address):
        return _refused(books, _WRONG_ADDRESS)
    request = request_in(document)
    if isinstance(request, ApiFlaw):
        return _refused(books, request.code, request.order_id)
    if request.operation not in account.rules.operations:
        return _refused(books, NO_SUCH_RIGHT, request.order_id)
    return _carry_out(books, account, request)


def _carry_out(books: Books, account: MerchantAccount, request: ApiRequest) -> bytes:
    match request.operation:
        case Operation.STATUS | Operation.HISTORY:
            return _query(books, account.client_id, request)
        case Operation.CAPTURE | Operation.VOID | Operation.REFUND:
            return _move_money(books, account, request)
    assert_never(request.operation)


def _query(books: Books, client_id: str, request: ApiRequest) -> bytes:
    """Tell what the books hold; an order whose page was only looked at is not in them yet."""
    order = books.find(client_id, request.order_id)
    is_status = request.operation is Operation.STATUS
    if order is None or not order.transactions:
        missing = api_answer.status_not_found if is_status else api_answer.history_not_found
        return missing(request.order_id)
    return api_answer.status(order) if is_status else api_answer.history(order)


def _move_money(books: Books, account: MerchantAccount, request: ApiRequest) -> bytes:
    _serial, numbers = books.next_numbers()
    result = _result(books, account, request, numbers)
    if result.order is not None:
        books.keep(result.order)
    at = books.clock()
    if not isinstance(result, Done):
        return api_answer.refusal(
            result.code, request.order_id, trans_id=numbers.trans_id, at=at, shape=account.rules.answers
        )
    is_void = request.operation is Operation.VOID
    return api_answer.approval(
        request.order_id,
        account.client_id,
        result.line,
        batch=books.open_batch(account.client_id).number,
        # A void repeats the time of what it voids; only HOSTDATE is its own.
        started_at=result.line.authorized_at if is_void else at,
        at=at,
    )


def _result(
    books: Books, account: MerchantAccount, request: ApiRequest, numbers: TransactionNumbers
) -> operations.Result:
    order, at = books.find(account.client_id, request.order_id), books.clock()
    if request.operation is Operation.CAPTURE:
        return operations.capture(order, request.amount, at=at, rules=account.rules)
    if request.operation is Operation.VOID:
        return operations.void(order, request.trans_id, at=at)
    return operations.refund(order, request.amount, at=at, rules=account.rules, numbers=numbers)


def _refused(books: Books, code: str, order_id: str = "") -> bytes:
    _serial, numbers = books.next_numbers()
    return api_answer.refusal(code, order_id, trans_id=numbers.trans_id, at=books.clock())
