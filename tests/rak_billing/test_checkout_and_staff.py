"""Any history of callbacks and of what staff found out: money counts once, and an invoice is locked while it must be."""

from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rak_billing.errors import BillingError, InvoicesAlreadyPaidError, JournalError, ResolutionError
from rak_billing.payments.histories import broken_histories
from rak_billing.payments.journal import Journal
from rak_billing.payments.states import OrderState
from rak_billing.staff import Resolution
from support.callbacks import approved, declined, doubtful, failed
from support.checkout_kit import A, B, Till
from support.counts import count

SELECTIONS = [(A,), (B,), (A, B)]
TRANSACTIONS = ["18253Kw4H00001", "18253Kw4H00002", "18253Kw4H00003"]


class Payments(RuleBasedStateMachine):
    """Callbacks tell of few transactions, so that they repeat and contradict each other; staff says anything of any attempt."""

    @initialize(confirm=st.sampled_from(["callback", "later"]))
    def open(self, confirm):
        self.journal = Journal.open("sqlite:///:memory:")
        self.shop = Till(self.journal, confirm=confirm)
        self.forms = [self.shop.pay(A)]
        self.posted = set()

    def teardown(self):
        self.journal.close()

    @rule(chosen=st.sampled_from(SELECTIONS))
    def start(self, chosen):
        paid = set(self.invoices_of({row["reference"] for row in self.holding()}))
        references = {invoice.reference for invoice in chosen}
        try:
            self.forms.append(self.shop.pay(*chosen))
            assert not paid & references
        except InvoicesAlreadyPaidError:
            assert paid >= references
        except BillingError:
            assert paid & references

    @rule(
        data=st.data(),
        outcome=st.sampled_from([approved, approved, declined, doubtful, failed]),
        number=st.sampled_from(TRANSACTIONS),
    )
    def answer(self, data, outcome, number):
        place = data.draw(st.integers(0, len(self.forms) - 1))
        raw = outcome(self.forms[place], TransId=f"{number}{place}")
        assert self.shop.settle(raw) == self.shop.settle(raw)

    @rule(data=st.data(), found=st.sampled_from(Resolution))
    def say(self, data, found):
        order_id = data.draw(st.sampled_from(self.forms)).order_id
        with suppress(JournalError, ResolutionError):
            self.shop.checkout.staff().resolve(order_id, found, by="k.alami", why="vu au back-office")
        # What went back and is reinstated is to be posted again: here no entry of the outbox says that it was.
        self.posted &= {row["reference"] for row in self.holding()}

    @precondition(lambda self: self.paid())
    @rule(data=st.data())
    def post(self, data):
        reference = data.draw(st.sampled_from(self.paid()))
        self.journal.run(lambda tx: tx.locks.release(reference, at=self.shop.now))
        self.posted.add(reference)

    def holding(self):
        return [row for row in self.shop.rows("orders") if OrderState.named(row["state"]).holds_invoices]

    def paid(self):
        return [row["reference"] for row in self.holding() if OrderState.named(row["state"]).was_paid]

    def invoices_of(self, references):
        rows = self.shop.rows("order_lines")
        return sorted(r["reference"] for r in rows if r["order_reference"] in references and not r["is_fee"])

    @invariant()
    def every_callback_could_be_settled(self):
        assert "unsettled" not in self.shop.reviews()

    @invariant()
    def no_invoice_is_paid_by_two_orders(self):
        paid = self.invoices_of({row["reference"] for row in self.holding()})
        assert len(set(paid)) == len(paid)

    @invariant()
    def what_is_paid_and_not_posted_is_locked_and_nothing_else(self):
        unposted = {row["reference"] for row in self.holding()} - self.posted
        locks = [
            row["invoice_reference"] for row in self.shop.rows("invoice_locks") if not row["released_at"]
        ]
        assert self.invoices_of(unposted) == sorted(locks)

    @invariant()
    def receipts_have_no_gap(self):
        numbers = [int(row["number"]) for row in self.shop.rows("receipts")]
        assert list(range(10000000001, 10000000001 + len(numbers))) == sorted(numbers)

    @invariant()
    def every_history_holds(self):
        with self.journal.reading() as tx:
            assert [] == list(broken_histories(tx.connection))


TestPayments = Payments.TestCase
TestPayments.settings = settings(max_examples=count(25, 150), stateful_step_count=20, deadline=None)
