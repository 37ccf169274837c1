"""Store keys for commands: from the environment or a file, hidden at once, never an argument."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from cmi_gateway.cli.findings import Level, key_findings
from cmi_gateway.secret import Secret

#: Environment variable with the store key.
KEY_VARIABLE: Final = "CMI_STORE_KEY"
_LARGEST: Final = 10_000

_Command = TypeVar("_Command", bound=Callable[..., Any])


def store_key_option(function: _Command) -> _Command:
    """Add ``--store-key-file``."""
    return click.option(
        "--store-key-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help=f"File with the store key, or several, one on each line, the newest first. Otherwise {KEY_VARIABLE}.",
    )(function)


def read_store_keys(file: Path | None, *, judge: bool = True) -> tuple[Secret, ...]:
    """
    Give the store keys, the newest first.

    Args:
        file: Wins over the environment.

        judge: Whether to refuse keys that cannot be right.

    Raises:
        click.UsageError: there is none, or one cannot be right. The message never shows a key.
    """
    keys = _from_file(file) if file else _from_environment()
    if not keys:
        raise click.UsageError(
            f"no store key: set {KEY_VARIABLE} in the environment, or name a file with --store-key-file. "
            "Arguments are seen by everybody on the machine, so no option takes the key itself."
        )
    flaws = [finding.problem for key in keys for finding in key_findings(key) if finding.level is Level.ERROR]
    if judge and flaws:
        raise click.UsageError(f"{'the key in ' + str(file) if file else KEY_VARIABLE} {flaws[0]}")
    return keys


def _from_environment() -> tuple[Secret, ...]:
    return (Secret(os.environ[KEY_VARIABLE]),) if os.environ.get(KEY_VARIABLE) else ()


def _from_file(file: Path) -> tuple[Secret, ...]:
    # The text is never bound to a name: a traceback may print local variables.
    try:
        if file.stat().st_size > _LARGEST:
            raise click.UsageError(f"{file} is too large for a file of store keys")
        return tuple(
            [Secret(line) for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
    raise click.UsageError(f"{file} cannot be read: {reason}")


def has_store_keys(file: Path | None) -> bool:
    """Tell whether there is a store key at all."""
    return file is not None or bool(os.environ.get(KEY_VARIABLE))
