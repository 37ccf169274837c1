"""``rak-billing orders``: what waits for a person, what happened to an order, and what the person found out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rak_billing.cli.checkout_option import CHECKOUT, loaded

if TYPE_CHECKING:
    from rak_billing.staff import StaffDesk

__all__ = ["command"]

_WHO: Final = click.option("--by", metavar="NOM", required=True, help="Qui le dit.")
_WHY: Final = click.option(
    "--why", metavar="TEXTE", required=True, help="Comment vous le savez ; gardé dix ans."
)
_FINDINGS: Final = ("paid", "voided", "refunded", "unpaid", "seen")


class _Orders(click.Group):
    """Ends a command in the words of the staff when what they said cannot be written."""

    def invoke(self, ctx: click.Context) -> Any:
        from rak_billing.cli.db_refusals import sentence_of  # noqa: PLC0415 - as below
        from rak_billing.cli.orders_texts import impossible_text, refusal_text  # noqa: PLC0415 - as below
        from rak_billing.errors import JournalError, ResolutionError  # noqa: PLC0415 - as below
        from rak_billing.payments.states import TransitionError  # noqa: PLC0415 - as below

        try:
            return super().invoke(ctx)
        except ResolutionError as error:
            raise click.ClickException(refusal_text(error)) from None
        except TransitionError as error:
            raise click.ClickException(impossible_text(error)) from None
        except JournalError as error:
            raise click.ClickException(sentence_of(error)) from None


@click.group("orders", cls=_Orders)
def command() -> None:
    """Les paiements qui attendent une personne."""


def _desk(place: str) -> StaffDesk:
    return loaded(place).staff()


@command.command("list")
@CHECKOUT
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="Combien en montrer, les plus anciens.",
)
def list_(*, place: str, limit: int) -> None:
    """Lister ce qui attend une personne, et pourquoi ; code de sortie 0 dans tous les cas."""
    from rak_billing.cli.orders_texts import letter_line, matter_lines  # noqa: PLC0415 - loaded when it is needed

    desk = _desk(place)
    matters, letters = desk.waiting(limit + 1), desk.dead_letters()
    if not matters and not letters:
        click.echo("Rien n'attend une personne.")
    for matter in matters[:limit]:
        click.echo("\n".join(matter_lines(matter)))
    if letters:
        click.echo(f"Messages abandonnés : {len(letters)}")
    for letter in letters[:limit]:
        click.echo(letter_line(letter))
    if max(len(matters), len(letters)) > limit:
        click.echo(f"Il y en a d'autres : --limit {10 * limit}")


@command.command()
@CHECKOUT
@click.argument("reference", metavar="RÉFÉRENCE")
def show(*, place: str, reference: str) -> None:
    """Montrer tout ce qui est arrivé à une commande : sa référence, ou l'identifiant CMI d'un essai."""
    from rak_billing.cli.orders_texts import history_lines  # noqa: PLC0415 - as above

    click.echo("\n".join(history_lines(_desk(place).history(reference))))


@command.command()
@CHECKOUT
@click.argument("order_id", metavar="IDENTIFIANT")
@click.option(
    "--as",
    "finding",
    type=click.Choice(_FINDINGS),
    required=True,
    help=(
        "Ce que vous avez vu au back-office du CMI : paid, le montant est débité ; voided, annulé ; refunded, remboursé ; "
        "unpaid, il n'y a jamais eu d'argent ; seen, rien à changer."
    ),
)
@_WHO
@_WHY
def resolve(*, place: str, order_id: str, finding: str, by: str, why: str) -> None:
    """Écrire ce qu'une personne a constaté sur un essai de paiement (identifiant CMI)."""
    from rak_billing.cli.orders_texts import STATES  # noqa: PLC0415 - as above
    from rak_billing.staff import Resolution  # noqa: PLC0415 - as above

    state = _desk(place).resolve(order_id, Resolution(finding), by=by, why=why)
    click.echo(f"{order_id} : {STATES[state.value]}")


@command.command()
@CHECKOUT
@click.argument("key", metavar="CLÉ")
@click.option("--delivered", is_flag=True, help="Il est arrivé par une autre voie : ne plus l'envoyer.")
@_WHO
@_WHY
def revive(*, place: str, key: str, delivered: bool, by: str, why: str) -> None:
    """Reprendre un message abandonné : le renvoyer, ou noter qu'il est arrivé."""
    _desk(place).revive(key, delivered=delivered, by=by, why=why)
    click.echo(
        "Noté comme arrivé." if delivered else "Sera renvoyé ; refusé encore, il revient dans la liste."
    )
