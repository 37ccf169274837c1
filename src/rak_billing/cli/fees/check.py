"""``rak-billing fees check``: is this file a tariff, and what does it charge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import click

from cmi_gateway.errors import MoneyError
from cmi_gateway.money import Money
from rak_billing.cli.fees.table import table
from rak_billing.cli.fees.values import AMOUNT, tariff_argument
from rak_billing.display import amount_text, date_text
from rak_billing.fees.borders import border_amounts
from rak_billing.fees.evaluation import compute
from rak_billing.fees.law import legal_findings
from rak_billing.fees.rule import FeeRule
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.tariff import Tariff

#: In centimes, each a payment of one invoice.
_SAMPLES: Final = (1000, 5000, 10000, 11302, 21883, 50000, 100000, 500000)
#: Payments of several invoices: the guide's, two that tell the usual roundings apart, and both sides of a block of four.
_BILLS: Final = ((11302, 10581), (2250, 2250), (2750, 2750), (10000,) * 4, (10000,) * 5)


@click.command("check", short_help="Vérifier un barème et montrer ce qu'il coûte.")
@tariff_argument
@click.option(
    "--amount", "amounts", multiple=True, type=AMOUNT, help="Montant à montrer ; peut être répétée."
)
@click.option("--strict", is_flag=True, help="Finir avec le code 1 si les textes s'opposent au barème.")
@click.pass_context
def command(context: click.Context, *, tariff: Tariff, amounts: tuple[Money, ...], strict: bool) -> None:
    """
    Vérifier BAREME, montrer ce qu'il coûte, et dire ce que la loi en dit.

    Pour chaque règle : les frais de montants courants, chacun payé comme une seule facture ; ceux de plusieurs factures
    payées ensemble, là où leur nombre compte ; puis les montants les plus petits où le mode d'arrondi change le résultat.

    Code de sortie : 0 si le barème est valable, 1 s'il ne l'est pas, 2 si la commande est mal employée.
    """
    for schedule in tariff.schedules:
        try:
            click.echo("\n".join(_schedule_lines(schedule, amounts)))
        except MoneyError as error:
            raise click.ClickException(f"les frais dépassent tout montant : {error}") from None
    findings = legal_findings(tariff)
    for finding in findings:
        click.echo(f"Attention : {finding.french}")
    if not findings:
        click.echo("Aucun texte connu ne s'oppose à ce barème ; demandez tout de même l'avis d'un juriste.")
    if findings and strict:
        context.exit(1)


def _schedule_lines(schedule: FeeSchedule, amounts: Sequence[Money]) -> Iterator[str]:
    until = f"jusqu'au {date_text(schedule.valid_until)}" if schedule.valid_until else "sans fin connue"
    yield f"Barème {schedule.id}, version {schedule.version}, à partir du {date_text(schedule.valid_from)}, {until}"
    yield f"D'après : {schedule.follows}"
    given = tuple([amount.centimes for amount in amounts])
    bills = (given,) * (len(given) > 1) if given else _BILLS
    for number, rule in enumerate(schedule.rules, 1):
        yield ""
        yield f"Règle {number} : {_described(rule)}"
        yield from _samples(rule, [(amount,) for amount in given or _SAMPLES], schedule.currency)
        if bills and (rule.rounding.is_per_invoice or rule.per_invoice or rule.per_block):
            yield "Plusieurs factures payées ensemble :"
            yield from _samples(rule, bills, schedule.currency)
        yield from _borders(rule, schedule.currency)
    yield ""


def _described(rule: FeeRule) -> str:
    when = {
        "cartes": rule.when.cards,
        "marques": rule.when.brands,
        "canaux": rule.when.channels,
        "clientèles": rule.when.customer_classes,
    }
    words = [f"{name} {', '.join(listed)}" for name, listed in when.items() if listed]
    return f"{' ; '.join(words) or 'tous les paiements'} ; à la charge de : {_BEARERS[rule.bearer]}"


_BEARERS: Final = {
    "customer": "client",
    "utility": "opérateur",
    "shared": "client et opérateur",
}


def _samples(rule: FeeRule, bills: Sequence[Sequence[int]], currency: str) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [("Montant", "Client", "dont HT", "dont TVA", "Opérateur")]
    for bill in bills:
        fee = compute(rule, sum(bill), len(bill), bill)
        vat = fee.customer_gross - fee.customer_net
        figures = _shown((fee.customer_gross, fee.customer_net, vat, fee.merchant_gross), currency)
        rows.append((_bill_text(bill, currency), *figures))
    yield from table(rows)


def _bill_text(bill: Sequence[int], currency: str) -> str:
    amounts = _shown(bill, currency)
    if len(amounts) > 1 and len(set(amounts)) == 1:
        return f"{len(amounts)} × {amounts[0]}"
    return " + ".join(amounts)


def _borders(rule: FeeRule, currency: str) -> Iterator[str]:
    borders = border_amounts(rule)
    if not borders.rows:
        searched, farthest = _shown((borders.searched, borders.farthest), currency)
        yield f"Le mode d'arrondi ne change rien jusqu'à {searched}, ni de 5 en 5 jusqu'à {farthest}."
        return
    yield "Montants où le mode d'arrondi compte (frais, qui que ce soit qui les paie) :"
    rows: list[tuple[str, ...]] = [("Montant", *borders.modes)]
    rows += [_shown((row.amount, *row.fees), currency) for row in borders.rows]
    yield from table(rows)


def _shown(figures: Sequence[int], currency: str) -> tuple[str, ...]:
    return tuple(amount_text(Money(centimes, currency)) for centimes in figures)
