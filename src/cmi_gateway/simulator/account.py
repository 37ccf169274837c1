"""The merchants that the simulated gateway knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from cmi_gateway.errors import ConfigurationError
from cmi_gateway.secret import Secret, hide_key

if TYPE_CHECKING:
    from cmi_gateway.merchant import Merchant


def _secrets(keys: str | Secret | Iterable[str | Secret]) -> tuple[Secret, ...]:
    listed = (keys,) if isinstance(keys, str | Secret) else keys
    hidden = [hide_key(key) for key in listed]
    del keys, listed  # a traceback of the error below must not carry a key
    for _key, flaw in hidden:
        if flaw:
            raise ConfigurationError(f"store key {flaw}")
    return tuple(key for key, _flaw in hidden)


@attrs.frozen
class MerchantAccount:
    """
    One account of the simulated gateway.

    Attributes:
        client_id: The merchant id that requests carry as ``clientid``.
        store_keys: The key or keys that its requests may be signed with. Answers are signed with the key of
            their request.
        name: The merchant's name, printed as ``name (client id)`` on the pages (rule R36 of the guide).

    Raises:
        ConfigurationError: a key is empty or holds white space.
    """

    client_id: str
    store_keys: tuple[Secret, ...] = attrs.field(converter=_secrets, repr=False)
    name: str

    @classmethod
    def of(cls, merchant: Merchant) -> MerchantAccount:
        """Make the account of *merchant*, with its client id, keys and name."""
        return cls(client_id=merchant.client_id, store_keys=merchant.store_keys, name=merchant.name)

    @property
    def title(self) -> str:
        """The merchant as the pages print it: ``RAK (600000099)``."""
        return f"{self.name} ({self.client_id})".strip()
