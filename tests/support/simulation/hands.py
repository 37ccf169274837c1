"""The acts of a staffed story: what people say and do, and a gateway that wavers for days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from cmi_gateway.simulator.faults import CallbackLost, FaultPlan, ReplyIgnored
from rak_billing.staff import Resolution
from support.simulation.neighbours import INVOICES
from support.simulation.person import TRUE_WORDS, WITH_MONEY, WRONG_WORDS, Person, Sight
from support.simulation.wavering import OPEN_STATES
from support.simulation.world import World

_SPELLS = (
    *[timedelta(minutes=6)] * 2,
    timedelta(hours=2),
    timedelta(hours=30),
    timedelta(days=4),
    timedelta(days=9),
)
_LAGS = (timedelta(minutes=6), timedelta(hours=2), timedelta(hours=20), timedelta(days=3))
_DAYS = (timedelta(days=1), timedelta(days=1), timedelta(days=2), timedelta(days=4))
_ACTS = {
    Sight.HELD: ("void", "capture"),
    Sight.TAKEN: ("void",),
    Sight.SETTLED: ("refund",),
}
_INVOICES_OF = (
    "SELECT reference FROM order_lines WHERE is_fee = 0 "
    "AND order_reference = (SELECT order_reference FROM attempts WHERE order_id = '{order_id}')"
)
_TO_BE_MOVED = (
    "SELECT order_id FROM operations WHERE outcome IS NULL "
    "UNION SELECT order_id FROM attempts WHERE state IN ('authorized', 'duplicate') ORDER BY order_id"
)
_SLIPS, _BY_HAND, _SILENT = 0.35, 0.3, 0.3


class Hands:
    """What staff may do in a world, and what makes work for them."""

    def __init__(self, world: World, person: Person) -> None:
        self.world, self.person, self._random = world, person, world.random

    def weighted(self) -> list[tuple[int, Callable[[], object]]]:
        """Give every act, and how often it comes up."""
        return [
            (7, self.speak),
            (3, self.revive),
            (4, self.waver),
            (1, self.fall_silent),
            (3, self.hide),
            (3, self.days),
            (3, self.err_and_pay_again),
            (3, self.interrupt),
        ]

    def speak(self) -> None:
        """Somebody looks at what lies before them, or at any payment, and says a word of it."""
        order_id = self._chosen()
        if order_id is None:
            return
        if self._random.random() < _BY_HAND and self._does(order_id) and self._random.random() < _SILENT:
            return
        word = self._word(self.person.sees(order_id))
        self.world.begin(f"staff: {order_id} is {word.value}", lambda: self.person.say(order_id, word))

    def _chosen(self) -> str | None:
        waiting = [matter.order_id for matter in self.world.checkout.staff().waiting()]
        if waiting and self._random.random() < 0.6:
            return self._random.choice(waiting)
        known = [row.order_id for row in self.world.journal.rows("SELECT order_id FROM attempts")]
        paid = [order.order_id for order in self.world.gateway.orders if order.payment is not None]
        chosen = paid if paid and self._random.random() < 0.8 else known
        return self._random.choice(chosen) if chosen else None

    def _does(self, order_id: str) -> bool:
        kinds = _ACTS.get(self.person.sees(order_id))
        if kinds is None:
            return False
        kind = self._random.choice(kinds)
        if kind == "capture" and not self.person.is_counted(order_id):
            kind = "void"
        self.world.log.append(f"back office: {kind} {order_id}")
        self.person.act(order_id, kind)
        return True

    def _word(self, sight: Sight) -> Resolution:
        if sight in WITH_MONEY and self._random.random() < _SLIPS:
            return self._random.choice(WRONG_WORDS)
        return TRUE_WORDS.get(sight, Resolution.SEEN) if self._random.random() < 0.9 else Resolution.SEEN

    def err_and_pay_again(self) -> None:
        """Somebody says that money is not there, and before anything else happens the customer pays once more."""
        paid = [order.order_id for order in self.world.gateway.orders]
        paid = [order_id for order_id in paid if self.person.sees(order_id) in WITH_MONEY]
        if not paid:
            return
        order_id, word = self._random.choice(paid), self._random.choice(WRONG_WORDS)
        self._finish(f"staff: {order_id} is {word.value}", lambda: self.person.say(order_id, word))
        chosen = [row.reference for row in self.world.journal.rows(_INVOICES_OF.format(order_id=order_id))]
        before = len(self.world.forms)
        if self._random.random() < 0.5:
            # An order of its own, and not the one that is to be paid again.
            chosen.append(self._random.choice(list(INVOICES)))
        self._finish(f"starts {chosen} once more", lambda: self.world.pay(chosen))
        if self.world.forms[before:] and self._random.random() < 0.8:
            newest = self.world.forms[-1]
            how = FaultPlan.of(*self._random.choice(([], [], [CallbackLost()], [ReplyIgnored()])))
            self._finish(
                f"card for {newest.order_id}", lambda: self.world.use_card(newest, "4000000000000010", how)
            )
        if self._random.random() < 0.4:
            truth = TRUE_WORDS.get(self.person.sees(order_id), Resolution.SEEN)
            self._finish(f"staff: {order_id} is {truth.value}", lambda: self.person.say(order_id, truth))

    def interrupt(self) -> None:
        """Somebody speaks while a machine is about to move money, or has just decided to, of just this attempt."""
        sweeper = self.world.begin("sweeper", lambda: self.world.checkout.sweep(limit=5))
        is_early = self._random.random() < 0.5
        for _ in range(self._random.randrange(25) if is_early else 40):
            if sweeper not in self.world.stage.waiting or sweeper.before == "operation":
                break
            self.world.go_on(sweeper)
        rows = self.world.journal.rows(_TO_BE_MOVED)
        if rows:
            order_id = self._random.choice(rows).order_id
            word = self._word(self.person.sees(order_id))
            self._finish(f"staff: {order_id} is {word.value}", lambda: self.person.say(order_id, word))
        while sweeper in self.world.stage.waiting:
            self.world.go_on(sweeper)

    def _finish(self, name: str, work: Callable[[], object]) -> None:
        errand = self.world.begin(name, work)
        while errand in self.world.stage.waiting:
            self.world.go_on(errand)

    def revive(self) -> None:
        """Somebody looks for what was given up, and takes it up again or says that it arrived."""
        letters = [one for one in self.world.checkout.staff().dead_letters() if self.person.is_certain(one)]
        if letters:
            letter = self._random.choice(letters)
            self.world.begin(f"staff: {letter.key}", lambda: self.person.revive(letter))

    def waver(self) -> None:
        """The gateway does not say any more what became of an order, for minutes or for days."""
        orders = [order.order_id for order in self.world.gateway.orders if order.transactions]
        if orders:
            order_id = self._random.choice(orders[-3:])
            shown, lasting = self._random.choice(OPEN_STATES), self._random.choice(_SPELLS)
            self.world.log.append(f"the gateway shows {order_id} as {shown.value} for {lasting}")
            self.world.wavering.begin(order_id, shown, lasting)

    def hide(self) -> None:
        """The gateway does not find a payment too many of which it told itself."""
        known = [
            row.order_id
            for row in self.world.journal.rows("SELECT order_id FROM attempts WHERE state = 'duplicate'")
        ]
        if known:
            order_id, lasting = self._random.choice(known), self._random.choice(_LAGS)
            self.world.log.append(f"the gateway does not find {order_id} for {lasting}")
            self.world.wavering.hide(order_id, lasting)
            if lasting >= timedelta(days=1) and self._random.random() < 0.7:
                for hours in (2, 20, 20):
                    self.world.wait(hours * 3600)
                    self._finish("sweeper", lambda: self.world.checkout.sweep(limit=10))

    def fall_silent(self) -> None:
        """No query is answered, for minutes or for days."""
        lasting = self._random.choice(_SPELLS)
        self.world.log.append(f"no query is answered for {lasting}")
        self.world.wavering.fall_silent(lasting)

    def days(self) -> None:
        """Days pass."""
        self.world.wait(self._random.choice(_DAYS).total_seconds())
