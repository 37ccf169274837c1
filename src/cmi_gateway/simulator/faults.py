"""
What may go wrong between the gateway and a merchant, as data.

A `FaultPlan` is a list of rules; each names one fault and whom it befalls. Nothing here happens by itself: the
courier, the pages and the XML API of the simulator ask a `cmi_gateway.simulator.fault_book.FaultBook` what to do.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, TypeAlias

import attrs

from cmi_gateway.errors import FaultPlanError
from cmi_gateway.money import Money

_LONGEST_SECONDS: Final = 86_400
_MOST_TIMES: Final = 20
_LONGEST_TEXT: Final = 255
_LARGEST_BODY: Final = 65_536
MOST_RULES: Final = 100


def _seconds(_instance: object, field: attrs.Attribute[float], value: Any) -> None:
    # Booleans are whole numbers in Python, and nobody means one here.
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (is_number and 0 <= value <= _LONGEST_SECONDS):
        raise FaultPlanError(field.name, f"expected seconds from 0 to {_LONGEST_SECONDS}")


def _whole(lowest: int, highest: int) -> attrs._ValidatorType[int]:
    def check(_instance: object, field: attrs.Attribute[int], value: object) -> None:
        if type(value) is not int or not lowest <= value <= highest:
            raise FaultPlanError(field.name, f"expected a whole number from {lowest} to {highest}")

    return check


def _text(_instance: object, field: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not value.isprintable():
        raise FaultPlanError(field.name, f"expected printable text of at most {_LONGEST_TEXT} characters")


def _name(instance: object, field: attrs.Attribute[str], value: object) -> None:
    _text(instance, field, value)
    if not value:
        raise FaultPlanError(field.name, "expected a name, not the empty text")


def _one_of(*names: str) -> attrs._ValidatorType[str]:
    def check(_instance: object, field: attrs.Attribute[str], value: object) -> None:
        if not isinstance(value, str) or value not in names:
            raise FaultPlanError(field.name, f"expected one of {', '.join(names)}")

    return check


def _yes_or_no(_instance: object, field: attrs.Attribute[bool], value: object) -> None:
    if type(value) is not bool:
        raise FaultPlanError(field.name, "expected true or false")


@attrs.frozen
class CallbackLate:
    """The callback leaves *seconds* after the payment; the customer's page waits for it."""

    kind: ClassVar[str] = "callback-late"
    seconds: float = attrs.field(default=30.0, validator=_seconds)


@attrs.frozen
class CallbackTwice:
    """The same body arrives again, *seconds* after the first."""

    kind: ClassVar[str] = "callback-twice"
    seconds: float = attrs.field(default=0.0, validator=_seconds)


@attrs.frozen
class CallbackLost:
    """The callback never arrives; the gateway believes that the merchant did not answer."""

    kind: ClassVar[str] = "callback-lost"


@attrs.frozen
class CallbackReordered:
    """The callback arrives after the next one of the same order, or after *seconds* when there is none."""

    kind: ClassVar[str] = "callback-reordered"
    seconds: float = attrs.field(default=60.0, validator=_seconds)


@attrs.frozen
class DeclinesBefore:
    """The gateway declines *times* tries of its own first, each with its callback: two declines, then an approval."""

    kind: ClassVar[str] = "declines-before"
    times: int = attrs.field(default=2, validator=_whole(1, _MOST_TIMES))


@attrs.frozen
class DeclineAfter:
    """A decline of an earlier try arrives *seconds* after the callback: a decline after an approval."""

    kind: ClassVar[str] = "decline-after"
    seconds: float = attrs.field(default=0.0, validator=_seconds)


@attrs.frozen
class CallbackTampered:
    """Somebody on the way sets *field* to *value*; the hash is that of the true values."""

    kind: ClassVar[str] = "callback-tampered"
    field: str = attrs.field(default="amount", validator=_name)
    value: str = attrs.field(default="1.00", validator=_text)


@attrs.frozen
class CallbackTruncated:
    """Only the first *size* bytes of the body arrive."""

    kind: ClassVar[str] = "callback-truncated"
    size: int = attrs.field(default=200, validator=_whole(0, _LARGEST_BODY))


@attrs.frozen
class CallbackSlow:
    """The body drips in over *seconds*, as from a poor network."""

    kind: ClassVar[str] = "callback-slow"
    seconds: float = attrs.field(default=3.0, validator=_seconds)


@attrs.frozen
class ReplyIgnored:
    """The merchant's reply arrives and the gateway does nothing about it: no capture."""

    kind: ClassVar[str] = "reply-ignored"


@attrs.frozen
class ReplyLost:
    """The gateway hangs up before the reply is through, and captures all the same if it asked for a capture."""

    kind: ClassVar[str] = "reply-lost"


@attrs.frozen
class BrowserGone:
    """The customer closes the window: the browser never comes back to the merchant."""

    kind: ClassVar[str] = "browser-gone"


