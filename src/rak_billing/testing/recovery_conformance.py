"""What recovery asks of a journal: who looks at which attempt, operations that are kept before they are sent, and a pace."""

from __future__ import annotations

from datetime import timedelta

from rak_billing.payments.port import JournalPort, TransactionPort
from rak_billing.payments.records import OperationOutcome, OperationRecord, Review, ReviewKind
from rak_billing.testing.journal_samples import NOW, TENANT, order
from rak_billing.testing.journal_steps import at_once, begun, refused

__all__ = ["InquiryConformance", "OperationConformance", "PaceConformance", "SettledReviewConformance"]

_LEASE = timedelta(minutes=5)


def _open(tx: TransactionPort, order_id: str = "ORDER-1-1") -> None:
    tx.inquiries.open(order_id, tenant=TENANT, since=NOW, due_at=NOW)


def _operation(key: str, order_id: str = "ORDER-1-1") -> OperationRecord:
    return OperationRecord(key, order_id, "capture", "{}", NOW)


class InquiryConformance:
    """An attempt is looked at by one machine at a time."""

    def test_of_many_machines_one_looks(self, journal: JournalPort) -> None:
        """Eight claim at once: one gets it, and nobody else during its lease."""
        begun(journal, order())
        journal.run(_open)

        def claim() -> object:
            return journal.run(lambda tx: tx.inquiries.claim(TENANT, now=NOW, lease_until=NOW + _LEASE))

        assert sum(found is not None for found in at_once(claim)) == 1

    def test_after_its_lease_another_machine_looks_and_the_first_has_no_say(
        self, journal: JournalPort
    ) -> None:
        """What the late one writes changes nothing."""
        begun(journal, order())
        journal.run(_open)
        late = journal.run(lambda tx: tx.inquiries.claim(TENANT, now=NOW, lease_until=NOW + _LEASE))
        then = NOW + _LEASE
        other = journal.run(lambda tx: tx.inquiries.claim(TENANT, now=then, lease_until=then + _LEASE))
        assert late is not None
        assert other is not None
        journal.run(lambda tx: tx.inquiries.finish(late, asked_at=NOW, due_at=None))
        assert journal.run(lambda tx: (tx.inquiries.is_held(late), tx.inquiries.is_held(other))) == (
            False,
            True,
        )
        again = journal.run(
            lambda tx: tx.inquiries.claim(TENANT, now=then + _LEASE, lease_until=then + 2 * _LEASE)
        )
        assert again is not None

    def test_a_callback_takes_the_say_from_whoever_looks(self, journal: JournalPort) -> None:
        """Hastened while somebody asks: that answer may be older than the callback."""
        begun(journal, order())
        journal.run(_open)
        asking = journal.run(lambda tx: tx.inquiries.claim(TENANT, now=NOW, lease_until=NOW + _LEASE))
        assert asking is not None
        journal.run(lambda tx: tx.inquiries.hasten("ORDER-1-1", at=NOW))
        assert not journal.run(lambda tx: tx.inquiries.is_held(asking))
        journal.run(lambda tx: tx.inquiries.hasten("none", at=NOW))
        assert journal.run(lambda tx: tx.inquiries.claim(TENANT, now=NOW, lease_until=NOW + _LEASE))

    def test_what_is_finished_is_due_when_it_was_said(self, journal: JournalPort) -> None:
        """Not before, and never where none was said; it can be brought forward."""
        begun(journal, order())
        journal.run(_open)
        asking = journal.run(lambda tx: tx.inquiries.claim(TENANT, now=NOW, lease_until=NOW + _LEASE))
        assert asking is not None
        journal.run(lambda tx: tx.inquiries.finish(asking, asked_at=NOW, due_at=None))

        def claim(minutes: int) -> object:
            now = NOW + timedelta(minutes=minutes)
            return journal.run(lambda tx: tx.inquiries.claim(TENANT, now=now, lease_until=now + _LEASE))

        assert claim(10_000) is None
        for minutes in (9, 7, 8):
            journal.run(
                lambda tx, m=minutes: tx.inquiries.bring_forward(  # type: ignore[misc]
                    "ORDER-1-1", due_at=NOW + timedelta(minutes=m)
                )
            )
        assert claim(6) is None
        assert claim(7) is not None

    def test_whoever_looks_next_knows_of_the_last_look(self, journal: JournalPort) -> None:
        """When it was, and when the calendar began; a look that came to nothing is none."""
        begun(journal, order())
        journal.run(_open)
        looks = []
        for asked_at in (NOW, None, None):
            found = journal.run(lambda tx: tx.inquiries.claim(TENANT, now=NOW, lease_until=NOW + _LEASE))
            assert found is not None
            looks.append((found.since, found.asked_at))
            journal.run(lambda tx, f=found, a=asked_at: tx.inquiries.finish(f, asked_at=a, due_at=NOW))  # type: ignore[misc]
        assert looks == [(NOW, None), (NOW, NOW), (NOW, NOW)]

    def test_when_it_is_asked_next_is_known(self, journal: JournalPort) -> None:
        """By the last who said so; None for never, and for what is not there."""
        begun(journal, order())
        assert journal.run(lambda tx: tx.inquiries.due_at("ORDER-1-1")) is None
        journal.run(_open)
        seen = [journal.run(lambda tx: tx.inquiries.due_at("ORDER-1-1"))]
        for due_at in (NOW + timedelta(days=1), None):
            asking = journal.run(lambda tx: tx.inquiries.claim(TENANT, now=NOW, lease_until=NOW))
            assert asking is not None
            journal.run(lambda tx, f=asking, d=due_at: tx.inquiries.finish(f, asked_at=NOW, due_at=d))  # type: ignore[misc]
            seen.append(journal.run(lambda tx: tx.inquiries.due_at("ORDER-1-1")))
            journal.run(lambda tx: tx.inquiries.hasten("ORDER-1-1", at=NOW))
        assert seen == [NOW, NOW + timedelta(days=1), None]

    def test_a_silence_is_known_by_its_beginning(self, journal: JournalPort) -> None:
        """The first look without an answer begins it, an answer ends it, and whoever lost the inquiry says nothing about it."""
        begun(journal, order())
        journal.run(_open)
        silences, late = [], None
        for minute, answers in enumerate([False, False, True, False, True]):
            at = NOW + timedelta(minutes=minute)
            found = journal.run(lambda tx, at=at: tx.inquiries.claim(TENANT, now=at, lease_until=at + _LEASE))  # type: ignore[misc]
            assert found is not None
            silences.append(found.silent_since)
            if late is not None:
                journal.run(lambda tx, f=late: tx.inquiries.unanswered(f, at=NOW, due_at=NOW))  # type: ignore[misc]
            if answers:
                journal.run(lambda tx, f=found, at=at: tx.inquiries.finish(f, asked_at=at, due_at=at))  # type: ignore[misc]
            else:
                journal.run(lambda tx, f=found, at=at: tx.inquiries.unanswered(f, at=at, due_at=at))  # type: ignore[misc]
            late = found
        third = NOW + timedelta(minutes=3)
        assert silences == [None, NOW, NOW, None, third]

    def test_a_clock_that_stood_wrong_puts_nothing_off_for_years(self, journal: JournalPort) -> None:
        """Due years ahead is due now, and its calendar begins anew; due tomorrow is not."""
        begun(journal, order())
        ahead = NOW + timedelta(days=4000)
        journal.run(lambda tx: tx.inquiries.open("ORDER-1-1", tenant=TENANT, since=ahead, due_at=ahead))
        asking = journal.run(lambda tx: tx.inquiries.claim(TENANT, now=NOW, lease_until=NOW + _LEASE))
        assert asking is not None
        assert asking.since == NOW
        tomorrow = NOW + timedelta(days=1)
        journal.run(lambda tx: tx.inquiries.finish(asking, asked_at=NOW, due_at=tomorrow))
        assert journal.run(lambda tx: tx.inquiries.claim(TENANT, now=NOW, lease_until=NOW + _LEASE)) is None

    def test_whoever_waits_before_a_page_comes_first(self, journal: JournalPort) -> None:
        """Due for less than a minute goes before what was missed; among each, the longest due is first."""
        seconds = {1: 500, 2: 400, 3: 50, 4: 40, 5: -10}
        for number, since in seconds.items():
            begun(journal, order(number, f"F{number}"))
            at = NOW - timedelta(seconds=since)
            journal.run(
                lambda tx, number=number, at=at: tx.inquiries.open(  # type: ignore[misc]
                    f"ORDER-{number}-1", tenant=TENANT, since=at, due_at=at
                )
            )

        def claim() -> str | None:
            found = journal.run(lambda tx: tx.inquiries.claim(TENANT, now=NOW, lease_until=NOW + _LEASE))
            return None if found is None else found.order_id

        claimed = [claim() for _ in seconds]
        assert claimed == ["ORDER-3-1", "ORDER-4-1", "ORDER-1-1", "ORDER-2-1", None]

    def test_each_operator_has_its_own(self, journal: JournalPort) -> None:
        """Another operator's attempts are none of ours."""
        begun(journal, order())
        journal.run(_open)
        assert journal.run(lambda tx: tx.inquiries.claim("OTHER", now=NOW, lease_until=NOW + _LEASE)) is None


