"""From a raw body to a `Callback` whose hash matches: the first of the two locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmi_gateway.callback import Callback
from cmi_gateway.callback_body import parse_fields
from cmi_gateway.callback_policy import CallbackPolicy
from cmi_gateway.errors import CallbackMismatchError, InvalidSignatureError, MalformedCallbackError
from cmi_gateway.field_names import SEAL_FIELD
from cmi_gateway.reading import Reading, readings
from cmi_gateway.seal import sealed_names
from cmi_gateway.signature import PHP_WHITE_SPACE, canonical_value, hash_ver3, matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cmi_gateway.callback_body import RawBody
    from cmi_gateway.events import Observer
    from cmi_gateway.secret import Secret


def verify(
    raw_body: RawBody,
    *,
    client_id: str,
    store_keys: Sequence[Secret],
    policy: CallbackPolicy,
    observer: Observer | None = None,
) -> Callback:
    """
    Check the signature of a callback or browser return; `cmi_gateway.Merchant.verify` is the usual door.

    Raises:
        MalformedCallbackError: the body is not a callback.
        InvalidSignatureError: the hash matches under no key and no reading.
        CallbackMismatchError: it is signed, but for another merchant's client id.
    """
    fields = parse_fields(raw_body)
    presented = _presented_hash(fields)
    for candidate, reading in readings(fields, policy):
        if any(_is_signed(candidate, presented, key, reading) for key in store_keys):
            covered = _covered(candidate, reading)
            by_name = {name.lower(): value for name, value in covered.items()}
            _must_be_of_merchant(by_name, client_id)
            return Callback(
                covered,
                presented_hash=presented,
                reading=reading,
                policy=policy,
                sealed=_sealed(by_name, store_keys),
                observer=observer,
            )
    raise InvalidSignatureError(
        "the hash matches under none of the store keys; was the raw body passed, with the key of this environment?"
    )


def _presented_hash(fields: Mapping[str, str]) -> str:
    presented = canonical_value(_named("HASH", fields))
    if not presented:
        raise MalformedCallbackError("no HASH field: this is not a callback of the gateway")
    if canonical_value(_named("hashAlgorithm", fields)) != "ver3":
        raise MalformedCallbackError("hashAlgorithm must be 'ver3'; older versions are not accepted")
    return presented


def _named(usual: str, fields: Mapping[str, str]) -> str:
    """Give the value of a field in any case of letters; the usual spelling is found at once."""
    if usual in fields:
        return fields[usual]
    return next((value for name, value in fields.items() if name.lower() == usual.lower()), "")


def _is_signed(fields: Mapping[str, str], presented: str, store_key: Secret, reading: Reading) -> bool:
    pairs: Iterable[tuple[str, str]] = fields.items()
    if reading.left_out:
        pairs = [(name, value) for name, value in pairs if name.lower() not in reading.left_out]
    return matches(presented, hash_ver3(pairs, store_key, reading.order, document_rule=reading.document_rule))


def _covered(fields: Mapping[str, str], reading: Reading) -> dict[str, str]:
    """Give the canonical values that the hash covers: anybody may add or change the others."""
    uncovered = reading.left_out | {"encoding"}
    return {
        name: value.strip(PHP_WHITE_SPACE) for name, value in fields.items() if name.lower() not in uncovered
    }


def _must_be_of_merchant(by_name: Mapping[str, str], client_id: str) -> None:
    for name in ("clientid", "oid", "amount"):
        if not by_name.get(name):
            raise MalformedCallbackError(f"no {name} field: this cannot be the answer to a payment")
    if by_name["clientid"] != client_id:
        raise CallbackMismatchError("clientid", "is another merchant's")


def _sealed(by_name: Mapping[str, str], store_keys: Sequence[Secret]) -> tuple[str, ...] | None:
    if SEAL_FIELD.lower() not in by_name:
        return None
    # A payment that was started before a rotation comes back under the older key's seal.
    return next(filter(None, [sealed_names(by_name, key) for key in store_keys]), None)
