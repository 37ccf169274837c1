"""A checkout and a simulated gateway on one virtual clock: what one does, the other is asked about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import cmi_gateway as cmi
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.simulator.faults import FaultPlan
from cmi_gateway.simulator.gateway import SimulatedGateway
from cmi_gateway.simulator.in_process import InProcessCustomer, InProcessTransport, Visit
from rak_billing.checkout import Checkout
from rak_billing.payments.journal import Journal
from support.checkout_kit import NOON, Place, Till
from support.gateway_kit import MERCHANT, STORE_KEY
from support.place import SqlitePlace

VISA = "4000000000000010"
DECLINED = "4000000000010051"
API_USER, API_PASSWORD = "rakapi", "S3cret-of-the-API"
ALL = ("capture", "void", "refund")


class Bank:
    """The gateway, its clock, and the ways to it."""

    def __init__(self) -> None:
        self.clock = VirtualClock(NOON)
        self.account = MerchantAccount(
            MERCHANT.client_id, STORE_KEY, "RAK", api_user=API_USER, api_password=API_PASSWORD
        )
        self.gateway = SimulatedGateway([self.account], clock=self.clock, random=Random(1))
        self.transport = InProcessTransport(self.gateway)
        self.requests: list[tuple[Any, bytes]] = []

    def carry(self, body: bytes, /, **how: Any) -> Any:
        """Carry a request, and remember when."""
        self.requests.append((self.clock(), body))
        return self.transport(body, **how)

    def api(self, *operations: str) -> cmi.ApiClient:
        """Give a client of the XML API, with these operations switched on."""
        return cmi.ApiClient(
            MERCHANT,
            user=API_USER,
            password=API_PASSWORD,
            operations=operations,
            transport=self.carry,
            clock=self.clock,
            sleep=self.sleep,
        )

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds=seconds)

    def money(self, form: cmi.SignedForm) -> Any:
        """Give what the gateway holds of a form: captured, refunded and reserved."""
        order = self.gateway.order(MERCHANT.client_id, form.order_id)
        return None if order is None else order.totals


class Counter:
    """A shop's till on the bank's clock."""

    def __init__(self, journal: Journal, bank: Bank, *operations: str, **settings: Any) -> None:
        self.bank = bank
        api = settings.pop("api", None) or bank.api(*operations)
        self.till = Till(journal, clock=bank.clock, api=api, sleep=bank.sleep, **settings)
        self.checkout: Checkout = self.till.checkout
        self.customer = InProcessCustomer(bank.gateway, self.till.settle)

    def faults(self, *faults: Any) -> None:
        """Have these strike at every callback from now on."""
        self.customer.courier.faults.set(FaultPlan.of(*faults))

    def api_faults(self, *faults: Any) -> None:
        """Have these strike at every request of the XML API from now on."""
        self.bank.transport.book.set(FaultPlan.of(*faults))

    def pay(self, form: cmi.SignedForm, card: str = VISA) -> Visit:
        """Pay a form with a card."""
        return self.customer.pay(form, card)

    def wait(self, **time: float) -> None:
        """Let time pass; callbacks whose time comes are delivered."""
        self.bank.clock.advance(**time)
        self.customer.deliver_due()

    def state(self, form: cmi.SignedForm) -> str:
        """Give the state of the attempt of this form."""
        return next(r["state"] for r in self.till.rows("attempts") if r["order_id"] == form.order_id)

    def order_state(self, form: cmi.SignedForm) -> str:
        """Give the state of the order of this form."""
        reference = next(
            r["order_reference"] for r in self.till.rows("attempts") if r["order_id"] == form.order_id
        )
        return next(r["state"] for r in self.till.rows("orders") if r["reference"] == reference)

    def states(self, form: cmi.SignedForm) -> tuple[str, str]:
        """Give the states of attempt and order."""
        return self.state(form), self.order_state(form)

    def reviews(self) -> list[str]:
        """Give what lies before a person, by kind."""
        return sorted(r["kind"] for r in self.till.rows("reviews") if r["resolved_at"] is None)


@contextmanager
def counter(place: Place | None = None, *operations: str, **settings: Any) -> Iterator[Counter]:
    """Give a counter on a journal in *place*, or in memory."""
    url = "sqlite:///:memory:" if place is None else place.url
    with Journal.open(url) as journal:
        yield Counter(journal, Bank(), *operations, **settings)


__all__ = ["ALL", "DECLINED", "VISA", "Bank", "Counter", "SqlitePlace", "counter"]
