"""Mistakes, really made: a signer written apart from the library, with a knob for everything that can go wrong."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

KEY = "Kx7|Qd\\93vTz"
OTHER_KEY = "Prod5501Zzyx"
WHITE = " \t\n\r\0\x0b"
Pair = tuple[str, str]

#: Names on which all orders differ, and values in which everything that is altered occurs.
FIELDS: dict[str, str] = {
    "oid": "RAK-7f3kq9z2mb4wx1t8",
    "clientid": "600000099",
    "amount": "114.26",
    "currency": "504",
    "okUrl": "https://shop.example/ok?a=1&currency=504",
    "failUrl": "https://shop.example/ko",
    "storetype": "3D_PAY_HOSTING",
    "lang": "fr",
    "BillToName": 'Amélie d\'Aït "Ben"',
    "BillToStreet1": "12 rue | des \\ Fleurs",
    "BillToCity": "",
    "email": "amelie+cmi@client.example",
    "tel": "+212600000000",
    "EXTRA.TRXDATE": "10/09/2018 10:48:58",
    "EXTRATERM": "48",
    "x_a": "one",
    "x.a": "two",
    "Xb": "three",
    "x1": "four",
    "x2": "five",
    "x10": "six",
    "_note": "seven",
    "a[0]": "eight",
    "aB": "nine",
    "AuthCode": "009530",
    "ProcReturnCode": "00",
    "Response": "Approved",
    "ErrMsg": "",
    "rnd": "pPYVLt0BV6WaSNLTaBge",
    "hashAlgorithm": "ver3",
    "encoding": "UTF-8",
}
#: What must never be shown.
PERSONAL = ("Amélie", "12 rue", "amelie", "2126000", "114.26", "7f3kq9z2", "009530")


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")


def trimmed(text: str) -> str:
    return text.strip(WHITE)


def base64_text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def naive_hash(
    pairs: Iterable[Pair],
    key: str = KEY,
    *,
    left_out: Iterable[str] = ("hash", "encoding"),
    rank: Callable[[str], Any] | None = str.upper,
    trim: Callable[[str], str] = trimmed,
    escape: Callable[[str], str] = escaped,
    escape_key: Callable[[str], str] = escaped,
    charset: str = "utf-8",
    layout: str = "{values}|{key}",
    separator: str = "|",
    digest: str = "sha512",
    output: Callable[[bytes], str] = base64_text,
) -> str:
    """Hash as the specification says, but for what a knob changes."""
    hashed = [(name, value) for name, value in pairs if name.lower() not in left_out]
    ordered = hashed if rank is None else sorted(hashed, key=lambda pair: rank(pair[0]))
    values = separator.join(escape(trim(value)) for _, value in ordered)
    text = layout.format(values=values, key=escape_key(key)).encode(charset, "replace")
    return output(hashlib.new(digest, text).digest())


def body_of(pairs: Iterable[Pair], presented: str, charset: str = "utf-8") -> bytes:
    """Form-encode fields and hash, the hash last."""
    return urlencode([*pairs, ("HASH", presented)], encoding=charset).encode()


def pairs_with(**changes: str | None) -> list[Pair]:
    """Give `FIELDS` with *changes*; None takes a field out, and ``__`` in a name stands for a dot."""
    renamed = {name.replace("__", "."): value for name, value in changes.items()}
    return [(name, value) for name, value in (FIELDS | renamed).items() if value is not None]
