"""
Names and secrets of payments, made from random bytes or from a key.

Written in 32 characters without i, l, o and u: easy to read out, never an English or French word, and never the
word that the gateway's firewall rewrites.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Final

import attrs

from rak_billing.errors import TenantError

#: Gives that many random bytes; `secrets.token_bytes` outside of tests.
RandomBytes = Callable[[int], bytes]

_TO_READABLE: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghjkmnpqrstvwxyz")
_NAME_BYTES: Final = 10
_TOKEN_BYTES: Final = 20
_SHORTEST_KEY: Final = 16


def _readable(raw: bytes) -> str:
    return base64.b32encode(raw).decode().translate(_TO_READABLE)


def new_order_id(prefix: str, random: RandomBytes) -> str:
    """Return a gateway order id, ``RAK-7f3kq9z2mb4wx1t8``: 80 random bits behind the operator's id."""
    return f"{prefix}-{_readable(random(_NAME_BYTES))}"


def new_order_reference(random: RandomBytes) -> str:
    """Return our reference of an order, ``7F3K-Q9Z2-MB4W-X1T8``: 80 random bits, to be read out on the telephone."""
    text = _readable(random(_NAME_BYTES)).upper()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def new_return_token(random: RandomBytes) -> str:
    """Return the token of an attempt's return links: 160 random bits."""
    return _readable(random(_TOKEN_BYTES))


def hash_of(token: str) -> str:
    """Return what is stored of a token: whoever reads the database cannot make the link from it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@attrs.frozen(init=False)
class ReceiptSecrets:
    """
    Derives the secret in the link of each receipt from one key.

    The link can be made again, for a mail or a page, and is stored nowhere.

    Attributes:
        quote_key: Derived from the same key, to seal quotes; tells nothing of the links.
    """

    _key: bytes = attrs.field(repr=False, eq=False)
    quote_key: bytes = attrs.field(repr=False, eq=False)

    def __init__(self, secret_key: bytes | str) -> None:
        """
        Take the key.

        Raises:
            TenantError: It is neither text nor bytes, or shorter than 16 bytes, so that it could be guessed.
        """
        if not isinstance(secret_key, (bytes, bytearray, str)):
            raise TenantError(
                "checkout", "secret_key", f"expected text or bytes, not {type(secret_key).__name__}"
            )
        key = secret_key.encode() if isinstance(secret_key, str) else bytes(secret_key)
        if len(key) < _SHORTEST_KEY:
            raise TenantError(
                "checkout", "secret_key", f"expected at least {_SHORTEST_KEY} bytes, got {len(key)}"
            )
        self.__attrs_init__(
            hmac.digest(key, b"rak_billing/receipt-link", "sha256"),
            hmac.digest(key, b"rak_billing/quote-seal", "sha256"),
        )

    def of(self, order_reference: str) -> str:
        """Return the secret of this order's receipt, 160 bits."""
        return _readable(hmac.digest(self._key, order_reference.encode(), "sha256")[:_TOKEN_BYTES])


def all_secrets(keys: Iterable[bytes | str | ReceiptSecrets]) -> tuple[ReceiptSecrets, ...]:
    """Take keys of any kind as secrets."""
    return tuple(key if isinstance(key, ReceiptSecrets) else ReceiptSecrets(key) for key in keys)
