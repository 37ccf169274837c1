"""The demo's servers under a test's control: the clock, the bills, and what becomes of the callbacks."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import attrs

from cmi_gateway.simulator.delivery import CallbackAnswer, LoopbackSender
from rak_billing.demo.bills import demo_clients
from rak_billing.demo.customer import Customer
from rak_billing.demo.journey import accept, choose, identification, identify
from rak_billing.demo.servers import RunningDemo, running_demo
from rak_billing.demo.web_page import Page
from rak_billing.invoices import Statement
from support.simulator_kit import Clock

A, B = "123456789", "987654321"
GUIDE, MANDATORY, TWELVE, NOTHING = "123456789", "234567891", "345678912", "456789123"
RECEIPT, CARD_PAGE, CHANGED = "REÇU DE PAIEMENT", "DEMANDE DE PAIEMENT", "Vos factures ont changé"
_PATIENCE = 5.0


@attrs.define
class Callbacks:
    """Takes the gateway's callbacks: sends them on, or keeps them back as a slow or broken line does."""

    held: bool = False
    bodies: list[bytes] = attrs.Factory(list)
    replies: list[str] = attrs.Factory(list)

    def __call__(self, url: str, body: bytes) -> CallbackAnswer:
        self.bodies.append(body)
        if self.held:
            return CallbackAnswer(problem="held back")
        answer = LoopbackSender()(url, body)
        self.replies.append(answer.body)
        return answer


@attrs.define
class Bills:
    """A billing system that a test changes between two pages."""

    statements: dict[str, Statement] = attrs.Factory(
        lambda: {client.customer_ref: client.statement for client in demo_clients()}
    )

    def statement(self, customer_ref):
        return self.statements.get(customer_ref)

    def change(self, customer_ref, reference, **fields):
        before = self.statements[customer_ref]
        after = tuple(
            attrs.evolve(invoice, **fields) if invoice.reference == reference else invoice
            for invoice in before.invoices
        )
        self.statements[customer_ref] = attrs.evolve(before, invoices=after)


@attrs.frozen
class Town:
    """One operator's servers, and one customer before them."""

    demo: RunningDemo
    customer: Customer
    callbacks: Callbacks
    bills: Bills
    clock: Clock

    def bills_page(self, customer_ref=GUIDE) -> Page:
        return identify(self.customer, identification(self.customer, self.demo.portal_url), customer_ref)

    def recap(self, references: Iterable[str], customer_ref=GUIDE) -> Page:
        return choose(self.customer, self.bills_page(customer_ref), references)

    def card_page(self, references: Iterable[str], customer_ref=GUIDE) -> Page:
        return accept(self.customer, self.recap(references, customer_ref))

    def post_callback(self, body: bytes) -> str:
        """Post a callback as a server does, without cookies; give the portal's word."""
        return LoopbackSender()(self.demo.checkout.tenant.callback_url, body).body

    def order(self, page: Page):
        """Give what the gateway knows of the order that its page is about."""
        merchant = self.demo.checkout.merchant.client_id
        return self.demo.simulator.state.order(merchant, page.facts["Identifiant"])

    def look_again(self, page: Page) -> Page:
        """Reload a page."""
        return self.customer.open(page.url)

    def reviews(self) -> list[str]:
        """Give what a person must look at."""
        with self.demo.checkout.journal.reading() as tx:
            return [review.kind.value for review in tx.reviews.unresolved()]

    def rejections(self) -> dict[str, int]:
        """Count the callbacks that were not believed, by reason."""
        with self.demo.checkout.journal.reading() as tx:
            return dict(tx.rejections.counts())

    def mails(self, count: int = 1) -> list[EmailMessage]:
        """Wait for that many mails; give all that are there."""
        deadline = time.monotonic() + _PATIENCE
        while len(found := sorted(self.demo.mail_folder.glob("*.eml"))) < count:
            assert time.monotonic() < deadline, f"{len(found)} mails instead of {count}"
            time.sleep(0.02)
        return [message_from_bytes(file.read_bytes(), policy=default) for file in found]


@contextmanager
def town(folder, *, clock=None, tenant=None):
    """Serve the demo from *folder*, at the guide's instant, with a customer at the door."""
    clock, callbacks, bills = clock or Clock(), Callbacks(), Bills()
    with (
        # The clock stands still here, and the gateway is asked a second later.
        running_demo(
            folder, billing=bills, clock=clock, send_callback=callbacks, confirm="callback", tenant=tenant
        ) as demo,
        Customer() as customer,
    ):
        yield Town(demo, customer, callbacks, bills, clock)
