"""Mistakes about receipts, mails and postings: what leaves once the order is paid."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import attrs
from pytest import MonkeyPatch  # noqa: PT013 - a type
from sqlalchemy import update

from cmi_gateway.callback import Reply
from cmi_gateway.money import Money
from rak_billing import confirmation, posting_desk, settling
from rak_billing.billing_posting import PaidInvoice, Posted, Posting
from rak_billing.confirmation import Confirmation
from rak_billing.delivery import Delivery
from rak_billing.exactly_once import NextStep
from rak_billing.payments import schema
from rak_billing.payments.outbox import Outbox
from rak_billing.payments.receipts import ReceiptBook
from rak_billing.posting_desk import PostingDesk
from support.simulation.faulty_journal import FaultyJournal
from support.simulation.neighbours import Bills
from support.simulation.zoo import defect


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
def a_mail_tells_of_another_payment(patch: MonkeyPatch) -> None:
    """Its text is written once and kept: every customer gets the first one's receipt."""
    right = Delivery._message
    kept: list[str] = []

    def message(self: Delivery, entry: Any, *, at: Any) -> Any:
        written = right(self, entry, at=at)
        if written is not None:
            kept.append(written.get_body(("plain",)).get_content())
            written.set_content(kept[0])
        return written

    patch.setattr(Delivery, "_message", message)


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
            BOOKS[-1].enter(_posting_of(told.pop()))
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
    right = posting_desk._posting

    def posting(order: Any, receipt: Any) -> Any:
        found = right(order, receipt)
        first, *others = found.invoices
        more = attrs.evolve(first, amount=first.amount + Money(100))
        return attrs.evolve(found, invoices=[more, *others])

    patch.setattr(posting_desk, "_posting", posting)
