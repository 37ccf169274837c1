"""``rak-billing worker``: sends mails and postings, and asks the gateway about payments that stay silent."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from rak_billing.cli.checkout_option import CHECKOUT, loaded

if TYPE_CHECKING:
    from rak_billing.worker import Round

__all__ = ["command"]


@click.command("worker")
@CHECKOUT
@click.option("--once", is_flag=True, help="Faire ce qui est dû maintenant, dire ce que c'était, finir.")
def command(*, place: str, once: bool) -> None:
    """
    Envoyer les mails et les écritures, et interroger le CMI sur les paiements restés sans réponse.

    Plusieurs peuvent tourner à la fois, sur plusieurs machines. Ctrl-C ou SIGTERM : finir le message ou la question en
    cours, puis s'arrêter.
    """
    from rak_billing.worker import Worker  # noqa: PLC0415 - loaded when it is needed

    checkout = loaded(place)
    with _stopping() as stop:
        worker = Worker(checkout, stop.wait)
        if once:
            _report(worker.drain())
        else:
            click.echo("Au travail. Ctrl-C pour arrêter.")
            worker.run()
            click.echo("Arrêté.")


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Take Ctrl-C and SIGTERM as a wish to stop after what is in hand."""
    stop = threading.Event()
    before = [
        (number, signal.signal(number, lambda *_: stop.set())) for number in (signal.SIGINT, signal.SIGTERM)
    ]
    try:
        yield stop
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _report(done: Round) -> None:
    sweep = done.sweep
    click.echo(f"Messages partis : {done.delivered} ; refusés, à renvoyer plus tard : {done.refused}")
    click.echo(
        f"Paiements interrogés : {sweep.asked} ; confirmés : {sweep.confirmed} ; capturés : {sweep.captured} ; "
        f"annulés : {sweep.voided} ; remboursés : {sweep.refunded} ; expirés : {sweep.expired} ; "
        f"à voir par une personne : {sweep.referred} ; sans réponse : {sweep.unanswered} ; "
        f"en échec : {sweep.failed}"
    )
    if sweep.is_shut_out:
        raise click.ClickException(
            "le CMI refuse ce compte de l'API : vérifiez l'utilisateur, le mot de passe, les droits et l'adresse, puis "
            "relancez la commande et redémarrez les workers"
        )
    if done.has_trouble:
        raise click.ClickException("une partie n'a pas pu être faite ; le journal des messages dit pourquoi")
