"""The group of commands, each loaded when it is asked for, and how errors of the library end a command."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import click

from rak_billing.errors import BillingError

#: Command → the file of this package that defines it as ``command``.
_COMMANDS: Final = {
    "db": "db",
    "demo": "demo",
}


class _LazyGroup(click.Group):
    """Loads a command's file when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"rak_billing.cli.{_COMMANDS[cmd_name]}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BillingError as error:
            raise click.ClickException(str(error)) from None
        except ModuleNotFoundError as error:
            words = f"il manque le module {error.name} : installez l'extra qui l'apporte, cmi-gateway[portal]"
            raise click.ClickException(words) from error


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cmi-gateway", message="%(package)s %(version)s")
def rak_billing() -> None:
    """Factures payées par carte : les commandes de l'opérateur."""
