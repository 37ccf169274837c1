"""
A model of the whole gateway: customers, a shop, its client of the XML API, and everything that goes wrong between them.

The model keeps ledgers of its own, in ``support.ledger``. Where a fault may or may not have stopped something, it allows
both ends and no third; where nothing goes wrong, it says which. What is read through the client must then be the
ledger's, a shop must never believe in a payment that nobody authorized, and once the faults are over everything that
was left open comes to an end.

``HYPOTHESIS_PROFILE=ci`` makes 2,000 runs of up to 50 steps; ``CMI_MODEL_RUNS`` and ``CMI_MODEL_STEPS`` make any number.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import cmi_gateway as cmi
from cmi_gateway.simulator.cards import CARDS, CHALLENGE_CODE
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.simulator.endings import EndingKind
from cmi_gateway.simulator.faults import FaultPlan
from cmi_gateway.simulator.magic_amounts import MAGIC_AMOUNTS, ending_of
from cmi_gateway.simulator.orders import AttemptResult, Refusal, SessionState
from cmi_gateway.testing import InProcessSimulator, sample_merchant
from cmi_gateway.testing.fault_strategies import api_faults, fault_plans, faults, payment_faults
from support.counts import count
from support.ledger import Ledger, TalkativeShop

MERCHANT = sample_merchant()
START = datetime(2018, 9, 10, 9, 48, 56, tzinfo=UTC)
FIRST, ANY, MAGICAL, *MORE = (f"TEST-{letter}" for letter in "ABCDEF")
ORDERS = st.sampled_from([FIRST, ANY, MAGICAL, *MORE])
#: Whether an operation looks for an order that it may succeed on; else it takes what comes.
FITTING = st.sampled_from([True, True, True, False])
MAGIC = st.sampled_from([magic.amount.centimes for magic in MAGIC_AMOUNTS])
#: How far from all that is left an amount is asked for.
OFFSETS = st.sampled_from([0, 0, 0, -1, -5_000, -5_000, 1])
TEST_CARDS = st.sampled_from([*CARDS[:2], *CARDS[:2], *CARDS[:2], *CARDS])
CODES = st.sampled_from([CHALLENGE_CODE, CHALLENGE_CODE, CHALLENGE_CODE, "999", ""])
MANNERS = st.sampled_from(
    ["honest", "honest", "honest", "ACTION=POSTAUTH", "APPROVED", "FAILURE", "OK", "<html>"]
)
#: How far an order is when a run begins.
BEGUN = st.sampled_from(["nothing", "nothing", "held", "captured", "settled"])
#: What befalls a payment; mostly nothing.
TROUBLES = st.one_of(st.just(()), st.lists(payment_faults(), min_size=1, max_size=2).map(tuple))
#: What strikes between the look at the history and the sending; mostly nothing.
STRUCK = st.one_of(st.none(), st.none(), api_faults())
OFF_THE_WIRE = 86_400


@attrs.frozen
class Lost:
    """An operation whose answer was lost, and whether the books say that it was done."""

    record: cmi.Operation
    happened: bool


class Journeys(RuleBasedStateMachine):
    """Customers pay; the shop answers, captures, voids and refunds; batches close; time passes; lines break."""

    @initialize(amount=st.integers(1, 1_000_000), magic=MAGIC, begun=st.lists(BEGUN, min_size=4, max_size=4))
    def start(self, amount, magic, begun):
        amounts = {FIRST: 10_000, ANY: amount, MAGICAL: magic, **dict.fromkeys(MORE, 20_000)}
        self.simulator = InProcessSimulator.of(MERCHANT, VirtualClock(START))
        self.shop = TalkativeShop.of(MERCHANT, amounts)
        self.customer = self.simulator.customer(self.shop.settle)
        self.api = self.simulator.api()
        self.ledgers = {order_id: Ledger(amount) for order_id, amount in amounts.items()}
        self.visits = []
        self.lost: dict[str, Lost] = {}
        #: Orders that a late reply captured while an operation of theirs was open.
        self.disturbed: set[str] = set()
        self.keys: set[str] = set()
        #: The last operation of each order that was done without a key of its own.
        self.calls = {}
        # A rule may be left out of a whole run: most runs therefore begin with something to operate on.
        for stage in ("settled", "held", "captured"):
            self.shop.manner = "APPROVED" if stage == "held" else "honest"
            for order_id, chosen in zip((FIRST, ANY, *MORE), begun, strict=False):
                if chosen == stage:
                    self.open(order_id, is_fitting=False)
                    self.pay(-1, CARDS[0], "")
            if stage == "settled":
                self.close_batch()
        self.shop.manner = "honest"

    # What the model knows.

    @property
    def now(self):
        return self.simulator.clock()

    @property
    def is_calm(self):
        return self.simulator.faults.plan == FaultPlan()

    def fitting(self, order_id, is_fitting, fits):
        """Give the first order from *order_id* on whose ledger *fits*, or *order_id*."""
        names = list(self.ledgers)
        start = names.index(order_id)
        found = [name for name in names[start:] + names[:start] if fits(self.ledgers[name])]
        return found[0] if is_fitting and found else order_id

    def sums(self, order_id):
        """Give the books' sums of an order."""
        order = self.simulator.order(order_id)
        if order is None:
            return 0, 0, 0
        totals = order.totals
        return totals.held.centimes, totals.captured.centimes, totals.refunded.centimes

    def expect(self, order_id, *allowed):
        """Demand that the books now say one of *allowed*, and believe that one."""
        found = [ledger for ledger in allowed if ledger.sums == self.sums(order_id)]
        assert found, f"{order_id}: {self.sums(order_id)}, expected {[ledger.sums for ledger in allowed]}"
        self.ledgers[order_id] = found[0]

    def expect_late_replies(self, *order_ids):
        """Allow that an approval which was told late has been captured now."""
        for order_id in order_ids:
            before = self.ledgers[order_id]
            captured = before.capture(before.held, self.now)
            self.expect(order_id, before, *([captured] if captured else []))
            if order_id in self.lost and self.ledgers[order_id] != before:
                self.disturbed.add(order_id)

    # Customers.

    @rule(order_id=ORDERS, is_fitting=FITTING)
    def open(self, order_id, is_fitting):
        """A page opens for every order that was never paid, and for no other."""
        order_id = self.fitting(order_id, is_fitting, lambda ledger: ledger.paid_at is None)
        opened = self.customer.open(self.shop.forms[order_id])
        assert isinstance(opened, Refusal) is (self.ledgers[order_id].paid_at is not None)
        if not isinstance(opened, Refusal):
            self.visits.append((order_id, opened))

    @rule(number=st.integers(-3, -1), card=TEST_CARDS, code=CODES, troubles=TROUBLES)
    def pay(self, number, card, code, troubles=()):
        """Only the first approval of an order holds money; a capture needs the shop's reply to it."""
        if len(self.visits) < -number:
            self.open(FIRST, is_fitting=True)
            number = -1
        if not self.visits:
            return
        order_id, visit = self.visits[number]
        before, session = self.ledgers[order_id], visit.session
        is_late = any(one.attempt.order_id == order_id for one in self.customer.courier.waiting)
        ending = ending_of(cmi.Money(before.amount)) or card.ending
        is_paid = (
            session.state is SessionState.CARD
            and not self.simulator.gateway.is_expired(session)
            and before.paid_at is None
            and ending.kind in (EndingKind.APPROVED, EndingKind.SILENT)
            and (not card.enrolled or (card.authenticates and code == CHALLENGE_CODE))
        )
        plan, is_calm = self.simulator.faults.plan, self.is_calm and not troubles
        if troubles:
            self.simulator.befall(*troubles)
        visit.pay(card.number, code=code)
        if troubles:
            self.simulator.faults.set(plan)
        after = before.approved(self.now) if is_paid else before
        captured = after.capture(after.held, self.now)
        is_told = is_paid and ending.kind is EndingKind.APPROVED
        if not is_calm or is_late:
            self.expect(order_id, after, *([captured] if captured else []))
            if order_id in self.lost and self.ledgers[order_id] != after:
                self.disturbed.add(order_id)
        else:
            assert not is_told or order_id in self.shop.paid
            self.expect(order_id, captured if is_told and self.shop.captures else after)

    @rule(number=st.integers(-3, -1), is_cancelled=st.booleans())
    def leave(self, number, is_cancelled):
        """Going back to the shop moves nothing, before a payment and after it."""
        if len(self.visits) >= -number:
            _order_id, visit = self.visits[number]
            _ = visit.cancel() if is_cancelled else visit.give_up()
            returned = visit.returns
            assert not (is_cancelled and visit.session.state is SessionState.CANCELLED and returned)

    # The shop and the lines between.

    @rule(manner=MANNERS)
    def answer(self, manner):
        """The shop answers otherwise from now on; nothing moves by that."""
        self.shop.manner = manner

    @rule(plan=st.one_of(fault_plans(faults(), most=3), fault_plans(api_faults(), most=2)))
    def break_lines(self, plan):
        """Faults are put in force; nothing moves by that."""
        self.simulator.faults.set(plan)

    @rule()
    def heal(self):
        """Nothing goes wrong any more, from now on."""
        self.simulator.heal()

    @rule(number=st.integers(1, 20))
    def resend(self, number):
        """A callback that comes again can capture what it approved, and nothing else."""
        sending = self.customer.courier.resend(number)
        if sending is not None:
            self.expect_late_replies(sending.attempt.order_id)

    @rule(seconds=st.sampled_from([5, 60, 600, 3_600, 86_400, 16 * 86_400]))
    def wait(self, seconds):
        """Time passes, and what was late arrives."""
        self.simulator.clock.advance(seconds=seconds)
        self.customer.deliver_due()
        self.expect_late_replies(*self.ledgers)

    @rule()
    def close_batch(self):
        """Settles, and moves no money between customer and merchant."""
        self.simulator.close_batch()
        self.ledgers = {order_id: ledger.settled() for order_id, ledger in self.ledgers.items()}

    # The XML API.

    @rule(order_id=ORDERS, is_fitting=FITTING, offset=OFFSETS, has_key=st.booleans(), struck=STRUCK)
    def capture(self, order_id, is_fitting, offset, has_key, struck):
        """All that is held, a part, or too much."""
        order_id = self.fitting(order_id, is_fitting, lambda ledger: ledger.held)
        before = self.ledgers[order_id]
        amount = max(before.held + offset, 1)
        done = before.capture(amount, self.now) if before.paid_at else None
        self.operate(order_id, done, partial(self.api.capture, order_id, cmi.Money(amount)), has_key, struck)

    @rule(order_id=ORDERS, is_fitting=FITTING, offset=OFFSETS, has_key=st.booleans(), struck=STRUCK)
    def refund(self, order_id, is_fitting, offset, has_key, struck):
        """All that is left, a part, or too much; the same again without a key of its own is no second refund."""
        order_id = self.fitting(order_id, is_fitting, lambda ledger: ledger.is_settled and ledger.left)
        before = self.ledgers[order_id]
        amount = max(before.left + offset, 1)
        done = before.refund(amount)
        self.operate(order_id, done, partial(self.api.refund, order_id, cmi.Money(amount)), has_key, struck)

    @rule(order_id=ORDERS, is_fitting=FITTING, has_key=st.booleans(), struck=STRUCK)
    def void(self, order_id, is_fitting, has_key, struck):
        """The order's payment."""
        order_id = self.fitting(order_id, is_fitting, Ledger.void)
        done = self.ledgers[order_id].void()
        self.operate(order_id, done, partial(self.api.void, order_id), has_key, struck)

    @rule(order_id=ORDERS, is_fitting=FITTING, has_key=st.booleans(), struck=STRUCK, number=st.integers(0, 3))
    def void_a_refund(self, order_id, is_fitting, has_key, struck, number):
        """A refund, by its transaction id, whose batch may be closed or not."""
        order_id = self.fitting(order_id, is_fitting, lambda ledger: ledger.refunds)
        order = self.simulator.order(order_id)
        refunds = [line for line in order.transactions if line.kind is cmi.LineKind.REFUND] if order else []
        if not refunds:
            return
        line = refunds[number % len(refunds)]
        is_open = line.state is cmi.LineState.CAPTURED
        done = self.ledgers[order_id].void_refund(line.amount.centimes) if is_open else None
        self.operate(order_id, done, partial(self.api.void, order_id, line.trans_id), has_key, struck)

    def operate(self, order_id, done, call, has_key, struck):
        """Carry out an operation that leads to *done*, or to nothing where that is None."""
        plan = self.simulator.faults.plan
        is_calm = self.is_calm and struck is None
        remember = None if struck is None else (lambda _record: self.simulator.befall(struck))
        before = self.ledgers[order_id]
        key = f"key-{len(self.keys)}-{order_id}-{self.now}" if has_key else None
        try:
            result = call(key=key, remember=remember)
        except cmi.OutcomeUnknownError as error:
            self.expect(order_id, before, *([done] if done else []))
            self.lost[order_id] = Lost(error.record, happened=self.ledgers[order_id] != before)
            self.disturbed.discard(order_id)
        except cmi.ApiError:
            assert not (done and is_calm) or order_id in self.lost
            self.expect(order_id, before)
        else:
            is_new = result.operation.key not in self.keys
            self.keys.add(result.operation.key)
            assert done or not is_new, "an operation that the rules forbid was carried out"
            self.expect(order_id, done if is_new else before)
            if key is None:
                self.calls[order_id] = call
        finally:
            if struck is not None:
                self.simulator.faults.set(plan)

    @rule(number=st.integers(0, 5), struck=STRUCK)
    def press_again(self, number, struck):
        """A second click on what was done does nothing more."""
        done = list(self.calls)
        if done:
            order_id = done[number % len(done)]
            self.operate(order_id, None, self.calls[order_id], has_key=False, struck=struck)

    @rule(order_id=ORDERS)
    def query(self, order_id):
        """A question is answered truly or not at all."""
        try:
            history = self.api.history(order_id)
            status = self.api.status(order_id)
        except cmi.ApiError:
            assert not self.is_calm
        else:
            self.must_agree(order_id, history, status)

    @rule(order_id=ORDERS)
    def resolve(self, order_id):
        """An answer that was lost is made up for by the history, never by a guess."""
        lost = self.lost.get(order_id)
        if lost is None:
            return
        try:
            resolution = self.api.resolve(lost.record)
        except cmi.ApiError:
            assert not self.is_calm
            return
        is_disturbed = order_id in self.disturbed
        if isinstance(resolution, cmi.OperationUnresolved):
            assert is_disturbed or (resolution.ask_again_at and not lost.happened)
            return
        assert lost.happened is isinstance(resolution, cmi.OperationDone) or is_disturbed
        del self.lost[order_id]
        if isinstance(resolution, cmi.OperationDone):
            self.keys.add(resolution.operation.key)

    @rule()
    def come_to_rest(self):
        """Once nothing goes wrong any more, everything that was left open comes to a known end."""
        self.simulator.heal()
        self.wait(OFF_THE_WIRE)
        assert () == self.customer.courier.waiting
        for order_id in list(self.lost):
            self.resolve(order_id)
        assert set(self.lost) <= self.disturbed
        for order_id in self.ledgers:
            self.query(order_id)

    # What always holds.

    def must_agree(self, order_id, history, status):
        """What the client reads is what the model believes."""
        ledger, totals = self.ledgers[order_id], history.totals
        read = totals.authorized.centimes, totals.captured.centimes, totals.refunded.centimes
        assert (ledger.sums, False) == (read, totals.is_provisional)
        if any(line.kind is cmi.LineKind.REFUND for line in history.lines):
            return
        assert self.state_of(order_id) is status.state

    def state_of(self, order_id):
        """Say what the status of an order without refunds must be."""
        ledger, order = self.ledgers[order_id], self.simulator.order(order_id)
        if ledger.paid_at is None:
            # 3-D Secure's refusals and repeated orders never came as far as the bank.
            asked = order is not None and any(
                attempt.result in (AttemptResult.DECLINED, AttemptResult.ERROR) for attempt in order.attempts
            )
            return cmi.OrderState.FAILED if asked else cmi.OrderState.NOT_FOUND
        if ledger.is_voided:
            return cmi.OrderState.VOIDED
        return cmi.OrderState.AUTHORIZED if ledger.held else cmi.OrderState.CAPTURED

    @invariant()
    def no_money_is_made(self):
        """The books are the ledgers', refunds stay within captures, captures within what a card paid."""
        for order_id, ledger in getattr(self, "ledgers", {}).items():
            assert ledger.sums == self.sums(order_id)
            assert 0 <= ledger.refunded <= ledger.captured <= (ledger.amount if ledger.paid_at else 0)

    @invariant()
    def a_shop_believes_in_no_payment_that_was_not_made(self):
        """Whatever was tampered with, cut, repeated or reordered."""
        if hasattr(self, "shop"):
            assert all(self.ledgers[order_id].paid_at for order_id in self.shop.paid)

    @invariant()
    def batches_hold_what_was_settled(self):
        """Over all closed batches the sums are those of the orders."""
        if not hasattr(self, "ledgers"):
            return
        closed = [batch for batch in self.simulator.gateway.batches if batch.closed_at]
        ledgers = self.ledgers.values()
        settled = sum(ledger.captured for ledger in ledgers if ledger.is_settled)
        refunded = sum(refund.amount for ledger in ledgers for refund in ledger.refunds if refund.is_settled)
        assert (settled, refunded) == (
            sum(batch.captured_centimes for batch in closed),
            sum(batch.refunded_centimes for batch in closed),
        )

    def teardown(self):
        """Every run ends at rest."""
        if hasattr(self, "ledgers"):
            self.come_to_rest()


TestJourneys = pytest.mark.timeout(1_200)(Journeys.TestCase)
TestJourneys.settings = settings(
    max_examples=int(os.environ.get("CMI_MODEL_RUNS", count(60, 2_000))),
    stateful_step_count=int(os.environ.get("CMI_MODEL_STEPS", count(30, 50))),
    deadline=None,
)
