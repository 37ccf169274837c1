"""
Hashes as other programs get them wrong. NEVER FOR SIGNING, and never for deciding about a payment.

`cmi_gateway.signature.hash_ver3` is the only hash function of this library. What stands here computes the
known mistakes and the retired versions 1 and 2, so that the doctor can recognize them; nothing else may import it.

Text that holds the key is never bound to a name: local variables can end up in a crash report.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from enum import Enum
from typing import TYPE_CHECKING, Final, assert_never

import attrs

from cmi_gateway.signature import canonical_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cmi_gateway.secret import Secret


class Escape(Enum):
    r"""How ``|`` and ``\`` in a value are kept apart from the separator."""

    #: As ver3 asks: the escape character first.
    RIGHT = "right"
    #: The separator first, so that its new escape is escaped again.
    PIPE_FIRST = "pipe first"
    #: Not at all.
    NONE = "none"


class Layout(Enum):
    """Where separators and key stand."""

    USUAL = "usual"
    #: Values and key run together.
    BARE = "no separators"
    #: No ``|`` between the last value and the key.
    KEY_ATTACHED = "no separator before the key"
    #: One ``|`` too many, behind the key.
    KEY_CLOSED = "a separator after the key"
    #: The key before the values.
    KEY_FIRST = "the key first"
    #: The key is not part of the text at all.
    KEYLESS = "no key"
    #: The key is the key of an HMAC.
    HMAC = "an HMAC"


class Output(Enum):
    """How the digest becomes text."""

    BASE64 = "base64"
    BASE64_OF_HEX = "base64 of hex"
    BASE64_OF_UPPER_HEX = "base64 of upper-case hex"
    HEX = "hex"


@attrs.frozen
class Method:
    """
    One way of computing a hash from ordered values and key.

    Attributes:
        version: 3, or one of the retired versions 1 and 2.
        trims: Whether outer white space of each value goes first.
        escape: How values are escaped.
        escapes_key: Whether the key is escaped too.
        charset: In which charset the text becomes bytes.
        layout: Where separators and key stand.
        digest: Name of the digest in `hashlib`.
        output: How the digest becomes text.
    """

    version: int = 3
    trims: bool = True
    escape: Escape = Escape.RIGHT
    escapes_key: bool = True
    charset: str = "utf-8"
    layout: Layout = Layout.USUAL
    digest: str = "sha512"
    output: Output = Output.BASE64


#: Charsets that programs use instead of UTF-8.
CHARSETS: Final = ("iso-8859-1", "iso-8859-9", "windows-1252", "utf-16-le", "ascii")
#: What `hash_ver3` does; never computed here.
VER3: Final = Method()

_MARKS: Final = re.compile(r"[\\|]")
_VER1_REQUESTS: Final = (
    ("clientid", "oid", "amount", "okurl", "failurl", "trantype", "instalment", "rnd"),
    ("clientid", "oid", "amount", "okurl", "failurl", "islemtipi", "taksit", "rnd"),
    ("clientid", "oid", "amount", "okurl", "failurl", "rnd"),
)
_VER2_REQUESTS: Final = (
    (
        "clientid",
        "oid",
        "amount",
        "okurl",
        "failurl",
        "trantype",
        "instalment",
        "rnd",
        "",
        "",
        "",
        "currency",
    ),
    ("clientid", "oid", "amount", "okurl", "failurl", "islemtipi", "taksit", "rnd", "", "", "", "currency"),
)


def variant_hash(values: Sequence[str], secret: Secret, method: Method) -> str:
    """Hash ordered *values* as *method* says; for recognizing a mistake only."""
    return _text_of(_digest(_encoded(values, method), secret, method), method.output)


def hashes_of_version(fields: Mapping[str, str], secret: Secret, version: int) -> Iterator[str]:
    """Give the hashes of version 1 or 2 that fit *fields*, keyed by lower-cased name."""
    method = (
        Method(escape=Escape.NONE, escapes_key=False, layout=Layout.BARE, digest="sha1")
        if version == 1
        else Method()
    )
    for names in (*(_VER1_REQUESTS if version == 1 else _VER2_REQUESTS), _answer_names(fields, version)):
        if names:
            yield variant_hash([fields.get(name, "") for name in names], secret, method)


def _answer_names(fields: Mapping[str, str], version: int) -> tuple[str, ...]:
    listed = fields.get("hashparams", "").lower()
    return tuple([name for name in listed.split(":" if version == 1 else "|") if name])


def _encoded(values: Sequence[str], method: Method) -> bytes:
    texts = [canonical_value(value) for value in values] if method.trims else list(values)
    if _MARKS.search("".join(texts)):
        texts = [_escaped(text, method.escape) for text in texts]
    separator = "" if method.layout is Layout.BARE else "|"
    joined = separator.join(texts)
    if texts and method.layout is not Layout.KEY_ATTACHED:
        joined += separator
    return joined.encode(method.charset, "replace")


def _escaped(text: str, escape: Escape) -> str:
    if escape is Escape.NONE:
        return text
    first, second = ("\\", "|") if escape is Escape.RIGHT else ("|", "\\")
    return text.replace(first, "\\" + first).replace(second, "\\" + second)


def _digest(data: bytes, secret: Secret, method: Method) -> bytes:
    if method.layout is Layout.HMAC:
        return hmac.digest(_key(secret, method), data, method.digest)
    digest = hashlib.new(method.digest, usedforsecurity=False)
    if method.layout is Layout.KEY_FIRST:
        digest.update(_key(secret, method) + b"|")
        data = data.removesuffix(b"|")
    digest.update(data)
    if method.layout not in (Layout.KEY_FIRST, Layout.KEYLESS):
        digest.update(_key(secret, method))
    if method.layout is Layout.KEY_CLOSED:
        digest.update(b"|")
    return digest.digest()


def _key(secret: Secret, method: Method) -> bytes:
    if not method.escapes_key:
        return secret._raw  # noqa: SLF001 - read here and in `signature` only
    escape = Escape.RIGHT if method.escape is Escape.NONE else method.escape
    return _escaped(secret._raw.decode("latin-1"), escape).encode("latin-1")  # noqa: SLF001 - as above


def _text_of(digest: bytes, output: Output) -> str:
    match output:
        case Output.BASE64:
            return b64encode(digest).decode("ascii")
        case Output.BASE64_OF_HEX:
            return b64encode(digest.hex().encode()).decode("ascii")
        case Output.BASE64_OF_UPPER_HEX:
            return b64encode(digest.hex().upper().encode()).decode("ascii")
        case Output.HEX:
            return digest.hex()
        case _:
            assert_never(output)
