"""
What every journal must hold to, as tests for pytest.

A portal that keeps payments in a database of its own proves its journal with::

    import pytest
    from rak_billing.testing.journal_conformance import JournalConformance


    class TestOurJournal(JournalConformance):
        @pytest.fixture
        def journal(self):
            with OurJournal(...) as journal:
                yield journal

Each test gets a journal that is empty. `rak_billing.Journal` passes them on SQLite and on PostgreSQL.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import attrs

from rak_billing.payments.port import JournalPort, TransactionPort
from rak_billing.payments.records import Answered, KnownCallback, Review, ReviewKind
from rak_billing.testing.journal_samples import NOW, TENANT, attempt_of, begin, order
from rak_billing.testing.journal_steps import (
    THREADS,
    StoppedError,
    approve,
    at_once,
    begun,
    keep,
    known,
    put,
    refused,
)
from rak_billing.testing.order_conformance import LockConformance, OrderConformance
from rak_billing.testing.outbox_conformance import OutboxConformance
from rak_billing.testing.recovery_conformance import (
    InquiryConformance,
    OperationConformance,
    PaceConformance,
    SettledReviewConformance,
)

__all__ = ["JournalConformance"]


class TransactionConformance:
    """Kept whole, or not at all."""

    def test_what_was_kept_is_read(self, journal: JournalPort) -> None:
        """An order and its attempt come back as they were written, to the letter and the microsecond."""
        begun(journal, order())
        with journal.reading() as tx:
            assert order() == tx.orders.order("ORDER-1")
            assert attempt_of(order()) == tx.orders.attempt("ORDER-1-1")
            assert attempt_of(order()) == tx.orders.attempt_of_token("token-ORDER-1-1")
            assert known(tx, "none", "form-ORDER-1-1").is_our_form

    def test_what_is_not_there_is_nothing(self, journal: JournalPort) -> None:
        """None for what may be missing; an error for an order that must be there."""
        with journal.reading() as tx:
            assert tx.orders.attempt("none") is None
            assert tx.orders.attempt_of_token("none") is None
            assert tx.orders.accepted_attempt("none") is None
            assert KnownCallback(False, None, None, {}) == known(tx, "none", "none")
            with refused():
                tx.orders.order("none")
        assert journal.run(lambda tx: tx.orders.locked("none")) is None

    def test_an_exception_leaves_no_trace(self, journal: JournalPort) -> None:
        """Whatever ends a transaction, nothing of it is left."""

        def work(tx: TransactionPort) -> None:
            begin(tx, order())
            raise StoppedError

        with suppress(StoppedError):
            journal.run(work)
        with journal.reading() as tx:
            assert tx.orders.attempt("ORDER-1-1") is None

    def test_keys_are_unique(self, journal: JournalPort) -> None:
        """No second order, open order of a quote, attempt, token or form."""
        begun(journal, order())
        twin = attrs.evolve(order(2), quote_digest=order().quote_digest)
        for again in (order(), twin):
            with refused():
                journal.run(lambda tx, it=again: tx.orders.add(it))  # type: ignore[misc]
        first, second = attempt_of(order()), attempt_of(order(), 2)
        for attempt, form in (
            (first, "other"),
            (attrs.evolve(second, token_hash=first.token_hash), "other"),
            (second, "form-ORDER-1-1"),
        ):
            with refused():
                journal.run(lambda tx, a=attempt, f=form: tx.orders.add_attempt(a, form_hash=f))  # type: ignore[misc]


class CallbackConformance:
    """Kept once, answered alike, refused ones only counted."""

    def test_a_callback_is_new_once(self, journal: JournalPort) -> None:
        """The second time it is known, and has the answer that it got."""
        assert [journal.run(lambda tx: keep(tx, "D1", "H1")) for _ in range(2)] == [True, False]
        journal.run(lambda tx: tx.callbacks.answer("D1", outcome="Approved", reply="ACTION=POSTAUTH"))
        with journal.reading() as tx:
            assert (known(tx, "D1").first_reply, known(tx, "D2").first_reply) == ("ACTION=POSTAUTH", None)
            assert (tx.callbacks.hash_is_known("H1"), tx.callbacks.hash_is_known("H2")) == (True, False)
            assert Answered("ORDER-1-1", "ACTION=POSTAUTH") == known(tx, "D2", "H1").same_values

    def test_a_hash_fits_one_callback(self, journal: JournalPort) -> None:
        """One that fitted no order does not count; a second one that does is refused."""
        for digest, outcome in (("D1", "unmatched"), ("D2", "Approved")):
            journal.run(lambda tx, d=digest: keep(tx, d, "H1"))  # type: ignore[misc]
            with journal.reading() as tx:
                assert known(tx, "D1", "H1").same_values is None
            journal.run(lambda tx, d=digest, o=outcome: tx.callbacks.answer(d, outcome=o, reply="R"))  # type: ignore[misc]
        journal.run(lambda tx: keep(tx, "D3", "H1"))
        with refused():
            journal.run(lambda tx: tx.callbacks.answer("D3", outcome="Declined", reply="R"))

    def test_outcomes_of_a_transaction_are_told_once(self, journal: JournalPort) -> None:
        """Each with its first answer; the same one again is refused."""
        begun(journal, order())

        def tell(tx: TransactionPort) -> None:
            keep(tx, "D1", "H1")
            tx.callbacks.answer("D1", outcome="Declined", reply="APPROVED")
            tx.callbacks.keep_transaction(
                order_id="ORDER-1-1", transaction_id="T1", outcome="Declined", digest="D1"
            )

        journal.run(tell)
        with journal.reading() as tx:
            assert known(tx, "D2").told == {"T1": {"Declined": "APPROVED"}}
        with refused():
            journal.run(tell)

    def test_every_outcome_of_every_transaction_is_known(self, journal: JournalPort) -> None:
        """Of this order id, each with the answer that it got; nothing of another."""
        begun(journal, order())
        told = (
            ("T1", "Declined", "APPROVED"),
            ("T1", "Approved", "ACTION=POSTAUTH"),
            ("T2", "Failed", "FAILURE"),
        )

        def tell(tx: TransactionPort) -> None:
            for number, (transaction_id, outcome, reply) in enumerate(told):
                keep(tx, f"D{number}", f"H{number}")
                tx.callbacks.answer(f"D{number}", outcome=outcome, reply=reply)
                tx.callbacks.keep_transaction(
                    order_id="ORDER-1-1", transaction_id=transaction_id, outcome=outcome, digest=f"D{number}"
                )

        journal.run(tell)
        with journal.reading() as tx:
            assert known(tx, "D9").told == {
                "T1": {"Declined": "APPROVED", "Approved": "ACTION=POSTAUTH"},
                "T2": {"Failed": "FAILURE"},
            }
            assert tx.callbacks.known(digest="D9", presented_hash="H9", order_id="ORDER-2-1").told == {}

    def test_a_transaction_pays_one_order(self, journal: JournalPort) -> None:
        """Told as the approval of another order id, it is refused; as its decline, it is not."""
        begun(journal, order(), order(2, "F2"))
        keep_all = ("D1", "D2", "D3")
        journal.run(lambda tx: [keep(tx, digest, digest) for digest in keep_all])

        def tell(digest: str, order_id: str, outcome: str) -> None:
            journal.run(
                lambda tx: tx.callbacks.keep_transaction(
                    order_id=order_id, transaction_id="T1", outcome=outcome, digest=digest
                )
            )

        tell("D1", "ORDER-1-1", "Approved")
        tell("D2", "ORDER-2-1", "Declined")
        with refused():
            tell("D3", "ORDER-2-1", "Approved")

    def test_a_form_is_known_whatever_order_is_named(self, journal: JournalPort) -> None:
        """Its hash alone tells that we signed it."""
        begun(journal, order(), order(2, "F2"))
        with journal.reading() as tx:
            assert [known(tx, "D1", f"form-ORDER-{n}-1").is_our_form for n in (1, 2, 3)] == [
                True,
                True,
                False,
            ]

    def test_the_refused_are_counted(self, journal: JournalPort) -> None:
        """By reason, over all days."""
        for reason, days in (("a", 0), ("a", 1), ("b", 0)):
            at = NOW + timedelta(days=days)
            journal.run(lambda tx, r=reason, at=at: tx.rejections.add(r, b"x=1", at=at))  # type: ignore[misc]
        with journal.reading() as tx:
            assert tx.rejections.counts() == {"a": 2, "b": 1}

    def test_what_a_person_must_see_is_listed(self, journal: JournalPort) -> None:
        """The oldest first."""
        kinds = (ReviewKind.MISMATCH, ReviewKind.UNSETTLED)
        later, earlier = (
            Review("ORDER-1-1", kind, "D1", NOW - timedelta(minutes=1) * n) for n, kind in enumerate(kinds)
        )
        for review in (later, earlier):
            journal.run(lambda tx, r=review: tx.reviews.keep(r))  # type: ignore[misc]
        with journal.reading() as tx:
            assert (earlier, later) == tx.reviews.unresolved()


class ReceiptConformance:
    """Numbers without a gap, one receipt an order."""

    @staticmethod
    def _issue(tx: TransactionPort, number: str, reference: str = "ORDER-1", link: str = "S1") -> None:
        snapshot = {"number": number, "lines": [["é", 1]]}
        tx.receipts.add(
            tenant=TENANT,
            number=number,
            order_reference=reference,
            secret_hash=link,
            snapshot=snapshot,
            at=NOW,
        )

    def test_a_series_has_no_gap(self, journal: JournalPort) -> None:
        """Each operator has its own, and a transaction that fails spends none."""

        def fail(tx: TransactionPort) -> None:
            tx.receipts.next_number(TENANT, first=7)
            raise StoppedError

        def take(tenant: str) -> str:
            return journal.run(lambda tx: tx.receipts.next_number(tenant, first=7))

        taken = [take(TENANT)]
        try:
            journal.run(fail)
        except StoppedError:
            taken += [take(TENANT), take("OTHER")]
        assert taken == ["00000000007", "00000000008", "00000000007"]

    def test_an_order_has_one_receipt(self, journal: JournalPort) -> None:
        """Found by order and by link; a second one of order, number or link is refused."""
        begun(journal, order(), order(2, "F2"))
        journal.run(lambda tx: self._issue(tx, "1"))
        with journal.reading() as tx:
            assert tx.receipts.of_order("ORDER-1") == {"number": "1", "lines": [["é", 1]]}
            assert tx.receipts.of_order("ORDER-1") == tx.receipts.of_secret("S1")
            assert tx.receipts.order_of_secret("S1") == "ORDER-1"
            assert (tx.receipts.of_order("ORDER-2"), tx.receipts.of_secret("S2")) == (None, None)
        for again in (("2", "ORDER-1", "S2"), ("1", "ORDER-2", "S2"), ("2", "ORDER-2", "S1")):
            with refused():
                journal.run(lambda tx, a=again: self._issue(tx, *a))  # type: ignore[misc]


class ConcurrencyConformance:
    """Eight threads at the same moment do what one would have done."""

    def test_an_order_is_approved_once(self, journal: JournalPort) -> None:
        """Of eight that decide about it, one accepts."""
        begun(journal, order())
        assert at_once(lambda: journal.run(approve)).count(True) == 1

    def test_orders_that_share_an_invoice_are_approved_once(self, journal: JournalPort) -> None:
        """Whichever comes first; the other seven see it."""
        orders = [order(n, "F1", f"F1{n}") for n in range(THREADS)]
        begun(journal, *orders)
        left = [f"{it.reference}-1" for it in orders]

        def approve_one() -> bool:
            order_id = left.pop()
            return journal.run(lambda tx: approve(tx, order_id))

        assert at_once(approve_one).count(True) == 1

    def test_numbers_are_unbroken(self, journal: JournalPort) -> None:
        """Eight receipts at once have eight numbers in a row."""
        numbers = at_once(lambda: journal.run(lambda tx: tx.receipts.next_number(TENANT, first=1)))
        assert [f"{n:011d}" for n in range(1, THREADS + 1)] == sorted(numbers)

    def test_entries_are_claimed_once(self, journal: JournalPort) -> None:
        """Four entries, eight workers: four of them get one."""
        put(journal, "K1", "K2", "K3", "K4")
        claimed = at_once(lambda: journal.run(lambda tx: tx.outbox.claim(TENANT, now=NOW)))
        assert sorted(entry.key for entry in claimed if entry is not None) == ["K1", "K2", "K3", "K4"]

    def test_a_callback_is_new_to_one(self, journal: JournalPort) -> None:
        """Eight deliveries, one of them the first."""
        told = at_once(lambda: journal.run(lambda tx: keep(tx, "D1", "H1")))
        assert told.count(True) == 1

    def test_the_refused_are_counted_exactly(self, journal: JournalPort) -> None:
        """None is lost."""
        at_once(lambda: journal.run(lambda tx: tx.rejections.add("a", b"", at=NOW)))
        with journal.reading() as tx:
            assert tx.rejections.counts() == {"a": THREADS}


class JournalConformance(
    InquiryConformance,
    OperationConformance,
    PaceConformance,
    SettledReviewConformance,
    TransactionConformance,
    OrderConformance,
    LockConformance,
    CallbackConformance,
    ReceiptConformance,
    OutboxConformance,
    ConcurrencyConformance,
):
    """All of it; subclass it, and give a fixture ``journal``."""
