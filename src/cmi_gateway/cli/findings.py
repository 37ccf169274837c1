"""
What is wrong with a merchant configuration: pure rules, from values to findings.

CMI's servers call back on ports 80 and 443 of a public host, browsers bring the payer back, and a certification
fails on a key with a stray space. All of it can be seen before the first payment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from cmi_gateway.cli.settings import SETTING_NAMES, URL_SETTINGS, flaw_of_name, gateway_of
from cmi_gateway.errors import ConfigurationError, FieldError
from cmi_gateway.field_checks import check_number, check_url, split_web_address
from cmi_gateway.merchant import PRODUCTION, TEST, Gateway, Merchant
from cmi_gateway.moroccan_time import check_zone_data
from cmi_gateway.secret import Secret, hide_key

#: A clock before this stands wrong: this release did not exist yet.
RELEASED: Final = datetime(2026, 11, 23, tzinfo=UTC)

_LANGUAGES: Final = ("fr", "ar", "en")
_CALLBACK_PORTS: Final = (80, 443)
#: Keys of manuals, samples and this project's own demo: everybody knows them.
_WELL_KNOWN_KEYS: Final = frozenset(
    {b"TEST1234", b"ABCD1234", b"123456", b"12345678", b"storekey", b"changeme"}
)
_SHORTEST_KEY: Final = 6
_SHORT_KEY: Final = 8
#: Ends of host names that lead nowhere in public (RFC 2606, RFC 6761, RFC 6762, and habit).
_NOWHERE: Final = ("example", "example.com", "example.net", "example.org", "test", "invalid", "localhost", "local",
                   "internal", "lan", "home.arpa")  # fmt: skip


class Level(StrEnum):
    """How bad a finding is."""

    #: Payments will fail, or money is at risk.
    ERROR = "error"
    #: Likely not what is meant.
    WARNING = "warning"


@attrs.frozen
class Finding:
    """
    One thing that is wrong.

    Attributes:
        level: How bad it is.
        about: The setting, such as ``callback_url``.
        problem: What is wrong and what would be right; never a key.
    """

    level: Level
    about: str
    problem: str


def check(settings: Mapping[str, Any], store_keys: Sequence[Secret], now: datetime) -> tuple[Finding, ...]:
    """
    Give everything that is wrong, in the order of the settings.

    Args:
        settings: As the configuration file holds them.

        store_keys: The newest first; none is a finding.

        now: The present by the machine's clock, aware.
    """
    return tuple(_findings(settings, store_keys, now))


def _findings(settings: Mapping[str, Any], store_keys: Sequence[Secret], now: datetime) -> Iterator[Finding]:
    for name in settings:
        flaw = flaw_of_name(name, SETTING_NAMES)
        if flaw:
            yield Finding(Level.ERROR, f"{name:.60}", flaw)
    gateway, flaws = _gateway(settings.get("gateway"))
    yield from flaws
    is_live = gateway is not TEST
    yield from _account_findings(settings)
    yield from _keys_findings(store_keys, is_live=is_live)
    for name in URL_SETTINGS:
        yield from url_findings(name, settings.get(name), is_live=is_live)
    if settings.get("callback_url") and settings["callback_url"] in [
        settings.get(n) for n in URL_SETTINGS[:3]
    ]:
        yield Finding(
            Level.ERROR,
            "callback_url",
            "is also a page of the payer's: the callback is answered with one bare word, so it needs an address of its own",
        )
    yield from _option_findings(settings)
    yield from _machine_findings(now)


def _gateway(value: object) -> tuple[Gateway | None, list[Finding]]:
    if value is None:
        return None, [
            Finding(
                Level.ERROR, "gateway", "is missing: 'test', 'production', or a table with url and api_url"
            )
        ]
    try:
        gateway = gateway_of(value)
    except ConfigurationError as error:
        return None, [Finding(Level.ERROR, "gateway", str(error).removeprefix("gateway "))]
    if gateway == TEST:
        return TEST, [Finding(Level.WARNING, "gateway", "is the test platform: no money moves")]
    if gateway != PRODUCTION and gateway.url.startswith("http:"):
        return gateway, [Finding(Level.ERROR, "gateway", "is a simulator on this machine: no money moves")]
    return gateway, []


def _account_findings(settings: Mapping[str, Any]) -> Iterator[Finding]:
    client_id, name = settings.get("client_id"), settings.get("name", "")
    if client_id is None:
        yield Finding(Level.ERROR, "client_id", "is missing: the merchant id from CMI, such as '600000099'")
        return
    try:
        Merchant(client_id, "the-key-is-judged-apart", TEST, name)
    except ConfigurationError as error:
        yield Finding(Level.ERROR, str(error).split(" ", 1)[0], str(error).split(" ", 1)[-1])
        return
    if not (len(client_id) == len("600000099") and client_id.isdigit()):
        yield Finding(Level.WARNING, "client_id", "is not nine digits, as CMI's merchant ids are")


def key_findings(key: Secret, *, is_live: bool = False) -> Iterator[Finding]:
    """Give what is wrong with the shape of a key, without showing it."""
    about, raw = "store_key", key._raw  # noqa: SLF001 - the shape is judged, nothing of it is shown
    flaw = hide_key(raw.decode("utf-8", "surrogatepass"), shortest=_SHORTEST_KEY)[1]
    if flaw:
        yield Finding(Level.ERROR, about, flaw)
    elif len(raw) < _SHORT_KEY:
        yield Finding(
            Level.WARNING,
            about,
            f"is shorter than {_SHORT_KEY} characters: the hash is keyed by nothing else",
        )
    if b"SKS" in raw.upper():
        yield Finding(Level.ERROR, about, "holds the text 'SKS', which CMI does not allow in a store key")
    if raw in _WELL_KNOWN_KEYS:
        level = Level.ERROR if is_live else Level.WARNING
        yield Finding(level, about, "is a sample that everybody knows; set a random one in CMI's back office")
    if raw[:1] in (b'"', b"'") and raw[-1:] == raw[:1]:
        yield Finding(Level.ERROR, about, "stands in quotation marks; take them off")
    if not raw.isascii():
        yield Finding(
            Level.WARNING, about, "holds letters beyond ASCII, which programs write in different bytes"
        )


def _keys_findings(store_keys: Sequence[Secret], *, is_live: bool) -> Iterator[Finding]:
    if not store_keys:
        yield Finding(Level.ERROR, "store_key", "is missing: set CMI_STORE_KEY, or give --store-key-file")
    for key in store_keys:
        yield from key_findings(key, is_live=is_live)
    if len({key._raw for key in store_keys}) < len(store_keys):  # noqa: SLF001 - as in key_findings
        yield Finding(Level.WARNING, "store_key", "is given twice; a rotation has two different keys")


def url_findings(name: str, url: object, *, is_live: bool) -> Iterator[Finding]:
    """Give what is wrong with one of the merchant's own URLs."""
    if url is None:
        yield Finding(Level.ERROR, name, "is missing: an absolute URL of your site")
        return
    try:
        check_url(name, url)  # type: ignore[arg-type]  # it judges whatever comes out of a file
    except FieldError as error:
        yield Finding(Level.ERROR, name, error.reason)
        if split_web_address(url) is None:
            return
    parts = urlsplit(str(url))
    if "@" in parts.netloc:
        yield Finding(Level.ERROR, name, "holds a user name or password, which every payer would see")
    if parts.fragment:
        yield Finding(Level.WARNING, name, "has a part behind '#', which browsers keep and servers never see")
    if parts.scheme == "http":
        yield Finding(
            Level.ERROR if is_live else Level.WARNING,
            name,
            "uses plain http: anybody on the way can read and change it",
        )
    yield from _host_findings(name, parts.hostname or "", is_live=is_live)
    if name == "callback_url" and parts.port not in (None, *_CALLBACK_PORTS):
        yield Finding(Level.ERROR, name, f"uses port {parts.port}; CMI calls back on ports 80 and 443 only")
    if (parts.scheme, parts.port) in (("https", 80), ("http", 443)):
        yield Finding(Level.WARNING, name, f"uses {parts.scheme} on port {parts.port}; is that meant?")


