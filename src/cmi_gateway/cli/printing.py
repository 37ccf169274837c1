"""What commands print: JSON for programs, plain lines for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import click

#: A command that worked, and says no.
ANSWER_IS_NO: Final = 1

_Command = TypeVar("_Command", bound=Callable[..., Any])


def json_option(function: _Command) -> _Command:
    """Add ``--json``, which every command has."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(function)


def print_json(document: object) -> None:
    """Print *document*; in ASCII, which every terminal and pipe carries unchanged."""
    click.echo(json.dumps(document, indent=2))


def print_table(rows: Iterable[tuple[str, object]]) -> None:
    """Print names and values in two columns; what is None is left out."""
    shown = [(name, value) for name, value in rows if value is not None]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        click.echo(f"{name:<{width}}  {plain(str(value))}")


def plain(text: str) -> str:
    """Give *text* fit for a terminal: a stranger's control characters are written out, not obeyed."""
    return "".join([c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text])
