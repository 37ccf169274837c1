"""The ways in which a key itself is wrong: white space, quotes, case. Keys stay hidden throughout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from cmi_gateway.secret import Secret, hide_key

#: What a key file, an environment or a copied cell adds.
_ADDED: Final = (("", "\n"), ("", " "), ("", "\r\n"), ("", "\r"), ("", "\t"), (" ", ""), ("\ufeff", ""))


def hide_all(store_key: object, other_keys: object) -> tuple[tuple[tuple[str, Secret], ...], str | None]:
    """
    Wrap the store key and further keys under their labels, or say what makes one unusable.

    White space is no flaw here: it is one of the things to be diagnosed. As `hide_key` does, this returns the
    flaw, so that the caller can drop its own variables before it raises.
    """
    listed = [("", store_key), *_labelled(other_keys)]
    if not all(isinstance(key, (str, Secret)) and key != "" for _, key in listed):
        return (), "store_key must be text and not empty, and other_keys must map names to such keys"
    return tuple([(label, hide_key(key)[0]) for label, key in listed]), None


def _labelled(keys: object) -> list[tuple[str, object]]:
    if isinstance(keys, Mapping):
        return [(str(label), key) for label, key in keys.items()]
    listed = [keys] if isinstance(keys, (str, Secret)) or not isinstance(keys, Iterable) else keys
    return [(f"no. {number}", key) for number, key in enumerate(listed, start=1)]


def without_white_space(secret: Secret) -> Secret | None:
    """Give the key without outer white space and byte order mark, or None when it has none."""
    return _changed(secret, Secret(_text(secret).strip().strip("\ufeff").strip()))


def with_white_space(secret: Secret) -> Iterator[Secret]:
    """Give the key as it comes out of a file or a copied cell."""
    for before, after in _ADDED:
        yield Secret(before + _text(secret) + after)


def in_other_spellings(secret: Secret) -> Iterator[Secret]:
    """Give the key in quotes, without its quotes, and in other cases."""
    for spelling in (
        Secret(f'"{_text(secret)}"'),
        Secret(f"'{_text(secret)}'"),
        Secret(_text(secret).strip("\"'")),
        Secret(_text(secret).upper()),
        Secret(_text(secret).lower()),
    ):
        changed = _changed(secret, spelling)
        if changed:
            yield changed


def is_flawed(secret: Secret) -> bool:
    """Tell whether `cmi_gateway.Merchant` would refuse the key for its characters."""
    return " " in _text(secret) or not _text(secret).isprintable()


def is_in(secret: Secret, text: str) -> bool:
    """Tell whether *text* shows the key."""
    return _text(secret) in text


def _changed(before: Secret, after: Secret) -> Secret | None:
    return after if _text(after) and _text(after) != _text(before) else None


def _text(secret: Secret) -> str:
    return secret._raw.decode("utf-8", "surrogatepass")  # noqa: SLF001 - never bound to a name
