"""The one door of the doctor: from a body and a key to a diagnosis."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, assert_never

import attrs

from cmi_gateway.callback_policy import CallbackPolicy
from cmi_gateway.doctor import keys
from cmi_gateway.doctor.cause_kinds import CauseKind
from cmi_gateway.doctor.causes import Cause
from cmi_gateway.doctor.diagnosis import Diagnosis, Explained, Healthy, Unexplained, Unreadable
from cmi_gateway.doctor.draft import Draft, Examiner
from cmi_gateway.doctor.message import (
    HIDDEN_NAME,
    Body,
    Message,
    Pairs,
    UnreadableError,
    read_message,
    shown_name,
)
from cmi_gateway.doctor.search import Finding, search
from cmi_gateway.doctor.trials import Case
from cmi_gateway.entities import decode_entities
from cmi_gateway.errors import CallbackError, ConfigurationError
from cmi_gateway.reading import Reading
from cmi_gateway.secret import Secret
from cmi_gateway.signature import NameOrder
from cmi_gateway.verification import verify

_LENGTHS: Final = {
    28: "the hash has the length of SHA-1: that is hash version 1",
    44: "the hash has the length of SHA-256",
    128: "the hash has the length of SHA-512 in hexadecimal digits",
    172: "the hash has the length of base64 of hexadecimal text",
}
_RIGHT_LENGTH: Final = 88
#: What Rails, Sentry, Laravel and others write in place of a value; a masked card number holds digits as well.
_HIDDEN: Final = re.compile(r"\*{3,}|[\[<](?:filtered|redacted|removed|hidden|masked)[\]>]", re.IGNORECASE)
#: What was tried of these is what somebody here knew; the last is found out without a search.
_NEVER_EXCLUDED: Final = frozenset(
    {CauseKind.OTHER_KEY, CauseKind.VALUE_CHANGED, CauseKind.FIELD_MISSING, CauseKind.NOT_ACCEPTED}
)


def diagnose(
    raw_body: Body,
    store_key: str | Secret,
    *,
    other_keys: Mapping[str, str | Secret] | Iterable[str | Secret] = (),
    sent: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
) -> Diagnosis:
    """
    Find the one change, or the smallest set of changes, that makes a hash match.

    Works on a callback that does not verify, and on a form that the gateway refuses with 3D-1004. The answer names
    neither key nor hash nor value. It is for developers: never act on a payment by it, and never show it to strangers.

    Args:
        raw_body: The body as it arrived, in bytes; or what a framework made of it, as pairs or a mapping.

        store_key: The key that should fit. White space in it is diagnosed, not refused.

        other_keys: Further keys that may have been used by mistake, such as ``{"production": key}``.

        sent: The fields of the signed form, if they were kept: lost and changed fields can then be found.

    Returns:
        `Healthy`, `Explained`, `Unexplained` or `Unreadable`; each has a text for people (`str`).

    Raises:
        ConfigurationError: a key is not text or empty, or *sent* is not fields. No body raises.
    """
    hidden, flaw = keys.hide_all(store_key, other_keys)
    del store_key, other_keys  # a traceback of what follows must not carry a key
    kept = None if flaw else _kept(sent)
    if flaw or (kept is None and sent is not None):
        raw_body = sent = ()  # nor the body of a customer
        raise ConfigurationError(
            flaw or "sent must be the fields of the signed form, as (name, value) pairs of text"
        )
    body = raw_body if isinstance(raw_body, (bytes, bytearray, memoryview)) else _read_once(raw_body)
    try:
        message = read_message(body)
    except UnreadableError as unreadable:
        return Unreadable(str(unreadable))
    case = Case(message, hidden[1:], kept)
    own = hidden[0][1]
    return _without_keys(_diagnosis(body, case, own), [key for _, key in hidden])


def _diagnosis(body: object, case: Case, key: Secret) -> Diagnosis:
    refusal = "the store key has white space or control characters"
    if not keys.is_flawed(key):
        try:
            return _healthy(body, case.message, key)
        except CallbackError as error:
            refusal = str(error)
    examiner = Examiner(with_document_rule="document" in _text(case.message).lower())
    finding = search(case, examiner, _bases(case.message, key))
    return _judged(finding, case.message, refusal, is_flawed=keys.is_flawed(key))


def _healthy(body: Any, message: Message, key: Secret) -> Healthy:
    folded = {name.lower(): value for name, value in message.pairs}
    own_id = folded.get("clientid", "").strip()
    verified = verify(body, client_id=own_id, store_keys=(key,), policy=CallbackPolicy())
    return Healthy(verified.reading, tuple(_remarks(verified.reading, message)))


def _remarks(reading: Reading, message: Message) -> list[Cause]:
    remarks = []
    ending = [place for place, (_, value) in enumerate(message.pairs) if value.endswith("\n")]
    if message.final_line_feed:
        ending.append(len(message.pairs) - 1)
    if ending:
        place = ending[-1]
        shown = (shown_name(message.pairs[place][0]),)
        remarks.append(Cause(CauseKind.FINAL_LINE_FEED, "removed here before comparing", shown))
    if not reading.entities_decoded:
        remarks.append(Cause(CauseKind.ENTITIES_ENCODED, "the hash is over the entities as they stand"))
    if reading.order is NameOrder.NATURAL:
        remarks.append(
            Cause(CauseKind.ORDER_NATURAL, "it matches in natural order only, without regard to case")
        )
    if "document" in _text(message).lower():
        remarks.append(
            Cause(CauseKind.DOCUMENT_RULE, "the rule was applied" if reading.document_rule else "")
        )
    return remarks


def _bases(message: Message, key: Secret) -> tuple[Draft, ...]:
    decoded = tuple([(name, decode_entities(value)) for name, value in message.pairs])
    readings = dict.fromkeys([decoded, message.pairs])
    return tuple([Draft(pairs, message.presented, key) for pairs in readings])


def _judged(finding: Finding, message: Message, refusal: str, *, is_flawed: bool) -> Explained | Unexplained:
    if not finding.sets:
        return Unexplained(
            tuple([kind for kind in CauseKind if kind not in _NEVER_EXCLUDED]),
            tuple(_hints(message)),
            finding.is_complete,
        )
    first, *others = [_with_repairs(message.repaired, causes) for causes in finding.sets]
    if not first:
        kind = CauseKind.KEY_WHITE_SPACE if is_flawed else CauseKind.NOT_ACCEPTED
        first = (Cause(kind, "on both sides" if is_flawed else refusal),)
    return Explained(first, tuple(others))


def _with_repairs(repaired: tuple[Cause, ...], causes: tuple[Cause, ...]) -> tuple[Cause, ...]:
    named = {cause.kind for cause in causes}
    return (*[cause for cause in repaired if cause.kind not in named], *causes)


def _hints(message: Message) -> list[str]:
    hints = []
    length = len(message.presented)
    if length != _RIGHT_LENGTH:
        hints.append(_LENGTHS.get(length, f"the hash has {length} characters instead of {_RIGHT_LENGTH}"))
    if "\ufffd" in _text(message):
        hints.append(
            "values hold characters that were destroyed by a wrong charset; give the signed fields as sent="
        )
    if any(_HIDDEN.fullmatch(value) for _, value in message.pairs):
        hints.append("values were hidden by a log or an error tracker; take the body from the request itself")
    folded = {name.lower(): value for name, value in message.pairs}
    if folded.get("hashalgorithm", "").strip() != "ver3":
        hints.append("hashAlgorithm is not ver3")
    return hints


def _without_keys(diagnosis: Diagnosis, hidden: list[Secret]) -> Diagnosis:
    """Take out names that show a key: strangers choose names."""
    match diagnosis:
        case Explained():
            causes, *others = [
                _masked(found, hidden) for found in (diagnosis.causes, *diagnosis.alternatives)
            ]
            return Explained(causes, tuple(others))
        case Healthy():
            return attrs.evolve(diagnosis, remarks=_masked(diagnosis.remarks, hidden))
        case Unexplained() | Unreadable():
            return diagnosis
        case _:
            assert_never(diagnosis)


def _masked(causes: tuple[Cause, ...], hidden: list[Secret]) -> tuple[Cause, ...]:
    return tuple(
        [
            attrs.evolve(cause, fields=tuple([_mask(name, hidden) for name in cause.fields]))
            for cause in causes
        ]
    )


def _mask(name: str, hidden: list[Secret]) -> str:
    return HIDDEN_NAME if any(keys.is_in(key, name) for key in hidden) else name


def _text(message: Message) -> str:
    return "".join([value for _, value in message.pairs])


def _kept(sent: Any) -> Pairs | None:
    """Give the fields of the kept form; None where *sent* is none, or no fields."""
    if sent is None:
        return None
    try:
        pairs = tuple(
            [(name, value) for name, value in (sent.items() if isinstance(sent, Mapping) else sent)]
        )
        for pair in pairs:
            "".join(pair).encode()
    except (TypeError, ValueError):
        return None
    return pairs


def _read_once(body: object) -> object:
    """Keep what can be read only once."""
    if isinstance(body, Mapping):
        return list(body.items())
    return list(body) if isinstance(body, Iterable) and not isinstance(body, str) else body
