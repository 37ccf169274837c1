"""Any history of callbacks: paid at most once, replay changes nothing, receipts without a gap."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rak_billing.errors import InvoicesAlreadyPaidError, NothingToPayError, QuoteChangedError
from rak_billing.payments.journal import Journal
from rak_billing.payments.states import PublicState
from support.callbacks import approved, declined, doubtful, failed, not_authenticated
from support.checkout_kit import A, B, Till

OUTCOMES = [approved, declined, doubtful, failed, not_authenticated]
SELECTIONS = [(A,), (B,), (A, B)]


class Callbacks(RuleBasedStateMachine):
    """Customers start and the gateway answers, in any order; every answer may be repeated at any time."""

    @initialize()
    def open(self):
        self.journal = Journal.open("sqlite:///:memory:")
        self.shop = Till(self.journal)
        self.totals = {chosen: self.shop.total(*chosen) for chosen in SELECTIONS}
        self.forms, self.answered = [], []

    def teardown(self):
        self.journal.close()

    @rule(chosen=st.sampled_from(SELECTIONS))
    def start(self, chosen):
        try:
            self.forms.append(self.shop.pay(*chosen, accepted=self.totals[chosen]))
        except (InvoicesAlreadyPaidError, NothingToPayError, QuoteChangedError):
            assert self.captured()

    @precondition(lambda self: self.forms)
    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES))
    def answer(self, data, outcome):
        raw = outcome(data.draw(st.sampled_from(self.forms)))
        self.answered.append((raw, self.shop.settle(raw)))

    @precondition(lambda self: self.answered)
    @rule(data=st.data())
    def repeat(self, data):
        raw, reply = data.draw(st.sampled_from(self.answered))
        before = [
            self.shop.rows(table)
            for table in ("orders", "attempts", "events", "receipts", "outbox", "reviews")
        ]
        assert reply == self.shop.settle(raw)
        after = [
            self.shop.rows(table)
            for table in ("orders", "attempts", "events", "receipts", "outbox", "reviews")
        ]
        assert before == after

    @rule()
    def deliver(self):
        self.shop.checkout.deliver()

    def captured(self):
        return [reply for _, reply in self.answered if reply == "ACTION=POSTAUTH"]

    @invariant()
    def no_invoice_is_paid_twice(self):
        paid = [row["invoice_reference"] for row in self.shop.rows("invoice_locks")]
        assert len(set(paid)) == len(paid)

    @invariant()
    def each_capture_has_one_receipt_and_one_mail(self):
        numbers = [row["number"] for row in self.shop.rows("receipts")]
        assert [f"{10000000001 + i}" for i in range(len(self.captured()))] == numbers
        assert len(numbers) == len(self.shop.rows("outbox"))

    @invariant()
    def no_mail_is_sent_twice(self):
        ids = [message["Message-ID"] for message in self.shop.mailbox.messages]
        assert len(set(ids)) == len(ids)

    @invariant()
    def pages_say_paid_only_where_money_was_captured(self):
        paid = {
            self.shop.seen(f).order_reference
            for f in self.forms
            if self.shop.seen(f).state is PublicState.PAID
        }
        assert len(paid) == len(self.captured())

    @invariant()
    def the_state_is_the_last_event(self):
        last = {row["order_id"]: row["attempt_state"] for row in self.shop.rows("events")}
        now = {row["order_id"]: row["state"] for row in self.shop.rows("attempts")}
        assert now == {order_id: last.get(order_id, "sent") for order_id in now}


TestCallbacks = Callbacks.TestCase
TestCallbacks.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
