"""Keys that must appear in no repr, log, traceback, pickle or file."""

from __future__ import annotations

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
    return Secret(text), _flaw_of(text, shortest)


def _flaw_of(text: str, shortest: int) -> str | None:
    if len(text) < shortest:
        return f"is shorter than {shortest} characters"
    if " " in text or not text.isprintable():
        return "holds white space or control characters; was it copied with a line end?"
    return None
