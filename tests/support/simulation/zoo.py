"""
Seeded defects: mistakes that payment code is known for, each put in for one run.

A harness that lets one of them pass proves nothing by passing. Each defect is small, is what somebody might write on a busy
day, and is put in by a monkeypatch: none of it exists outside of the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import attrs
from pytest import MonkeyPatch  # noqa: PT013 - a type
from sqlalchemy import update

from cmi_gateway.api.order import OrderState as ApiOrderState
from cmi_gateway.callback import Callback, Reply
from cmi_gateway.money import Money
from rak_billing import confirmation, settlement, settling, starting
from rak_billing.billing_posting import PaidInvoice, Posted, Posting
from rak_billing.confirmation import Confirmation
from rak_billing.delivery import Delivery
from rak_billing.errors import InvoicesAlreadyPaidError, JournalError
from rak_billing.exactly_once import NextStep
from rak_billing.identifiers import ReceiptSecrets
from rak_billing.payments import moving, schema, states
from rak_billing.payments.callbacks import Callbacks
from rak_billing.payments.inquiries import Inquiries
from rak_billing.payments.locks import InvoiceLocks
from rak_billing.payments.orders import Orders
from rak_billing.payments.outbox import Outbox
from rak_billing.payments.receipts import ReceiptBook
from rak_billing.payments.records import KnownCallback, ReviewKind
from rak_billing.payments.states import AttemptState, Event, OrderState
from rak_billing.posting_desk import PostingDesk
from rak_billing.recovery import deciding, findings
from rak_billing.settlement import Decision
from rak_billing.tenant import Tenant
from support.simulation.faulty_journal import FaultyJournal
from support.simulation.world import Bills

Defect = Callable[[MonkeyPatch], None]
DEFECTS: dict[str, Defect] = {}


def defect(put_in: Defect) -> Defect:
    """Keep a defect under its name."""
    DEFECTS[put_in.__name__] = put_in
    return put_in


@defect
def repeats_are_processed_again(patch: MonkeyPatch) -> None:
    """Nobody looks whether a callback was there before."""
    right = Callbacks.known

    def known(self: Callbacks, **keys: str) -> KnownCallback:
        found = right(self, **keys)
        return KnownCallback(is_our_form=found.is_our_form, first_reply=None, same_values=None, told={})

    patch.setattr(Callbacks, "known", known)
    patch.setattr(Callbacks, "keep_transaction", lambda *_, **__: None)
    patch.setattr(settling, "_is_its_payment", lambda *_: False)


@defect
def the_answer_is_not_kept(patch: MonkeyPatch) -> None:
    """What was answered is forgotten, so that a repeat is judged by what is true by then."""
    patch.setattr(Callbacks, "answer", lambda *_, **__: None)
    patch.setattr(Callbacks, "keep_transaction", lambda *_, **__: None)
    patch.setattr(settling, "_is_its_payment", lambda *_: False)


@defect
def the_first_callback_wins(patch: MonkeyPatch) -> None:
    """Once an order id has been heard of, whatever else is said of it is a repeat."""
    right = settling._settle_matched
    first: dict[str, Reply] = {}

    def settle(tx: Any, callback: Callback, *others: Any, **how: Any) -> Reply:
        if callback.order_id not in first:
            first[callback.order_id] = right(tx, callback, *others, **how)
        return first[callback.order_id]

    patch.setattr(settling, "_settle_matched", settle)


@defect
def a_late_decline_undoes_an_approval(patch: MonkeyPatch) -> None:
    """The last word counts."""
    for state in (AttemptState.CAPTURE_REQUESTED, AttemptState.CAPTURED):
        patch.setitem(states.EDGES, (state, Event.DECLINE), (AttemptState.DECLINED, "wrong"))


@defect
def a_decline_is_the_end(patch: MonkeyPatch) -> None:
    """An approval after a decline is taken for a mistake."""
    patch.setitem(states.EDGES, (AttemptState.DECLINED, Event.APPROVE), (AttemptState.DECLINED, "wrong"))


@defect
def a_superseded_attempt_cannot_pay(patch: MonkeyPatch) -> None:
    """The older tab is ignored, though its card was charged."""
    patch.setitem(states.EDGES, (AttemptState.SUPERSEDED, Event.APPROVE), (AttemptState.SUPERSEDED, "wrong"))


@defect
def the_answer_leaves_before_the_commit(patch: MonkeyPatch) -> None:
    """The gateway is told to take the money, and then the database refuses."""
    right = FaultyJournal.run

    def run(self: FaultyJournal, work: Any, *, repeatable: bool = False) -> Any:
        heard: list[Any] = []

        def listening(tx: Any) -> Any:
            heard.append(work(tx))
            return heard[-1]

        try:
            return right(self, listening, repeatable=repeatable)
        except JournalError:
            if heard and isinstance(heard[-1], Reply):
                return heard[-1]
            raise

    patch.setattr(FaultyJournal, "run", run)


@defect
def a_form_leaves_before_the_commit(patch: MonkeyPatch) -> None:
    """The browser has a form of which the journal knows nothing."""
    right = FaultyJournal.run

    def run(self: FaultyJournal, work: Any, *, repeatable: bool = False) -> Any:
        heard: list[Any] = []

        def listening(tx: Any) -> Any:
            heard.append(work(tx))
            return heard[-1]

        try:
            return right(self, listening, repeatable=repeatable)
        except JournalError:
            if heard and hasattr(heard[-1], "fields"):
                return heard[-1]
            raise

    patch.setattr(FaultyJournal, "run", run)


@defect
def trouble_is_answered_with_a_capture(patch: MonkeyPatch) -> None:
    """An error becomes "all well", so that the gateway stops asking."""
    right = settling.answer_callback

    def answer(*facts: Any, **how: Any) -> Reply:
        reply = right(*facts, **how)
        return Reply.CAPTURE if reply is Reply.FAILURE else reply

    patch.setattr("rak_billing.checkout.answer_callback", answer)


@defect
def a_second_approval_is_captured_too(patch: MonkeyPatch) -> None:
    """Every approval is answered alike, whoever paid the invoices before."""
    right = settlement.decide

    def decide(*facts: Any, **how: Any) -> Decision:
        decision = right(*facts, **how)
        is_second = decision.event is Event.DUPLICATE
        return attrs.evolve(decision, reply=Reply.CAPTURE) if is_second else decision

    patch.setattr(settling, "decide", decide)


@defect
def nobody_looks_who_else_paid(patch: MonkeyPatch) -> None:
    """Another order with the same invoice is not looked for, and the unique key on held invoices is gone."""
    patch.setattr(InvoiceLocks, "paid_by_another", lambda *_: False)
    patch.setattr(InvoiceLocks, "take", lambda *_, **__: None)


@defect
def an_order_can_be_paid_twice(patch: MonkeyPatch) -> None:
    """The second approval of the same order is accepted as the first was."""
    right = settlement.decide

    def decide(outcome: Any, usual: Reply, **how: Any) -> Decision:
        return right(outcome, usual, **(how | {"order_state": OrderState.OPEN, "paid_by_another": False}))

    patch.setattr(settling, "decide", decide)
    patch.setattr(InvoiceLocks, "take", lambda *_, **__: None)


@defect
def numbers_come_from_a_sequence(patch: MonkeyPatch) -> None:
    """A number that was drawn stays drawn, even if its transaction is undone."""
    numbers = count(10000000001)
    patch.setattr(ReceiptBook, "next_number", lambda *_, **__: str(next(numbers)))


@defect
def a_mail_is_marked_before_it_leaves(patch: MonkeyPatch) -> None:
    """Whoever dies in between never sends it."""

    def mail(self: Delivery, entry: Any, mailer: Any) -> bool:
        at = self.clock()
        self.journal.run(lambda tx: tx.outbox.done(entry, at=at))
        mailer.send(self._message(entry, at=at))
        return True

    patch.setattr(Delivery, "_mail", mail)


@defect
def a_refused_mail_is_taken_for_sent(patch: MonkeyPatch) -> None:
    """The mail server's no is logged, and that is all."""

    def put_back(self: Delivery, entry: Any, _error: str) -> None:
        at = self.clock()
        self.journal.run(lambda tx: tx.outbox.done(entry, at=at))

    patch.setattr(Delivery, "_put_back", put_back)


