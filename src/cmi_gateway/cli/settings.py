"""The merchant's configuration file, without secrets: which names it has, and what is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, cast

from cmi_gateway.errors import ConfigurationError
from cmi_gateway.merchant import PRODUCTION, TEST, Gateway, Merchant

if TYPE_CHECKING:
    from cmi_gateway.secret import Secret

#: Settings that are URLs of the merchant's own site.
URL_SETTINGS: Final = ("ok_url", "fail_url", "shop_url", "callback_url")
#: What a payment request takes over where it does not say otherwise.
REQUEST_SETTINGS: Final = (*URL_SETTINGS, "language", "session_timeout", "refresh_time", "auto_redirect")
SETTING_NAMES: Final = ("client_id", "name", "gateway", *REQUEST_SETTINGS)

#: Names under which secrets are likely to be put into a file, without underscores.
_SECRET_NAMES: Final = frozenset(
    {"storekey", "storekeys", "key", "secret", "password", "apipassword", "hashkey"}
)
_GATEWAYS: Final = {"test": TEST, "production": PRODUCTION}


def is_secret_name(name: str) -> bool:
    """Tell whether a value under this name is likely to be a secret."""
    return name.lower().replace("_", "").replace("-", "") in _SECRET_NAMES


def flaw_of_name(name: str, known: Iterable[str]) -> str | None:
    """Say what is wrong with a name in a file; None where it is known. Values are never shown."""
    if name in known:
        return None
    if is_secret_name(name):
        return (
            "is a secret and has no place in this file: take it out, and hand it over in CMI_STORE_KEY or by "
            "--store-key-file. If the file was shared, change the key in CMI's back office"
        )
    close = get_close_matches(name, list(known), n=1)
    return "is not a known name" + (f"; did you mean {close[0]!r}?" if close else "")


def refuse_unknown_names(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Raise `ConfigurationError` for a name that does not belong there; the message never holds a value."""
    listed = tuple(known)
    for name in table:
        flaw = flaw_of_name(name, listed)
        if flaw:
            raise ConfigurationError(f"{where}: {name!r:.60} {flaw}")


def gateway_of(value: object) -> Gateway:
    """
    Give the gateway that a setting names: ``test``, ``production``, or a table with ``url`` and ``api_url``.

    Raises:
        ConfigurationError: it names none.
    """
    if isinstance(value, str) and value in _GATEWAYS:
        return _GATEWAYS[value]
    if isinstance(value, Mapping) and set(value) == {"url", "api_url"}:
        return Gateway(value["url"], value["api_url"])
    raise ConfigurationError("gateway must be 'test', 'production', or a table with url and api_url")


def merchant_of(
    settings: Mapping[str, Any], store_keys: Sequence[Secret], *, client_id: str | None, gateway: str | None
) -> Merchant:
    """
    Make the merchant of the settings; what the command line says wins.

    Raises:
        ConfigurationError: an unknown name, no client id, or what no merchant can have.
    """
    refuse_unknown_names(settings, SETTING_NAMES, "configuration")
    chosen = client_id or settings.get("client_id")
    if not chosen:
        raise ConfigurationError(
            "no client id: give --client-id, set CMI_CLIENT_ID, or name a --config file that holds client_id"
        )
    # Keys come hidden already, which a merchant takes as well as text.
    keys = cast("Sequence[str]", store_keys)
    return Merchant(
        chosen, keys, gateway_of(gateway or settings.get("gateway", "test")), settings.get("name", "")
    )
