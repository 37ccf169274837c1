"""The whole service around one journal: customers, gateway, billing, mail and workers, on one clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any

import cmi_gateway as cmi
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.simulator.faults import FaultPlan
from cmi_gateway.simulator.gateway import SimulatedGateway
from cmi_gateway.simulator.in_process import InProcessCustomer, InProcessTransport, Visit
from rak_billing.checkout import Checkout
from rak_billing.errors import InvoicesAlreadyPaidError
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.payments.journal import Journal
from rak_billing.tenant import Tenant
from support.checkout_kit import CUSTOMER, EMAIL, NOON
from support.gateway_kit import MERCHANT, STORE_KEY
from support.simulation.faulty_journal import FaultyJournal
from support.simulation.neighbours import Bills, Leases, Post
from support.simulation.person import Person
from support.simulation.stage import CrashError, Errand, Stage
from support.simulation.watch import Watch, is_operation
from support.simulation.wavering import Wavering

API_USER, API_PASSWORD = "rakapi", "S3cret-of-the-API"
#: When a story begins: on a plain day, and in the evening before Morocco's clocks change: for Ramadan, after it, and for good.
BEGINNINGS = (
    NOON,
    NOON,
    datetime(2019, 5, 4, 20, 30, tzinfo=UTC),
    datetime(2019, 6, 8, 20, 30, tzinfo=UTC),
    datetime(2026, 9, 19, 20, 30, tzinfo=UTC),
)


class World:
    """Everything, and what happened to it."""

    def __init__(
        self,
        seed: int,
        *,
        asks_gateway: bool = True,
        way: ExactlyOnce | None = None,
        is_staffed: bool = False,
        **settings: Any,
    ) -> None:
        self.random = Random(seed)
        self.clock = VirtualClock(self.random.choice(BEGINNINGS))
        self.skew, self.jumps = timedelta(), 0
        self.stage = Stage()
        self.journal = FaultyJournal(
            Journal.open("sqlite:///:memory:"), self.stage, self.random, self.time_and_jumps
        )
        self._leases = leases = Leases(self.time_and_jumps)
        drawn = self.random.choice(list(ExactlyOnce))
        self.bills = Bills(self.stage, way or drawn, leases, self.journal, self.clock)
        self.post = Post(self.stage, leases)
        self.watch = Watch(self.journal, self.time_and_jumps)
        self.journal.watch = self._kept
        account = MerchantAccount(
            MERCHANT.client_id, STORE_KEY, "RAK", api_user=API_USER, api_password=API_PASSWORD
        )
        self.gateway = SimulatedGateway([account], clock=self.clock, random=Random(seed))
        self.customer = InProcessCustomer(self.gateway, self._deliver_to_shop, random=Random(seed))
        self.transport = InProcessTransport(self.gateway)
        self.asks_gateway = asks_gateway
        self.wavering = Wavering(self.gateway, self.clock)
        self.person = Person(self, API_USER, API_PASSWORD) if is_staffed else None
        if self.person is not None:
            self.watch.spoken_of = self.person.spoken_of
        self._settings: dict[str, Any] = {
            "tenant": Tenant.preset("rak"),
            "billing": self.bills,
            "journal": self.journal,
            "merchant": MERCHANT,
            "mailer": self.post,
            "secret_key": "0123456789abcdef",
            "clock": self.shop_time,
            "random_token": self.random.randbytes,
            "sleep": self._sleep,
        } | settings
        #: Two machines with the same journal; one that dies is replaced.
        self.machines = [self._machine(), self._machine()]
        #: Forms that a browser has in hand.
        self.forms: list[cmi.SignedForm] = []
        #: When each of them was asked for, by order id.
        self.signed_at: dict[str, datetime] = {}
        self.visits: list[Visit] = []
        #: Body of each callback to every answer that it got.
        self.answers: defaultdict[bytes, list[str]] = defaultdict(list)
        #: Invoices whose payment was refused because they are paid already.
        self.refused: list[set[str]] = []
        self.log: list[str] = []
        #: Called after every step that is not the drama's own.
        self.checkpoint: Callable[[], object] = lambda: None

    def _machine(self) -> Checkout:
        if not self.asks_gateway:
            return Checkout(**self._settings)
        api = cmi.ApiClient(
            MERCHANT,
            user=API_USER,
            password=API_PASSWORD,
            operations=("capture", "void", "refund"),
            transport=self._carry,
            clock=self.shop_time,
            sleep=self._sleep,
        )
        return Checkout(api=api, **self._settings)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.log.append(f"{seconds} s pass")
        self.clock.advance(seconds=seconds)
        self.wavering.pass_on()

    def mend(self) -> None:
        """Have billing, mail and database work as they should."""
        self.journal.next_fault = self.post.trouble = self.bills.trouble = None
        self.bills.broken_until = self.clock()
        self.wavering.mend()

    def _sleep(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)

    def _carry(self, body: bytes, /, **how: Any) -> Any:
        """Carry a request of the XML API; whoever asks may be overtaken, or die, before and after the gateway acts."""
        self.stage.pause("operation" if is_operation(body) else "query")
        self.watch.sending(body, self.stage.now)
        try:
            if not is_operation(body):
                self.wavering.answer_or_fail()
                if (missing := self.wavering.missing(body)) is not None:
                    return missing
            return self.transport(body, **how)
        finally:
            self.stage.pause()

    def _kept(self, errand: Errand | None) -> None:
        self.watch.kept(errand)
        if errand is not None:
            self.post.excused |= errand.unmarked
        if errand is not None and self._leases.is_lost(errand):
            # It may have marked what it sent too late: whoever had taken over sends it again.
            self.post.excused |= errand.sending

    @property
    def checkout(self) -> Checkout:
        """Give one of the machines."""
        return self.random.choice(self.machines)

    def close(self) -> None:
        """Let go of the journal."""
        for errand in list(self.stage.waiting):
            self.stage.kill(errand)
        self.journal.close()
        self.journal.inner.close()

    def shop_time(self) -> datetime:
        """Give the time by the shop's clock, which may be wrong."""
        return self.clock() + self.skew

    def set_wrong(self, skew: timedelta) -> None:
        """Put the shop's clock ahead or back."""
        self.jumps += skew != self.skew
        self.skew = skew

    def time_and_jumps(self) -> tuple[datetime, int]:
        """Give the time, and how often the shop's clock was put right or wrong."""
        return self.clock(), self.jumps

    def begin(self, name: str, work: Any) -> Errand:
        """Begin an errand."""
        self.log.append(name)
        errand = self.stage.begin(name, work)
        self._mourn()
        return errand

    def go_on(self, errand: Errand) -> None:
        """Have an errand go on."""
        self.log.append(f"… {errand.name}")
        self.stage.go_on(errand)
        self._mourn()
        self.checkpoint()

    def kill(self, errand: Errand) -> None:
        """Kill whoever is doing an errand."""
        self.log.append(f"† {errand.name}")
        self.stage.kill(errand)
        self._mourn()

    def _mourn(self) -> None:
        for errand in self.stage.ended:
            # What left and was never marked will leave again: that is the price of "at least once".
            self.post.excused |= errand.sending
            if errand.end == "crashed":
                self.machines[self.random.randrange(2)] = self._machine()
        self.stage.ended.clear()

    def settle(self, body: bytes) -> str:
        """Deliver a callback to the shop, and remember the answer; a shop that dies gives none."""
        try:
            answer = self.checkout.settle(body).value
        except CrashError:
            return ""
        self.answers[body].append(answer)
        return answer

    def _deliver_to_shop(self, body: bytes) -> str:
        try:
            self.stage.pause()
        except CrashError:
            return ""
        return self.settle(body)

    def pay(self, chosen: Iterable[str]) -> None:
        """Start a payment as a browser does: the form counts once the browser has it."""
        began, references = self.clock(), set(chosen)
        statement = self.bills.statement(CUSTOMER)
        references &= {invoice.reference for invoice in statement.invoices}
        if not references:
            return
        total = self.checkout.quote(statement, references, "moroccan").total
        try:
            form = self.checkout.pay(
                CUSTOMER, chosen=references, accepted=total, email=EMAIL, card="moroccan", terms=True
            )
        except InvoicesAlreadyPaidError:
            self.refused.append(references)
            raise
        self.forms.append(form)
        self.signed_at[form.order_id] = began

    def use_card(self, form: cmi.SignedForm, card: str, plan: FaultPlan) -> None:
        """Pay a form at the gateway with *card*, while *plan* goes wrong."""
        visit = self.customer.open(form)
        if isinstance(visit, Visit):
            self.visits.append(visit)
            self.customer.courier.faults.set(plan)
            visit.pay(card)

    def is_anything_due(self) -> bool:
        """Tell whether anybody has anything left to do."""
        left = self.journal.rows("SELECT key FROM outbox WHERE sent_at IS NULL AND parked_at IS NULL")
        asked = self.journal.rows("SELECT order_id FROM inquiries WHERE due_at IS NOT NULL")
        return bool(left or self.customer.courier.waiting or (self.asks_gateway and asked))

    def genuine(self) -> list[Any]:
        """Give the gateway's own callbacks that reached the shop unharmed and got an answer."""
        spoilt = {"callback-tampered", "callback-truncated"}
        done = self.customer.courier.done
        return [one for one in done if self.answers.get(one.body) and not spoilt.intersection(one.faults)]

    def was_told(self, order_id: str) -> bool:
        """Tell whether a callback told of an approval of this order id."""
        return any(one.attempt.is_approved and one.attempt.order_id == order_id for one in self.genuine())

    def repeat_unsettled(self) -> None:
        """Have the gateway's own callbacks come again that got no answer but FAILURE."""
        for sending in self.genuine():
            if set(self.answers[sending.body]) == {"FAILURE"}:
                self.settle(sending.body)

    def digest(self) -> str:
        """Digest what happened and what left: equal for two runs of one seed."""
        columns = "order_reference, position, order_id, event, attempt_state, order_state, at"
        events = self.journal.rows(f"SELECT {columns} FROM events ORDER BY order_reference, position")
        return sha256(
            repr((events, sorted(self.post.sent.items()), self.bills.entries, self.log)).encode()
        ).hexdigest()
