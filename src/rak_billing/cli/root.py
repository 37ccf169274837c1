"""The group of commands, each loaded when it is asked for, and how errors of the library end a command."""

from __future__ import annotations

from typing import Any, Final

import click

from rak_billing.cli.lazy_group import LazyGroup
from rak_billing.errors import BillingError

#: Command → the module that defines it as ``command``.
_COMMANDS: Final = {
    "db": "rak_billing.cli.db",
    "demo": "rak_billing.cli.demo",
    "fees": "rak_billing.cli.fees.group",
    "orders": "rak_billing.cli.orders",
    "worker": "rak_billing.cli.worker",
}


class _Commands(LazyGroup):
    """Ends a command in the operator's words when the library refuses."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BillingError as error:
            raise click.ClickException(str(error)) from None
        except ModuleNotFoundError as error:
            words = f"il manque le module {error.name} : installez l'extra qui l'apporte, cmi-gateway[portal]"
            raise click.ClickException(words) from error


@click.group(cls=_Commands, homes=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cmi-gateway", message="%(package)s %(version)s")
def rak_billing() -> None:
    """Factures payées par carte : les commandes de l'opérateur."""