def _host_findings(name: str, host: str, *, is_live: bool) -> Iterator[Finding]:
    reason = _why_unreachable(host)
    if reason is None:
        return
    if name == "callback_url":
        yield Finding(
            Level.ERROR, name, f"{reason}: CMI's servers cannot reach it, in test neither; a tunnel helps"
        )
    else:
        level = Level.ERROR if is_live else Level.WARNING
        yield Finding(level, name, f"{reason}: it works in a browser on your own network at most")


def _why_unreachable(host: str) -> str | None:
    address = _address(host)
    if address is not None:
        return None if address.is_global else "names an address that is not public"
    name = host.rstrip(".").lower()
    if name.endswith(tuple(f".{end}" for end in _NOWHERE)) or name in _NOWHERE:
        return "names a host that exists in examples or local networks only"
    return None if "." in name else "names a host without a domain"


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _option_findings(settings: Mapping[str, Any]) -> Iterator[Finding]:
    if settings.get("language", "fr") not in _LANGUAGES:
        yield Finding(Level.ERROR, "language", "must be 'fr', 'ar' or 'en'")
    if type(settings.get("auto_redirect", True)) is not bool:
        yield Finding(Level.ERROR, "auto_redirect", "must be true or false")
    for name, least in (("session_timeout", 30), ("refresh_time", 1)):
        try:
            check_number(name, settings.get(name, least), least, 2700)
        except FieldError as error:
            yield Finding(Level.ERROR, name, error.reason)


def _machine_findings(now: datetime) -> Iterator[Finding]:
    if now < RELEASED:
        yield Finding(
            Level.ERROR,
            "clock",
            f"shows {now:%Y-%m-%d}, before this release was made; set it, and keep it set over the network (NTP)",
        )
    try:
        check_zone_data()
    except ConfigurationError as error:
        yield Finding(Level.ERROR, "time zones", str(error))
