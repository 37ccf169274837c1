"""
Every error of this package, in one tree.

::

    CmiError                        base; never raised itself; safe_to_retry is False
    ├── ConfigurationError          bad key, URL or account; raised while building, before anything is sent
    │   ├── FieldError              one field of a payment request is unfit to be signed; names field and reason
    │   └── FaultPlanError          a fault plan of the simulator cannot be followed; names the place and the reason
    ├── MoneyError                  an amount that is none
    │   ├── AmountError             text, number or range is not an amount of money
    │   └── CurrencyMismatchError   two currencies in one sum or comparison
    ├── CallbackError               do not trust this callback; answer Reply.FAILURE
    │   ├── MalformedCallbackError  missing, repeated or undecodable field (theirs)
    │   ├── InvalidSignatureError   the hash does not match (theirs, or our key)
    │   └── CallbackMismatchError   a true callback, but not of this order, amount or form
    ├── UncheckedCallbackError      the caller asked for the outcome before must_match()
    └── ApiError                    the XML API; carries reason, operation and order_id
        ├── RequestNotSentError     nothing left this machine; safe_to_retry is True
        ├── QueryFailedError        a query brought no readable answer; it changed nothing; safe_to_retry is True
        ├── RequestRefusedError     the gateway said no; carries code and message
        ├── OperationNotPossibleError   the order's history forbids it; nothing was sent; carries instead
        ├── OperationPendingError   an earlier operation of the order is unresolved; nothing was sent; carries record
        ├── OperationBlockedError   switched off, or stopped after the gateway shut us out; nothing was sent
        └── OutcomeUnknownError     sent, no readable answer; money may have moved: resolve, never repeat; carries record

Choose by class and attributes, never by message text: messages may be reworded.
A decline is not here: it is an answer (`cmi_gateway.Declined`), not a failure to learn one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

if TYPE_CHECKING:
    from cmi_gateway.api.operation import Operation

_E = TypeVar("_E", bound=BaseException)


class CmiError(Exception):
    """Base of all errors of this package."""

    #: Whether repeating the very same call is known to be harmless.
    safe_to_retry: ClassVar[bool] = False


class ConfigurationError(CmiError, ValueError):
    """A key, URL, account or payment request is wrong; nothing was signed or sent."""


class FieldError(ConfigurationError):
    """
    One field cannot be signed as it is.

    Attributes:
        field: Name of the field as it goes to the gateway, e.g. ``BillToName``.
        reason: What is wrong and what would be right. Never holds the value: it may be personal.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


class FaultPlanError(ConfigurationError):
    """
    A fault plan for the simulator says what cannot be done.

    Attributes:
        place: Where in the plan, e.g. ``fault 2: seconds``.
        reason: What was expected.
    """

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place, reason)
        self.place = place
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class MoneyError(CmiError, ValueError):
    """Base of the errors of `cmi_gateway.Money`."""


class AmountError(MoneyError):
    """This text or number is not an amount of money that can be charged."""


class CurrencyMismatchError(MoneyError):
    """Amounts of two currencies met in one sum or comparison."""


class CallbackError(CmiError):
    """This callback is not to be trusted: change nothing and answer `Reply.FAILURE`."""


class MalformedCallbackError(CallbackError):
    """The body is not a callback: too large, undecodable, or a field is missing or repeated."""


class InvalidSignatureError(CallbackError):
    """The hash matches under none of the merchant's keys: forged, altered, or the key is not the gateway's."""


class CallbackMismatchError(CallbackError):
    """
    The callback is signed, but it is not the answer to this form.

    Attributes:
        field: Name of the first field that differs, or ``HASH`` for our own form sent back to us.
        reason: What was expected; without the values, which may be personal.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


class UncheckedCallbackError(CmiError):
    """Outcome, facts or reply were read before `Callback.must_match`: a true callback may be of another order."""


class ApiError(CmiError):
    """
    Base of the errors of `cmi_gateway.ApiClient`.

    Attributes:
        reason: What was expected and what came; never secrets or card data.
        operation: ``status``, ``history``, ``capture``, ``void`` or ``refund``; empty where it is not known.
        order_id: The order that was asked about; empty where it is not known.
    """

    def __init__(self, reason: str, operation: str = "", order_id: str = "") -> None:
        super().__init__(reason, operation, order_id)
        self.reason = reason
        self.operation = operation
        self.order_id = order_id

    def __str__(self) -> str:
        about = f"{self.operation} {self.order_id}".strip()
        return f"{about}: {self.reason}" if about else self.reason


class RequestNotSentError(ApiError):
    """Nothing left this machine: no connection was made. The very same call may be repeated."""

    safe_to_retry = True


class QueryFailedError(ApiError):
    """
    ``status`` or ``history`` brought no readable answer.

    Queries change nothing, so that asking again is harmless; but of the order nothing is known now.
    """

    safe_to_retry = True


class RequestRefusedError(ApiError):
    """
    The gateway read the request and said no: nothing was done.

    Attributes:
        code: The gateway's code, such as ``CORE-2508`` or ``05``; see `cmi_gateway.codes.look_up`. Empty where none came.
        message: The gateway's text, for operators, in whatever language; never branch on it.
    """

    def __init__(
        self, reason: str, operation: str = "", order_id: str = "", code: str = "", message: str = ""
    ) -> None:
        super().__init__(reason, operation, order_id)
        # All of them, so that the error comes out of a queue as it went in.
        self.args = (reason, operation, order_id, code, message)
        self.code = code
        self.message = message


class OperationNotPossibleError(ApiError):
    """
    What the gateway holds of the order does not allow the operation; nothing was sent.

    Attributes:
        instead: What would be right: ``void``, ``refund``, ``wait`` (ask again later), ``nothing`` (it is done
            already), or empty when a person has to look.
    """

    def __init__(self, reason: str, operation: str = "", order_id: str = "", instead: str = "") -> None:
        super().__init__(reason, operation, order_id)
        self.args = (reason, operation, order_id, instead)
        self.instead = instead


class OperationBlockedError(ApiError):
    """
    This client does not send it: the operation is not switched on, or the gateway shut us out before.

    Repeating does not help, and after a wrong password it may lock the account: somebody has to change the set-up.
    """


class OperationPendingError(ApiError):
    """
    An earlier operation of the same order runs, or its outcome is not known yet; nothing was sent.

    Attributes:
        record: The earlier operation, for `cmi_gateway.ApiClient.resolve`; None while it still runs.
    """

    def __init__(
        self, reason: str, operation: str = "", order_id: str = "", record: Operation | None = None
    ) -> None:
        super().__init__(reason, operation, order_id)
        self.args = (reason, operation, order_id, record)
        self.record = record


class OutcomeUnknownError(ApiError):
    """
    The operation was sent and no readable answer came: money may have moved. Never repeat it; resolve it.

    Attributes:
        record: What was sent and the history before, for `cmi_gateway.ApiClient.resolve`; None where a transport
            raises it, which knows nothing of the operation.
    """

    def __init__(
        self, reason: str, operation: str = "", order_id: str = "", record: Operation | None = None
    ) -> None:
        super().__init__(reason, operation, order_id)
        self.args = (reason, operation, order_id, record)
        self.record = record


def without_frames(error: _E) -> _E:
    """
    Give *error* without the frames it came through, to be raised ``from None``.

    Crash reports print the local variables of every frame, and those of ours hold names, addresses and whole
    callbacks. The message says what is wrong without them.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