class OperationConformance:
    """An operation is kept before it is sent."""

    def test_an_attempt_has_one_open_operation(self, journal: JournalPort) -> None:
        """A second is refused until the first is resolved; so is a key for the second time, for ever."""
        begun(journal, order())
        journal.run(lambda tx: tx.operations.add(_operation("capture/1")))
        with refused():
            journal.run(lambda tx: tx.operations.add(_operation("capture/2")))
        assert journal.run(lambda tx: tx.operations.resolve("capture/1", OperationOutcome.NOT_DONE, at=NOW))
        with refused():
            journal.run(lambda tx: tx.operations.add(_operation("capture/1")))
        journal.run(lambda tx: tx.operations.add(_operation("capture/2")))
        counts = journal.run(
            lambda tx: [tx.operations.count("ORDER-1-1", kind) for kind in ("capture", "void")]
        )
        assert counts == [2, 0]

    def test_it_is_resolved_once(self, journal: JournalPort) -> None:
        """Of many that find out, one writes it."""
        begun(journal, order())
        journal.run(lambda tx: tx.operations.add(_operation("capture/1")))
        assert _operation("capture/1") == journal.run(lambda tx: tx.operations.open_of("ORDER-1-1"))

        def resolve() -> bool:
            return journal.run(lambda tx: tx.operations.resolve("capture/1", OperationOutcome.DONE, at=NOW))

        assert sum(at_once(resolve)) == 1
        assert journal.run(lambda tx: tx.operations.open_of("ORDER-1-1")) is None


