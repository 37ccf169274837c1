"""
The gateway's signed answer: from the raw body to a verified, matched `Callback`.

Two steps, and neither may be skipped. `verify` proves that a holder of the key signed these values.
`Callback.must_match` proves that they answer *this* form: the hash does not cover names, and our own form is
signed with the same key, so values can be made to read as others. Until then the outcome stays locked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from cmi_gateway.callback_policy import CallbackPolicy
from cmi_gateway.entities import decode_entities
from cmi_gateway.errors import (
    CallbackMismatchError,
    ConfigurationError,
    UncheckedCallbackError,
    without_frames,
)
from cmi_gateway.events import EventName, GatewayEvent, Observer, tell
from cmi_gateway.field_names import SEAL_FIELD, is_reserved
from cmi_gateway.matching import SentFields, must_be_of_order, shown_differences, whole_form
from cmi_gateway.money import Money
from cmi_gateway.outcome import (
    Approved,
    Declined,
    Failed,
    NotAuthenticated,
    Outcome,
    PaymentFacts,
    read_outcome,
)
from cmi_gateway.signature import matches

if TYPE_CHECKING:
    from cmi_gateway.reading import Reading


class Reply(StrEnum):
    """The three answers that the gateway understands, to be sent as ``text/plain`` without a line end."""

    #: Checks passed and the payment is approved: take the money.
    CAPTURE = "ACTION=POSTAUTH"
    #: Read and understood; nothing is captured. Also the answer to a decline.
    ACKNOWLEDGE = "APPROVED"
    #: Something is wrong; nothing is captured and a person looks.
    FAILURE = "FAILURE"


class Callback:
    """
    A callback whose hash matches; made by `cmi_gateway.Merchant.verify`.

    Call `must_match` with what your order says before anything else; only then outcome, facts and reply open.
    """

    __slots__ = (
        "_by_folded_name",
        "_checked",
        "_digest",
        "_echo_differences",
        "_echoed_rnd",
        "_fields",
        "_observer",
        "_outcome",
        "_policy",
        "_sealed",
        "_sent_names",
        "hash",
        "reading",
    )

    def __init__(
        self,
        fields: Mapping[str, str],
        *,
        presented_hash: str,
        reading: Reading,
        policy: CallbackPolicy,
        sealed: tuple[str, ...] | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._fields = dict(fields)
        self._by_folded_name = {name.lower(): value for name, value in fields.items()}
        self._policy = policy
        self._sealed = sealed
        self._observer = observer
        self._checked = False
        self._digest: str | None = None
        self._outcome: Outcome | None = None
        self._echo_differences: tuple[str, ...] = ()
        self._echoed_rnd = False
        self._sent_names: frozenset[str] = frozenset()
        #: The hash as it was presented; no form of ours may ever have carried it.
        self.hash = presented_hash
        #: Which reading of the values matched.
        self.reading = reading

    def __repr__(self) -> str:
        # The fields are personal data.
        return f"<Callback order_id={self.order_id!r} {'matched' if self._checked else 'unchecked'}>"

    @property
    def order_id(self) -> str:
        """The order id that the callback names; look your order up by it, then call `must_match`."""
        return self._value("oid") or ""

    @property
    def digest(self) -> str:
        """
        Our own digest of names and values (SHA-256, 64 hex digits), equal for a repeat of this callback.

        The gateway's hash does not cover names and holds no time stamp, so keep this one, for ever.
        """
        if self._digest is None:
            self._digest = _digest_of(self._by_folded_name)
        return self._digest

    def must_match(self, *, order_id: str, amount: Money, sent: SentFields | None) -> None:
        """
        Make sure that this callback answers the form that was sent for this order.

        What was sent must come back under the same names with the same values, the amount compared as money.
        Order lines and other shown-only fields are merely listed in `echo_differences`. The merchant's
        `cmi_gateway.CallbackPolicy` may require more or less.

        Args:
            order_id: Of the attempt, from your own records.

            amount: Of the attempt, from your own records.

            sent: `cmi_gateway.SignedForm.fields` as you kept them. None only for a form that was sealed
                (``Merchant.sign(request, seal=True)``) because you keep nothing.

        Raises:
            CallbackMismatchError: it is an answer to something else, our own form sent back to us, or without
                the seal that *sent* None relies on.
            ConfigurationError: *amount* is not `Money`, or *sent* is not a whole signed form.
        """
        self._checked = False  # a second call that fails must not leave the first one's answer open
        try:
            if not isinstance(amount, Money):
                raise ConfigurationError(  # noqa: TRY301 - raised bare, like those of the comparison
                    "amount must be Money, such as Money.parse('114.26'), from your own records"
                )
            self._match(order_id, amount, self._sealed_form() if sent is None else whole_form(sent))
        except (CallbackMismatchError, ConfigurationError) as error:
            # Before it is told: what an observer raises is logged together with what was being handled.
            bare = without_frames(error)
            if isinstance(error, CallbackMismatchError):
                self._tell("callback_refused", reason=type(error).__name__, field=error.field)
            del sent
            raise bare from None
        self._checked = True
        self._tell("callback_matched", order_id=order_id, reason=type(self.outcome).__name__)

    @property
    def outcome(self) -> Outcome:
        """What became of the attempt; raises `UncheckedCallbackError` before `must_match`."""
        self._must_be_checked()
        if self._outcome is None:
            self._outcome = read_outcome(self._value)
        return self._outcome

    @property
    def facts(self) -> PaymentFacts:
        """The facts of the outcome; raises `UncheckedCallbackError` before `must_match`."""
        return self.outcome.facts

    @property
    def reply(self) -> Reply:
        """
        The answer that fits the outcome by itself; raises `UncheckedCallbackError` before `must_match`.

        Your records may call for another: a second success for an order already paid is acknowledged, not
        captured.
        """
        outcome = self.outcome
        match outcome:
            case Approved():
                return Reply.CAPTURE
            case Declined() | NotAuthenticated():
                # CMI's own comment asks for APPROVED here; some of its samples answer FAILURE. No money is moved either way.
                return Reply.ACKNOWLEDGE
            case Failed():
                return Reply.FAILURE if outcome.authorization_sign else Reply.ACKNOWLEDGE
            case _:
                assert_never(outcome)

    @property
    def echo_differences(self) -> tuple[str, ...]:
        """Names of shown-only fields that came back changed; raises `UncheckedCallbackError` before `must_match`."""
        self._must_be_checked()
        return self._echo_differences

    @property
    def echoed_rnd(self) -> bool:
        """
        Whether the random text of our own form came back; raises `UncheckedCallbackError` before `must_match`.

        The gateway is said to send a new one. If yours does, let `CallbackPolicy.refuse_echoed_rnd` refuse others.
        """
        self._must_be_checked()
        return self._echoed_rnd

    @property
    def unknown_fields(self) -> Mapping[str, str]:
        """
        Fields that were neither sent nor known of the gateway; raises `UncheckedCallbackError` before `must_match`.

        Tolerated and never read: the gateway adds fields without notice.
        """
        self._must_be_checked()
        return {
            name: value
            for name, value in self._fields.items()
            if name.lower() not in self._sent_names and not is_reserved(name)
        }

    @property
    def fields(self) -> Mapping[str, str]:
        """All fields that the hash covers, in canonical form, and the hash; raises `UncheckedCallbackError` before `must_match`."""
        self._must_be_checked()
        return dict(self._fields)

    def _match(self, order_id: str, amount: Money, expected: Mapping[str, str]) -> None:
        if "hash" in expected and matches(self.hash, expected["hash"]):
            raise CallbackMismatchError("HASH", "is the hash of our own form: the form was sent back to us")
        must_be_of_order(self._value, expected, order_id=order_id, amount=amount)
        self._echoed_rnd = "rnd" in expected and self._value("rnd") == expected["rnd"]
        if self._echoed_rnd and self._policy.refuse_echoed_rnd:
            raise CallbackMismatchError(
                "rnd", "is the random text of our own form, where a new one was expected"
            )
        self._echo_differences = shown_differences(expected, self._is_echo, self._policy)
        self._sent_names = frozenset(name.lower() for name in expected)

    def _sealed_form(self) -> dict[str, str]:
        """Give the fields that the seal proves to be as they were sent."""
        if self._sealed is None:
            raise CallbackMismatchError(SEAL_FIELD, "no valid seal came back, and no kept form was given")
        needed = ("oid", "amount")
        return {name: self._value(name) or "" for name in (*self._sealed, *needed)}

    def _is_echo(self, name: str, sent: str) -> bool | None:
        received = self._value(name)
        if received is None:
            return None
        # A gateway that hashes its entities as they stand still means the character that we sent.
        return received == sent or (not self.reading.entities_decoded and decode_entities(received) == sent)

    def _tell(self, name: EventName, *, order_id: str = "", reason: str = "", field: str = "") -> None:
        client_id = self._value("clientid") or ""
        event = GatewayEvent(name=name, client_id=client_id, order_id=order_id, reason=reason, field=field)
        tell(event, self._observer)

    def _value(self, name: str) -> str | None:
        return self._by_folded_name.get(name.lower())

    def _must_be_checked(self) -> None:
        if not self._checked:
            raise UncheckedCallbackError(
                "call must_match(order_id=, amount=, sent=) first: a signed callback may answer another order"
            )


def _digest_of(by_folded_name: Mapping[str, str]) -> str:
    parts: list[bytes] = []
    for name, value in sorted(by_folded_name.items()):
        for part in (name.encode(), value.encode("utf-8", "surrogatepass")):
            parts += (len(part).to_bytes(4, "big"), part)
    return hashlib.sha256(b"".join(parts)).hexdigest()
