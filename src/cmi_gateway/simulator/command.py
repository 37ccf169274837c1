"""``cmi simulator``: serve a CMI on this machine and say how to use it."""

from __future__ import annotations

import logging
import os
import sys
from random import SystemRandom
from typing import BinaryIO, Final

import attrs
import click

from cmi_gateway.errors import ConfigurationError, FaultPlanError
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.account_rules import AccountRules, AnswerShape
from cmi_gateway.simulator.app import API_PATH, PAYMENT_PATH, create_app
from cmi_gateway.simulator.cards import CARDS
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.simulator.courier import Courier
from cmi_gateway.simulator.delivery import LoopbackSender
from cmi_gateway.simulator.fault_book import FaultBook
from cmi_gateway.simulator.fault_plans import LARGEST_DOCUMENT, parse_plan
from cmi_gateway.simulator.faults import FaultPlan, Selector
from cmi_gateway.simulator.gateway import SimulatedGateway
from cmi_gateway.simulator.inspection import PATH
from cmi_gateway.simulator.magic_amounts import MAGIC_AMOUNTS
from cmi_gateway.simulator.server import LOOPBACK, LoopbackServer, is_loopback_address, utc_now
from cmi_gateway.simulator.worker import DueWorker

_DEMO_CLIENT_ID: Final = "600000099"
#: Of the demo account only, and printed: it protects nothing.
_DEMO_KEY: Final = "TEST1234"
_DEMO_USER: Final = "simapi"
_DEMO_PASSWORD: Final = "simapi-password"  # noqa: S105 - as the key: printed, and of no use anywhere else
_KEY_VARIABLE: Final = "CMI_STORE_KEY"
_USER_VARIABLE: Final = "CMI_API_USER"
_PASSWORD_VARIABLE: Final = "CMI_API_PASSWORD"  # noqa: S105 - the name of a variable
_PORT: Final = 8042
_WARNING: Final = (
    "WARNING: other machines can reach this simulator. It is not made for the internet: "
    "anyone who reaches it can pay with a test card and see every order."
)
_CALLBACK_WARNING: Final = (
    "WARNING: callbacks go to whatever address a signed form names, on other machines too."
)


@click.command("simulator", short_help="Serve a CMI on this machine.")
@click.option("--port", default=_PORT, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--client-id", default=_DEMO_CLIENT_ID, show_default=True, help="The merchant's clientid.")
@click.option("--name", default="RAK", show_default=True, help="The merchant's name on the pages.")
@click.option("--faults", type=click.File("rb"), help="A fault plan, in TOML or JSON.")
@click.option(
    "--host", default=LOOPBACK, show_default=True, help="Address to listen on; any but loopback warns loudly."
)
@click.option(
    "--callbacks-anywhere", is_flag=True, help="Send callbacks to other machines too, not to this one only."
)
@click.option(
    "--answers",
    type=click.Choice([shape.value for shape in AnswerShape]),
    default=AnswerShape.PLATFORM.value,
    show_default=True,
    help="How refusals of the XML API look: as most captures, or as another acquirer's.",
)
@click.option("--inspect", is_flag=True, help="Serve the inspection page too, for this machine only.")
@click.option(
    "--virtual-clock", is_flag=True, help="Stop the clock; the inspection page moves it. Implies --inspect."
)
def main(
    *,
    port: int,
    client_id: str,
    name: str,
    faults: BinaryIO | None,
    host: str,
    callbacks_anywhere: bool,
    answers: str,
    inspect: bool,
    virtual_clock: bool,
) -> None:
    """
    Serve a simulated CMI on this machine: the payment page, callbacks, and the XML API.

    The store key comes from the environment variable CMI_STORE_KEY; without it, the demo account has a test key.
    The XML API is opened for the user CMI_API_USER with the password CMI_API_PASSWORD; the demo account has one.
    """
    plan = _plan(faults)
    try:
        account = _account(client_id, name, AccountRules(answers=AnswerShape(answers)))
    except ConfigurationError as error:
        raise click.ClickException(f"{_KEY_VARIABLE} or {_PASSWORD_VARIABLE}: {error}") from error
    clock = VirtualClock(utc_now()) if virtual_clock else None
    state = SimulatedGateway([account], clock=clock or utc_now, random=SystemRandom())
    courier = Courier(state, LoopbackSender(anywhere=callbacks_anywhere), FaultBook(plan), SystemRandom())
    exposed = not is_loopback_address(host)
    try:
        inspect = inspect or virtual_clock
        app = create_app(state, courier=courier, exposed=exposed, inspect=inspect, clock=clock)
        server = LoopbackServer(app, port, host=host, exposed=exposed)
    except (OSError, OverflowError, ValueError) as error:
        raise click.ClickException(f"cannot listen on port {port} of {host}: {error}") from error
    # It warns whenever a request waits for a thread, which says nothing to somebody who is testing.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    _describe(server.url, account, plan)
    if inspect:
        click.echo(f"Inspection page: http://{LOOPBACK if exposed else host}:{server.port}{PATH}")
    sys.stdout.flush()
    if exposed:
        click.secho(_WARNING, err=True, bold=True)
    if callbacks_anywhere:
        click.secho(_CALLBACK_WARNING, err=True, bold=True)
    with DueWorker(courier):
        server.serve_forever()


def _plan(file: BinaryIO | None) -> FaultPlan:
    try:
        return parse_plan(file.read(LARGEST_DOCUMENT + 1)) if file else FaultPlan()
    except FaultPlanError as error:
        raise click.UsageError(f"--faults: {error}") from None


def _account(client_id: str, name: str, rules: AccountRules) -> MerchantAccount:
    keys = os.environ.get(_KEY_VARIABLE)
    user, password = os.environ.get(_USER_VARIABLE, ""), os.environ.get(_PASSWORD_VARIABLE, "")
    if keys is None:
        if client_id != _DEMO_CLIENT_ID:
            raise click.ClickException(f"set {_KEY_VARIABLE} to the store key of {client_id}")
        keys = _DEMO_KEY
        click.echo(f"Demo account {client_id}, test store key {_DEMO_KEY} (set {_KEY_VARIABLE} for another)")
        if not user:
            user, password = _DEMO_USER, _DEMO_PASSWORD
            click.echo(
                f"API user {user}, password {password} (set {_USER_VARIABLE} and {_PASSWORD_VARIABLE})"
            )
    return MerchantAccount(client_id, keys, name, api_user=user, api_password=password, rules=rules)


def _describe(url: str, account: MerchantAccount, plan: FaultPlan) -> None:
    click.echo(f"SIMULATEUR CMI for {account.title} at {url}/")
    click.echo(f"Payment page: {url}{PAYMENT_PATH}")
    if account.api_user:
        click.echo(f"XML API: {url}{API_PATH}, user {account.api_user}")
    click.echo("Test cards (any future expiry date, any three-digit code):")
    for card in CARDS:
        click.echo(f"  {card.grouped_number}  {card.brand:<10}  {card.outcome}")
    click.echo("Magic amounts, whatever the card:")
    for magic in MAGIC_AMOUNTS:
        click.echo(f"  {magic.amount!s:>8}  {magic.ending.text}")
    for rule in plan.rules:
        click.echo(f"Fault: {rule.fault.kind}, {_in_words(rule.when)}")
    click.echo("Stop with Ctrl-C.")


def _in_words(when: Selector) -> str:
    """Say whom a rule strikes: ``always``, ``next 2``, ``order_id A-1``."""
    chosen = attrs.asdict(when, recurse=False)
    return ", ".join(f"{name} {value}" for name, value in chosen.items()) or "always"