@attrs.frozen
class BrowserFirst:
    """The browser is back at the merchant's before the callback, which leaves *seconds* after the payment."""

    kind: ClassVar[str] = "browser-first"
    seconds: float = attrs.field(default=10.0, validator=_seconds)


@attrs.frozen
class BrowserTwice:
    """The return is posted twice, as by a customer who reloads the page."""

    kind: ClassVar[str] = "browser-twice"


@attrs.frozen
class _OnRequests:
    """Which requests of the XML API a fault befalls: ``all``, ``queries`` (status, history) or ``operations``."""

    on: str = attrs.field(default="all", validator=_one_of("all", "queries", "operations"), kw_only=True)

    def befalls(self, *, is_query: bool) -> bool:
        """Tell whether a query, or else an operation, is one of them."""
        return self.on == "all" or (self.on == "queries") is is_query


@attrs.frozen
class ApiSlow(_OnRequests):
    """The XML API answers after *seconds*."""

    kind: ClassVar[str] = "api-slow"
    seconds: float = attrs.field(default=30.0, validator=_seconds)


@attrs.frozen
class ApiCutAfter(_OnRequests):
    """The operation is done, and the connection ends before its answer is through."""

    kind: ClassVar[str] = "api-cut-after"


@attrs.frozen
class ApiCutBefore(_OnRequests):
    """The connection ends and nothing is done."""

    kind: ClassVar[str] = "api-cut-before"


@attrs.frozen
class ApiHtmlError(_OnRequests):
    """An error page instead of XML, status 500; *done* says whether the operation was done before."""

    kind: ClassVar[str] = "api-html-error"
    done: bool = attrs.field(default=False, validator=_yes_or_no)


@attrs.frozen
class ApiFailure(_OnRequests):
    """The gateway's own failure: ``Error``, ``99`` and a bare ``2100``; *done* says whether the operation was done before."""

    kind: ClassVar[str] = "api-failure"
    done: bool = attrs.field(default=False, validator=_yes_or_no)


@attrs.frozen
class ApiGzip(_OnRequests):
    """The answer is compressed, as some clients of the real gateway have seen it."""

    kind: ClassVar[str] = "api-gzip"


@attrs.frozen
class ApiWrongEncoding(_OnRequests):
    """The answer declares another encoding than its bytes have; the operation is done."""

    kind: ClassVar[str] = "api-wrong-encoding"
    declared: str = attrs.field(default="UTF-16", validator=_name)


CallbackFault: TypeAlias = (
    CallbackLate
    | CallbackTwice
    | CallbackLost
    | CallbackReordered
    | DeclinesBefore
    | DeclineAfter
    | CallbackTampered
    | CallbackTruncated
    | CallbackSlow
)
ReplyFault: TypeAlias = ReplyIgnored | ReplyLost
BrowserFault: TypeAlias = BrowserGone | BrowserFirst | BrowserTwice
ApiFault: TypeAlias = (
    ApiSlow | ApiCutAfter | ApiCutBefore | ApiHtmlError | ApiFailure | ApiGzip | ApiWrongEncoding
)
#: What can befall one payment: its callback, the reply to it, and the customer's way back.
PaymentFault: TypeAlias = CallbackFault | ReplyFault | BrowserFault
Fault: TypeAlias = PaymentFault | ApiFault


@attrs.frozen
class Always:
    """Everything."""


@attrs.frozen
class Next:
    """The next *next* payments (or XML requests) that the rule sees, and none after them."""

    next: int = attrs.field(default=1, validator=_whole(1, 1_000_000))


@attrs.frozen
class OfOrder:
    """What concerns the order *order_id*."""

    order_id: str = attrs.field(validator=_name)


@attrs.frozen
class OfAmount:
    """What concerns an order of exactly *amount*: a magic amount."""

    amount: Money = attrs.field(validator=attrs.validators.instance_of(Money))


@attrs.frozen
class Sometimes:
    """About *percent* of all, by the seed of the plan."""

    percent: int = attrs.field(validator=_whole(1, 100))


Selector: TypeAlias = Always | Next | OfOrder | OfAmount | Sometimes


@attrs.frozen
class FaultRule:
    """One *fault*, and *when* it strikes."""

    fault: Fault
    when: Selector = Always()


@attrs.frozen
class FaultPlan:
    """
    What is to go wrong.

    Attributes:
        rules: Every rule that applies is followed; faults of one payment add up.
        seed: Of the chance in `Sometimes`: the same plan and payments meet the same faults.

    Raises:
        FaultPlanError: there are too many rules, or the seed is not a whole number.
    """

    rules: tuple[FaultRule, ...] = ()
    seed: int = attrs.field(default=0, validator=_whole(0, 2**63 - 1))

    def __attrs_post_init__(self) -> None:
        if len(self.rules) > MOST_RULES:
            raise FaultPlanError("fault", f"expected at most {MOST_RULES} rules")

    @classmethod
    def of(cls, *faults: Fault, when: Selector | None = None) -> FaultPlan:
        """Make the plan in which each of *faults* strikes at the same times, by default always."""
        return cls(tuple(FaultRule(fault, when or Always()) for fault in faults))
