"""The group of commands, each loaded when it is asked for, and how errors of the library end a command."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from cmi_gateway.errors import CmiError

if TYPE_CHECKING:
    from cmi_gateway.api.transport import Transport

#: Command → the file of this package that defines it as ``command``.
_COMMANDS: Final = {
    "capture": "capture",
    "certify": "certify",
    "check-config": "check_config",
    "codes": "codes",
    "doctor": "doctor",
    "history": "history",
    "refund": "refund",
    "resolve": "resolve",
    "sign": "sign",
    "simulator": "simulator",
    "status": "status",
    "verify": "verify",
    "void": "void",
}


def _utc_now() -> datetime:
    return datetime.now(UTC)


@attrs.frozen
class Surroundings:
    """
    What a command takes from the machine; a test hands others over as click's ``obj``.

    Attributes:
        now: Gives the present, in UTC.
        transport: Carries requests to the XML API in place of HTTPS.
        sleep: Waits for so many seconds.
    """

    now: Callable[[], datetime] = _utc_now
    transport: Transport | None = None
    sleep: Callable[[float], object] = time.sleep


class _LazyGroup(click.Group):
    """Loads a command's file when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"cmi_gateway.cli.{_COMMANDS[cmd_name]}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            # click itself compares with commands that are loaded already, of which there are none here.
            alike = get_close_matches(args[0], _COMMANDS, n=1)
            if not alike:
                raise
            raise click.UsageError(f"{error.message} Did you mean '{alike[0]}'?", ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CmiError as error:
            # What is wrong lies in what was given: as with a wrong option, the status is 2.
            raise click.UsageError(str(error)) from None


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cmi-gateway", message="%(package)s %(version)s")
@click.pass_context
def cmi(context: click.Context) -> None:
    """
    Payments through the Moroccan card gateway CMI, from the command line.

    The store key comes from the environment variable CMI_STORE_KEY or from --store-key-file, never from an argument;
    API user and password come from CMI_API_USER and CMI_API_PASSWORD or from --api-account-file.

    Status: 0 when all is well, 1 when the answer is no (a callback that is not to be trusted, a configuration with
    errors, an unknown code, a refusal of the gateway), 2 when the command was not given what it needs, 3 when money
    may have moved and nobody knows (do not repeat; cmi resolve), 4 when nothing was learnt and nothing was changed.
    """
    context.ensure_object(Surroundings)
