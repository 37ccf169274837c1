"""
The safe way to move money: look, write down, send once, and never assume.

1. The order is closed to any other operation of this client.
2. Its history is read and must allow the operation.
3. The caller keeps the record.
4. It is sent once. A clear yes is done, a clear no is refused; everything else is unknown, and stays closed until
   a later look at the history resolves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from cmi_gateway.api.answers import read_transaction
from cmi_gateway.api.documents import ApiRequest, RequestKind
from cmi_gateway.api.exchange import refused
from cmi_gateway.api.operation import Operation, OperationDone
from cmi_gateway.api.preconditions import target_of
from cmi_gateway.api.resolving import OperationNotDone, OperationUnresolved, next_look, resolution_of
from cmi_gateway.api.safe_xml import MalformedDocumentError
from cmi_gateway.api.verdict import Verdict, verdict_of
from cmi_gateway.codes import CodeClass, look_up
from cmi_gateway.errors import (
    ApiError,
    OperationBlockedError,
    OutcomeUnknownError,
    QueryFailedError,
    RequestNotSentError,
    RequestRefusedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from cmi_gateway.api.exchange import Exchange
    from cmi_gateway.api.guard import Guard
    from cmi_gateway.api.queries import Queries
    from cmi_gateway.api.resolving import Resolution


class Execution:
    """Carries out operations for one client; see `cmi_gateway.ApiClient` for what may be raised."""

    def __init__(
        self,
        exchange: Exchange,
        queries: Queries,
        guard: Guard,
        *,
        switched_on: Collection[RequestKind],
        clock: Callable[[], datetime],
    ) -> None:
        self._exchange = exchange
        self._queries = queries
        self._guard = guard
        self.switched_on = frozenset(switched_on)
        self._clock = clock

    def run(
        self, request: ApiRequest, key: str, remember: Callable[[Operation], object] | None
    ) -> OperationDone:
        """Look, let the caller write down, send once."""
        if request.kind not in self.switched_on:
            raise OperationBlockedError(
                f"not sent: {request.kind} is not switched on; name it in ApiClient(operations=...) once CMI "
                "has confirmed the permission",
                request.kind,
                request.order_id,
            )
        earlier = self._guard.enter(key, request)
        if earlier is not None:
            return earlier
        try:
            operation = self.prepare(request, key)
            if remember is not None:
                remember(operation)
        except BaseException:
            self._guard.leave(request.order_id)
            raise
        return self._send(operation)

    def prepare(self, request: ApiRequest, key: str) -> Operation:
        """Read the history, check that it allows *request*, and make the record; nothing is sent."""
        before = self._queries.history(request.order_id)
        target = target_of(request.kind, before, amount=request.amount, transaction_id=request.transaction_id)
        if request.kind is RequestKind.VOID:
            request = ApiRequest(kind=request.kind, order_id=request.order_id, transaction_id=target)
        return Operation(key=key, request=request, before=before, target=target, prepared_at=self._clock())

    def resolve(self, operation: Operation) -> Resolution:
        """Look at the history once, and judge."""
        after = self._queries.history(operation.order_id)
        resolution = resolution_of(operation, after, self._clock())
        match resolution:
            case OperationDone():
                self._guard.resolved(operation, resolution)
            case OperationNotDone():
                self._guard.resolved(operation, None)
            case OperationUnresolved():
                self._guard.unresolved(operation)
            case _:
                assert_never(resolution)
        return resolution

    def resolve_waiting(self, operation: Operation, sleep: Callable[[float], object]) -> Resolution:
        """Look until the history tells, or a quarter of an hour is over; a query that failed is asked at the next look."""
        while True:
            try:
                resolution = self.resolve(operation)
            except (QueryFailedError, RequestNotSentError, RequestRefusedError) as error:
                look = next_look(operation, self._clock())
                if look is None or not _may_pass(error):
                    raise
            else:
                if not isinstance(resolution, OperationUnresolved):
                    return resolution
                look = next_look(operation, self._clock()) if resolution.ask_again_at else None
                if look is None:
                    return resolution
            sleep(max(0.0, (look - self._clock()).total_seconds()))

    def _send(self, operation: Operation) -> OperationDone:
        # From here on the order is closed, also when this very call is interrupted.
        self._guard.hold(operation)
        answer = self._answer(operation)
        if isinstance(answer, OperationDone):
            self._guard.finish(answer)
            return answer
        if not isinstance(answer, OutcomeUnknownError):
            self._guard.leave(operation.order_id)
        raise answer

    def _answer(self, operation: Operation) -> OperationDone | ApiError:
        request = operation.request
        try:
            answer = read_transaction(self._exchange.send(request))
        except (RequestNotSentError, OperationBlockedError) as error:
            return error
        except OutcomeUnknownError as error:
            return _unknown(operation, error.reason)
        except MalformedDocumentError as error:
            self._exchange.unreadable(request, OutcomeUnknownError.__name__)
            return _unknown(operation, f"the answer cannot be used: {error}")
        self._exchange.note(request, answer.head, transaction_id=answer.transaction_id)
        match verdict_of(answer.head, operation.order_id):
            case Verdict.DONE:
                return OperationDone(
                    operation=operation,
                    transaction_id=answer.transaction_id,
                    authorization_code=answer.authorization_code,
                )
            case Verdict.REFUSED:
                return refused(request, answer.head)
            case Verdict.UNCERTAIN:
                code = look_up(answer.head.code).code or "no code"
                return _unknown(operation, f"the answer proves neither success nor failure: {code}")
            case verdict:
                assert_never(verdict)


def _may_pass(error: ApiError) -> bool:
    """Tell whether asking again can help: a gateway in trouble recovers, a wrong password does not."""
    if not isinstance(error, RequestRefusedError):
        return True
    return look_up(error.code).operation_class in (CodeClass.TEMPORARY, CodeClass.UNKNOWN)


def _unknown(operation: Operation, reason: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"{reason}. Money may have moved: do not repeat it; ask ApiClient.resolve(error.record)",
        operation.kind,
        operation.order_id,
        operation,
    )
