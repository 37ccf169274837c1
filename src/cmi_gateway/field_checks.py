"""What a value must be like so that the gateway hashes exactly the text that we hashed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from cmi_gateway.entities import decode_entities
from cmi_gateway.errors import ConfigurationError, FieldError
from cmi_gateway.field_names import is_reserved

_ORDER_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CUSTOM_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+")
#: No source gives a limit; longer addresses break elsewhere on the way.
_LONGEST_URL: Final = 1024
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
#: What people write between the figures of a number.
_PHONE_MARKS: Final = str.maketrans("", "", " \u00a0.-/()")
#: Browsers, servers and Python's own parser read addresses that hold these in different ways, or drop them.
_AMBIGUOUS_IN_URLS: Final = frozenset(' <>"\\^`{|}')
_HOST: Final = re.compile(rb"[A-Za-z0-9_.:-]+")
#: Control, surrogate and private-use characters, line and paragraph separators: browsers and Java change or drop them.
_UNFIT_CATEGORIES: Final = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})


def check_text(field: str, value: str, longest: int, *, required: bool = False) -> str:
    """
    Give *value* if the gateway will hash it unchanged.

    Raises:
        FieldError: it is not text, too long, empty though *required*, or holds what is altered on the way.
    """
    if not isinstance(value, str):
        raise FieldError(field, f"must be text, not {type(value).__name__}")
    flaw = _flaw(value, longest, required=required)
    if flaw:
        raise FieldError(field, flaw)
    return value


def check_url(field: str, value: str) -> str:
    """Give *value* if it is an absolute http(s) URL; else raise `FieldError`."""
    check_text(field, value, _LONGEST_URL, required=True)
    if split_web_address(value) is None:
        raise FieldError(
            field, "must be an absolute http or https URL without spaces, such as https://shop.example/ok"
        )
    return value


def split_web_address(text: object) -> SplitResult | None:
    """Split an absolute http or https URL; None when *text* is none, or one that not everybody reads alike."""
    if not isinstance(text, str) or not text.isprintable() or not _AMBIGUOUS_IN_URLS.isdisjoint(text):
        return None
    try:
        parts = urlsplit(text)
        # A host that the domain name system cannot hold fails late otherwise: in the header of a redirect.
        host = (parts.hostname or "").encode("idna")
        is_sound = parts.scheme in ("http", "https") and _HOST.fullmatch(host) and parts.port != 0
    except ValueError:
        return None
    return parts if is_sound else None


def check_service_url(name: str, url: str) -> None:
    """
    Refuse what is no address of a service: absolute, https (http on this machine only), without user or query.

    Raises:
        ConfigurationError: it is none.
    """
    # ASCII, since the origin goes into a header.
    parts = split_web_address(url) if str(url).isascii() else None
    if parts is None or "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(
            f"{name} must be an absolute https URL without query, such as the test gateway's"
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise ConfigurationError(f"{name} must use https: plain http is for a simulator on this machine only")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_order_id(value: str) -> str:
    """Give *value* if every source agrees that it can be an order id; else raise `FieldError`."""
    if not isinstance(value, str) or not _ORDER_ID.fullmatch(value):
        raise FieldError(
            "oid", "must be 1 to 64 letters, digits, '-', '_' or '.', starting with a letter or digit"
        )
    return check_text("oid", value, 64)


def check_address(field: str, value: str, longest: int) -> str:
    """Give *value* if it can be an e-mail address; else raise `FieldError`."""
    check_text(field, value, longest, required=True)
    if not _ADDRESS.fullmatch(value):
        raise FieldError(field, "must be an e-mail address with one '@' and no spaces")
    return value


def check_phone(field: str, value: str) -> str:
    """
    Give a telephone number in international form, ``+212612345678``.

    A Moroccan number may come as it is dialled (``06 12 34 56 78``), any other with ``+`` or ``00``. In that form
    it can be taken for no result of the gateway.

    Raises:
        FieldError: *value* is no telephone number.
    """
    # "+212 (0)6 …": the nought in brackets is dialled inside the country only.
    spoken = value.replace("(0)", "", 1) if value.startswith(("+", "00")) else value
    figures = spoken.translate(_PHONE_MARKS)
    if figures.startswith("00"):
        figures = f"+{figures[2:]}"
    elif figures.startswith("0") and len(figures) == len("0612345678"):
        figures = f"+212{figures[1:]}"
    if not _PHONE.fullmatch(figures):
        raise FieldError(field, "must be a telephone number such as +212612345678 or 06 12 34 56 78")
    return figures


def check_number(field: str, value: int, least: int, most: int) -> str:
    """Give *value* as text if it is a whole number from *least* to *most*; else raise `FieldError`."""
    if type(value) is not int or not least <= value <= most:
        raise FieldError(field, f"must be a whole number from {least} to {most}")
    return str(value)


def check_choice(field: str, value: bool) -> bool:
    """Give *value* if it is True or False; else raise `FieldError`: the text ``"false"`` would count as yes."""
    if not isinstance(value, bool):
        raise FieldError(field, "must be True or False")
    return value


def check_name(name: str) -> str:
    """Give *name* if a merchant's own field may be called so; else raise `FieldError`."""
    if not isinstance(name, str) or not _CUSTOM_NAME.fullmatch(name):
        raise FieldError(
            "custom", "a name must be 1 to 64 letters, digits, '_', '-' or '.', starting with a letter"
        )
    if is_reserved(name):
        raise FieldError(name, "is a name of the gateway's own; choose another for your field")
    return name


def _flaw(value: str, longest: int, *, required: bool) -> str | None:
    if required and not value:
        return "must not be empty"
    if len(value) > longest:
        return f"must be at most {longest} characters, is {len(value)}"
    return next((flaw for is_flawed, flaw in _ALTERED_ON_THE_WAY if is_flawed(value)), None)


def _holds_unfit_characters(value: str) -> bool:
    # Printable text holds none of them, and is known at once.
    return not value.isprintable() and any(
        unicodedata.category(character) in _UNFIT_CATEGORIES for character in value
    )


#: What a browser, a firewall or PHP would change between our hash and the gateway's.
_ALTERED_ON_THE_WAY: Final[tuple[tuple[Callable[[str], bool], str], ...]] = (
    (_holds_unfit_characters, "must not hold line breaks, control or unassigned characters"),
    (lambda value: value != value.strip(), "must not begin or end with white space"),
    # CMI's firewall is said to rewrite the character behind the word; sources disagree whether it still does.
    (
        lambda value: "document" in value.lower(),
        "must not hold the word 'document', which CMI's firewall rewrites; write 'doc.'",
    ),
    (
        lambda value: decode_entities(value) != value,
        "must not hold an HTML entity such as &amp;, which the gateway would decode",
    ),
)
