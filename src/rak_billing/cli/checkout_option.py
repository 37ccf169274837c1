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
    """
    from rak_billing.checkout import Checkout  # noqa: PLC0415 - loaded when it is needed

    module, sign, name = place.partition(":")
    if not (module and sign and name):
        raise click.BadParameter(
            "attendu MODULE:NOM, par exemple monportail:checkout", param_hint="--checkout"
        )
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise click.BadParameter(f"{place} est introuvable : {error}", param_hint="--checkout") from error
    made = found if isinstance(found, Checkout) else found() if callable(found) else None
    if not isinstance(made, Checkout):
        raise click.BadParameter(
            f"{place} n'est ni un Checkout ni une fonction qui en donne un", param_hint="--checkout"
        )
    return made
