"""Which addresses may be played to: this machine, unless the user says that the host is theirs."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

import attrs

from cmi_gateway.errors import ConfigurationError

Resolve = Callable[[str, int], Iterable[Any]]

_PORTS: Final = {"http": 80, "https": 443}
#: Hostile callbacks are for merchants' endpoints, whoever owns the machine.
_GATEWAY_DOMAIN: Final = "cmi.co.ma"


def _resolve(host: str, port: int) -> Iterable[Any]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


@attrs.frozen
class Address:
    """
    An address that was looked at and may be called.

    Attributes:
        shown: For the sheet: without query, which may hold a token.
        url: What is called. Over plain HTTP the resolved number stands in for the name, so that a name that changes
            its address between look and call leads nowhere else; over HTTPS the certificate holds the name.
        host: The ``Host`` header.
    """

    shown: str
    url: str = attrs.field(repr=False)
    host: str


def allowed_address(url: str, *, is_own_host: bool = False, resolve: Resolve = _resolve) -> Address:
    """
    Look at *url* before anything is sent there.

    Args:
        url: Absolute, http or https.

        is_own_host: Whether hosts other than this machine may be called.

        resolve: Gives the addresses of a host as `socket.getaddrinfo` does.

    Raises:
        ConfigurationError: it is no such URL, has a user name in it, does not resolve, or leads where it may not.
    """
    parts, port = _parts(url)
    host = parts.hostname or ""
    numbers = _numbers(host, port, resolve)
    if host.rstrip(".").lower().endswith(_GATEWAY_DOMAIN):
        raise ConfigurationError("the gateway's own hosts are not a merchant's endpoint: nothing was sent")
    if not is_own_host and not all(number.is_loopback for number in numbers):
        raise ConfigurationError(
            f"{host} is not this machine: only loopback addresses are called. If the host is yours, say so with "
            "--i-own-this-host"
        )
    if any(_is_nowhere(number) for number in numbers):
        raise ConfigurationError(f"{host} leads to an address that no shop has")
    shown = urlunsplit((parts.scheme, parts.netloc, parts.path or "/", "", ""))
    return Address(shown, _pinned(parts, numbers[0], port), parts.netloc)


def _parts(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise ConfigurationError(f"the address is not a URL: {error}") from None
    if not port or not parts.hostname:
        raise ConfigurationError("the address must start with http:// or https:// and name a host")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("the address must hold no user name or password: the gateway sends none")
    return parts, port


def _numbers(host: str, port: int, resolve: Resolve) -> list[IPv4Address | IPv6Address]:
    try:
        found = [ip_address(entry[4][0].split("%")[0]) for entry in resolve(host, port)]
    except (OSError, ValueError) as error:  # UnicodeError of an odd name is a ValueError
        raise ConfigurationError(f"{host!r:.80} has no address: {type(error).__name__}") from None
    if not found:
        raise ConfigurationError(f"{host!r:.80} has no address")
    return [_unmapped(number) for number in found]


def _unmapped(number: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return (isinstance(number, IPv6Address) and number.ipv4_mapped) or number


def _is_nowhere(number: IPv4Address | IPv6Address) -> bool:
    # Link-local: the metadata service of cloud machines, which holds their keys.
    return number.is_link_local or number.is_multicast or number.is_unspecified


def _pinned(parts: SplitResult, number: IPv4Address | IPv6Address, port: int) -> str:
    if parts.scheme != "http":
        return urlunsplit(parts._replace(fragment=""))
    text = f"[{number}]" if isinstance(number, IPv6Address) else str(number)
    return urlunsplit(("http", f"{text}:{port}", parts.path or "/", parts.query, ""))