@defect
def a_mail_is_written_after_the_commit(patch: MonkeyPatch) -> None:
    """The outbox entry is no part of the transaction that pays: whoever dies in between owes a mail."""
    right = Outbox.add
    later: list[tuple[dict[str, Any]]] = []
    run = FaultyJournal.run

    def add(self: Outbox, **entry: Any) -> None:
        later.append((entry,))

    def run_then_add(self: FaultyJournal, work: Any, *, repeatable: bool = False) -> Any:
        later.clear()
        result = run(self, work, repeatable=repeatable)
        mine, later[:] = list(later), []
        for (entry,) in mine:
            run(self, lambda tx, entry=entry: right(tx.outbox, **entry))
        return result

    patch.setattr(Outbox, "add", add)
    patch.setattr(FaultyJournal, "run", run_then_add)


@defect
def a_lease_holds_nobody_off(patch: MonkeyPatch) -> None:
    """A claimed entry stays due, so that the next worker takes it too."""
    patch.setattr("rak_billing.payments.outbox.LEASE", timedelta(seconds=-1))


@defect
def a_stale_worker_has_its_say(patch: MonkeyPatch) -> None:
    """Whoever lost its lease marks the entry all the same, sent or not."""

    def mark(self: Outbox, entry: Any, **values: object) -> bool:
        table = schema.outbox
        said = {"sent_at": None} | values
        is_it = table.c.key == entry.key
        return self._connection.execute(update(table).where(is_it).values(said)).rowcount == 1

    patch.setattr(Outbox, "_mark", mark)


