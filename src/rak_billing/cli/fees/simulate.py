"""``rak-billing fees simulate``: what a tariff makes of a file of invoices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click

from rak_billing.bulk.refusal_text import refusal_text
from rak_billing.bulk.simulation import RuleTotals, Simulation, simulate
from rak_billing.cli.fees.invoice_options import columns_of, invoice_options, running_engine
from rak_billing.cli.fees.table import table
from rak_billing.cli.fees.values import TARIFF
from rak_billing.display import centimes_text, count_text
from rak_billing.fees.tariff import Tariff

_HEAD: Final = (
    "Barème", "Règle", "Paiements", "Factures", "Montant",
    "Client TTC", "dont HT", "dont TVA", "Opérateur TTC", "dont HT", "dont TVA",
)  # fmt: skip


@click.command("simulate", short_help="Chiffrer les frais d'un fichier de factures.")
@click.option("--tariff", metavar="BAREME", type=TARIFF, required=True, help="Fichier TOML ou barème livré.")
@invoice_options
@click.option(
    "--output",
    metavar="FICHIER",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Écrire une ligne par paiement, en Parquet ou en CSV.",
)
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    tariff: Tariff,
    invoices: Path,
    output: Path | None,
    engine_name: str,
    memory: str,
    **options: Any,
) -> None:
    """
    Calculer les frais de FACTURES, un fichier Parquet ou CSV, et dire qui paie combien.

    Les montants sont en centimes, sauf --unit dirhams. Exemple :
    rak-billing fees simulate --tariff rak-2018 --payment paiement factures.parquet

    Code de sortie : 0 si chaque paiement a un prix, 1 sinon, 2 si la commande est mal employée.
    """
    if output is not None:
        _require_writable(output, invoices)
    columns = columns_of(options)
    with running_engine(engine_name, memory) as engine:
        answer = simulate(engine, tariff, invoices, columns, output)
    for line in _lines(answer):
        click.echo(line)
    if output is not None:
        click.echo(f"Paiements écrits dans {output}")
    if answer.refused:
        context.exit(1)


def _require_writable(output: Path, invoices: Path) -> None:
    if output.suffix.lower() not in {".parquet", ".csv"}:
        raise click.UsageError(f"--output : {output} ne finit ni par .parquet ni par .csv")
    if output.exists() and output.samefile(invoices):
        raise click.UsageError(f"--output : {output} est le fichier des factures, qui serait perdu")


def _lines(answer: Simulation) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [_HEAD]
    for totals in answer.rules:
        heading = (totals.rule.schedule.id, str(totals.rule.place))
        rows.append((*heading, *_figures([totals], answer.currency)))
    rows.append(("Total", "", *_figures(answer.rules, answer.currency)))
    yield from table(rows)
    for refusal, payments in answer.refused.items():
        yield refusal_text(refusal, payments)


def _figures(totals: Sequence[RuleTotals], currency: str) -> tuple[str, ...]:
    counts = (sum(own.payments for own in totals), sum(own.invoices for own in totals))
    gross, net = sum(own.gross for own in totals), sum(own.net for own in totals)
    cost, cost_net = sum(own.merchant_gross for own in totals), sum(own.merchant_net for own in totals)
    amounts = (sum(own.total for own in totals), gross, net, gross - net, cost, cost_net, cost - cost_net)
    return (
        *(count_text(count) for count in counts),
        *(centimes_text(centimes, currency) for centimes in amounts),
    )
