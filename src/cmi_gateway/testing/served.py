"""The simulated gateway over HTTP, for tests with a real shop or a real browser: what `cmi_simulator_server` gives."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING

import attrs

from cmi_gateway.api.client import ApiClient
from cmi_gateway.errors import ConfigurationError
from cmi_gateway.merchant import Merchant
from cmi_gateway.simulator.cards import CHALLENGE_CODE
from cmi_gateway.simulator.in_process import Visit
from cmi_gateway.simulator.orders import Order, Refusal
from cmi_gateway.testing.in_process import CARD, OPERATIONS, account_of
from cmi_gateway.testing.samples import API_PASSWORD, API_USER

if TYPE_CHECKING:
    from cmi_gateway.payment import SignedForm
    from cmi_gateway.simulator.account_rules import AccountRules
    from cmi_gateway.simulator.clock import VirtualClock
    from cmi_gateway.simulator.faults import FaultPlan
    from cmi_gateway.simulator.server import RunningSimulator


@attrs.frozen
class ServedSimulator:
    """
    A gateway that is served on this machine.

    Attributes:
        merchant: The shop's account, with this gateway as its own: give it to the shop under test.
        clock: The gateway's clock; it stands still until it is moved.
        running: The server: its address, its books, and the courier with the faults in force.
    """

    merchant: Merchant
    clock: VirtualClock
    running: RunningSimulator = attrs.field(repr=False)

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return self.running.url

    def pay(self, form: SignedForm, *, card: str = CARD, code: str = CHALLENGE_CODE) -> Visit:
        """
        Pay *form* in the browser's place; the callback goes to the form's ``callbackUrl`` over HTTP.

        Raises:
            ConfigurationError: the gateway refuses the form, or *card* is no test card.
        """
        opened = self.running.state.open(form.fields)
        if isinstance(opened, Refusal):
            raise ConfigurationError(
                f"the simulated gateway refuses the form: {opened.code} {opened.message}"
            )
        visit = Visit(self.running.state, self.running.courier, opened.token)
        visit.pay(card, code=code)
        return visit

    def api(self, operations: Collection[str] = OPERATIONS) -> ApiClient:
        """Give a client of the gateway's XML API, over HTTP."""
        return ApiClient(
            self.merchant, user=API_USER, password=API_PASSWORD, operations=operations, clock=self.clock
        )

    def order(self, order_id: str) -> Order | None:
        """Give what the gateway knows of an order; None when nobody opened its payment page."""
        return self.running.state.order(self.merchant.client_id, order_id)


@contextmanager
def served_simulator(
    merchant: Merchant,
    clock: VirtualClock,
    *,
    rules: AccountRules | None = None,
    faults: FaultPlan | None = None,
) -> Iterator[ServedSimulator]:
    """
    Serve a gateway at which *merchant* has an account, for as long as the block lasts.

    Raises:
        ConfigurationError: the web server is not installed.
    """
    try:
        # Imported late: Flask and waitress are asked for by this face only.
        from cmi_gateway.simulator.server import running_simulator  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the served simulator needs {error.name}: install cmi-gateway[testing]"
        ) from error
    chance = Random(0)  # noqa: S311 - repeatable on purpose
    account = account_of(merchant, rules)
    with running_simulator([account], clock=clock, random=chance, faults=faults, inspect=True) as running:
        yield ServedSimulator(attrs.evolve(merchant, gateway=running.gateway), clock, running)
