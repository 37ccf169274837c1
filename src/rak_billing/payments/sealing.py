"""
Personal data and signed fields, sealed where they are kept, if the operator gives keys.

A value is sealed with AES-256-GCM and bound to its table, column and row: copied to another row it does not open. It
names its key, so that keys can be changed: the first one seals, all of them open. What was written before there were
keys is read as it is, until ``rak-billing db reencrypt`` seals it.

Not sealed, because the database must find rows by it or add it up: references of orders, invoices and customers, amounts,
states, instants, the wording of invoice lines, and hashes.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Iterable
from typing import Any, Final

import attrs

from rak_billing.errors import JournalSettingError, SealError

# No name, address or form begins with a control character.
_MARK: Final = "\x1fsealed1:"
_MARK_BYTES: Final = _MARK.encode()
_KEY_BYTES: Final = 32
_ALTERED: Final = "expected a value that was sealed for this row; it was altered or moved"
_NONCE_BYTES: Final = 12
_KEY_ID_BYTES: Final = 4


@attrs.frozen
class Place:
    """
    A column whose values are sealed.

    Attributes:
        table: Its table.
        column: Its name.
        row: The column that names the row.
    """

    table: str
    column: str
    row: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


CUSTOMER_NAME: Final = Place("orders", "customer_name", "reference")
CUSTOMER_ADDRESS: Final = Place("orders", "customer_address", "reference")
FORM_FIELDS: Final = Place("attempts", "form_fields", "order_id")
EMAIL: Final = Place("attempts", "email", "order_id")
FACTS: Final = Place("attempts", "facts", "order_id")
CALLBACK: Final = Place("callbacks", "raw", "digest")
SNAPSHOT: Final = Place("receipts", "snapshot", "order_reference")

#: All of them.
PLACES: Final = (CUSTOMER_NAME, CUSTOMER_ADDRESS, FORM_FIELDS, EMAIL, FACTS, CALLBACK, SNAPSHOT)


class Vault:
    """
    Seals values and opens them; without keys it hands them through.

    Args:
        keys: Each 32 random bytes, or such bytes in base64; the first one seals. Keep the old ones until
            ``rak-billing db reencrypt`` has run.
        random: Gives that many random bytes.

    Raises:
        JournalSettingError: A key is none.
    """

    def __init__(
        self, keys: Iterable[bytes | str] = (), *, random: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self._ciphers = {_key_id(key): _cipher(key) for key in map(_key_of, keys)}
        self._newest = next(iter(self._ciphers), None)
        self._random = random

    def __repr__(self) -> str:
        return f"Vault(<{len(self._ciphers)} keys>)"

    @property
    def has_keys(self) -> bool:
        """Whether it seals at all."""
        return self._newest is not None

    def seal_bytes(self, place: Place, row: str, value: bytes) -> bytes:
        """Return what is kept instead of *value*."""
        if self._newest is None:
            return value
        nonce = self._random(_NONCE_BYTES)
        sealed: bytes = self._ciphers[self._newest].encrypt(nonce, value, _binding(place, row))
        return _MARK_BYTES + self._newest + nonce + sealed

    def open_bytes(self, place: Place, row: str, kept: bytes) -> bytes:
        """
        Return what was sealed.

        Raises:
            SealError: Its key is not there, or it was altered or moved here from elsewhere.
        """
        if not kept.startswith(_MARK_BYTES):
            return kept
        rest = kept[len(_MARK_BYTES) :]
        key_id, rest = rest[:_KEY_ID_BYTES], rest[_KEY_ID_BYTES:]
        if len(key_id) < _KEY_ID_BYTES:
            raise SealError(str(place), _ALTERED)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            name = key_id.hex()
            raise SealError(str(place), f"expected the key {name} among the journal's keys", name)
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - loaded only where something is sealed

        try:
            opened: bytes = cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _binding(place, row))
        except (InvalidTag, ValueError):
            raise SealError(str(place), _ALTERED) from None
        return opened

    def seal_text(self, place: Place, row: str, value: str) -> str:
        """Return what is kept instead of *value*."""
        if self._newest is None:
            return value
        sealed = self.seal_bytes(place, row, value.encode("utf-8", "surrogatepass"))[len(_MARK_BYTES) :]
        return _MARK + base64.b64encode(sealed).decode()

    def open_text(self, place: Place, row: str, kept: str) -> str:
        """Return what was sealed; raises as `open_bytes`."""
        if not kept.startswith(_MARK):
            return kept
        return self.open_bytes(place, row, _unpacked(kept)).decode("utf-8", "surrogatepass")

    def seal_json(self, place: Place, row: str, value: Any) -> Any:
        """Return what is kept instead of a list or mapping."""
        return value if self._newest is None else self.seal_text(place, row, json.dumps(value))

    def open_json(self, place: Place, row: str, kept: Any) -> Any:
        """Return what was sealed; raises as `open_bytes`."""
        # Only what is sealed is a text; what is not is a list, a mapping, or nothing.
        return json.loads(self.open_text(place, row, kept)) if isinstance(kept, str) else kept

    def reseal(self, place: Place, row: str, kept: Any) -> Any:
        """Return *kept* sealed with the newest key, or the same where it is that already; raises as `open_bytes`."""
        if not kept or self._newest is None or self._is_newest(kept):
            return kept
        if isinstance(kept, bytes):
            return self.seal_bytes(place, row, self.open_bytes(place, row, kept))
        if isinstance(kept, str):
            return self.seal_text(place, row, self.open_text(place, row, kept))
        return self.seal_json(place, row, kept)

    def _is_newest(self, kept: Any) -> bool:
        match kept:
            case bytes():
                return kept.startswith(_MARK_BYTES + (self._newest or b""))
            case str() if kept.startswith(_MARK):
                return _unpacked(kept).startswith(_MARK_BYTES + (self._newest or b""))
            case _:
                return False


def _unpacked(kept: str) -> bytes:
    """Return the bytes that a sealed text stands for; of one that was altered, the mark alone, which no key opens."""
    try:
        return _MARK_BYTES + base64.b64decode(kept[len(_MARK) :], validate=True)
    except ValueError:
        return _MARK_BYTES


def _binding(place: Place, row: str) -> bytes:
    return f"{place}\0{row}".encode("utf-8", "surrogatepass")


def _key_of(key: bytes | str) -> bytes:
    try:
        raw = base64.b64decode(key, altchars=b"-_", validate=True) if isinstance(key, str) else bytes(key)
    except ValueError:
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise JournalSettingError(
            "keys", f"expected keys of {_KEY_BYTES} random bytes, as bytes or in URL-safe base64"
        )
    return raw


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"rak_billing/journal-key-id" + key).digest()[:_KEY_ID_BYTES]


def _cipher(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as above

    return AESGCM(key)
