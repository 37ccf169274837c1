"""
The gateway's signed answer: from the raw body to a verified, matched `Callback`.

Two steps, and neither may be skipped. `verify` proves that a holder of the key signed these values.
`Callback.must_match` proves that they answer *this* form: the hash does not cover names, and our own form is
signed with the same key, so values can be made to read as others. Until then the outcome stays locked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import product
from typing import TYPE_CHECKING, Final, assert_never

import attrs

from cmi_gateway.callback_body import parse_fields
from cmi_gateway.entities import decode_entities
from cmi_gateway.errors import (
    AmountError,
    CallbackMismatchError,
    ConfigurationError,
    InvalidSignatureError,
    MalformedCallbackError,
    UncheckedCallbackError,
)
from cmi_gateway.field_names import is_shown_only
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
from cmi_gateway.signature import NameOrder, canonical_value, hash_ver3, matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cmi_gateway.secret import Secret

RawBody = bytes | Iterable[tuple[str, str]]
SentFields = Iterable[tuple[str, str]] | Mapping[str, str]

#: Fields of the request that need not come back as sent: our hash and random text, and the unhashed encoding.
_NOT_ECHOED: Final = frozenset({"hash", "rnd", "encoding"})
#: Without these, "everything sent came back" would say nothing.
_NEEDED_OF_SENT: Final = ("clientid", "oid", "amount", "currency", "okurl", "hash")
#: Other banks of the platform hash their answer without these (its own documentation); tried last.
_SOMETIMES_LEFT_OUT: Final = frozenset({"countdown", "nationalidno"})


class Reply(StrEnum):
    """The three answers that the gateway understands, to be sent as ``text/plain`` without a line end."""

    #: Checks passed and the payment is approved: take the money.
    CAPTURE = "ACTION=POSTAUTH"
    #: Read and understood; nothing is captured. Also the answer to a decline.
    ACKNOWLEDGE = "APPROVED"
    #: Something is wrong; nothing is captured and a person looks.
    FAILURE = "FAILURE"


@attrs.frozen
class Reading:
    """
    How the hash matched, among the readings on which sources disagree.

    Attributes:
        entities_decoded: Whether HTML entities in the values were decoded first.
        document_rule: Whether CMI's "document" rule was applied.
        order: The order of names.
        left_out: Fields left out beside ``hash`` and ``encoding``.
    """

    entities_decoded: bool
    document_rule: bool
    order: NameOrder
    left_out: frozenset[str] = frozenset()


class Callback:
    """
    A callback whose hash matches; made by `cmi_gateway.Merchant.verify`.

    Call `must_match` with what your order says before anything else; only then outcome, facts and reply open.
    """

    __slots__ = ("_by_folded_name", "_checked", "_echo_differences", "_fields", "hash", "reading")

    def __init__(self, fields: Mapping[str, str], *, presented_hash: str, reading: Reading) -> None:
        self._fields = dict(fields)
        self._by_folded_name = {name.lower(): value for name, value in fields.items()}
        self._checked = False
        self._echo_differences: tuple[str, ...] = ()
        self.hash = presented_hash
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
        digest = hashlib.sha256()
        for name, value in sorted((name.lower(), value) for name, value in self._fields.items()):
            for part in (name.encode(), value.encode("utf-8", "surrogatepass")):
                digest.update(len(part).to_bytes(4, "big") + part)
        return digest.hexdigest()

    def must_match(self, *, order_id: str, amount: Money, sent: SentFields) -> None:
        """
        Make sure that this callback answers the form that was sent for this order.

        What was sent must come back under the same names with the same values, the amount compared as money.
        Order lines and other shown-only fields are merely listed in `echo_differences`.

        Args:
            order_id: Of the attempt, from your own records.

            amount: Of the attempt, from your own records.

            sent: `cmi_gateway.SignedForm.fields` as you kept them.

        Raises:
            CallbackMismatchError: it is an answer to something else, or our own form sent back to us.
            ConfigurationError: *amount* is not `Money`, or *sent* is not a whole signed form.
        """
        self._checked = False  # a second call that fails must not leave the first one's answer open
        if not isinstance(amount, Money):
            raise ConfigurationError(
                "amount must be Money, such as Money.parse('114.26'), from your own records"
            )
        expected = _sent_fields(sent)
        self._must_be_of(order_id, amount, expected)
        differences = []
        for name, value in expected.items():
            if name.lower() in _NOT_ECHOED or name.lower() == "amount":
                continue
            received = self._value(name)
            if self._is_echo(received, canonical_value(value)):
                continue
            if not is_shown_only(name):
                raise CallbackMismatchError(name, "did not come back as it was sent")
            if received is not None:
                differences.append(name)
        self._echo_differences = tuple(differences)
        self._checked = True

    @property
    def outcome(self) -> Outcome:
        """What became of the attempt; raises `UncheckedCallbackError` before `must_match`."""
        self._must_be_checked()
        return read_outcome(self._value)

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
    def fields(self) -> Mapping[str, str]:
        """All fields that the hash covers, in canonical form, and the hash; raises `UncheckedCallbackError` before `must_match`."""
        self._must_be_checked()
        return dict(self._fields)

    def _must_be_of(self, order_id: str, amount: Money, expected: Mapping[str, str]) -> None:
        if matches(self.hash, expected["hash"]):
            raise CallbackMismatchError("HASH", "is the hash of our own form: the form was sent back to us")
        if self.order_id != order_id or expected["oid"] != order_id:
            raise CallbackMismatchError("oid", "names another order")
        if any(
            _charged(text, amount.currency) != amount for text in (self._value("amount"), expected["amount"])
        ):
            raise CallbackMismatchError("amount", f"is not the order's {amount}")
        if self._value("currency") != amount.currency_number:
            raise CallbackMismatchError("currency", f"is not the order's {amount.currency_number}")

    def _is_echo(self, received: str | None, sent: str) -> bool:
        # A gateway that hashes its entities as they stand still means the character that we sent.
        return received == sent or (
            received is not None and not self.reading.entities_decoded and decode_entities(received) == sent
        )

    def _value(self, name: str) -> str | None:
        return self._by_folded_name.get(name.lower())

    def _must_be_checked(self) -> None:
        if not self._checked:
            raise UncheckedCallbackError(
                "call must_match(order_id=, amount=, sent=) first: a signed callback may answer another order"
            )


def verify(raw_body: RawBody, *, client_id: str, store_keys: Sequence[Secret]) -> Callback:
    """
    Check the signature of a callback or browser return; `cmi_gateway.Merchant.verify` is the usual door.

    Raises:
        MalformedCallbackError: the body is not a callback.
        InvalidSignatureError: the hash matches under no key and no reading.
        CallbackMismatchError: it is signed, but for another merchant's client id.
    """
    fields = parse_fields(raw_body)
    folded = {name.lower(): value for name, value in fields.items()}
    presented = canonical_value(folded.get("hash", ""))
    if not presented:
        raise MalformedCallbackError("no HASH field: this is not a callback of the gateway")
    if canonical_value(folded.get("hashalgorithm", "")) != "ver3":
        raise MalformedCallbackError("hashAlgorithm must be 'ver3'; older versions are not accepted")
    for candidate, reading in _readings(fields):
        if any(_is_signed(candidate, presented, key, reading) for key in store_keys):
            return _checked_callback(candidate, presented, reading, client_id)
    raise InvalidSignatureError(
        "the hash matches under none of the store keys; was the raw body passed, with the key of this environment?"
    )


def _readings(fields: Mapping[str, str]) -> Iterator[tuple[Mapping[str, str], Reading]]:
    """
    Give the closed set of readings, the likely first; those that cannot differ are left out.

    The set is fixed here and never chosen by the message.
    """
    decoded = {name: decode_entities(value) for name, value in fields.items()}
    entities = [(True, decoded)] if decoded == fields else [(True, decoded), (False, fields)]
    documents = (False, True) if "document" in "|".join(decoded.values()).lower() else (False,)
    droppable = frozenset(name.lower() for name in fields) & _SOMETIMES_LEFT_OUT
    for left_out in (frozenset[str](), droppable) if droppable else (frozenset[str](),):
        for (is_decoded, candidate), document_rule, order in product(entities, documents, NameOrder):
            yield candidate, Reading(is_decoded, document_rule, order, left_out)


def _is_signed(fields: Mapping[str, str], presented: str, store_key: Secret, reading: Reading) -> bool:
    pairs: Iterable[tuple[str, str]] = fields.items()
    if reading.left_out:
        pairs = [(name, value) for name, value in pairs if name.lower() not in reading.left_out]
    return matches(presented, hash_ver3(pairs, store_key, reading.order, document_rule=reading.document_rule))


def _checked_callback(
    fields: Mapping[str, str], presented: str, reading: Reading, client_id: str
) -> Callback:
    # What the hash does not cover anybody may add or change: it is not the gateway's word.
    uncovered = reading.left_out | {"encoding"}
    canonical = {
        name: canonical_value(value) for name, value in fields.items() if name.lower() not in uncovered
    }
    callback = Callback(canonical, presented_hash=presented, reading=reading)
    by_name = {name.lower(): value for name, value in canonical.items()}
    for name in ("clientid", "oid", "amount"):
        if not by_name.get(name):
            raise MalformedCallbackError(f"no {name} field: this cannot be the answer to a payment")
    if by_name["clientid"] != client_id:
        raise CallbackMismatchError("clientid", "is another merchant's")
    return callback


def _charged(text: str | None, currency: str) -> Money | None:
    # The gateway echoes what it was sent ("100", "1020"); a comma is known from other merchants of CMI.
    try:
        return Money.parse((text or "").replace(",", ".", 1), currency)
    except AmountError:
        return None


def _sent_fields(sent: SentFields) -> dict[str, str]:
    """Key *sent* by name, the needed ones in lower case, so that "everything came back" has a meaning."""
    try:
        listed = dict(sent)
        folded = {name.lower(): value for name, value in listed.items()}
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(
            "sent must be the fields of the signed form, as (name, value) pairs"
        ) from error
    if not all(isinstance(value, str) for value in folded.values()):
        raise ConfigurationError("sent must hold text values, exactly as they were signed")
    missing = [name for name in _NEEDED_OF_SENT if not folded.get(name)]
    if missing:
        raise ConfigurationError(
            f"sent must be the whole signed form as it was kept; missing: {', '.join(missing)}"
        )
    return listed | {name: folded[name] for name in _NEEDED_OF_SENT}
