"""A transaction is done again where that helps, and only there."""

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from rak_billing.errors import CommitUnknownError, JournalError, StaleStateError
from rak_billing.payments.journal import Journal
from rak_billing.payments.retrying import Retrying


class RefusedError(Exception):
    def __init__(self, sqlstate):
        self.sqlstate = sqlstate


def refusal(sqlstate, kind=OperationalError, *, lost=False):
    return kind("SELECT", {}, RefusedError(sqlstate), connection_invalidated=lost)


def run(*outcomes, repeatable=False, random=lambda: 0.5):
    """Run work that ends in each of *outcomes*; give what came of it, and the pauses."""
    pauses, left = [], list(outcomes)

    def once():
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    retrying = Retrying(first_pause=0.1, longest_pause=0.5, random=random, sleep=pauses.append)
    try:
        return retrying.run(once, repeatable=repeatable), pauses
    except (DBAPIError, JournalError) as error:
        return error, pauses


@pytest.mark.parametrize(
    "error",
    [
        refusal("40001"),
        refusal("40P01"),
        refusal(None, lost=True),
        StaleStateError("moved"),
        refusal("23505", IntegrityError),
    ],
)
def test_what_passes_is_tried_again(error):
    """Serialization failure, deadlock, cut connection, moved row, and a key that somebody wrote meanwhile."""
    assert ("done", [0.05]) == run(error, "done")


@pytest.mark.parametrize("error", [refusal("55P03"), refusal("57014"), refusal(None), JournalError("no")])
def test_what_lasts_is_not(error):
    """A lock that is not got, a statement that takes too long, SQLite's refusals, and our own."""
    assert (error, []) == run(error, "done")


def test_a_key_that_is_taken_twice_is_ours():
    """One more look finds what another wrote; if it does not, trying on would never end."""
    first, second = refusal("23505", IntegrityError), refusal("23505", IntegrityError)
    assert (second, [0.05]) == run(first, second, "done")


def test_the_pause_doubles_up_to_a_limit():
    """Five more tries, each pause drawn from the whole of an interval that grows."""
    errors = [refusal("40001") for _ in range(6)]
    error, pauses = run(*errors, random=lambda: 1.0)
    assert (errors[-1], [0.1, 0.2, 0.4, 0.5, 0.5]) == (error, pauses)
    assert [0.0] * 5 == run(*errors, random=lambda: 0.0)[1]


def test_an_unknown_commit_is_done_again_only_if_it_can_be():
    """Work that begins by looking for itself finds out; any other is left to the caller."""
    unknown = CommitUnknownError("lost")
    assert (unknown, []) == run(unknown, "done")
    assert ("done", [0.05]) == run(unknown, "done", repeatable=True)


def test_what_was_unknown_once_stays_unknown():
    """A later refusal does not say that nothing was kept."""
    unknown, later = CommitUnknownError("lost"), refusal("55P03")
    error, _ = run(unknown, later, repeatable=True)
    assert (unknown, later) == (error, error.__cause__)


def test_the_driver_may_name_the_code_otherwise():
    """Hosts with psycopg2 are understood too."""
    old = Exception()
    old.pgcode = "40001"
    assert ("done", [0.05]) == run(OperationalError("SELECT", {}, old), "done")


def test_a_journal_runs_work_again(place):
    """The second try begins from nothing: what the first wrote is gone."""
    tries = []

    def work(tx):
        tries.append(tx.receipts.next_number("RAK", first=1))
        if len(tries) < 3:
            raise StaleStateError("moved")
        return tries[-1]

    with (
        Journal.open(place.url) as opened,
        Journal(opened.engine, retrying=Retrying(sleep=at_once)) as journal,
    ):
        assert "00000000001" == journal.run(work)
    assert ["00000000001"] * 3 == tries


def at_once(_seconds):
    """Wait not at all."""
