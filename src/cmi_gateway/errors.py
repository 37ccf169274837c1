"""
Every error of this package, in one tree.

::

    CmiError                        base; never raised itself; safe_to_retry is False
    ├── ConfigurationError          bad key, URL or account; raised while building, before anything is sent
    │   └── FieldError              one field of a payment request is unfit to be signed; names field and reason
    ├── MoneyError                  an amount that is none
    │   ├── AmountError             text, number or range is not an amount of money
    │   └── CurrencyMismatchError   two currencies in one sum or comparison
    ├── CallbackError               do not trust this callback; answer Reply.FAILURE
    │   ├── MalformedCallbackError  missing, repeated or undecodable field (theirs)
    │   ├── InvalidSignatureError   the hash does not match (theirs, or our key)
    │   └── CallbackMismatchError   a true callback, but not of this order, amount or form
    └── UncheckedCallbackError      the caller asked for the outcome before must_match()

Choose by class and attributes, never by message text: messages may be reworded.
A decline is not here: it is an answer (`cmi_gateway.Declined`), not a failure to learn one.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

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


def without_frames(error: _E) -> _E:
    """
    Give *error* without the frames it came through, to be raised ``from None``.

    Crash reports print the local variables of every frame, and those of ours hold names, addresses and whole
    callbacks. The message says what is wrong without them.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
