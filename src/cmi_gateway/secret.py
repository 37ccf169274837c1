"""Keys that must appear in no repr, log, traceback, pickle or file."""

from __future__ import annotations

from typing import Final, NoReturn

from cmi_gateway.errors import ConfigurationError

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
        self._raw = text.encode("utf-8")

    def __repr__(self) -> str:
        return _MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return _MASK

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is not pickled or copied: load it from its source where it is needed")


def flaw_of_key(text: object, *, shortest: int = 1) -> str | None:
    """Say what makes *text* unusable as a key, without showing it; None for a usable key."""
    if isinstance(text, Secret):
        return None
    if not isinstance(text, str):
        return f"must be text, not {type(text).__name__}"
    if len(text) < shortest:
        return f"is shorter than {shortest} characters"
    if " " in text or not text.isprintable():
        return "holds white space or control characters; was it copied with a line end?"
    return None


def as_secret(text: str | Secret) -> Secret:
    """
    Wrap *text*; a `Secret` passes through.

    Raises:
        ConfigurationError: *text* is empty, not text, or holds white space.
    """
    flaw = flaw_of_key(text)
    if flaw is None:
        return text if isinstance(text, Secret) else Secret(text)
    del text  # the traceback of this error must not carry the key
    raise ConfigurationError(f"store key {flaw}")
