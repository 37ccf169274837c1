"""
Bodies that were not made by this project, to be replayed: what public sources show of the platform.

The files lie in the folder ``captured_bodies``, each entry with its origin. Nobody made them at CMI for this project, and
personal data in them were replaced before they were published here.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final

import attrs

_FOLDER: Final = "captured_bodies"


@attrs.frozen(kw_only=True)
class CapturedCallback:
    """
    The raw body of a callback.

    Attributes:
        name: Names it.
        what: What it is.
        origin: Where it was published, and what was changed since.
        client_id: Whose it was.
        store_key: The key that it is signed with.
        body: The bytes, to the final line feed.
    """

    name: str
    what: str
    origin: str
    client_id: str
    store_key: str
    body: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class CapturedAnswer:
    """
    An answer of the XML API.

    Attributes:
        name: ``F1`` and so on.
        what: What it is.
        origin: Where it comes from, and what was filled in.
        document: The text; encode it as its declaration says.
    """

    name: str
    what: str
    origin: str
    document: str = attrs.field(repr=False)


def captured_callbacks() -> tuple[CapturedCallback, ...]:
    """Give every captured callback."""
    return tuple(
        [
            CapturedCallback(**{**entry, "body": entry["body"].encode("ascii")})
            for entry in _read("callbacks.json")["callbacks"]
        ]
    )


def captured_answers() -> tuple[CapturedAnswer, ...]:
    """Give every captured answer of the XML API."""
    return tuple(
        [
            CapturedAnswer(
                name=entry["id"], what=entry["what"], origin=entry["origin"], document=entry["document"]
            )
            for entry in _read("answers.json")["answers"]
        ]
    )


def _read(name: str) -> dict[str, Any]:
    text = files("cmi_gateway.testing").joinpath(_FOLDER, name).read_text(encoding="utf-8")
    read: dict[str, Any] = json.loads(text)
    return read
