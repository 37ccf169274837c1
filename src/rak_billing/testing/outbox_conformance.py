"""What the outbox of a journal must hold to: nothing is lost, and nobody sends blindly what may have arrived."""

from __future__ import annotations

from datetime import datetime, timedelta

from rak_billing.payments.port import JournalPort, TransactionPort
from rak_billing.payments.records import DeadLetter, OutboxEntry
from rak_billing.testing.journal_samples import NOW, TENANT
from rak_billing.testing.journal_steps import put, refused

__all__ = ["OutboxConformance"]


def _try(journal: JournalPort, *, is_unknown: bool, at: datetime) -> OutboxEntry:
    entry = journal.run(lambda tx: tx.outbox.claim(TENANT, now=at))
    assert entry is not None
    if entry.begun_at is None:
        assert journal.run(lambda tx: tx.outbox.begin(entry, at=at))

    def end(tx: TransactionPort) -> None:
        report = tx.outbox.unknown if is_unknown else tx.outbox.failed
        report(entry, error="no answer", now=at)

    journal.run(end)
    return entry


class OutboxConformance:
    """At least once, and one worker at a time."""

    def test_an_entry_is_claimed_by_one(self, journal: JournalPort) -> None:
        """During its lease nobody else gets it, nor another operator ever; after that it is due again."""
        put(journal, "K1")
        assert journal.run(lambda tx: tx.outbox.claim("OTHER", now=NOW)) is None
        assert OutboxEntry("K1", "mail", "ORDER-1", 1) == journal.run(
            lambda tx: tx.outbox.claim(TENANT, now=NOW)
        )
        assert journal.run(lambda tx: tx.outbox.claim(TENANT, now=NOW)) is None
        again = journal.run(lambda tx: tx.outbox.claim(TENANT, now=NOW + timedelta(hours=1)))
        assert again is not None
        assert (again.key, again.tries) == ("K1", 2)

    def test_a_late_worker_has_nothing_to_say(self, journal: JournalPort) -> None:
        """Once claimed anew, whether an entry failed is the newer claim's to say; delivered, it stays delivered."""
        put(journal, "K1")
        late = journal.run(lambda tx: tx.outbox.claim(TENANT, now=NOW))
        newer = journal.run(lambda tx: tx.outbox.claim(TENANT, now=NOW + timedelta(hours=1)))
        assert late is not None
        assert newer is not None
        journal.run(lambda tx: tx.outbox.failed(late, error="late", now=NOW))
        assert journal.run(lambda tx: tx.outbox.claim(TENANT, now=NOW + timedelta(hours=1))) is None
        assert journal.run(lambda tx: (tx.outbox.waiting(TENANT), tx.outbox.waiting("OTHER"))) == (1, 0)
        assert journal.run(lambda tx: tx.outbox.done(newer, at=NOW)) is True
        journal.run(lambda tx: tx.outbox.failed(newer, error="late", now=NOW))
        assert journal.run(lambda tx: tx.outbox.waiting(TENANT)) == 0

    def test_what_arrived_is_delivered_whoever_says_so(self, journal: JournalPort) -> None:
        """Its lease ran out, another worker took it over and gave it up: it is delivered all the same, and marked once."""
        put(journal, "K1")
        then = NOW + timedelta(hours=1)
        late, newer = (
            journal.run(lambda tx, at=at: tx.outbox.claim(TENANT, now=at))  # type: ignore[misc]
            for at in (NOW, then)
        )
        assert journal.run(lambda tx: tx.outbox.park(newer, error="no answer", at=then))
        marked = [journal.run(lambda tx, it=it: tx.outbox.done(it, at=then)) for it in (late, newer)]  # type: ignore[misc]
        assert marked == [True, False]
        assert journal.run(lambda tx: (tx.outbox.waiting(TENANT), tx.outbox.dead_letters(TENANT))) == (0, ())

    def test_what_is_taken_up_again_is_known_as_it_was(self, journal: JournalPort) -> None:
        """A person revives it: when it was begun stays known, since it may have arrived; unless it was given up as settled."""
        put(journal, "K1")
        seen = []
        for is_open in (True, False, True):
            entry = journal.run(lambda tx: tx.outbox.claim(TENANT, now=NOW))
            assert entry is not None
            seen.append((entry.begun_at, entry.tries, entry.tries_anew))
            journal.run(lambda tx, it=entry: tx.outbox.begin(it, at=NOW))  # type: ignore[misc]
            journal.run(lambda tx, it=entry, o=is_open: tx.outbox.park(it, error="?", at=NOW, is_open=o))  # type: ignore[misc]
            assert journal.run(lambda tx: tx.outbox.revive("K1", at=NOW, is_done=False))
        assert seen == [(None, 1, 1), (NOW, 2, 1), (None, 3, 1)]

    def test_what_was_delivered_is_known(self, journal: JournalPort) -> None:
        """By a worker or by hand; what waits, and what there is not, is not delivered."""
        put(journal, "K1")
        assert journal.run(lambda tx: tx.outbox.is_delivered("K1")) is False
        entry = journal.run(lambda tx: tx.outbox.claim(TENANT, now=NOW))
        assert entry is not None
        journal.run(lambda tx: tx.outbox.done(entry, at=NOW))
        assert journal.run(lambda tx: (tx.outbox.is_delivered("K1"), tx.outbox.is_delivered("K2"))) == (
            True,
            False,
        )

    def test_a_failed_entry_comes_again(self, journal: JournalPort) -> None:
        """Not at once, and not never."""
        put(journal, "K1")
        entry = journal.run(lambda tx: tx.outbox.claim(TENANT, now=NOW))
        assert entry is not None
        journal.run(lambda tx: tx.outbox.failed(entry, error="full", now=NOW))
        assert journal.run(lambda tx: tx.outbox.claim(TENANT, now=NOW)) is None
        assert journal.run(lambda tx: tx.outbox.claim(TENANT, now=NOW + timedelta(days=1))) is not None

    def test_a_clock_that_stood_wrong_puts_nothing_off_for_years(self, journal: JournalPort) -> None:
        """What is due years ahead leaves now."""
        put(journal, "K1")
        ahead = NOW + timedelta(days=4000)
        entry = journal.run(lambda tx: tx.outbox.claim(TENANT, now=ahead))
        assert entry is not None
        journal.run(lambda tx: tx.outbox.failed(entry, error="full", now=ahead))
        assert journal.run(lambda tx: tx.outbox.claim(TENANT, now=NOW)) is not None
        assert journal.run(lambda tx: tx.outbox.claim(TENANT, now=NOW)) is None

    def test_an_unfinished_try_is_known_to_the_next(self, journal: JournalPort) -> None:
        """A worker died after it had begun: the next one is told, and does not send blindly what may have arrived."""
        put(journal, "K1")
        late = journal.run(lambda tx: tx.outbox.claim(TENANT, now=NOW))
        assert late is not None
        assert journal.run(lambda tx: tx.outbox.begin(late, at=NOW))
        then = NOW + timedelta(hours=1)
        newer = journal.run(lambda tx: tx.outbox.claim(TENANT, now=then))
        assert OutboxEntry("K1", "mail", "ORDER-1", 2, begun_at=NOW) == newer
        assert newer is not None
        assert not journal.run(lambda tx: tx.outbox.begin(late, at=then))

    def test_only_what_did_not_leave_may_begin_anew(self, journal: JournalPort) -> None:
        """Whether it arrived is not known: the beginning stays written. It did not leave: nothing is open."""
        put(journal, "K1")
        seen = []
        for hours, is_unknown in enumerate((True, False, True)):
            at = NOW + timedelta(hours=hours)
            entry = _try(journal, is_unknown=is_unknown, at=at)
            seen.append(entry.begun_at)
        assert seen == [None, NOW, None]

    def test_a_worker_takes_what_it_can_deliver(self, journal: JournalPort) -> None:
        """What has been due for longest, but for the topics that it cannot deliver."""
        put(journal)
        for key, topic, minutes in (("K1", "mail", 2), ("K2", "posting", 0), ("K3", "mail", 1)):
            at = NOW + timedelta(minutes=minutes)
            journal.run(
                lambda tx, k=key, t=topic, at=at: tx.outbox.add(  # type: ignore[misc]
                    key=k, tenant=TENANT, topic=t, order_reference="ORDER-1", at=at
                )
            )
        now = NOW + timedelta(minutes=3)
        taken = [
            journal.run(lambda tx, it=without: tx.outbox.claim(TENANT, now=now, without=it))  # type: ignore[misc]
            for without in ({"posting"}, {"mail", "posting"}, (), ())
        ]
        assert [entry and entry.key for entry in taken] == ["K3", None, "K2", "K1"]

    def test_what_is_given_up_waits_for_a_person(self, journal: JournalPort) -> None:
        """Nobody gets it until a person takes it up again, or says that it is delivered; a late worker cannot give it up."""
        put(journal, "K1")
        late = journal.run(lambda tx: tx.outbox.claim(TENANT, now=NOW))
        then = NOW + timedelta(hours=1)
        entry = journal.run(lambda tx: tx.outbox.claim(TENANT, now=then))
        assert late is not None
        assert entry is not None
        assert not journal.run(lambda tx: tx.outbox.park(late, error="late", at=then))
        journal.run(lambda tx: tx.outbox.begin(entry, at=then))
        assert journal.run(lambda tx: tx.outbox.park(entry, error="no answer", at=then))
        later = NOW + timedelta(days=9)
        assert journal.run(lambda tx: tx.outbox.claim(TENANT, now=later)) is None
        with journal.reading() as tx:
            assert (DeadLetter("K1", "mail", "ORDER-1", 2, "no answer", then),) == tx.outbox.dead_letters(
                TENANT
            )
            assert tx.outbox.dead_letters("OTHER") == ()
        assert journal.run(lambda tx: tx.outbox.revive("K1", at=later, is_done=False))
        again = journal.run(lambda tx: tx.outbox.claim(TENANT, now=later))
        assert OutboxEntry("K1", "mail", "ORDER-1", 3, begun_at=then, tries_before=2) == again
        assert again is not None
        journal.run(lambda tx: tx.outbox.park(again, error="no answer", at=later))
        revived = [journal.run(lambda tx: tx.outbox.revive("K1", at=later, is_done=True)) for _ in range(2)]
        assert revived == [True, False]
        assert journal.run(lambda tx: (tx.outbox.waiting(TENANT), tx.outbox.dead_letters(TENANT))) == (0, ())

    def test_a_key_is_put_in_once(self, journal: JournalPort) -> None:
        """So no payment is told twice."""
        put(journal, "K1")
        with refused():
            put(journal, "K1")
