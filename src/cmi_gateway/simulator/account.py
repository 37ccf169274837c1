"""The merchants that the simulated gateway knows."""

from __future__ import annotations

from collections.abc import Sequence
from hmac import compare_digest
from typing import TYPE_CHECKING

import attrs

from cmi_gateway.errors import ConfigurationError
from cmi_gateway.secret import Secret, hide_key, hide_keys
from cmi_gateway.simulator.account_rules import AccountRules

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
        api_user: The ``Name`` of its XML API requests; empty where the API is not opened for this merchant.
        api_password: Their ``Password``, which is not the store key.
        rules: What the bank lets it do.

    Raises:
        ConfigurationError: a key is empty or holds white space; there is an API user without a password, or the
            password cannot be one.
    """

    client_id: str
    store_keys: tuple[Secret, ...] = attrs.field(repr=False)
    name: str
    api_user: str
    api_password: Secret = attrs.field(repr=False)
    rules: AccountRules

    def __init__(
        self,
        client_id: str,
        store_keys: str | Sequence[str | Secret],
        name: str,
        *,
        api_user: str = "",
        api_password: str | Secret = "",
        rules: AccountRules | None = None,
    ) -> None:
        # As in `cmi_gateway.Merchant`: no traceback may carry a key, nor meet a half-made object.
        keys, flaw = hide_keys(store_keys)
        password, password_flaw = hide_key(api_password, shortest=1 if api_user else 0)
        del store_keys, api_password
        self.__attrs_init__(client_id, keys, name, api_user, password, rules or AccountRules())
        if flaw:
            raise ConfigurationError(f"store key {flaw}")
        if password_flaw:
            raise ConfigurationError(f"API password {password_flaw}")

    @classmethod
    def of(cls, merchant: Merchant) -> MerchantAccount:
        """Make the account of *merchant*, with its client id, keys and name."""
        return cls(client_id=merchant.client_id, store_keys=merchant.store_keys, name=merchant.name)

    def knows(self, api_user: str, password: Secret) -> bool:
        """Tell whether an XML API request carries this account's credentials, in a time that tells nothing."""
        purpose = "simulator api password"
        same = compare_digest(self.api_password.derive(purpose), password.derive(purpose))
        return bool(self.api_user) and same and self.api_user == api_user

    @property
    def title(self) -> str:
        """The merchant as the pages print it: ``RAK (600000099)``."""
        return f"{self.name} ({self.client_id})".strip()