@defect
def a_receipt_is_issued_for_every_approval(patch: MonkeyPatch) -> None:
    """The invoices' owner has two receipts, of which one was paid for."""
    patch.setattr(confirmation.Confirmation, "_issue", _issued_twice(Confirmation._issue))


def _issued_twice(right: Any) -> Any:
    def issue(self: Confirmation, tx: Any, order: Any, attempt: Any, *, at: Any) -> None:
        right(self, tx, order, attempt, at=at)
        tx.receipts.next_number(order.tenant, first=self.tenant.first_receipt_number)

    return issue


@defect
def a_move_is_not_written_down(patch: MonkeyPatch) -> None:
    """States change, and the history says nothing of it."""
    right = moving.append

    def append(writes: Any, order_reference: str, **values: Any) -> None:
        if values["event"] != Event.SUPERSEDE.value:
            right(writes, order_reference, **values)

    patch.setattr(moving, "append", append)


@defect
def history_is_rewritten(patch: MonkeyPatch) -> None:
    """The first event is dated anew when another one is added."""
    right = Orders.apply

    def apply(self: Orders, event: Event, order: Any, attempt: Any, *, at: Any, **how: Any) -> Any:
        events = schema.events
        if event is Event.DECLINE:
            its = (events.c.order_reference == order.reference, events.c.position == 0)
            self._connection.execute(update(events).where(*its).values(at=at))
        return right(self, event, order, attempt, at=at, **how)

    patch.setattr(Orders, "apply", apply)


@defect
def money_is_a_float(patch: MonkeyPatch) -> None:
    """128.14 times 100 is 12813.999999999998, and the rest is cut off."""
    patch.setattr(Money, "parse", classmethod(_parsed_as_float))


def _parsed_as_float(cls: Any, text: str, currency: str = "MAD") -> Money:
    return cls(int(float(text) * 100), currency)


@defect
def the_amount_is_not_compared(patch: MonkeyPatch) -> None:
    """A true signature is taken for proof of everything."""
    patch.setattr(Callback, "must_match", _believing)


def _believing(self: Callback, **_: Any) -> None:
    self._checked = True


@defect
def an_open_payment_locks_the_invoices(patch: MonkeyPatch) -> None:
    """Whoever starts a payment keeps everybody else from paying."""
    right = starting.Start._payable

    def payable(self: Any, tx: Any, statement: Any, chosen: Any) -> Any:
        if tx.orders.sent_attempts(self.tenant.id, chosen):
            raise InvoicesAlreadyPaidError(sorted(chosen))
        return right(self, tx, statement, chosen)

    patch.setattr(starting.Start, "_payable", payable)


@defect
def a_failure_frees_the_invoices(patch: MonkeyPatch) -> None:
    """A late decline opens the order again, which is then paid once more."""
    patch.setitem(states.EDGES, (OrderState.PAID, Event.DECLINE), (OrderState.OPEN, "wrong"))


@defect
def a_doubtful_failure_is_a_payment(patch: MonkeyPatch) -> None:
    """Any answer that is no decline is taken for a yes."""
    right = settlement.decide

    def decide(outcome: Any, usual: Reply, **how: Any) -> Decision:
        decision = right(outcome, usual, **how)
        is_no_decline = decision.event in (Event.FAIL, Event.DOUBT) and how["order_state"] is OrderState.OPEN
        return Decision(Event.APPROVE, Reply.CAPTURE) if is_no_decline else decision

    patch.setattr(settling, "decide", decide)


@defect
def nobody_is_told_of_a_second_payment(patch: MonkeyPatch) -> None:
    """A payment too many is neither given back nor shown to anybody."""
    right = settling._review

    def review(tx: Any, callback: Any, kind: ReviewKind, *, at: Any) -> None:
        if kind is not ReviewKind.DUPLICATE_PAYMENT:
            right(tx, callback, kind, at=at)

    patch.setattr(settling, "_review", review)


@defect
def asked_for_is_taken_for_captured(patch: MonkeyPatch) -> None:
    """Our answer asked for the money, so it must be ours."""
    patch.setitem(findings._PLAIN, ApiOrderState.AUTHORIZED, findings.Holds.TAKEN)
    patch.setattr("rak_billing.recovery.gateway.finding_of", _credulous)


