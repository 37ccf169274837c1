"""Keys that must appear in no repr, log, traceback, pickle or file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn

_MASK: Final = "Secret('***')"


class Secret:
    """
    A key that does not show itself.

    It has no public value, no equality with text and no pickle, so that it cannot leak through a repr,
    a format string, a log record, a traceback that prints local variables, or a queue.
    """

    __slots__ = ("_raw",)
    _raw: bytes

    def __init__(self, text: str) -> None:
        self._raw = text.encode("utf-8", "surrogatepass")

    def __repr__(self) -> str:
        return _MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return _MASK

    def derive(self, purpose: str) -> bytes:
        """
        Derive a key of 32 bytes for one *purpose* (HKDF with SHA-256), from which this one cannot be found.

        Args:
            purpose: Tells the derived keys apart; never reuse one for something else.
        """
        # Imported late: few processes derive, and the library costs every other one its start.
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

        return HKDF(SHA256(), 32, salt=None, info=f"cmi_gateway {purpose}".encode()).derive(self._raw)

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is not pickled or copied: load it from its source where it is needed")


def hide_key(text: object, *, shortest: int = 1) -> tuple[Secret, str | None]:
    """
    Wrap *text*, or say what makes it unusable as a key, without showing it. A `Secret` passes through.

    It returns the flaw instead of raising, so that the caller can drop its own variable before it raises: a
    traceback may print the local variables of every frame.
    """
    if isinstance(text, Secret):
        return text, None
    if not isinstance(text, str):
        return Secret(""), f"must be text, not {type(text).__name__}"
    if len(text) < shortest:
        return Secret(text), f"is shorter than {shortest} characters"
    if " " in text or not text.isprintable():
        return Secret(text), "holds white space or control characters; was it copied with a line end?"
    return Secret(text), None


def hide_keys(keys: object, *, shortest: int = 1) -> tuple[tuple[Secret, ...], str | None]:
    """Wrap one key, or a sequence with the newest first, and say what makes one unusable; see `hide_key`."""
    listed = (keys,) if isinstance(keys, (str, Secret)) else keys
    if not isinstance(listed, Sequence) or isinstance(listed, (bytes, bytearray)) or not listed:
        return (), "must be text, or a sequence of texts with the newest first"
    hidden = [hide_key(key, shortest=shortest) for key in listed]
    return tuple([key for key, _ in hidden]), next((flaw for _, flaw in hidden if flaw), None)
