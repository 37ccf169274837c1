"""
A seal that lets a merchant who does not keep the form recognise its answer.

The ver3 hash covers no names, so the answer is compared with the form that was sent. Who cannot keep the form
(a static site with one small function behind it) sends a seal along, in one field of its own: the names it covers
and a MAC over names *and* values, ``v1.clientid,oid,amount,….MAC``. The gateway sends it back like any field.
Values that were moved under other names no longer fit it.

The key is derived from the store key with HKDF and an ``info`` of its own, so that neither of the two can stand
in for the other. Keeping the form remains the better way: it also recognises the form itself when it is sent back.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Final

from cmi_gateway.errors import AmountError, FieldError
from cmi_gateway.field_names import SEAL_FIELD
from cmi_gateway.money import Money
from cmi_gateway.signature import canonical_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cmi_gateway.secret import Secret

#: Sealed in every case: without these a seal would bind nothing that matters.
ALWAYS_SEALED: Final = ("clientid", "oid", "amount", "currency", "okUrl", "failUrl", "shopurl", "callbackUrl")

_VERSION: Final = "v1"
_LONGEST: Final = 255
_PURPOSE: Final = "seal v1"
_FORM: Final = re.compile(r"v1\.([A-Za-z0-9_.,\-]{1,200})\.([A-Za-z0-9_\-]{43})")


def seal_of(pairs: Iterable[tuple[str, str]], store_key: Secret) -> str:
    """
    Make the seal of these fields.

    Args:
        pairs: Name and value of all fields to seal; they include `ALWAYS_SEALED`.

        store_key: The merchant's key, from which the seal's own key is derived.

    Raises:
        FieldError: the seal would be longer than the gateway's fields take.
    """
    listed = list(pairs)
    names = ",".join([name for name, _ in listed])
    seal = f"{_VERSION}.{names}.{_mac(listed, store_key)}"
    if len(seal) > _LONGEST or not _FORM.fullmatch(seal):
        raise FieldError(
            SEAL_FIELD, f"would be over {_LONGEST} characters; send fewer or shorter custom names"
        )
    return seal


def sealed_names(fields: Mapping[str, str], store_key: Secret) -> tuple[str, ...] | None:
    """
    Give the names that a valid seal among *fields* covers; None where there is no seal or it does not fit.

    Args:
        fields: Canonical values by lower-case name.

        store_key: The key to try.
    """
    match = _FORM.fullmatch(fields.get(SEAL_FIELD.lower(), ""))
    if match is None:
        return None
    names = tuple(match[1].split(","))
    covers_enough = {name.lower() for name in ALWAYS_SEALED} <= {name.lower() for name in names}
    if not covers_enough or any(name.lower() not in fields for name in names):
        return None
    pairs = [(name, fields[name.lower()]) for name in names]
    return names if hmac.compare_digest(match[2], _mac(pairs, store_key)) else None


def _mac(pairs: Iterable[tuple[str, str]], store_key: Secret) -> str:
    # The derived key is never bound to a name: local variables can end up in a crash report.
    mac = hmac.new(store_key.derive(_PURPOSE), digestmod="sha256")
    for part in (
        _VERSION,
        *(text for name, value in pairs for text in (name.lower(), _sealed_value(name, value))),
    ):
        encoded = part.encode("utf-8", "surrogatepass")
        mac.update(len(encoded).to_bytes(4, "big") + encoded)
    return urlsafe_b64encode(mac.digest()).decode("ascii").rstrip("=")


def _sealed_value(name: str, value: str) -> str:
    """Give the canonical text; amounts as money, since the gateway may write 114,26 or 114.260."""
    text = canonical_value(value)
    if name.lower() == "amount":
        try:
            return Money.parse(text.replace(",", ".", 1)).wire
        except AmountError:
            return text
    return text