def _credulous(status: Any, _expected: Money) -> findings.Finding:
    return findings.Finding(findings._PLAIN[status.state], status.transaction)


@defect
def a_callback_alone_is_paid(patch: MonkeyPatch) -> None:
    """The gateway could be asked, and is not waited for."""
    right = settling.answer_callback

    def answer(journal: Any, merchant: Any, raw: bytes, *, at: Any, confirmation: Any) -> Reply:
        believed = Confirmation(Tenant.preset("rak"), merchant.client_id, ReceiptSecrets("0123456789abcdef"))
        return right(journal, merchant, raw, at=at, confirmation=believed)

    patch.setattr("rak_billing.checkout.answer_callback", answer)


@defect
def not_found_is_final_at_once(patch: MonkeyPatch) -> None:
    """The gateway knows of no such order, while the customer is typing the card's number."""
    patch.setattr(deciding, "NOT_FOUND_IS_FINAL_AFTER", timedelta())
    patch.setattr(deciding, "EXPIRES_AFTER", timedelta())


@defect
def the_sweep_forgets_the_fence(patch: MonkeyPatch) -> None:
    """A machine that was held up writes what it learned long ago."""
    patch.setattr(Inquiries, "is_held", lambda *_: True)


@defect
def silence_is_not_asked_about(patch: MonkeyPatch) -> None:
    """Without a callback nobody ever hears of a payment."""
    patch.setattr(Inquiries, "open", lambda *_, **__: None)


@defect
def a_second_payment_is_kept(patch: MonkeyPatch) -> None:
    """The sweep finds money for invoices that are paid, and accepts it as well."""
    patch.setattr(deciding, "_is_surplus", lambda _: False)
    patch.setattr(InvoiceLocks, "take", lambda *_, **__: None)


@defect
def a_posting_is_repeated_blindly(patch: MonkeyPatch) -> None:
    """No answer came, so it is sent again, to a billing that does not know a repeat."""
    patch.setattr("rak_billing.posting_desk.after_unknown", lambda _: NextStep.RETRY)


@defect
def a_posting_has_a_new_key_each_time(patch: MonkeyPatch) -> None:
    """Billing cannot know a repeat by its key."""
    right, numbers = PostingDesk._post, count()

    def post(self: PostingDesk, entry: Any, posting: Any) -> bool:
        return right(self, entry, attrs.evolve(posting, receipt_number=f"{next(numbers):011d}"))

    patch.setattr(PostingDesk, "_post", post)
    patch.setattr(Bills, "find_posting", _by_receipt)


def _by_receipt(self: Bills, posting: Any) -> Posted | None:
    numbers = {entry.receipt_number for entry in self.entries}
    return Posted(posting.key) if posting.receipt_number in numbers else None


@defect
def a_posting_is_written_at_acceptance(patch: MonkeyPatch) -> None:
    """The books are told before the gateway was asked."""
    right = settling._accept

    def accept(tx: Any, callback: Any, order: Any, *others: Any, **how: Any) -> Any:
        if how["is_new"]:
            told.append(order)
        return right(tx, callback, order, *others, **how)

    told: list[Any] = []
    settle = settling.settle_callback

    def settled(*facts: Any, **how: Any) -> Reply:
        reply = settle(*facts, **how)
        while told:
            BOOKS[-1].entries.append(_posting_of(told.pop()))
        return reply

    patch.setattr(settling, "_accept", accept)
    patch.setattr(settling, "settle_callback", settled)
    right_init = Bills.__init__

    def init(self: Bills, *facts: Any) -> None:
        right_init(self, *facts)
        BOOKS.append(self)

    patch.setattr(Bills, "__init__", init)


BOOKS: list[Bills] = []


def _posting_of(order: Any) -> Posting:
    return Posting(
        key=order.reference,
        tenant=order.tenant,
        customer_ref=order.customer_ref,
        invoices=[PaidInvoice(line.reference, line.amount) for line in order.lines if not line.is_fee],
        posting_date=order.created_at.date(),
        receipt_number="10000000001",
    )


@defect
def the_fee_is_posted_too(patch: MonkeyPatch) -> None:
    """Billing gets what the customer paid, and not what was owed."""
    right = PostingDesk._posting

    def posting(self: PostingDesk, entry: Any) -> Any:
        found = right(self, entry)
        if found is None:
            return None
        first, *others = found.invoices
        more = attrs.evolve(first, amount=first.amount + Money(100))
        return attrs.evolve(found, invoices=[more, *others])

    patch.setattr(PostingDesk, "_posting", posting)
