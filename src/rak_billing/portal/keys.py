"""One secret key, several purposes: what seals a cookie must never also name a rate limit."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rak_billing.errors import TenantError

__all__ = ["KEY_BYTES", "derive_key", "require_key"]

KEY_BYTES: Final = 32
_SHORTEST: Final = 16


def require_key(secret_key: str | bytes) -> bytes:
    """
    Take the portal's secret key, or say why it will not do.

    Raises:
        TenantError: the key is shorter than 16 bytes, so that it could be guessed.
    """
    key = secret_key.encode() if isinstance(secret_key, str) else secret_key
    if len(key) < _SHORTEST:
        raise TenantError("portal", "secret_key", f"expected at least {_SHORTEST} bytes, not {len(key)}")
    return key


def derive_key(secret_key: str | bytes, purpose: str) -> bytes:
    """Make the key of one *purpose* (32 bytes); knowing it tells nothing of the others."""
    info = f"rak_billing.portal/{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(require_key(secret_key))
