"""The two questions that change nothing: the state of an order, and its history."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cmi_gateway.api.answers import read_history, read_status
from cmi_gateway.api.documents import ApiRequest, RequestKind
from cmi_gateway.api.exchange import lost, refused
from cmi_gateway.api.order import is_refused, order_history, order_status
from cmi_gateway.api.safe_xml import MalformedDocumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmi_gateway.api.answers import HistoryAnswer, StatusAnswer
    from cmi_gateway.api.exchange import Exchange
    from cmi_gateway.api.history import OrderHistory
    from cmi_gateway.api.order import OrderStatus
    from cmi_gateway.errors import ApiError
    from cmi_gateway.money import Money

_Answer = TypeVar("_Answer", "StatusAnswer", "HistoryAnswer")


class Queries:
    """Asks and judges; see `cmi_gateway.ApiClient` for what may be raised."""

    def __init__(self, exchange: Exchange, currency: str) -> None:
        self._exchange = exchange
        self._currency = currency

    def status(self, order_id: str, expected: Money | None) -> OrderStatus:
        """Ask for the state of an order."""
        request = ApiRequest(kind=RequestKind.STATUS, order_id=order_id)
        answer = _read(read_status, self._exchange.send(request), self._currency)
        if isinstance(answer, str):
            raise self._unreadable(request, answer)
        shown = answer.transaction
        self._exchange.note(
            request,
            answer.head,
            transaction_id=shown.transaction_id if shown else "",
            state=shown.state.value if shown else "",
        )
        if is_refused(answer.head):
            raise refused(request, answer.head)
        return order_status(answer, order_id, expected)

    def history(self, order_id: str) -> OrderHistory:
        """Ask for all transactions of an order."""
        request = ApiRequest(kind=RequestKind.HISTORY, order_id=order_id)
        answer = _read(read_history, self._exchange.send(request), self._currency)
        if isinstance(answer, str):
            raise self._unreadable(request, answer)
        self._exchange.note(request, answer.head)
        if is_refused(answer.head):
            raise refused(request, answer.head)
        history = order_history(answer, order_id, self._currency)
        if history is None:
            raise self._unreadable(
                request, "the history is neither of this order nor says that it is unknown"
            )
        return history

    def _unreadable(self, request: ApiRequest, problem: str) -> ApiError:
        error = lost(request, f"the answer cannot be used: {problem}")
        self._exchange.unreadable(request, type(error).__name__)
        return error


def _read(read: Callable[[bytes, str], _Answer], raw: bytes, currency: str) -> _Answer | str:
    """Read an answer, or give what is wrong with it."""
    try:
        return read(raw, currency)
    except MalformedDocumentError as error:
        return str(error)
