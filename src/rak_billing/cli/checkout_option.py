"""The option that names the operator's own checkout: Python that they wrote, as a web server names its application."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from rak_billing.checkout import Checkout

__all__ = ["CHECKOUT", "loaded"]

CHECKOUT: Final = click.option(
    "--checkout",
    "place",
    metavar="MODULE:NOM",
    envvar="RAK_BILLING_CHECKOUT",
    show_envvar=True,
    required=True,
    help="Où se trouve votre Checkout, ou la fonction sans argument qui le donne : monportail:checkout.",
)


def loaded(place: str) -> Checkout:
    """
    Load the checkout that *place* names.

    Raises:
        click.BadParameter: There is none.
        click.ClickException: It is there, and cannot be made: a setting is missing, or its journal cannot be opened.
    """
    from rak_billing.checkout import Checkout  # noqa: PLC0415 - loaded when it is needed
    from rak_billing.cli.db_refusals import sentence_of  # noqa: PLC0415 - as above
    from rak_billing.errors import BillingError  # noqa: PLC0415 - as above

    module, _, name = place.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
        raise click.BadParameter(
            "attendu MODULE:NOM, par exemple monportail:checkout", param_hint="--checkout"
        )
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise click.BadParameter(f"{place} est introuvable : {error}", param_hint="--checkout") from error
    try:
        made = found if isinstance(found, Checkout) else found() if callable(found) else None
    except KeyError as error:
        raise click.ClickException(f"{place} : {error} manque ; une variable d'environnement ?") from error
    except BillingError as error:
        raise click.ClickException(f"{place} : {sentence_of(error)}") from error
    if not isinstance(made, Checkout):
        raise click.BadParameter(
            f"{place} n'est ni un Checkout ni une fonction qui en donne un", param_hint="--checkout"
        )
    return made
