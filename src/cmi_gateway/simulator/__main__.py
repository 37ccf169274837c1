"""``python -m cmi_gateway.simulator``: serve a CMI on this machine and say how to use it."""

from __future__ import annotations

import logging
import os
import sys
from random import SystemRandom
from typing import Final

import click

from cmi_gateway.errors import ConfigurationError
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.app import create_app
from cmi_gateway.simulator.cards import CARDS
from cmi_gateway.simulator.gateway import SimulatedGateway
from cmi_gateway.simulator.server import LoopbackServer, gateway_at, utc_now

_DEMO_CLIENT_ID: Final = "600000099"
#: Of the demo account only, and printed: it protects nothing.
_DEMO_KEY: Final = "TEST1234"
_KEY_VARIABLE: Final = "CMI_STORE_KEY"
_PORT: Final = 8042


@click.command()
@click.option("--port", default=_PORT, show_default=True, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--client-id", default=_DEMO_CLIENT_ID, show_default=True, help="The merchant's clientid.")
@click.option("--name", default="RAK", show_default=True, help="The merchant's name on the pages.")
def main(port: int, client_id: str, name: str) -> None:
    """
    Serve a simulated CMI payment page on this machine.

    The store key comes from the environment variable CMI_STORE_KEY; without it, the demo account has a test key.
    """
    try:
        account = _account(client_id, name)
    except ConfigurationError as error:
        raise click.ClickException(f"{_KEY_VARIABLE}: {error}") from error
    state = SimulatedGateway([account], clock=utc_now, random=SystemRandom())
    try:
        server = LoopbackServer(create_app(state), port)
    except (OSError, OverflowError, ValueError) as error:
        raise click.ClickException(f"cannot listen on port {port}: {error}") from error
    # It warns whenever a request waits for a thread, which says nothing to somebody who is testing.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    _describe(server.url, account)
    server.serve_forever()


def _account(client_id: str, name: str) -> MerchantAccount:
    if _KEY_VARIABLE in os.environ:
        return MerchantAccount(client_id=client_id, store_keys=os.environ[_KEY_VARIABLE], name=name)
    if client_id != _DEMO_CLIENT_ID:
        raise click.ClickException(f"set {_KEY_VARIABLE} to the store key of {client_id}")
    click.echo(
        f"Demo account {_DEMO_CLIENT_ID}, test store key {_DEMO_KEY} (set {_KEY_VARIABLE} for another)"
    )
    return MerchantAccount(client_id=client_id, store_keys=_DEMO_KEY, name=name)


def _describe(url: str, account: MerchantAccount) -> None:
    click.echo(f"SIMULATEUR CMI for {account.title} at {url}/")
    click.echo(f"Payment page: {gateway_at(url).url}")
    click.echo("Test cards (any future expiry date, any three-digit code):")
    for card in CARDS:
        click.echo(f"  {card.grouped_number}  {card.brand:<10}  {card.outcome}")
    click.echo("Stop with Ctrl-C.")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
