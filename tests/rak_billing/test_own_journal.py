"""A journal of another kind fits the port, passes the conformance tests, and carries a checkout."""

from collections import Counter as Tally

import attrs
import pytest

from cmi_gateway.simulator.faults import CallbackLost, CallbackTwice, DeclinesBefore, ReplyIgnored
from rak_billing.billing_posting import AlreadyPosted, Posted
from rak_billing.cli.orders_texts import history_lines
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.payments.states import AttemptState
from rak_billing.staff import Resolution
from rak_billing.testing.journal_conformance import JournalConformance
from support.callbacks import approved
from support.checkout_kit import A, B, Bills
from support.dict_errands import Inquiries, Operations, Outbox, Paces, Reviews
from support.dict_journal import DictJournal
from support.dict_payments import Callbacks, Locks, Orders, Receipts
from support.recovery_kit import ALL, Bank, Counter


class TestDictJournal(JournalConformance):
    @pytest.fixture
    def journal(self):
        """An empty journal in dictionaries."""
        return DictJournal()


class Books(Bills):
    """Billing that keeps our key."""

    exactly_once = ExactlyOnce.KEY

    def __init__(self):
        super().__init__(A, B)
        self.entries = Tally()

    def post(self, posting):
        self.entries[posting.key] += 1
        return Posted() if self.entries[posting.key] == 1 else AlreadyPosted()


@pytest.mark.parametrize(
    "fault", [None, CallbackLost(), CallbackTwice(), ReplyIgnored(), DeclinesBefore(times=2)], ids=str
)
def test_a_checkout_needs_no_more_of_a_journal_than_the_port_says(fault):
    """On dictionaries, without a database: two payments end paid, mailed and posted, whatever befell them."""
    books = Books()
    shop = Counter(DictJournal(), Bank(), *ALL, billing=books)
    shop.till.bills = books
    shop.faults(*([fault] if fault else []))
    forms = [shop.till.pay(chosen) for chosen in (A, B)]
    for form in forms:
        shop.pay(form)
    for _ in range(30):
        shop.wait(minutes=1)
        shop.checkout.sweep()
        shop.checkout.deliver()
    assert ["paid", "paid"] == [shop.till.seen(form).state for form in forms]
    assert [1, 1] == list(books.entries.values())
    assert 2 == len({message["Message-ID"] for message in shop.till.mailbox.messages})
    assert all(shop.bank.money(form).captured == shop.till.seen(form).total for form in forms)


def test_staff_see_and_decide_on_it_too():
    """A second payment waits, is shown with its history and resolved; a dead letter is taken up again."""
    shop = Counter(DictJournal(), Bank(), *ALL)
    desk = shop.checkout.staff()
    older, newer = shop.till.pay(A), shop.till.pay(A)
    for form in (newer, older):
        shop.till.settle(approved(form))
    assert [older.order_id] == [matter.order_id for matter in desk.waiting()]
    assert AttemptState.VOIDED is desk.resolve(
        older.order_id, Resolution.VOIDED, by="k.alami", why="vu au back-office"
    )
    assert "k.alami : vu au back-office" in "".join(history_lines(desk.history(older.order_id)))
    desk.resolve(newer.order_id, Resolution.PAID, by="k.alami", why="débité")
    shop.till.mailbox.is_full = True
    for _ in range(60):
        shop.checkout.deliver()
        shop.wait(hours=6)
    (letter,) = desk.dead_letters()
    desk.revive(letter.key, delivered=False, by="k.alami", why="serveur réparé")
    shop.till.mailbox.is_full = False
    assert (1, ()) == (shop.checkout.deliver(), desk.dead_letters())


class ForgetsBeginnings(Outbox):
    def begin(self, entry, *, at):
        return self._mark(entry)


class LendsTwice(Outbox):
    def claim(self, tenant, *, now, without=()):
        entry = super().claim(tenant, now=now, without=without)
        if entry:
            self._change(entry.key, due_at=now)
        return entry


class HasNoFence(Outbox):
    def _mark(self, entry, **values):
        self._change(entry.key, **values)
        return True


class GivesUpNothing(Outbox):
    def park(self, entry, *, error, at, is_open=True):
        return self._mark(entry, error=error)


class DeliversEverything(Outbox):
    def claim(self, tenant, *, now, without=()):
        return super().claim(tenant, now=now)


class RevivesBlindly(Outbox):
    def revive(self, key, *, at, is_done):
        revived = super().revive(key, at=at, is_done=is_done)
        self._change(key, begun_at=None)
        return revived


class RevivesTired(Outbox):
    def revive(self, key, *, at, is_done):
        revived = super().revive(key, at=at, is_done=is_done)
        self._change(key, tries_before=0)
        return revived


class KeepsWhatIsSettledOpen(Outbox):
    def park(self, entry, *, error, at, is_open=True):
        return super().park(entry, error=error, at=at)


class BelievesNoLateAnswer(Outbox):
    def done(self, entry, *, at):
        return self._mark(entry, sent_at=at)


class CountsFallenPayments(Orders):
    """An attempt that fell keeps its instant, and nobody counts how many of an order have one."""

    def accepted_attempt(self, order_reference):
        return self._first_attempt(lambda one: one.order_reference == order_reference and one.facts)

    def keep_payment(self, attempt, facts, instant):
        paid = attrs.evolve(self.attempt(attempt.order_id), facts=facts, payment_instant=instant)
        self.it.attempts[attempt.order_id] = paid
        return paid


