"""
Any history of customers, faults, sweeps and clocks: once the faults stop, every order agrees with the gateway's money.

The simulator is the bank: what it captured, gave back and holds is the truth that the journal has to end up with.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cmi_gateway.simulator.faults import (
    ApiCutAfter,
    ApiCutBefore,
    ApiHtmlError,
    CallbackLate,
    CallbackLost,
    CallbackReordered,
    CallbackTwice,
    DeclineAfter,
    DeclinesBefore,
    ReplyIgnored,
    ReplyLost,
)
from cmi_gateway.simulator.orders import SessionState
from rak_billing.billing_posting import AlreadyPosted, Posted
from rak_billing.errors import (
    InvoicesAlreadyPaidError,
    NothingToPayError,
    PostingNotSentError,
    PostingUnknownError,
    QuoteChangedError,
)
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.payments.histories import broken_histories
from rak_billing.payments.journal import Journal
from support.checkout_kit import A, B, Bills
from support.counts import count
from support.recovery_kit import ALL, DECLINED, VISA, Bank, Counter

SELECTIONS = [(A,), (B,), (A, B)]
ON_THE_WAY = [
    CallbackLate(seconds=400),
    CallbackLate(seconds=20000),
    CallbackLost(),
    CallbackReordered(seconds=60),
    CallbackTwice(seconds=30),
    DeclineAfter(seconds=60),
    DeclinesBefore(times=2),
    ReplyIgnored(),
    ReplyLost(),
]
OF_THE_API = [
    ApiCutAfter(),
    ApiCutBefore(),
    ApiCutAfter(on="operations"),
    ApiHtmlError(on="operations", done=True),
    ApiCutBefore(on="queries"),
]


class Books(Bills):
    """Billing that knows a repeat by its key, and is away at times."""

    exactly_once = ExactlyOnce.KEY

    def __init__(self):
        super().__init__(A, B)
        self.entries, self.trouble = {}, None

    def post(self, posting):
        if self.trouble == "away":
            raise PostingNotSentError(posting.key, "away")
        known = posting.key in self.entries
        self.entries[posting.key] = posting
        if self.trouble == "silent":
            raise PostingUnknownError(posting.key, "silent")
        return AlreadyPosted() if known else Posted()


class Recovery(RuleBasedStateMachine):
    """Two machines sweep what customers begin and networks lose."""

    @initialize()
    def open(self):
        self.bank, self.books = Bank(), Books()
        self.journal = Journal.open("sqlite:///:memory:")
        self.machines = [
            Counter(self.journal, self.bank, *ALL, billing=self.books),
            Counter(self.journal, self.bank, *ALL, billing=self.books),
        ]
        self.shop = self.machines[0]
        self.machines[1].till.random = self.shop.till.random
        self.totals = {chosen: self.shop.till.total(*chosen) for chosen in SELECTIONS}
        self.forms, self.tabs, self.cards = [], [], 0

    def teardown(self):
        if hasattr(self, "journal"):
            self.end()
            self.journal.close()

    @rule(chosen=st.sampled_from(SELECTIONS))
    def start(self, chosen):
        try:
            form = self.shop.till.pay(*chosen, accepted=self.totals[chosen])
        except (InvoicesAlreadyPaidError, NothingToPayError, QuoteChangedError):
            return
        self.forms.append(form)
        self.tabs.append(self.shop.customer.open(form))

    @precondition(lambda self: self.tabs)
    @rule(data=st.data(), card=st.sampled_from([VISA, VISA, DECLINED]))
    def try_a_card(self, data, card):
        tab = data.draw(st.sampled_from(self.tabs))
        self.press(tab, card)

    def press(self, tab, card):
        if tab.session.state is SessionState.CARD and not self.bank.gateway.is_expired(tab.session):
            tab.pay(card)
            self.cards += 1

    @rule(chosen=st.sampled_from(SELECTIONS), fault=st.sampled_from([None, *ON_THE_WAY]))
    def pay_at_once(self, chosen, fault):
        self.on_the_way(fault)
        before = len(self.tabs)
        self.start(chosen)
        if len(self.tabs) > before:
            self.press(self.tabs[-1], VISA)

    @rule(fault=st.sampled_from([None, *ON_THE_WAY]))
    def on_the_way(self, fault):
        self.shop.faults(*([] if fault is None else [fault]))

    @rule(fault=st.sampled_from([None, *OF_THE_API]))
    def of_the_api(self, fault):
        self.shop.api_faults(*([] if fault is None else [fault]))

    @rule(trouble=st.sampled_from([None, "away", "silent"]))
    def of_billing(self, trouble):
        self.books.trouble = trouble

    @rule(minutes=st.sampled_from([1, 5, 20, 90, 1500]))
    def wait(self, minutes):
        self.shop.wait(minutes=minutes)

    @rule(machine=st.sampled_from([0, 1]))
    def sweep(self, machine):
        self.machines[machine].checkout.sweep()

    @rule(machine=st.sampled_from([0, 1]))
    def deliver(self, machine):
        self.machines[machine].checkout.deliver()

    @rule()
    def close_the_batch(self):
        self.bank.gateway.close_batch()

    @invariant()
    def histories_hold(self):
        with self.journal.reading() as tx:
            assert [] == list(broken_histories(tx.connection))

    @invariant()
    def no_invoice_is_posted_twice(self):
        posted = [paid.reference for entry in self.books.entries.values() for paid in entry.invoices]
        assert len(set(posted)) == len(posted)

    def end(self):
        """The faults stop; the worker runs for some days; then journal and bank agree."""
        self.shop.faults()
        self.shop.api_faults()
        self.books.trouble = None
        for _ in range(40):
            self.round(minutes=5)
        for _ in range(40):
            self.round(hours=6)
        rows = {row["order_id"]: row["state"] for row in self.shop.till.rows("attempts")}
        orders = {row["reference"]: row["state"] for row in self.shop.till.rows("orders")}
        waiting = {row["order_id"] for row in self.shop.till.rows("reviews") if row["resolved_at"] is None}
        for form in self.forms:
            self.agrees(form, rows[form.order_id], waiting)
        paid = [reference for reference, state in orders.items() if state == "paid"]
        assert len(paid) == len({m["Message-ID"] for m in self.mails()}) == len(self.mails())
        assert set(paid) == set(self.books.entries)
        assert set(orders.values()) <= {"open", "paid", "accepted"}
        assert not [row for row in self.shop.till.rows("operations") if row["outcome"] is None]

    def mails(self):
        return [mail for machine in self.machines for mail in machine.till.mailbox.messages]

    def round(self, **time):
        self.shop.wait(**time)
        self.machines[0].checkout.sweep()
        self.machines[1].checkout.deliver()

    def agrees(self, form, state, waiting):
        money = self.bank.money(form)
        held = 0 if money is None else money.held.centimes
        net = 0 if money is None else money.net.centimes
        total = self.shop.till.seen(form).total.centimes
        if state in {"captured", "settled"}:
            assert (total, 0) == (net, held)
        elif form.order_id in waiting:
            assert state in {"needs_person", "duplicate"}
        else:
            assert (0, 0) == (net, held), state
            assert state in {"sent", "declined", "superseded", "expired", "voided", "refunded"}, state


TestRecovery = Recovery.TestCase
TestRecovery.settings = settings(
    max_examples=count(12, 300), stateful_step_count=count(20, 50), deadline=None
)
