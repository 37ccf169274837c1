"""One run: at each step somebody does something, perhaps something goes wrong, and the promises are checked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from cmi_gateway.simulator import faults
from cmi_gateway.simulator.faults import FaultPlan
from support.callbacks import approved
from support.gateway_kit import answer
from support.simulation.faulty_journal import DatabaseFault
from support.simulation.invariants import Checker, Violation
from support.simulation.world import INVOICES, World

_CARDS = ("4000000000000010",) * 6 + (
    "4000000000010051",
    "5453010000010003",
    "4000000000020099",
    "4000000000020008",
)
_PAYMENT_FAULTS = (
    faults.CallbackLate(seconds=90),
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
    faults.ReplyLost(),
)
_API_FAULTS = (
    faults.ApiCutBefore(),
    faults.ApiCutAfter(),
    faults.ApiCutAfter(on="operations"),
    faults.ApiSlow(seconds=90),
    faults.ApiHtmlError(),
    faults.ApiHtmlError(done=True),
)
_PAUSES = (1, 1, 20, 20, 60, 60, 310, 310, 900, 3600, 6 * 3600)
#: How often an errand goes on at once.
_AT_ONCE = 0.6
#: Long enough for every calendar: daily looks for two weeks and more.
_LAST_PAUSES = (1, 60, 301, 301, 901, 3601, 3601, 6 * 3600, *([86_400] * 18))


class Drama:
    """Plays one seed."""

    def __init__(self, seed: int, **settings: Any) -> None:
        self.seed = seed
        self.world = World(seed, **settings)
        self.checker = Checker(self.world)
        self._random = self.world.random
        acts: list[tuple[int, Callable[[], object]]] = [
            (3, self._start),
            (1, self._double_click),
            (10, self._card),
            (14, self._go_on),
            (2, self._kill),
            (4, self._deliver_due),
            (3, self._repeat),
            (1, self._stranger),
            (2, self._look),
            (4, self._worker),
            (6 if self.world.asks_gateway else 0, self._sweeper),
            (2, self._api_fault),
            (5, self._time),
            (1, self._batch),
            (1, self._clock_is_wrong),
            (2, self._database_fault),
            (1, self._mail_trouble),
            (1, self._billing_trouble),
        ]
        self._weights, self._acts = zip(*acts, strict=True)

    def play(self, steps: int) -> str:
        """Play so many steps, let everything come to rest, and give a digest of what is written."""
        world, number = self.world, 0
        try:
            for number in range(steps):  # noqa: B007 - told by the report
                self._random.choices(self._acts, self._weights)[0]()
                self.checker.after_step()
                self._hurry()
            self._come_to_rest()
            self.checker.at_rest()
            return world.digest()
        except (Violation, AssertionError) as error:
            story = "\n  ".join(world.log)
            raise Violation(f"seed {self.seed}, step {number}: {error}\n  {story}") from error
        finally:
            world.close()

    def _hurry(self) -> None:
        """Most of the time whoever was last goes on at once, as on a machine that is not busy."""
        while self.world.stage.waiting and self._random.random() < _AT_ONCE:
            self.world.go_on(self.world.stage.waiting[-1])
            self.checker.after_step()

    def _choice(self) -> tuple[str, ...]:
        references = list(INVOICES)
        return tuple(self._random.sample(references, self._random.choice((1, 1, 2, 3))))

    def _start(self) -> None:
        chosen = self._choice()
        self.world.begin(f"starts {chosen}", lambda: self.world.pay(chosen))

    def _double_click(self) -> None:
        chosen = self._choice()
        for _ in range(2):
            self.world.begin(f"double click {chosen}", lambda: self.world.pay(chosen))

    def _card(self) -> None:
        if self.world.forms:
            form = self._random.choice(self.world.forms[-3:])
            card = self._random.choice(_CARDS)
            chosen = self._random.sample(_PAYMENT_FAULTS, self._random.choice((0, 0, 1, 1, 2)))
            kinds = ", ".join(fault.kind for fault in chosen)
            self.world.begin(
                f"card {card} for {form.order_id} {kinds}",
                lambda: self.world.use_card(form, card, FaultPlan.of(*chosen)),
            )

    def _go_on(self) -> None:
        if self.world.stage.waiting:
            self.world.go_on(self._random.choice(self.world.stage.waiting))

    def _kill(self) -> None:
        if self.world.stage.waiting:
            self.world.kill(self._random.choice(self.world.stage.waiting))

    def _deliver_due(self) -> None:
        self.world.begin("network", self.world.customer.deliver_due)

    def _repeat(self) -> None:
        if self.world.answers:
            body = self._random.choice(list(self.world.answers))
            self.world.begin("repeats a callback", lambda: self.world.settle(body))

    def _stranger(self) -> None:
        if self.world.forms:
            form = self._random.choice(self.world.forms)
            body = self._random.choice(
                [lambda: approved(form, amount="1.00"), lambda: answer(form, store_key="GUESSED99")]
            )()
            self.world.begin("a stranger's callback", lambda: self.world.checkout.settle(body))

    def _look(self) -> None:
        if self.world.forms:
            token = dict(self._random.choice(self.world.forms).fields)["okUrl"].rsplit("/", 1)[1]
            self.world.checkout.payment(token)

    def _worker(self) -> None:
        self.world.begin("worker", self.world.checkout.deliver)

    def _sweeper(self) -> None:
        limit = self._random.choice((1, 3, 10))
        self.world.begin("sweeper", lambda: self.world.checkout.sweep(limit=limit))

    def _api_fault(self) -> None:
        fault = self._random.choice(_API_FAULTS)
        self.world.transport.book.set(FaultPlan.of(fault, when=faults.Next(self._random.choice((1, 2)))))
        self.world.log.append(f"XML API: {fault.kind}")

    def _time(self) -> None:
        seconds = self._random.choice(_PAUSES)
        self.world.log.append(f"{seconds} s pass")
        self.world.clock.advance(seconds=seconds)

    def _batch(self) -> None:
        self.world.log.append("batch closes")
        self.world.gateway.close_batch()

    def _clock_is_wrong(self) -> None:
        self.world.set_wrong(timedelta(minutes=self._random.choice((0, 0, -60, -5, 5, 60))))
        self.world.log.append(f"the shop's clock is {self.world.skew} off")

    def _database_fault(self) -> None:
        self.world.journal.next_fault = self._random.choice(list(DatabaseFault))
        self.world.log.append(f"database: {self.world.journal.next_fault.name}")

    def _mail_trouble(self) -> None:
        self.world.post.trouble = self._random.choice(("refuses", "lies"))
        self.world.log.append(f"mail server {self.world.post.trouble}")

    def _billing_trouble(self) -> None:
        self.world.bills.trouble = self._random.choice(("not sent", "lost", "booked"))
        self.world.log.append(f"billing: {self.world.bills.trouble}")

    def _come_to_rest(self) -> None:
        world = self.world
        world.journal.next_fault = world.post.trouble = world.bills.trouble = None
        world.set_wrong(timedelta())
        world.transport.book.set(FaultPlan())
        world.log.append("nothing goes wrong any more")
        while world.stage.waiting:
            world.go_on(world.stage.waiting[0])
        world.repeat_unsettled()
        for seconds in _LAST_PAUSES:
            world.clock.advance(seconds=seconds)
            world.customer.deliver_due()
            while world.asks_gateway and not world.checkout.sweep(limit=20).is_finished:
                pass
            world.checkout.deliver()
            self.checker.after_step()
            if not world.is_anything_due():
                return


def play(seed: int, steps: int = 80, **settings: Any) -> str:
    """Play one seed; a broken promise names the seed and tells the story."""
    return Drama(seed, **settings).play(steps)