class RevivesWhatFell(Orders):
    keep_payment = CountsFallenPayments.keep_payment

    def apply(self, event, order, attempt, **how):
        order, after = super().apply(event, order, attempt, **how)
        self.it.attempts[attempt.order_id] = attrs.evolve(after, payment_instant=attempt.payment_instant)
        return self.locked(attempt.order_id)


class PaysTwice(Orders):
    def keep_payment(self, attempt, facts, instant):
        other = self.accepted_attempt(attempt.order_reference)
        if other:
            self.it.attempts[other.order_id] = attrs.evolve(other, payment_instant=None)
        return super().keep_payment(attempt, facts, instant)


class ForgetsSilences(Inquiries):
    def unanswered(self, inquiry, *, at, due_at):
        self.finish(inquiry, asked_at=None, due_at=due_at)


class ForgetsNoSilence(Inquiries):
    def finish(self, inquiry, *, asked_at, due_at):
        if self.is_held(inquiry):
            asked = {} if asked_at is None else {"asked_at": asked_at}
            self._change(inquiry.order_id, due_at=due_at, **asked)


class DeliversWhatWaits(Outbox):
    def is_delivered(self, key):
        return key in self.it.outbox


class MovesWhatMoved(Orders):
    def apply(self, event, order, attempt, **how):
        return super().apply(event, *self.locked(attempt.order_id), **how)


class LocksTwice(Locks):
    def take(self, order, *, at):
        for reference in order.invoice_references:
            self.it.locks[order.tenant, reference] = order.reference


class LocksNothing(Locks):
    def take(self, order, *, at):
        pass


class TakesAHashTwice(Callbacks):
    def _fitted(self, presented_hash, *, but=None):
        return None if but else super()._fitted(presented_hash)


class SkipsNumbers(Receipts):
    def next_number(self, tenant, *, first):
        super().next_number(tenant, first=first)
        return super().next_number(tenant, first=first)


class AsksTwice(Inquiries):
    def finish(self, inquiry, *, asked_at, due_at):
        self._change(inquiry.order_id, due_at=due_at)


class SendsTwoOperations(Operations):
    def open_of(self, order_id):
        return None


class NeverRests(Paces):
    def take(self, name, *, now, gap):
        return now


class KeepsWhatIsSettled(Reviews):
    def keep(self, review):
        self.it.reviews.setdefault(self._key(review), (review, True))


class FreesEverything(Locks):
    def release(self, order_reference, *, at):
        self.it.locks.clear()


class ForgetsWhatIsPosted(Locks):
    def paid_by_another(self, order):
        holders = [self.it.locks.get((order.tenant, reference)) for reference in order.invoice_references]
        return any(holder not in {None, order.reference} for holder in holders)


class MixesOperators(Locks):
    def paid_by_another(self, order):
        tenants = {one.tenant for one in self.it.orders.values()}
        return any(
            super(MixesOperators, self).paid_by_another(attrs.evolve(order, tenant=one)) for one in tenants
        )


class TwinOfAnybody(Orders):
    def open_twin(self, tenant, customer_ref, quote_digest):
        others = {one.customer_ref for one in self.it.orders.values()}
        found = [super(TwinOfAnybody, self).open_twin(tenant, one, quote_digest) for one in others]
        return next((one for one in found if one), None)


class KnowsTheFirstOutcome(Callbacks):
    def known(self, **which):
        known = super().known(**which)
        return attrs.evolve(
            known, told={one: dict(list(them.items())[:1]) for one, them in known.told.items()}
        )


class KnowsFormsOfTheOrder(Callbacks):
    def known(self, *, presented_hash, order_id, **which):
        known = super().known(presented_hash=presented_hash, order_id=order_id, **which)
        return attrs.evolve(known, is_our_form=self.it.forms.get(presented_hash) == order_id)


class ForgetsTheLastLook(Inquiries):
    def finish(self, inquiry, *, asked_at, due_at):
        super().finish(inquiry, asked_at=None, due_at=due_at)


class CountsAllKinds(Operations):
    def count(self, order_id, kind):
        return sum(one.order_id == order_id for one, _ in self.it.operations.values())


class HasOnePace(Paces):
    def take(self, name, *, now, gap):
        return super().take("all", now=now, gap=gap)


@pytest.mark.parametrize(
    "part",
    [
        ForgetsBeginnings, LendsTwice, HasNoFence, GivesUpNothing, DeliversEverything, RevivesBlindly, RevivesTired,
        KeepsWhatIsSettledOpen, BelievesNoLateAnswer,
        CountsFallenPayments, RevivesWhatFell, PaysTwice, ForgetsSilences, ForgetsNoSilence, DeliversWhatWaits,
        MovesWhatMoved, LocksTwice, LocksNothing, TakesAHashTwice, SkipsNumbers, AsksTwice,
        SendsTwoOperations, NeverRests, KeepsWhatIsSettled, FreesEverything, ForgetsWhatIsPosted, MixesOperators,
        TwinOfAnybody, KnowsTheFirstOutcome, KnowsFormsOfTheOrder, ForgetsTheLastLook, CountsAllKinds, HasOnePace,
    ],
)  # fmt: skip
def test_a_journal_that_is_wrong_in_one_part_fails(part):
    """The conformance tests tell each mistake from a journal that is right."""
    journals = {part.__bases__[0].__name__.lower(): part}
    failed = []
    for test in (test for test in dir(JournalConformance) if test.startswith("test_")):
        try:
            getattr(JournalConformance(), test)(DictJournal(**journals))
        except AssertionError:
            failed.append(test)
    assert failed
