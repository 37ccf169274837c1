"""
A model of the gateway against the simulator: whatever is done in whatever order, no money is made.

The model is told nothing but the answers: it keeps its own sums from what was approved, and the history must agree.
"""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cmi_gateway import Reply
from cmi_gateway.api.history import LineState
from cmi_gateway.simulator.orders import Refusal
from support.counts import count
from support.simulator_api_kit import desk, form
from support.simulator_kit import DECLINED_51, VISA, card_form

ORDERS = st.sampled_from(["RAK-1", "RAK-1", "RAK-2"])
#: How far from what is left an amount is asked for, in centimes; None asks for all without saying how much.
OFFSETS = st.sampled_from([None, -5_000, -5_000, -1, 0, 1])


class Ledger:
    """What the model believes of one order, in centimes."""

    def __init__(self):
        self.held = self.captured = self.refunded = 0
        self.lines = {}

    @property
    def sums(self):
        return self.held, self.captured, self.refunded


class Gateway(RuleBasedStateMachine):
    """Customers pay; the merchant captures, voids and refunds; batches close; time passes."""

    @initialize(
        early=st.booleans(), begun=st.sampled_from(["nothing", "held", "captured", "settled", "settled"])
    )
    def start(self, early, begun):
        self.books = desk(refunds_before_settlement=early)
        self.ledgers = {"RAK-1": Ledger(), "RAK-2": Ledger()}
        # A rule may be left out of a whole run: most runs therefore begin with something to operate on.
        if begun != "nothing":
            self.pay("RAK-1", VISA, Reply.ACKNOWLEDGE if begun == "held" else Reply.CAPTURE)
        if begun == "settled":
            self.close_batch()

    def ask(self, kind, order_id, centimes=None, **elements):
        """Send an operation; give the transaction id when it was approved, else None."""
        if centimes is not None:
            elements["Total"] = f"{centimes // 100}.{centimes % 100:02d}"
        answer = self.books.ask(kind, order_id, **elements)
        return answer.top["TransId"] if answer.top["Response"] == "Approved" else None

    @rule(
        order_id=ORDERS,
        card=st.sampled_from([VISA, VISA, DECLINED_51]),
        reply=st.sampled_from([Reply.CAPTURE, Reply.CAPTURE, Reply.ACKNOWLEDGE, Reply.FAILURE, None]),
    )
    def pay(self, order_id, card, reply):
        """Only the first approval counts; the reply captures it or leaves it held."""
        ledger = self.ledgers[order_id]
        was_paid = any(kind == "S" for kind, _amount in ledger.lines.values())
        opened = self.books.state.open(form(order_id).fields)
        assert isinstance(opened, Refusal) == was_paid
        if was_paid:
            return
        attempt = self.books.state.pay(opened.token, card_form(card))
        self.books.state.record_reply(opened.token, reply)
        if card == VISA:
            ledger.lines[attempt.value("TransId")] = ("S", 10_000)
            captures = reply is Reply.CAPTURE
            ledger.held, ledger.captured = (0, 10_000) if captures else (10_000, 0)

    @rule(order_id=ORDERS, offset=OFFSETS)
    def capture(self, order_id, offset):
        """Approved only from held money, once, within the amount; what is left over is let go."""
        ledger = self.ledgers[order_id]
        left = ledger.held
        centimes = None if offset is None else max(left + offset, 0)
        wanted = left if centimes is None else centimes
        if self.ask("PostAuth", order_id, centimes):
            assert 0 < wanted <= ledger.held
            ledger.held, ledger.captured = 0, wanted

    @rule(order_id=ORDERS, by_id=st.booleans(), data=st.data())
    def void(self, order_id, by_id, data):
        """Whatever was voided is named in the answer, and its money is undone."""
        ledger = self.ledgers[order_id]
        chosen = data.draw(st.sampled_from(sorted(ledger.lines))) if by_id and ledger.lines else ""
        voided = self.ask("Void", order_id, TransId=chosen)
        if voided is None:
            return
        assert chosen in ("", voided)
        kind, amount = ledger.lines[voided]
        if kind == "C":
            ledger.refunded -= amount
        else:
            assert ledger.refunded == 0
            ledger.held = ledger.captured = 0

    @rule(order_id=ORDERS, offset=OFFSETS)
    def refund(self, order_id, offset):
        """Approved only within what is left of the captured money."""
        ledger = self.ledgers[order_id]
        left = ledger.captured - ledger.refunded
        centimes = None if offset is None else max(left + offset, 0)
        wanted = left if centimes is None else centimes
        trans_id = self.ask("Credit", order_id, centimes)
        if trans_id:
            assert 0 < wanted <= ledger.captured - ledger.refunded
            ledger.refunded += wanted
            ledger.lines[trans_id] = ("C", wanted)

    @rule()
    def close_batch(self):
        """Settles, and moves no money between the customer and the merchant."""
        self.books.state.close_batch()

    @rule(hours=st.sampled_from([1, 24, 24 * 16]))
    def wait(self, hours):
        """Time passes."""
        self.books.clock.advance(hours=hours)

    @rule(state=st.sampled_from([LineState.PENDING, LineState.REVERSING, None]))
    def suspend(self, state):
        """An open outcome stops operations, and moves nothing."""
        order = self.books.order("RAK-2")
        if order is not None and order.transactions:
            self.books.state.suspend("600000099", "RAK-2", state)

    @invariant()
    def totals_equal_the_history(self):
        """The model, the order's totals and the sums of the history lines are one."""
        for order_id, ledger in getattr(self, "ledgers", {}).items():
            order = self.books.order(order_id)
            if order is None:
                assert ledger.sums == (0, 0, 0)
                continue
            totals = order.totals
            assert ledger.sums == (
                totals.held.centimes,
                totals.captured.centimes,
                totals.refunded.centimes,
            )
            # A history with an open outcome adds up to nothing certain: whoever reads it has to wait.
            if not any(line.transient for line in order.transactions):
                assert ledger.sums == self.history_sums(order_id)
            assert ledger.refunded <= ledger.captured <= 10_000

    def history_sums(self, order_id):
        """Add up the history as a merchant does: approved lines only, voided ones left out."""
        if not self.books.order(order_id).transactions:
            return 0, 0, 0
        lines = self.books.ask("ORDERHISTORY", order_id).lines
        approved = [line for line in lines if line[9] == "00"]
        held = sum(int(line[2]) for line in approved if line[:2] == ["S", "A"])
        captured = sum(int(line[3]) for line in approved if line[0] == "S" and line[1] in "CS")
        refunded = sum(int(line[3]) for line in approved if line[0] == "C" and line[1] in "CS")
        return held, captured, refunded


# Two thousand runs of fifty steps take longer than a test usually may on a busy machine.
TestGateway = pytest.mark.timeout(1_200)(Gateway.TestCase)
TestGateway.settings = settings(
    max_examples=count(100, 2000), stateful_step_count=count(30, 50), deadline=None
)
