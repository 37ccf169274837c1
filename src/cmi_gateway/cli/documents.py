"""Reading what commands are given: bodies, TOML and JSON documents, from files or standard input."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final, NoReturn

import click

_LARGEST: Final = 1_000_000


def read_all(file: BinaryIO) -> bytes:
    """
    Read a file or standard input.

    Raises:
        click.UsageError: it is empty, or larger than anything this library reads.
    """
    if file.isatty():
        click.echo("Reading from the terminal; end with Ctrl-D.", err=True)
    raw = file.read(_LARGEST + 1)
    if not raw.strip():
        raise click.UsageError(f"{_name(file)} is empty")
    if len(raw) > _LARGEST:
        raise click.UsageError(f"{_name(file)} is larger than {_LARGEST} bytes")
    return raw


def read_document(file: BinaryIO) -> dict[str, Any]:
    """
    Read a table from TOML or JSON; which of them it is shows at its first character.

    Raises:
        click.UsageError: it is neither, or not a table of names and values.
    """
    document = read_json_or_toml(file)
    if not isinstance(document, dict):
        raise click.UsageError(f"{_name(file)} must hold a table of names and values")
    return document


def read_json_or_toml(file: BinaryIO) -> Any:
    """Read any JSON value, or a table in TOML."""
    text = _text(read_all(file), file)
    # A TOML table may start with "[", as a JSON list does: "[[" and "[name]" are no JSON.
    if text.lstrip()[:1] in "{[" and not _looks_like_toml(text):
        return _parsed(_from_json, text, "JSON", file)
    return _parsed(tomllib.loads, text, "TOML", file)


def read_form(file: BinaryIO) -> dict[str, str]:
    """
    Read the fields of a signed form: as ``cmi sign --json`` prints them, as a table, or as a list of pairs.

    Raises:
        click.UsageError: these are no fields of a signed form.
    """
    fields = fields_of(read_json_or_toml(file))
    if fields is None or not all(fields.get(name) for name in ("clientid", "oid", "amount")):
        raise click.UsageError(f"{_name(file)} must hold a signed form, as `cmi sign --json` prints it")
    return fields


def fields_of(document: object) -> dict[str, str] | None:
    """Give the fields in a document of that kind; None where it holds none."""
    if isinstance(document, Mapping) and isinstance(document.get("fields"), (Mapping, list)):
        document = document["fields"]
    try:
        fields = dict(document)  # type: ignore[call-overload]  # whatever a file holds
    except (TypeError, ValueError):
        return None
    is_text = all(isinstance(text, str) for pair in fields.items() for text in pair)
    return fields if is_text and fields else None


def _looks_like_toml(text: str) -> bool:
    first_line = text.lstrip().split("\n", 1)[0].split("#")[0].strip()
    return first_line.startswith("[") and first_line.strip("[]").replace("_", "").replace("-", "").isalnum()


def _parsed(parse: Callable[[str], Any], text: str, kind: str, file: BinaryIO) -> Any:
    try:
        return parse(text)
    except (ValueError, RecursionError) as error:
        # RecursionError: nested deeper than anything of ours.
        reason = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
        raise click.UsageError(f"{_name(file)} is not {kind}: {reason}") from None


def _from_json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refuse)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a name is given twice")
    return table


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")


def _text(raw: bytes, file: BinaryIO) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise click.UsageError(f"{_name(file)} must be UTF-8 text") from None


def _name(file: BinaryIO) -> str:
    name = getattr(file, "name", None)
    return "standard input" if name in (None, 0, "<stdin>") else str(name)
