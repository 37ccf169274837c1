"""The merchants that the simulated gateway knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from cmi_gateway.errors import ConfigurationError
from cmi_gateway.secret import Secret, hide_keys

if TYPE_CHECKING:
    from cmi_gateway.merchant import Merchant


@attrs.frozen(init=False)
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
    store_keys: tuple[Secret, ...] = attrs.field(repr=False)
    name: str

    def __init__(self, client_id: str, store_keys: str | Sequence[str | Secret], name: str) -> None:
        # As in `cmi_gateway.Merchant`: no traceback may carry a key, nor meet a half-made object.
        keys, flaw = hide_keys(store_keys)
        del store_keys
        self.__attrs_init__(client_id, keys, name)
        if flaw:
            raise ConfigurationError(f"store key {flaw}")

    @classmethod
    def of(cls, merchant: Merchant) -> MerchantAccount:
        """Make the account of *merchant*, with its client id, keys and name."""
        return cls(client_id=merchant.client_id, store_keys=merchant.store_keys, name=merchant.name)

    @property
    def title(self) -> str:
        """The merchant as the pages print it: ``RAK (600000099)``."""
        return f"{self.name} ({self.client_id})".strip()
