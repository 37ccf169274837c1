"""
One request out, one readable answer in: the part that queries and operations share.

It builds the document, hands it to the transport, and turns whatever can go wrong on the way into the error that says
what is known: nothing was sent, nothing was learnt, or money may have moved.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cmi_gateway.api.documents import body_in, build_request, content_type_of
from cmi_gateway.api.transport import RawAnswer
from cmi_gateway.codes import look_up
from cmi_gateway.errors import (
    ApiError,
    OutcomeUnknownError,
    QueryFailedError,
    RequestNotSentError,
    RequestRefusedError,
)
from cmi_gateway.events import EventName, GatewayEvent, tell

if TYPE_CHECKING:
    from cmi_gateway.api.answers import Head
    from cmi_gateway.api.breaker import CircuitBreaker
    from cmi_gateway.api.documents import ApiRequest, BodyMode, Credentials
    from cmi_gateway.api.transport import Transport
    from cmi_gateway.events import Observer

#: In all, in seconds. An operation goes on to the bank and back.
QUERY_SECONDS: Final = 20.0
OPERATION_SECONDS: Final = 60.0

_OK: Final = 200
_TRANSACTION_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Exchange:
    """Asks the gateway in one merchant's name."""

    def __init__(
        self,
        credentials: Credentials,
        transport: Transport,
        *,
        mode: BodyMode,
        breaker: CircuitBreaker,
        observer: Observer | None,
    ) -> None:
        self._credentials = credentials
        self._transport = transport
        self._mode = mode
        self._breaker = breaker
        self._observer = observer

    def send(self, request: ApiRequest) -> bytes:
        """
        Send *request* once and give the body of the answer.

        Raises:
            OperationBlockedError: the gateway shut us out before.
            RequestNotSentError: nothing left this machine.
            QueryFailedError: a query, and no answer.
            OutcomeUnknownError: an operation, and no answer; without its record.
        """
        self._breaker.check(request.kind, request.order_id)
        self._tell("api_asked", request)
        answer = self._answer(request)
        if isinstance(answer, RawAnswer):
            if answer.status == _OK:
                return answer.body
            answer = lost(request, f"the gateway answered with HTTP status {answer.status}")
        self._tell("api_failed", request, reason=type(answer).__name__)
        raise answer

    def note(self, request: ApiRequest, head: Head, *, transaction_id: str = "", state: str = "") -> None:
        """Tell of an answer, and stop asking where it shuts the door."""
        facts = {
            "response": head.response,
            "return_code": look_up(head.return_code).code,
            "error_code": look_up(head.error_code).code,
            "transaction_id": transaction_id if _TRANSACTION_ID.fullmatch(transaction_id) else "",
            "state": state,
        }
        self._tell("api_answered", request, **facts)
        if self._breaker.note(request.kind, head.error_code):
            self._tell("api_blocked", request, **facts)

    def unreadable(self, request: ApiRequest, problem: str) -> None:
        """Tell of an answer that could not be read."""
        self._tell("api_failed", request, reason=problem)

    def _answer(self, request: ApiRequest) -> RawAnswer | ApiError:
        """Give the answer, or the error to raise: raising it in here would keep frames that hold the document."""
        try:
            # The document holds the password and is never bound to a name.
            answer: object = self._transport(
                body_in(self._mode, build_request(request, self._credentials)),
                content_type=content_type_of(self._mode),
                is_query=request.kind.is_query,
                seconds=QUERY_SECONDS if request.kind.is_query else OPERATION_SECONDS,
            )
        except RequestNotSentError as error:
            return RequestNotSentError(error.reason, request.kind, request.order_id)
        except OutcomeUnknownError as error:
            return lost(request, error.reason)
        except Exception as error:  # noqa: BLE001 - whatever a transport raises, an operation may have been sent
            return lost(request, f"the transport failed with {type(error).__name__}")
        if isinstance(answer, RawAnswer):
            return answer
        return lost(request, f"the transport gave {type(answer).__name__} instead of RawAnswer")

    def _tell(self, name: EventName, request: ApiRequest, **facts: str) -> None:
        event = GatewayEvent(
            name=name,
            client_id=self._credentials.client_id,
            order_id=request.order_id,
            operation=request.kind.value,
            **facts,
        )
        tell(event, self._observer)


def lost(request: ApiRequest, reason: str) -> ApiError:
    """Give the error for a request that was sent and brought nothing readable."""
    if request.kind.is_query:
        return QueryFailedError(reason, request.kind, request.order_id)
    return OutcomeUnknownError(reason, request.kind, request.order_id)


def refused(request: ApiRequest, head: Head) -> RequestRefusedError:
    """Give the error for a request that the gateway read and refused."""
    code = look_up(head.code)
    return RequestRefusedError(
        f"the gateway refused with {code.code or 'no code'}: {code.meaning}",
        request.kind,
        request.order_id,
        code.code,
        head.message,
    )
