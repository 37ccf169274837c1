"""What orders and the locks on their invoices must hold to."""

from __future__ import annotations

from rak_billing.errors import StaleStateError
from rak_billing.payments.port import JournalPort, TransactionPort
from rak_billing.payments.records import OrderRecord, PastEvent
from rak_billing.payments.states import AttemptState, Event, OrderState, TransitionError
from rak_billing.testing.journal_samples import FACTS, NOW, TENANT, attempt_of, begin, order
from rak_billing.testing.journal_steps import approve, begun, happen, refused

__all__ = ["LockConformance", "OrderConformance"]


class OrderConformance:
    """Orders move by events, one at a time."""

    def test_an_event_moves_both_and_is_remembered(self, journal: JournalPort) -> None:
        """State of order and attempt, payment and history agree."""
        begun(journal, order())
        assert journal.run(approve)
        with journal.reading() as tx:
            accepted = tx.orders.accepted_attempt("ORDER-1")
            assert accepted is not None
            assert (
                accepted.state,
                accepted.facts,
                accepted.payment_instant,
            ) == (AttemptState.CAPTURE_REQUESTED, FACTS, NOW)
            assert OrderState.ACCEPTED is tx.orders.order("ORDER-1").state
            assert [row.event for row in tx.orders.history("ORDER-1")] == ["approve"]

    def test_the_history_keeps_who_and_why(self, journal: JournalPort) -> None:
        """What was said with an event is read with it, and the instant to the microsecond."""
        begun(journal, order())
        facts = {"by": "k.alami", "why": "vu « au back-office »"}

        def note(tx: TransactionPort) -> None:
            found = tx.orders.locked("ORDER-1-1")
            assert found is not None
            tx.orders.apply(Event.NOTE, *found, at=NOW, facts=facts)

        journal.run(note)
        with journal.reading() as tx:
            assert [
                PastEvent(Event.NOTE, "ORDER-1-1", AttemptState.SENT, OrderState.OPEN, NOW, facts)
            ] == list(tx.orders.history("ORDER-1"))

    def test_a_payment_that_fell_counts_no_more(self, journal: JournalPort) -> None:
        """Voided before it was paid: no attempt of the order is accepted, and it can be paid again."""
        begun(journal, order())
        assert journal.run(approve)
        journal.run(lambda tx: happen(tx, Event.VOID))
        with journal.reading() as tx:
            assert tx.orders.accepted_attempt("ORDER-1") is None
            assert [row.event for row in tx.orders.history("ORDER-1")] == ["approve", "void"]

    def test_what_fell_does_not_come_back_to_life(self, journal: JournalPort) -> None:
        """Disproved, another attempt pays, and then the first is doubted: the payment of the order is the other one's."""
        it = order()
        journal.run(lambda tx: begin(tx, it, attempt_of(it, 1), attempt_of(it, 2)))
        assert journal.run(approve)
        journal.run(lambda tx: happen(tx, Event.DISPROVE))
        journal.run(lambda tx: tx.locks.release("ORDER-1", at=NOW))
        assert journal.run(lambda tx: approve(tx, "ORDER-1-2"))
        journal.run(lambda tx: happen(tx, Event.DOUBT))
        with journal.reading() as tx:
            accepted, fallen = tx.orders.accepted_attempt("ORDER-1"), tx.orders.attempt("ORDER-1-1")
            assert accepted is not None
            assert fallen is not None
            assert (accepted.order_id, fallen.state) == ("ORDER-1-2", AttemptState.DOUBTFUL)
            assert (fallen.has_paid, fallen.payment_instant, fallen.facts) == (False, None, FACTS)

    def test_an_order_has_one_payment(self, journal: JournalPort) -> None:
        """Whoever would count a second attempt of it is refused, and the first stays its payment."""
        it = order()
        journal.run(lambda tx: begin(tx, it, attempt_of(it, 1), attempt_of(it, 2)))
        assert journal.run(approve)
        with refused():
            journal.run(lambda tx: tx.orders.keep_payment(attempt_of(it, 2), FACTS, NOW))
        with journal.reading() as tx:
            accepted = tx.orders.accepted_attempt("ORDER-1")
            assert accepted is not None
            assert accepted.order_id == "ORDER-1-1"

    def test_a_stale_event_is_refused(self, journal: JournalPort) -> None:
        """What was read before another transaction moved it cannot be moved."""
        begun(journal, order())
        stale = journal.run(lambda tx: tx.orders.locked("ORDER-1-1"))
        assert stale is not None
        journal.run(approve)
        with refused(StaleStateError):
            journal.run(lambda tx: tx.orders.apply(Event.DECLINE, *stale, at=NOW))

    def test_an_event_without_an_edge_is_refused(self, journal: JournalPort) -> None:
        """The table of states is the only door; the error names both states and the event, and nothing moved."""
        begun(journal, order())
        with refused(TransitionError) as caught:
            journal.run(lambda tx: tx.orders.apply(Event.CONFIRM, order(), attempt_of(order()), at=NOW))
        assert [error.event for error in caught] == [Event.CONFIRM]
        assert [{OrderState.OPEN, AttemptState.SENT}] == [{error.state, error.beside} for error in caught]
        with journal.reading() as tx:
            assert (tx.orders.order("ORDER-1").state, len(tx.orders.history("ORDER-1"))) == (
                OrderState.OPEN,
                0,
            )

    def test_an_open_twin_is_found(self, journal: JournalPort) -> None:
        """The same customer and quote, as long as it is open."""

        def twin(tenant: str, customer_ref: str) -> OrderRecord | None:
            return journal.run(lambda tx: tx.orders.open_twin(tenant, customer_ref, "digest-1"))

        begun(journal, order())
        assert order() == twin(TENANT, "100200300")
        assert twin("OTHER", "100200300") is None
        assert twin(TENANT, "999999999") is None
        journal.run(approve)
        assert twin(TENANT, "100200300") is None

    def test_undecided_attempts_are_found_by_invoice(self, journal: JournalPort) -> None:
        """The oldest first, of this operator, sharing an invoice; a fee is no invoice."""
        it = order(1, "F1", "F2")
        journal.run(lambda tx: begin(tx, it, attempt_of(it, 2), attempt_of(it, 1)))
        begun(journal, order(2, "F3"), order(3, "F1", tenant="OTHER"))
        with journal.reading() as tx:
            found = tx.orders.sent_attempts(TENANT, {"F1", "FRAIS"})
            assert [attempt.order_id for attempt in found] == ["ORDER-1-1", "ORDER-1-2"]
            assert tx.orders.sent_attempts(TENANT, set()) == ()


