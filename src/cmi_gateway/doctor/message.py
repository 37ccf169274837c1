"""A body read leniently: what `callback_body` would refuse is exactly what is to be diagnosed."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

import attrs

from cmi_gateway.callback_body import MAX_BODY, MAX_FIELDS
from cmi_gateway.doctor.cause_kinds import CauseKind
from cmi_gateway.doctor.causes import Cause
from cmi_gateway.signature import canonical_value

Pairs = tuple[tuple[str, str], ...]
#: A body as bytes, or what a framework made of it: pairs, or a mapping; values may be null, numbers or lists.
Body = bytes | Mapping[str, object] | Iterable[tuple[str, object]]

#: A name of this kind is nobody's address, telephone number or card, and too short for a hash in hexadecimal digits.
_SHOWABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-\[\]]{0,38}")
#: Stands for a name that could be personal.
HIDDEN_NAME: Final = "(name not shown)"
_LONG_NUMBER: Final = re.compile(r"[0-9]{5}")
_NAMED_HASH: Final = re.compile(r"\bhash\b", re.IGNORECASE)


class UnreadableError(Exception):
    """The body is nothing that could be diagnosed; the message says why, without showing it."""


@attrs.frozen
class Message:
    """
    Fields in order of arrival, and the hash that came with them.

    Attributes:
        pairs: All fields, as UTF-8 text as far as possible.
        raw: The same, before bytes became text.
        presented: The hash that came, trimmed.
        final_line_feed: Whether the raw body ended with a line feed, which is not part of *pairs*.
        repaired: What had to be mended to read it at all.
    """

    pairs: Pairs = attrs.field(repr=False)
    raw: tuple[tuple[bytes, bytes], ...] = attrs.field(repr=False)
    presented: str = attrs.field(repr=False)
    final_line_feed: bool = False
    repaired: tuple[Cause, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all names and values."""
        return sum([len(name) + len(value) for name, value in self.raw])

    def decoded(self, charset: str) -> Pairs | None:
        """Give the fields with their bytes read in *charset*; None where that is impossible."""
        try:
            return tuple([(name.decode(charset), value.decode(charset)) for name, value in self.raw])
        except UnicodeDecodeError:
            return None


def read_message(body: object) -> Message:
    """
    Read *body*, whatever it is.

    Raises:
        UnreadableError: too large, no form, or without a hash.
    """
    if isinstance(body, (bytes, bytearray, memoryview)):
        bare, repaired = _unwrapped(bytes(body[: 3 * MAX_BODY + 1]))
        return _of_fields(_parsed(bare), final_line_feed=bytes(body[-1:]) == b"\n", repaired=repaired)
    try:
        listed = list(body.items() if isinstance(body, Mapping) else body)  # type: ignore[call-overload] # any object
        flat = [(name, value) for name, values in listed for value in _flattened(values)]
    except (TypeError, ValueError):
        raise UnreadableError("this is neither a raw body in bytes nor pairs of name and value") from None
    repaired = _repairs(flat)
    return _of_fields([(_bytes(name), _bytes(value)) for name, value in flat], repaired=repaired)


def shown_name(name: str) -> str:
    """Give *name* if it can be shown: strangers choose names."""
    return name if _SHOWABLE.fullmatch(name) and not _LONG_NUMBER.search(name) else HIDDEN_NAME


def _of_fields(
    raw: list[tuple[bytes, bytes]], *, final_line_feed: bool = False, repaired: tuple[Cause, ...] = ()
) -> Message:
    if len(raw) > MAX_FIELDS or sum([len(name) + len(value) for name, value in raw]) > MAX_BODY:
        raise UnreadableError(f"the body is over {MAX_BODY} bytes or {MAX_FIELDS} fields")
    pairs = tuple(
        [(name.decode("utf-8", "replace"), value.decode("utf-8", "replace")) for name, value in raw]
    )
    hashes = [(name, canonical_value(value)) for name, value in pairs if name.lower() == "hash"]
    presented = next((value for name, value in hashes if name == "HASH" and value), "")
    presented = presented or next((value for _, value in hashes), "")
    if not presented:
        raise UnreadableError(_why_no_hash(pairs))
    return Message(pairs, tuple(raw), presented, final_line_feed, repaired)


def _unwrapped(body: bytes) -> tuple[bytes, tuple[Cause, ...]]:
    """Take off what an editor or an address put before the body, which would be read as a part of the first name."""
    if body.startswith(codecs.BOM_UTF8):
        mark = Cause(CauseKind.NOT_ACCEPTED, "a byte order mark stands before the body, as editors save it")
        return body.removeprefix(codecs.BOM_UTF8), (mark,)
    if b"?" in body.partition(b"=")[0]:
        address = Cause(CauseKind.NOT_ACCEPTED, "an address stands before the body: it came as a query")
        return body.partition(b"?")[2], (address,)
    return body, ()


def _parsed(body: bytes) -> list[tuple[bytes, bytes]]:
    if len(body) > 3 * MAX_BODY or body.count(b"&") > MAX_FIELDS:
        raise UnreadableError(f"the body is over {MAX_BODY} bytes or {MAX_FIELDS} fields")
    parts = [part.partition(b"=") for part in body.removesuffix(b"\n").split(b"&") if part]
    return [(_unquoted(name), _unquoted(value)) for name, _, value in parts]


def _unquoted(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))


def _flattened(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _repairs(flat: list[tuple[object, object]]) -> tuple[Cause, ...]:
    causes = []
    if any(value is None for _, value in flat):
        causes.append(Cause(CauseKind.EMPTY_AS_NULL, "null where an empty text belongs"))
    if any(not isinstance(part, (str, bytes)) for pair in flat for part in pair if part is not None):
        causes.append(Cause(CauseKind.TYPED_VALUES, "numbers or booleans where text belongs"))
    return tuple(causes)


def _bytes(part: object) -> bytes:
    if part is None:
        return b""
    if isinstance(part, bytes):
        return part
    if isinstance(part, bool):
        part = str(part).lower()
    text = part if isinstance(part, str) else repr(part) if isinstance(part, (int, float)) else ""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _why_no_hash(pairs: Pairs) -> str:
    text = "".join([name + value for name, value in pairs])
    if "3D-1004" in text:
        return "this is the gateway's refusal of a form with a wrong hash: diagnose the form that was posted"
    if text.lstrip().startswith(("{", "[", "<")):
        return "this looks like JSON or a page, not like a form body"
    if "content-disposition:" in text.lower():
        return "this is multipart/form-data; the gateway posts and reads application/x-www-form-urlencoded"
    if any(name.lower().startswith("amp;") for name, _ in pairs):
        return "every '&' is written '&amp;': this was copied out of a page or a log; take the raw body"
    if _NAMED_HASH.search(text) and not any(name.lower() == "hash" for name, _ in pairs):
        return (
            "a hash is named in it, but not as a field: was the body nested, or printed as a list? "
            "Give the raw body, or pairs of name and value"
        )
    return "there is no hash field: it was dropped on the way, or this is no message of the gateway"
