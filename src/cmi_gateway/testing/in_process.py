"""The simulated gateway inside a test, without a socket: what the fixture `cmi_simulator` gives."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from random import Random
from typing import Final

import attrs

from cmi_gateway.api.client import ApiClient
from cmi_gateway.merchant import Merchant
from cmi_gateway.payment import SignedForm
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.account_rules import AccountRules
from cmi_gateway.simulator.cards import CHALLENGE_CODE
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.simulator.fault_book import FaultBook
from cmi_gateway.simulator.faults import Fault, FaultPlan, Selector
from cmi_gateway.simulator.gateway import SimulatedGateway
from cmi_gateway.simulator.in_process import InProcessCustomer, InProcessTransport, Visit
from cmi_gateway.simulator.orders import Order
from cmi_gateway.testing.samples import API_PASSWORD, API_USER

#: The published test card that asks for no 3-D Secure code.
CARD: Final = "4000000000000010"
OPERATIONS: Final = ("capture", "void", "refund")
#: A shop's answer to a callback: the reply's text from the raw body.
Settle = Callable[[bytes], str]


@attrs.frozen
class InProcessSimulator:
    """
    A gateway, its clock and one merchant of it. The same test meets the same numbers in every run.

    Attributes:
        merchant: The shop's account, as the shop has it.
        clock: The gateway's clock; it stands still until it is moved.
        gateway: The gateway's books.
        faults: What goes wrong, for payments and XML requests alike.
    """

    merchant: Merchant
    clock: VirtualClock
    gateway: SimulatedGateway = attrs.field(repr=False)
    faults: FaultBook = attrs.field(factory=FaultBook, repr=False)

    @classmethod
    def of(
        cls,
        merchant: Merchant,
        clock: VirtualClock,
        *,
        rules: AccountRules | None = None,
        faults: FaultPlan | None = None,
    ) -> InProcessSimulator:
        """Open a gateway at which *merchant* has an account, under *rules* and with *faults* to begin with."""
        chance = Random(0)  # noqa: S311 - repeatable on purpose
        gateway = SimulatedGateway([account_of(merchant, rules)], clock=clock, random=chance)
        return cls(merchant, clock, gateway, FaultBook(faults))

    def customer(self, settle: Settle) -> InProcessCustomer:
        """
        Give a customer whose payments are told to *settle*.

        *settle* stands for the shop: it takes a callback's raw body and gives the text of the reply. Of a web
        application: ``lambda body: client.post("/cmi/callback", data=body, content_type=…).text``.
        """
        return InProcessCustomer(self.gateway, settle, faults=self.faults)

    def pay(self, form: SignedForm, settle: Settle, *, card: str = CARD, code: str = CHALLENGE_CODE) -> Visit:
        """
        Pay *form* with a test card, as a customer of one visit; the callback goes to *settle*.

        A callback that a fault plan delays waits for its customer's `deliver_due`: use `customer` for those.

        Raises:
            ConfigurationError: the gateway refuses the form, or *card* is no test card.
        """
        return self.customer(settle).pay(form, card, code=code)

    def api(self, operations: Collection[str] = OPERATIONS) -> ApiClient:
        """Give a client of the gateway's XML API; when it waits, the clock moves."""
        return ApiClient(
            self.merchant,
            user=API_USER,
            password=API_PASSWORD,
            operations=operations,
            transport=InProcessTransport(self.gateway, self.faults),
            clock=self.clock,
            sleep=self._wait,
        )

    def order(self, order_id: str) -> Order | None:
        """Give what the gateway knows of an order; None when nobody opened its payment page."""
        return self.gateway.order(self.merchant.client_id, order_id)

    def close_batch(self) -> None:
        """Settle what was captured and refunded, as the gateway does once a day."""
        self.gateway.close_batch(self.merchant.client_id)

    def befall(self, *faults: Fault, when: Selector | None = None) -> None:
        """Let *faults* strike from now on, in place of others; *when* says whom, by default everything."""
        self.faults.set(FaultPlan.of(*faults, when=when))

    def heal(self) -> None:
        """Let nothing go wrong any more."""
        self.faults.set(FaultPlan())

    def _wait(self, seconds: float) -> None:
        self.clock.set(self.clock() + timedelta(seconds=seconds))


def account_of(merchant: Merchant, rules: AccountRules | None = None) -> MerchantAccount:
    """Open *merchant*'s account at a simulator, XML API included."""
    return MerchantAccount(
        merchant.client_id,
        merchant.store_keys,
        merchant.name,
        api_user=API_USER,
        api_password=API_PASSWORD,
        rules=rules,
    )
