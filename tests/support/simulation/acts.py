"""What anybody may do next, and what may go wrong: each act is one step of a story."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from cmi_gateway import SignedForm
from cmi_gateway.simulator import faults
from cmi_gateway.simulator.faults import FaultPlan, FaultRule
from support.callbacks import approved
from support.gateway_kit import answer
from support.simulation.faulty_journal import DatabaseFault
from support.simulation.hands import Hands
from support.simulation.neighbours import INVOICES, TROUBLES
from support.simulation.stage import Errand
from support.simulation.world import World

_CARDS = ("4000000000000010",) * 6 + (
    "4000000000010051",
    "5453010000010003",
    "4000000000020099",
    "4000000000020008",
)
_PAYMENT_FAULTS = (
    faults.CallbackLate(seconds=90),
    faults.CallbackLate(seconds=400),
    faults.CallbackLate(seconds=700),
    faults.CallbackTwice(),
    faults.CallbackTwice(seconds=400),
    faults.CallbackLost(),
    faults.CallbackReordered(seconds=600),
    faults.DeclinesBefore(times=2),
    faults.DeclineAfter(),
    faults.DeclineAfter(seconds=120),
    faults.CallbackTampered(),
    faults.CallbackTruncated(),
    faults.ReplyIgnored(),
    faults.ReplyIgnored(),
    faults.ReplyLost(),
)
_API_FAULTS = (
    faults.ApiCutBefore(),
    faults.ApiCutAfter(),
    faults.ApiSlow(seconds=90),
    faults.ApiHtmlError(),
    faults.ApiHtmlError(done=True),
)
#: Answers to captures, voids and refunds that are lost, before and after the gateway acted.
_OPERATION_FAULTS = (
    faults.ApiCutBefore(on="operations"),
    faults.ApiCutAfter(on="operations"),
    faults.ApiSlow(seconds=90, on="operations"),
    faults.ApiHtmlError(on="operations"),
    faults.ApiHtmlError(on="operations", done=True),
    faults.ApiFailure(on="operations"),
    faults.ApiFailure(on="operations", done=True),
)
_PAUSES = (1, 1, 20, 20, 60, 60, 310, 310, 900, 3600, 6 * 3600)
#: Longer than a lease, and longer than an operation may go without showing.
_HELD_UP = (301, 301, 1000)
#: The gateway is asked for a day about a form of which nothing was heard.
_TYPING = timedelta(hours=12)
_SKEWS = (0, 0, 0, -60, -5, 5, 60, 10 * 365 * 24 * 60)


class Acts:
    """What may happen in a world."""

    def __init__(self, world: World) -> None:
        self.world, self._random = world, world.random

    def weighted(self) -> list[tuple[int, Callable[[], object]]]:
        """Give every act, and how often it comes up."""
        asks, person = self.world.asks_gateway, self.world.person
        return [
            (3, self.start),
            (1, self.double_click),
            (10, self.card),
            (14, self.go_on),
            (2, self.kill),
            (3 if asks else 0, self.strike),
            (2, self.hold_up),
            (4, self.deliver_due),
            (3, self.repeat),
            (1, self.stranger),
            (2, self.look),
            (4, self.worker),
            (6 if asks else 0, self.sweeper),
            (3 if asks else 0, self.api_fault),
            (5, self.time),
            (1, self.batch),
            (1, self.clock_is_wrong),
            (2, self.database_fault),
            (1, self.mail_trouble),
            (1, self.billing_trouble),
            *([] if person is None else Hands(self.world, person).weighted()),
        ]

    def _choice(self) -> tuple[str, ...]:
        references = list(INVOICES)
        return tuple(self._random.sample(references, self._random.choice((1, 1, 2, 3))))

    def start(self) -> None:
        """Somebody starts a payment."""
        chosen = self._choice()
        self.world.begin(f"starts {chosen}", lambda: self.world.pay(chosen))

    def double_click(self) -> None:
        """Somebody clicks twice."""
        chosen = self._choice()
        for _ in range(2):
            self.world.begin(f"double click {chosen}", lambda: self.world.pay(chosen))

    def card(self) -> None:
        """Somebody types a card number."""
        if forms := self._usable_forms():
            form = self._random.choice(forms)
            card = self._random.choice(_CARDS)
            chosen = self._random.sample(_PAYMENT_FAULTS, self._random.choice((0, 0, 1, 1, 2)))
            kinds = ", ".join(fault.kind for fault in chosen)
            self.world.begin(
                f"card {card} for {form.order_id} {kinds}",
                lambda: self.world.use_card(form, card, FaultPlan.of(*chosen)),
            )

    def _usable_forms(self) -> list[SignedForm]:
        """Give what customers have open; where days pass, they are not typing any more."""
        world = self.world
        if world.person is None:
            return world.forms[-3:]
        return [form for form in world.forms[-3:] if world.clock() - world.signed_at[form.order_id] < _TYPING]

    def go_on(self) -> None:
        """Somebody who stood still goes on."""
        if self.world.stage.waiting:
            self.world.go_on(self._random.choice(self.world.stage.waiting))

    def kill(self) -> None:
        """A process dies."""
        if self.world.stage.waiting:
            self.world.kill(self._random.choice(self.world.stage.waiting))

    def strike(self) -> None:
        """Whoever is about to move money dies, or is held up: it is written down, and not sent."""
        about_to = [errand for errand in self.world.stage.waiting if errand.before == "operation"]
        if about_to:
            errand = self._random.choice(about_to)
            match self._random.randrange(3):
                case 0:
                    self.world.kill(errand)
                case 1:
                    self._overtake(errand)
                case _:
                    self._outrun(errand)
        else:
            self._until_operation()

    def _outrun(self, errand: Errand) -> None:
        """A late callback arrives first."""
        self.world.wait(self._random.choice((1, 100, 250)))
        self._to_the_end(self.world.begin("network outruns", self.world.customer.deliver_due))
        self._to_the_end(errand)

    def _until_operation(self) -> None:
        """Let a machine sweep until it is about to move money, or has nothing more to do."""
        errand = self.world.begin("sweeper", lambda: self.world.checkout.sweep(limit=5))
        for _ in range(40):
            if errand not in self.world.stage.waiting or errand.before == "operation":
                return
            self.world.go_on(errand)

    def hold_up(self) -> None:
        """A process is suspended for longer than its lease, while others do its work."""
        if self._random.random() < 0.5:
            machine = self.sweeper if self.world.asks_gateway and self._random.random() < 0.5 else self.worker
            self._some_steps(machine(), 8)
        if self.world.stage.waiting:
            self._overtake(self.world.stage.waiting[-1])

    def _some_steps(self, errand: Errand, most: int) -> None:
        for _ in range(self._random.randrange(most)):
            if errand in self.world.stage.waiting:
                self.world.go_on(errand)

    def _overtake(self, errand: Errand) -> None:
        self.world.wait(self._random.choice(_HELD_UP))
        self._some_steps(errand, 3)
        if self.world.asks_gateway:
            self._to_the_end(
                self.world.begin("sweeper overtakes", lambda: self.world.checkout.sweep(limit=5))
            )
        self._to_the_end(self.world.begin("worker overtakes", self.world.checkout.deliver))
        self._to_the_end(errand)

    def _to_the_end(self, errand: Errand) -> None:
        while errand in self.world.stage.waiting:
            self.world.go_on(errand)

    def deliver_due(self) -> None:
        """The network brings what is late."""
        self.world.begin("network", self.world.customer.deliver_due)

    def repeat(self) -> None:
        """The gateway repeats a callback."""
        if self.world.answers:
            body = self._random.choice(list(self.world.answers))
            self.world.begin("repeats a callback", lambda: self.world.settle(body))

    def stranger(self) -> None:
        """A stranger sends a callback of their own making."""
        if self.world.forms:
            form = self._random.choice(self.world.forms)
            body = self._random.choice(
                [lambda: approved(form, amount="1.00"), lambda: answer(form, store_key="GUESSED99")]
            )()
            self.world.begin("a stranger's callback", lambda: self.world.checkout.settle(body))

    def look(self) -> None:
        """Somebody looks what became of their payment."""
        if self.world.forms:
            token = dict(self._random.choice(self.world.forms).fields)["okUrl"].rsplit("/", 1)[1]
            self.world.checkout.payment(token)

    def worker(self) -> Errand:
        """A machine sends what is due."""
        return self.world.begin("worker", self.world.checkout.deliver)

    def sweeper(self) -> Errand:
        """A machine asks the gateway what is due."""
        limit = self._random.choice((1, 3, 10))
        return self.world.begin("sweeper", lambda: self.world.checkout.sweep(limit=limit))

    def api_fault(self) -> None:
        """The next requests of the XML API go wrong, or the next operation."""
        some = self._random.choice((1, 2))
        rules = (
            FaultRule(self._random.choice(_API_FAULTS), faults.Next(some)),
            FaultRule(self._random.choice(_OPERATION_FAULTS), faults.Next(1)),
        )
        chosen = rules[self._random.randrange(2) :]
        self.world.transport.book.set(FaultPlan(chosen))
        self.world.log.append(f"XML API: {', '.join(rule.fault.kind for rule in chosen)}")

    def time(self) -> None:
        """Time passes."""
        self.world.wait(self._random.choice(_PAUSES))

    def batch(self) -> None:
        """The gateway closes its batch."""
        self.world.log.append("batch closes")
        self.world.gateway.close_batch()

    def clock_is_wrong(self) -> None:
        """Somebody sets the shop's clock."""
        self.world.set_wrong(timedelta(minutes=self._random.choice(_SKEWS)))
        self.world.log.append(f"the shop's clock is {self.world.skew} off")

    def database_fault(self) -> None:
        """The next transaction fails."""
        self.world.journal.next_fault = self._random.choice(list(DatabaseFault))
        self.world.log.append(f"database: {self.world.journal.next_fault.name}")

    def mail_trouble(self) -> None:
        """The next mail is refused, or taken and denied."""
        self.world.post.trouble = self._random.choice(("refuses", "lies"))
        self.world.log.append(f"mail server {self.world.post.trouble}")

    def billing_trouble(self) -> None:
        """The next posting goes wrong, or all of them for three days."""
        bills = self.world.bills
        if self._random.random() < 0.2:
            bills.broken_until = self.world.clock() + timedelta(days=3)
            self.world.log.append("billing: HTTP 500 for three days")
        else:
            bills.trouble = self._random.choice(TROUBLES)
            self.world.log.append(f"billing: {bills.trouble}")
