"""A group of commands of which each is loaded when it is used, so that ``--help`` answers at once."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

__all__ = ["LazyGroup"]


class LazyGroup(click.Group):
    """
    Loads a command's file when the command is used.

    Args:
        homes: Command → the module that defines it as ``command``.
    """

    def __init__(self, *arguments: Any, homes: Mapping[str, str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._homes = homes

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names of all commands, in the order of the alphabet."""
        return sorted(self._homes)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the command of this name; None when there is none."""
        if cmd_name not in self._homes:
            return None
        command: click.Command = import_module(self._homes[cmd_name]).command
        return command