class PaceConformance:
    """Requests leave one after another, whichever machine sends them."""

    def test_instants_are_given_out_once(self, journal: JournalPort) -> None:
        """Eight at once: eight instants, a second apart."""
        gap = timedelta(seconds=1)
        slots = at_once(lambda: journal.run(lambda tx: tx.paces.take("p", now=NOW, gap=gap)))
        assert [NOW + gap * number for number in range(len(slots))] == sorted(slots)

    def test_each_name_has_its_own(self, journal: JournalPort) -> None:
        """Requests to one gateway do not wait for those to another."""
        taken = [journal.run(lambda tx, n=n: tx.paces.take(n, now=NOW, gap=_LEASE)) for n in "pqp"]  # type: ignore[misc]
        assert taken == [NOW, NOW, NOW + _LEASE]

    def test_a_clock_that_stood_wrong_blocks_nobody(self, journal: JournalPort) -> None:
        """An instant years ahead is passed over."""
        gap = timedelta(seconds=1)
        journal.run(lambda tx: tx.paces.take("p", now=NOW + timedelta(days=4000), gap=gap))
        assert journal.run(lambda tx: tx.paces.take("p", now=NOW, gap=gap)) == NOW


class SettledReviewConformance:
    """A matter lies before a person until somebody settles it, and once."""

    def test_a_matter_is_kept_once_and_opened_again(self, journal: JournalPort) -> None:
        """The same matter of a second look is no second matter; one that was settled comes back."""
        review = Review("ORDER-1-1", ReviewKind.NOT_CAPTURED, "", NOW)
        journal.run(lambda tx: tx.reviews.keep(review))
        journal.run(lambda tx: tx.reviews.keep(review))

        def settle(*kinds: ReviewKind) -> int:
            return journal.run(
                lambda tx: tx.reviews.settle(
                    "ORDER-1-1", by="k.alami", why="done", at=NOW, kinds=kinds or None
                )
            )

        assert (settle(ReviewKind.NOT_VOIDED), settle(), settle()) == (0, 1, 0)
        journal.run(lambda tx: tx.reviews.keep(review))
        with journal.reading() as tx:
            assert (review,) == tx.reviews.unresolved()

    def test_a_matter_of_one_callback_is_settled_alone(self, journal: JournalPort) -> None:
        """Another callback about the same attempt may still be unsettled."""
        first, second = (
            Review("ORDER-1-1", ReviewKind.UNSETTLED, digest, NOW + timedelta(seconds=number))
            for number, digest in enumerate(("D1", "D2"))
        )

        def change(tx: TransactionPort) -> int:
            tx.reviews.keep(first)
            tx.reviews.keep(second)
            return tx.reviews.settle("ORDER-1-1", by="it", why="again", at=NOW, callback_digest="D1")

        assert journal.run(change) == 1
        with journal.reading() as tx:
            assert (second,) == tx.reviews.unresolved()