class LockConformance:
    """An invoice is paid by one order, and locked until it is posted or paid no more."""

    def test_a_paid_invoice_is_locked(self, journal: JournalPort) -> None:
        """Paid for its operator, refused a second time, and seen by every order that shares it; the fee is no invoice."""
        begun(journal, order(1, "F1", "F2"), order(2, "F2"), order(3, "F3"))
        with journal.reading() as tx:
            assert frozenset() == tx.locks.paid(TENANT, ["F1", "F2"])
        journal.run(approve)
        with journal.reading() as tx:
            assert {"F1", "F2"} == tx.locks.paid(TENANT, {"F1", "F2", "F3", "FRAIS"})
            assert frozenset() == tx.locks.paid(TENANT, ())
            assert frozenset() == tx.locks.paid("OTHER", {"F1"})
            assert [tx.locks.paid_by_another(order(n, f"F{n}")) for n in (1, 2, 3)] == [False, True, False]
        with refused():
            journal.run(lambda tx: tx.locks.take(order(2, "F2"), at=NOW))

    def test_what_was_freed_can_be_locked_again(self, journal: JournalPort) -> None:
        """An approval was no payment, and then one came: by the same order, or by another, never by both."""
        first, second = order(1, "F1", "F2"), order(2, "F2")
        begun(journal, first, second)
        journal.run(approve)

        def lock(it: OrderRecord) -> None:
            journal.run(lambda tx: tx.locks.take(it, at=NOW))

        for it in (first, second):
            journal.run(lambda tx: tx.locks.release("ORDER-1", at=NOW))
            lock(it)
        for it in (first, second):
            with refused():
                lock(it)

    def test_an_order_frees_its_own_invoices(self, journal: JournalPort) -> None:
        """Those of another order stay locked."""
        begun(journal, *(order(number, invoice) for number, invoice in enumerate(("F1", "F2") * 2, 1)))
        assert journal.run(approve)
        assert journal.run(lambda tx: approve(tx, "ORDER-2-1"))
        journal.run(lambda tx: tx.locks.release("ORDER-1", at=NOW))
        journal.run(lambda tx: tx.locks.take(order(3, "F1"), at=NOW))
        with refused():
            journal.run(lambda tx: tx.locks.take(order(4, "F2"), at=NOW))

    def test_what_was_posted_stays_paid(self, journal: JournalPort) -> None:
        """Billing may not show it yet: it cannot be started anew, and a second payment is one too many; not for another operator."""
        begun(journal, order(1, "F1"), order(2, "F1"), order(3, "F1", tenant="OTHER"))
        assert journal.run(approve)
        journal.run(lambda tx: tx.locks.release("ORDER-1", at=NOW))
        with journal.reading() as tx:
            assert {"F1"} == tx.locks.paid(TENANT, ["F1"])
            assert tx.locks.paid_by_another(order(2, "F1"))
            assert not tx.locks.paid_by_another(order(3, "F1", tenant="OTHER"))

    def test_what_was_given_back_is_paid_by_nobody(self, journal: JournalPort) -> None:
        """Paid and refunded: another order may pay it."""
        begun(journal, order(1, "F1"), order(2, "F1"))
        assert journal.run(approve)

        def give_back(tx: TransactionPort) -> None:
            found = tx.orders.locked("ORDER-1-1")
            assert found is not None
            tx.orders.apply(Event.REFUND, *tx.orders.apply(Event.CONFIRM, *found, at=NOW), at=NOW)
            tx.locks.release("ORDER-1", at=NOW)

        journal.run(give_back)
        assert journal.run(lambda tx: approve(tx, "ORDER-2-1"))
