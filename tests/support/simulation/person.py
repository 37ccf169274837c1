"""
One of the operator's staff: looks into the gateway's back office, acts there, and says words of it; errs now and then.

What a person said wrongly, or moved without a word, is their fault until journal and gateway agree again; the checker
asks `Person.unsettled` whose money that is. Once everything came to rest they say nothing but the truth.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import cmi_gateway as cmi
from cmi_gateway.api.history import LineState
from cmi_gateway.errors import ApiError
from cmi_gateway.simulator.in_process import InProcessTransport
from rak_billing.confirmation import POSTING
from rak_billing.confirmation_mail import message_id
from rak_billing.errors import JournalError, ResolutionError
from rak_billing.payments.records import DeadLetter
from rak_billing.payments.states import TransitionError
from rak_billing.staff import Resolution
from support.gateway_kit import MERCHANT

if TYPE_CHECKING:
    from support.simulation.world import World


class Sight(Enum):
    """What the back office shows of an order id."""

    NOTHING = auto()
    ON_ITS_WAY = auto()
    VOIDED = auto()
    HELD = auto()
    TAKEN = auto()  # and its batch is open
    SETTLED = auto()
    RETURNED = auto()


#: The word that is true of what is seen. Of money that is only held, or on its way, none is.
TRUE_WORDS = {
    Sight.NOTHING: Resolution.UNPAID,
    Sight.VOIDED: Resolution.VOIDED,
    Sight.TAKEN: Resolution.PAID,
    Sight.SETTLED: Resolution.PAID,
    Sight.RETURNED: Resolution.REFUNDED,
}
WITH_MONEY = {Sight.HELD, Sight.TAKEN, Sight.SETTLED}
#: What somebody says who looked at the wrong line. No wrong "paid": the books would be wrong by their fault.
WRONG_WORDS = (Resolution.UNPAID, Resolution.UNPAID, Resolution.VOIDED, Resolution.REFUNDED)
_GIVING_BACK = {Sight.HELD: "void", Sight.TAKEN: "void", Sight.SETTLED: "refund"}
#: Shorter than the day for which what came to nothing is asked about.
_LONGEST_LAG = timedelta(hours=20)
_WHO = {"by": "Amina", "why": "the back office"}


class Person:
    """Says and does things; what was refused is remembered, since a refusal is an answer."""

    def __init__(self, world: World, user: str, password: str) -> None:
        self._world = world
        self._office = cmi.ApiClient(
            MERCHANT,
            user=user,
            password=password,
            operations=("capture", "void", "refund"),
            transport=InProcessTransport(world.gateway),
            clock=world.clock,
            sleep=lambda _: None,
        )
        self._acts = 0
        #: Attempts of which somebody said a word, or whose money somebody moved by hand, ever.
        self.spoken_of: set[str] = set()
        #: Those of them for which a person may be to blame still.
        self.unsettled: set[str] = set()
        #: Those about which somebody is in the middle of a word, begun when it was true, perhaps.
        self.in_the_middle: list[str] = []
        #: Attempt to what was answered to every word that was refused since something was accepted of it.
        self.refusals: dict[str, list[str]] = {}

    def sees(self, order_id: str) -> Sight:
        """Look at an order in the back office."""
        order = self._world.gateway.order(MERCHANT.client_id, order_id)
        if order is None or order.payment is None:
            return Sight.NOTHING
        if any(line.transient for line in order.transactions):
            return Sight.ON_ITS_WAY
        if order.payment.state is LineState.VOIDED:
            return Sight.VOIDED
        if order.payment.state is LineState.AUTHORIZED:
            return Sight.HELD
        if not order.totals.net.centimes:
            return Sight.RETURNED
        return Sight.SETTLED if order.payment.state is LineState.SETTLED else Sight.TAKEN

    def act(self, order_id: str, kind: str) -> None:
        """Capture, void or refund in the back office; it may refuse."""
        self._touch(order_id)
        self._acts += 1
        key, order = f"by hand {self._acts}", self._world.gateway.order(MERCHANT.client_id, order_id)
        assert order is not None, "a person acts on what they see"
        assert order.payment is not None, "a person acts on what they see"
        try:
            if kind == "void":
                self._office.void(order_id, order.payment.trans_id, key=key)
            elif kind == "capture":
                self._office.capture(order_id, order.payment.amount, key=key)
            else:
                self._office.refund(order_id, order.totals.net, key=key)
        except ApiError as error:
            self._world.log.append(f"  the back office: {error}")

    def say(self, order_id: str, word: Resolution) -> str:
        """Say a word of an attempt; give what was answered, empty where it was accepted."""
        self._touch(order_id)
        # A person who errs, and a gateway that finds nothing for as long as it is asked after that, say one and the same.
        self._world.wavering.show_soon(order_id, _LONGEST_LAG)
        self.in_the_middle.append(order_id)
        try:
            self._world.checkout.staff().resolve(order_id, word, **_WHO)
        except (ResolutionError, TransitionError) as error:
            answer = f"{word.value}: {error}"
            self._world.log.append(f"  refused: {answer}")
            self.refusals.setdefault(order_id, []).append(answer)
            return answer
        finally:
            self.in_the_middle.remove(order_id)
        self.refusals.pop(order_id, None)
        return ""

    def _touch(self, order_id: str) -> None:
        self.spoken_of.add(order_id)
        self.unsettled.add(order_id)

    def revive(self, letter: DeadLetter) -> None:
        """Take up what was given up, or say that it arrived, as the books and the customer's mailbox show."""
        try:
            self._world.checkout.staff().revive(letter.key, delivered=self._has_arrived(letter), **_WHO)
        except ResolutionError as error:
            self._world.log.append(f"  refused: {error}")

    def is_certain(self, letter: DeadLetter) -> bool:
        """Tell whether nobody is about to deliver it still, so that looking for it proves something."""
        is_quiet = not any(errand.name.startswith("worker") for errand in self._world.stage.waiting)
        return is_quiet and not self._world.bills.is_on_the_way(letter.order_reference)

    def _has_arrived(self, letter: DeadLetter) -> bool:
        if letter.topic == POSTING:
            return letter.order_reference in {entry.key for entry in self._world.bills.entries}
        return message_id(letter.order_reference, self._world.machines[0].tenant) in self._world.post.sent

    def has_work(self) -> bool:
        """Tell whether anything lies before them, or waits for a word that they owe."""
        desk = self._world.checkout.staff()
        return bool(desk.waiting() or self._letters() or self.unsettled)

    def settle_all(self) -> None:
        """Look at whatever lies before them, do what is left to be done, and tell the truth of it."""
        lying = [matter.order_id for matter in self._world.checkout.staff().waiting()]
        for order_id in [*lying, *sorted(self.unsettled - set(lying))]:
            self._settle(order_id)
        for letter in self._letters():
            if self.is_certain(letter):
                self.revive(letter)

    def _letters(self) -> list[DeadLetter]:
        """Give what was given up of orders that are paid: what belongs to a payment that went back does not leave."""
        desk = self._world.checkout.staff()
        letters = desk.dead_letters()
        return [one for one in letters if desk.history(one.order_reference).order.state.holds_invoices]

    def _settle(self, order_id: str) -> None:
        if self.sees(order_id) is Sight.HELD:
            self.act(order_id, "capture" if self.is_counted(order_id) else "void")
            if self.sees(order_id) is Sight.HELD:
                self.act(order_id, "void")
        answer = self._say_the_truth(order_id)
        if answer and self.sees(order_id) in WITH_MONEY:
            # It cannot count any more: its invoices are paid by another, or it was said to be gone.
            self.act(order_id, _GIVING_BACK[self.sees(order_id)])
            answer = self._say_the_truth(order_id)
        if answer:
            self.say(order_id, Resolution.SEEN)

    def _say_the_truth(self, order_id: str) -> str:
        word = TRUE_WORDS.get(self.sees(order_id), Resolution.SEEN)
        self._world.log.append(f"staff settle {order_id}: {word.value}")
        try:
            return self.say(order_id, word)
        except JournalError as error:
            return str(error)

    def is_counted(self, order_id: str) -> bool:
        """Tell whether an order that is not given back counts this attempt as its payment."""
        rows: list[Any] = self._world.journal.rows(
            "SELECT orders.state FROM attempts JOIN orders ON orders.reference = order_reference "
            f"WHERE order_id = '{order_id}' AND payment_instant IS NOT NULL"
        )
        return bool(rows) and rows[0].state in {"accepted", "paid"}
