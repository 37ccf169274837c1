"""
Any history of customers, faults, sweeps and clocks: once the faults stop, every order agrees with the gateway's money.

The simulator is the bank: what it captured, gave back and holds is the truth that the journal has to end up with.
"""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

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
from rak_billing.billing_posting import AlreadyPosted, Posted, Refused, RefusedReason
from rak_billing.billing_systems.posting_folder import PostingFolder
from rak_billing.errors import (
    BillingUnavailableError,
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
from support.place import PostgresPlace
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
    """Billing that knows of a repeat just what its way promises, and is away, silent or refusing at times."""

    final_after = timedelta(minutes=10)

    def __init__(self, way, folder):
        super().__init__(A, B)
        self.exactly_once = way
        self.made, self.trouble, self.engine = [], None, None
        self.files = PostingFolder(folder / "postings")

    def prepare(self, journal):
        self.engine = journal.engine
        if self.exactly_once is ExactlyOnce.SAME_TRANSACTION:
            with self.engine.begin() as connection:
                connection.exec_driver_sql("CREATE TABLE bookings (key TEXT NOT NULL)")

    @property
    def keys(self):
        """The key of every entry."""
        match self.exactly_once:
            case ExactlyOnce.SAME_TRANSACTION:
                with self.engine.connect() as connection:
                    return list(connection.exec_driver_sql("SELECT key FROM bookings").scalars())
            case ExactlyOnce.FILE:
                names = self.files.folder.glob("*.manifest")
                return [name.name.removesuffix(".csv.manifest").partition("_")[2] for name in names]
            case _:
                return self.made

    def post(self, posting):
        if self.trouble == "away":
            raise PostingNotSentError(posting.key, "away")
        if self.trouble == "refusing":
            return Refused(RefusedReason.CLOSED_PERIOD)
        known = self.exactly_once is ExactlyOnce.KEY and posting.key in self.made
        answer = AlreadyPosted() if known else Posted()
        if self.exactly_once is ExactlyOnce.FILE:
            answer = self.files.post(posting)
        elif not known and self.trouble != "deaf":
            self.made.append(posting.key)
        if self.trouble in {"silent", "deaf"}:
            raise PostingUnknownError(posting.key, self.trouble)
        return answer

    def post_within(self, connection, posting):
        if self.trouble == "refusing":
            return Refused(RefusedReason.CLOSED_PERIOD)
        connection.exec_driver_sql(f"INSERT INTO bookings VALUES ('{posting.key}')")
        if self.trouble:
            raise PostingNotSentError(posting.key, self.trouble)
        return Posted()

    def find_posting(self, posting):
        if self.trouble in {"away", "silent"}:
            raise BillingUnavailableError(self.trouble)
        return Posted() if posting.key in self.made else None


class Recovery(RuleBasedStateMachine):
    """Two machines sweep what customers begin and networks lose, into billing of one of the five ways."""

    def url(self):
        """Give the address of a journal that nobody has used."""
        return "sqlite:///:memory:"

    @initialize(way=st.sampled_from(ExactlyOnce))
    def open(self, way):
        self.folder = TemporaryDirectory(prefix="rak-", ignore_cleanup_errors=True)
        self.bank, self.books = Bank(), Books(way, Path(self.folder.name))
        self.journal = Journal.open(self.url())
        self.books.prepare(self.journal)
        self.machines = [
            Counter(self.journal, self.bank, *ALL, billing=self.books),
            Counter(self.journal, self.bank, *ALL, billing=self.books),
        ]
        self.shop = self.machines[0]
        self.machines[1].till.random = self.shop.till.random
        self.totals = {chosen: self.shop.till.total(*chosen) for chosen in SELECTIONS}
        self.forms, self.tabs, self.cards, self.has_refused = [], [], 0, False

    def teardown(self):
        if hasattr(self, "journal"):
            try:
                self.end()
            finally:
                self.close()

    def close(self):
        self.journal.close()
        self.folder.cleanup()

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

    @rule(trouble=st.sampled_from([None, "away", "silent", "deaf", "refusing"]))
    def of_billing(self, trouble):
        self.books.trouble = trouble
        self.has_refused |= trouble == "refusing"

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
        keys = self.books.keys
        assert len(set(keys)) == len(keys)
        lines = self.shop.till.rows("order_lines")
        invoices = [row["reference"] for row in lines if row["order_reference"] in keys and not row["is_fee"]]
        assert len(set(invoices)) == len(invoices)

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
        parked = {row["order_reference"] for row in self.shop.till.rows("outbox") if row["parked_at"]}
        assert set(paid) == set(self.books.keys) | parked
        assert self.books.exactly_once is ExactlyOnce.PARK or not parked or self.has_refused
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


class RecoveryInAFile(Recovery):
    """The same, on a file."""

    def url(self):
        return f"sqlite:///{self.folder.name}/rak.db"


TestRecovery = Recovery.TestCase
TestRecovery.settings = settings(
    max_examples=count(12, 250), stateful_step_count=count(20, 50), deadline=None
)
TestRecoveryInAFile = RecoveryInAFile.TestCase
TestRecoveryInAFile.settings = settings(
    max_examples=count(3, 30), stateful_step_count=count(15, 50), deadline=None
)


def test_the_same_on_postgresql(postgres):
    """A real server, and a database that no run before it has used."""

    class RecoveryOnPostgres(Recovery):
        def url(self):
            self.place = PostgresPlace(postgres)
            return self.place.url

        def close(self):
            super().close()
            self.place.drop()

    run_state_machine_as_test(
        RecoveryOnPostgres,
        settings=settings(max_examples=count(2, 20), stateful_step_count=count(15, 50), deadline=None),
    )
