"""``rak-billing fees compare``: what a change of tariff costs whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rak_billing.bulk.comparison import compare
from rak_billing.bulk.comparison_page import comparison_page
from rak_billing.bulk.comparison_text import HEADINGS, rows_of, summary_of
from rak_billing.cli.fees.invoice_options import columns_of, invoice_options, running_engine
from rak_billing.cli.fees.table import table
from rak_billing.cli.fees.values import TARIFF
from rak_billing.fees.tariff import Tariff


@click.command("compare", short_help="Dire ce qu'un changement de barème coûte à qui.")
@click.argument("before", metavar="AVANT", type=TARIFF)
@click.argument("after", metavar="APRES", type=TARIFF)
@invoice_options
@click.option(
    "--html",
    "report",
    metavar="FICHIER",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Écrire aussi un rapport avec un graphique.",
)
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    before: Tariff,
    after: Tariff,
    invoices: Path,
    report: Path | None,
    engine_name: str,
    memory: str,
    **options: Any,
) -> None:
    """
    Chiffrer FACTURES avec les barèmes AVANT et APRES, et montrer l'écart par clientèle et par total du paiement.

    Code de sortie : 0 si chaque paiement a un prix dans les deux barèmes, 1 sinon, 2 si la commande est mal employée.
    """
    if report is not None and report.exists() and report.samefile(invoices):
        raise click.UsageError(f"--html : {report} est le fichier des factures, qui serait perdu")
    columns = columns_of(options)
    with running_engine(engine_name, memory) as engine:
        answer = compare(engine, before, after, invoices, columns)
    for line in (*table([HEADINGS, *rows_of(answer)]), "", *summary_of(answer)):
        click.echo(line)
    if report is not None:
        names = [" + ".join(schedule.id for schedule in tariff.schedules) for tariff in (before, after)]
        _write(report, comparison_page(answer, *names))
        click.echo(f"Rapport écrit dans {report}")
    if answer.refused:
        context.exit(1)


def _write(report: Path, page: str) -> None:
    try:
        report.write_text(page, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{report} ne s'écrit pas : {error.strerror}") from error
