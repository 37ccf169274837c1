"""The options that say which merchant a command works for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, TypeVar

import click

from cmi_gateway.cli.documents import read_document

_Command = TypeVar("_Command", bound=Callable[..., Any])


def merchant_options(function: _Command) -> _Command:
    """Add ``--config``, ``--client-id`` and ``--gateway``."""
    for option in (
        click.option(
            "--gateway",
            type=click.Choice(["test", "production"]),
            envvar="CMI_GATEWAY",
            help="CMI's platform; test by default. Also CMI_GATEWAY.",
        ),
        click.option("--client-id", envvar="CMI_CLIENT_ID", help="CMI's merchant id. Also CMI_CLIENT_ID."),
        click.option(
            "--config",
            type=click.File("rb"),
            envvar="CMI_CONFIG",
            help="Merchant configuration, as `cmi check-config` reads it. Also CMI_CONFIG.",
        ),
    ):
        function = option(function)
    return function


def settings_of(config: BinaryIO | None) -> dict[str, Any]:
    """Give the settings of the configuration file, or none."""
    return read_document(config) if config else {}
