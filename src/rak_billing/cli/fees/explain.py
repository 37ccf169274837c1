"""``rak-billing fees explain``: how a fee comes about, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final, Literal

import attrs
import click

from cmi_gateway.errors import MoneyError
from cmi_gateway.money import Money
from rak_billing.business_day import local_time
from rak_billing.cli.fees.values import AMOUNT, tariff_argument
from rak_billing.clock import utc_now
from rak_billing.display import amount_text, date_text
from rak_billing.errors import FeeError
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.selectors import CARDS, ONLINE, Card, Circumstances
from rak_billing.fees.tariff import Tariff

_CUT: Final = {
    "fr": "« … » : d'autres décimales suivent ; gardez-les toutes d'un pas à l'autre.",
    "en": "“…”: more decimals follow; keep all of them from one step to the next.",
}


@click.command("explain", short_help="Expliquer pas à pas les frais d'un paiement.")
@tariff_argument
@click.argument("amounts", metavar="MONTANT...", nargs=-1, required=True, type=AMOUNT)
@click.option(
    "--date",
    "day",
    metavar="AAAA-MM-JJ",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Jour du paiement ; aujourd'hui.",
)
@click.option(
    "--card", type=click.Choice(CARDS), default="moroccan", show_default=True, help="Type de carte."
)
@click.option("--brand", help="Marque de la carte, par exemple visa.")
@click.option("--channel", default=ONLINE, show_default=True, help="Canal de paiement.")
@click.option("--customer-class", help="Clientèle, par exemple residential.")
@click.option(
    "--language", type=click.Choice(["fr", "en"]), default="fr", show_default=True, help="Langue des pas."
)
def command(
    *,
    tariff: Tariff,
    amounts: tuple[Money, ...],
    day: datetime | None,
    card: Card,
    brand: str | None,
    channel: str,
    customer_class: str | None,
    language: Literal["fr", "en"],
) -> None:
    """
    Expliquer les frais de BAREME pour des factures de MONTANT, payées ensemble.

    Chaque pas est une opération que l'on refait sur une calculette.
    Exemple : rak-billing fees explain rak-2018 113,02 105,81 --date 2018-09-10
    """
    on = day.date() if day else local_time(utc_now()).date()
    given = Circumstances(card, brand, channel, customer_class)
    currency = _schedule_for(tariff, on, given).currency
    try:
        amounts = tuple(Money(amount.centimes, currency) for amount in amounts)
        total = sum(amounts, start=Money(0, currency))
        fee = tariff.fee(
            total,
            invoices=amounts,
            card=card,
            on=on,
            brand=brand,
            channel=channel,
            customer_class=customer_class,
        )
    except (FeeError, MoneyError) as error:
        raise click.ClickException(f"ces frais ne se calculent pas : {error}") from None
    steps = (*_sum_of(amounts, total, language), *fee.explain(language))
    for step in steps:
        click.echo(step)
    if any("…" in step for step in steps):
        click.echo(_CUT[language])
    if language == "fr":
        click.echo(f"Frais du client : {amount_text(fee.gross)}")
    else:
        click.echo(f"The customer's fee: {fee.gross} {_unit(currency)}")


def _schedule_for(tariff: Tariff, on: date, given: Circumstances) -> FeeSchedule:
    """Give the schedule of the payment, or say in French that there is none; that is no fault of the file."""
    try:
        schedule = tariff.in_force(on)
    except FeeError:
        first, last = tariff.schedules[0].valid_from, tariff.schedules[-1].valid_until
        until = f"au {date_text(last)}" if last else "sans fin connue"
        span = f"il vaut du {date_text(first)} {until}"
        raise click.ClickException(f"le barème ne vaut pas le {date_text(on)} : {span}") from None
    try:
        schedule.rule_for(given)
    except FeeError:
        named = ", ".join(f"{key} {value}" for key, value in attrs.asdict(given).items() if value)
        reason = f"aucune règle du barème {schedule.id} n'est pour ce paiement ({named})"
        raise click.ClickException(reason) from None
    return schedule


def _sum_of(amounts: Sequence[Money], total: Money, language: Literal["fr", "en"]) -> Iterator[str]:
    """Begin where the auditor does: with the invoices."""
    if len(amounts) > 1:
        label, point = ("Factures : ", ",") if language == "fr" else ("Invoices: ", ".")
        terms = " + ".join(map(str, amounts))
        yield f"{label}{terms} = {total} {_unit(total.currency)}".replace(".", point)


def _unit(currency: str) -> str:
    return "DH" if currency == "MAD" else currency
