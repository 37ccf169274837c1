"""What the commands on files of invoices take from the command line, and the engine that they run on."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from rak_billing.bulk.invoice_columns import AmountUnit, InvoiceColumns
from rak_billing.business_day import local_time
from rak_billing.clock import utc_now
from rak_billing.errors import InvoiceFileError, NotCompilableError
from rak_billing.fees.selectors import CARDS

if TYPE_CHECKING:
    from rak_billing.bulk.engine import Engine

__all__ = ["columns_of", "invoice_options", "running_engine"]

_Command = TypeVar("_Command", bound=Callable[..., Any])

#: Option → column by default, and what it holds.
_COLUMNS: Final = {
    "amount": ("amount", "du montant"),
    "reference": ("reference", "qui nomme le paiement quand chaque ligne en est un"),
    "date": ("date", "du jour du paiement"),
    "card": ("card", "du type de carte"),
    "brand": ("brand", "de la marque de la carte"),
    "channel": ("channel", "du canal"),
    "customer-class": ("customer_class", "de la clientèle"),
}


def invoice_options(command: _Command) -> _Command:
    """Add the file, its columns and the engine to a command."""
    columns = [
        click.option(f"--{name}", metavar="COLONNE", help=f"Colonne {holds} ; « {default} » si elle existe.")
        for name, (default, holds) in _COLUMNS.items()
    ]
    options = [
        click.argument("invoices", metavar="FACTURES", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
        click.option("--payment", metavar="COLONNE", help="Colonne qui réunit des lignes en un paiement ; sinon chacune en est un."),
        *columns,
        click.option("--unit", type=click.Choice([unit.value for unit in AmountUnit]), default="centimes", show_default=True, help="Unité des montants."),
        click.option("--on", metavar="AAAA-MM-JJ", type=click.DateTime(["%Y-%m-%d"]), help="Jour des paiements sans colonne de dates ; aujourd'hui."),
        click.option("--default-card", type=click.Choice(CARDS), default="moroccan", show_default=True, help="Carte, sans colonne de cartes."),
        click.option("--engine", "engine_name", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True, help="Moteur de calcul."),
        click.option("--memory", metavar="TAILLE", default="1GB", show_default=True, callback=_size, help="Mémoire du moteur, par exemple 512MB."),
    ]  # fmt: skip
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


def _size(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,5}(MB|GB)", value):
        raise click.BadParameter("une taille telle que 512MB ou 2GB")
    return value


def columns_of(options: dict[str, Any]) -> InvoiceColumns:
    """Take the columns out of a command's options."""
    named = {name.replace("-", "_"): options.pop(name.replace("-", "_")) for name in _COLUMNS}
    named["day"] = named.pop("date")
    given = {field: column for field, column in named.items() if column is not None}
    day: datetime | None = options.pop("on")
    return InvoiceColumns(
        on=day.date() if day else local_time(utc_now()).date(),
        unit=AmountUnit(options.pop("unit")),
        payment=options.pop("payment"),
        default_card=options.pop("default_card"),
        stated=frozenset(given),
        **given,
    )


@contextmanager
def running_engine(name: str, memory: str) -> Iterator[Engine]:
    """Start the engine, or say which extra brings it; what it refuses ends the command in French."""
    try:
        open_engine = _opener(name)
    except ModuleNotFoundError as error:
        extra = "bulk" if name == "duckdb" else "spark"
        words = f"il manque le module {error.name} : installez « cmi-gateway[{extra}] »"
        raise click.ClickException(words) from error
    if name == "spark" and shutil.which("java") is None:
        raise click.ClickException("Spark a besoin de Java, qui n'est pas installé sur cette machine")
    with open_engine(memory) as engine:
        try:
            yield engine
        except (InvoiceFileError, NotCompilableError) as error:
            raise click.ClickException(error.in_french) from error


def _opener(name: str) -> Callable[[str], AbstractContextManager[Engine]]:
    # Loaded when they compute: each takes longer than most commands.
    if name == "duckdb":
        from rak_billing.bulk.duckdb_engine import duckdb_engine  # noqa: PLC0415

        return duckdb_engine
    from rak_billing.bulk.spark_engine import spark_engine  # noqa: PLC0415

    return spark_engine
