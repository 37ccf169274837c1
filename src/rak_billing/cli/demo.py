"""``rak-billing demo``: the portal and a simulated gateway on this machine, or a whole journey without a browser."""

from __future__ import annotations

import errno
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import click

from rak_billing.errors import BillingError

if TYPE_CHECKING:
    from rak_billing.demo.servers import RunningDemo

__all__ = ["DemoParts", "command"]

_PORT: Final = 8040
_LARGEST_PORT: Final = 65535
_POLL_SECONDS: Final = 1.0

_ABOUT: Final = """\
Tarif et factures sont ceux du guide de la RAK, de 2018 : 1,1 % de frais, ajoutés au total.
Ce n'est ni le tarif d'aujourd'hui ni un vrai paiement : le simulateur ne parle à aucune banque.
Depuis le 1er janvier 2024, les frais des cartes marocaines sont à la charge de l'opérateur.\
"""


def _serve(folder: Path, port: int) -> AbstractContextManager[RunningDemo]:
    from rak_billing.demo.servers import running_demo  # noqa: PLC0415 - servers are loaded when they are needed

    return running_demo(folder, port=port)


@contextmanager
def _stoppable() -> Iterator[Callable[[], None]]:
    """Take Ctrl-C and SIGTERM as a wish to stop; give what waits for it."""
    stop = threading.Event()

    def wait() -> None:
        # In slices: on some systems an endless wait is deaf to Ctrl-C.
        while not stop.wait(_POLL_SECONDS):
            pass

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [(number, signal.signal(number, lambda *_: stop.set())) for number in signals]
    try:
        yield wait
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@attrs.frozen
class DemoParts:
    """
    What ``rak-billing demo`` works with; a test hands others over as click's ``obj``.

    Attributes:
        serve: Serves the demo from a folder, on a port, for as long as its block lasts.
        stoppable: A block that hears the wish to stop from its beginning on; gives what waits for it.
        patience: Seconds that the headless customer waits for the confirmation.
    """

    serve: Callable[[Path, int], AbstractContextManager[RunningDemo]] = _serve
    stoppable: Callable[[], AbstractContextManager[Callable[[], None]]] = _stoppable
    patience: float = 15.0


@click.command("demo")
@click.option(
    "--headless", is_flag=True, help="Payer la facture du guide sans navigateur, montrer le reçu, finir."
)
@click.option(
    "--port",
    type=click.IntRange(0, _LARGEST_PORT),
    help=f"Port du portail sur 127.0.0.1 ; 0 en prend un libre. {_PORT} par défaut, libre avec --headless.",
)
@click.option(
    "--keep",
    metavar="DOSSIER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Garder le journal et les mails dans ce dossier, et reprendre où il en était.",
)
@click.pass_context
def command(context: click.Context, *, headless: bool, port: int | None, keep: Path | None) -> None:
    """
    Lancer le portail et un simulateur du CMI sur cette machine.

    Avec --headless, un client sans navigateur fait tout le parcours par HTTP ; le code de sortie est 0 si tout
    réussit, et 1 sinon.
    """
    parts = context.ensure_object(DemoParts)
    port = port if port is not None else (0 if headless else _PORT)
    with _folder(keep) as folder, _served(parts, folder, port) as running:
        if headless:
            _pay(running, parts.patience)
        else:
            with parts.stoppable() as wait:
                _describe(running)
                wait()
            click.echo("\nArrêt de la démonstration.")


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="rak-billing-") as name:
        yield Path(name)


@contextmanager
def _served(parts: DemoParts, folder: Path, port: int) -> Iterator[RunningDemo]:
    """Serve the demo, or say what keeps it from starting."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(parts.serve(folder, port))
        except ModuleNotFoundError as error:
            words = f"il manque le module {error.name} : installez « cmi-gateway[demo] »"
            raise click.ClickException(words) from error
        except OSError as error:
            raise click.ClickException(_why(error, folder, port)) from error
        except BillingError as error:
            raise click.ClickException(f"le dossier {folder} ne convient pas : {error}") from error
        yield running


def _why(error: OSError, folder: Path, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"le port {port} est déjà pris : une autre démonstration tourne peut-être. "
            "Choisissez-en un autre avec --port, ou --port 0 pour un port libre"
        )
    if error.errno == errno.EACCES and not error.filename:
        return f"le port {port} est réservé au système : choisissez-en un autre avec --port"
    return f"le dossier {folder} ne convient pas : {error.strerror}"


def _pay(running: RunningDemo, patience: float) -> None:
    """Pay invoice A of the guide as a customer without a browser, and print the receipt."""
    from rak_billing.demo.bills import GUIDE_CLIENT, GUIDE_INVOICE  # noqa: PLC0415 - as in _serve
    from rak_billing.demo.journey import pay_bill  # noqa: PLC0415 - needs Beautiful Soup
    from rak_billing.display import date_text  # noqa: PLC0415 - as in _serve

    try:
        receipt = pay_bill(running, GUIDE_CLIENT, [GUIDE_INVOICE], say=_step, patience=patience)
    except BillingError as error:
        raise click.ClickException(f"le parcours s'est arrêté : {error}") from error
    click.echo(f"\n{receipt.text()}")
    click.echo(f"Date de constatation en agence : {date_text(receipt.posting_date)}")
    click.echo(_ABOUT)


def _step(words: str) -> None:
    click.echo(f"✓ {words}")


def _describe(running: RunningDemo) -> None:
    """Print where to go, whom to be and how to pay."""
    from cmi_gateway.simulator.cards import CARDS  # noqa: PLC0415 - as in _serve
    from rak_billing.demo.bills import demo_clients  # noqa: PLC0415 - as in _serve

    click.echo(f"Portail de paiement : {running.portal_url}/")
    click.echo(f"Simulateur du CMI   : {running.simulator.url}/")
    click.echo(f"Mails de confirmation : {running.mail_folder}")
    click.echo("\nClients à essayer (Code Client) :")
    for client in demo_clients():
        click.echo(f"  {client.customer_ref}  {client.shows}")
    click.echo("\nCartes de test (toute date d'expiration à venir, trois chiffres quelconques) :")
    for card in CARDS:
        click.echo(f"  {card.grouped_number}  {card.brand:<10}  {card.outcome}")
    click.echo(f"\n{_ABOUT}")
    click.echo("Ctrl-C pour arrêter.")
