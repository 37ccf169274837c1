"""The group ``rak-billing fees``."""

from __future__ import annotations

import click

from rak_billing.cli.lazy_group import LazyGroup

__all__ = ["command"]


@click.group(
    "fees",
    cls=LazyGroup,
    homes={
        "check": "rak_billing.cli.fees.check",
        "compare": "rak_billing.cli.fees.compare",
        "explain": "rak_billing.cli.fees.explain",
        "simulate": "rak_billing.cli.fees.simulate",
    },
    short_help="Vérifier, expliquer, simuler et comparer des barèmes de frais.",
)
def command() -> None:
    """
    Barèmes de frais : vérifier un fichier, expliquer un montant, chiffrer des factures par millions.

    Un barème est un fichier TOML, ou le nom d'un barème livré : rak-2018, ma-2024, per-4-invoices, percent-min,
    fixed, gross-up.
    """
