"""
SIGKILL at every point between "order saved" and "posting and mail marked", and again while recovering: nothing lost or doubled.

A point is a statement, a side of a commit, a request, an answer, a mail, or a line of a billing adapter that touches the
world. They are counted first and then taken one by one, in each way of being exactly-once. What this shows is a process that dies; a
power cut is another thing, since the kernel keeps what a killed process wrote.
"""

import json
import signal
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from support.counts import count
from support.kills.books import WAYS
from support.kills.points import MAIL_UNMARKED, POSTING_OPEN
from support.place import SqlitePlace, folder_in_memory

TESTS = Path(__file__).parents[1]
SERVER = f"import sys; sys.path.insert(0, {str(TESTS)!r}); from support.kills.server import main; main(*sys.argv[1:])"
pytestmark = pytest.mark.timeout(2_400)


@attrs.frozen
class Death:
    """A process that was killed: at which point, what it left, and what a recovery made of that."""

    point: str
    state: str
    found: dict


class Killer:
    """The fork server, on one database."""

    def __init__(self, process, dialect):
        self._process = process
        self.dialect = dialect
        self._saved = json.loads(process.stdout.readline())["state"]

    def ask(self, do, way, start, kill_at=None):
        """Have a child live or recover, beginning with a state, or with what is there."""
        task = {"do": do, "way": way, "start": start, "kill_at": kill_at}
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert (-signal.SIGKILL if kill_at is not None else 0) == answer["end"]
        return answer

    def points(self, way):
        """Give the points of a life that nothing disturbs."""
        return self.ask("live", way, self._saved)["points"]

    def remains(self, way, numbers):
        """Kill a life at each of these points; give each state that was left, with the last point that left it."""
        points = self.points(way)
        return {self.ask("live", way, self._saved, number)["state"]: points[number] for number in numbers}

    def deaths(self, way, numbers):
        """Kill a life at each of these points, and recover each time from what is there."""
        points = self.points(way)
        for number in numbers:
            state = self.ask("live", way, self._saved, number)["state"]
            yield Death(points[number], state, self.ask("recover", way, None)["found"])


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def killer(request):
    # A killed process leaves to the kernel what it wrote: the disk decides nothing.
    with folder_in_memory() as parent:
        folder = parent / "world"
        folder.mkdir()
        is_file = request.param == "sqlite"
        url = SqlitePlace(folder).url if is_file else request.getfixturevalue("postgres").database()
        command = [sys.executable, "-c", SERVER, url, str(folder)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield Killer(process, request.param)
            finally:
                process.stdin.close()
                process.wait(30)
        if not is_file:
            request.getfixturevalue("postgres").drop(url)


def first_of(way, points):
    """Give the first point of interest: up to the mail's mark all ways are alike."""
    unmarked = [number for number, point in enumerate(points) if MAIL_UNMARKED in point]
    return 0 if way == "key" else unmarked[-1] + 1


def nothing_is_lost_or_doubled(found, way, *, died_at):
    """
    One order, paid once, captured once, one receipt, one entry in the books with what was paid, its mail sent.

    The mail leaves again after a death between it and its mark. A posting waits for a person after a death while it
    was open, where the books cannot be asked; the person's word settles it.
    """
    assert [] == found["flaws"], died_at
    assert (["paid"], ["captured"], ["10000000001"]) == (
        found["orders"], found["attempts"], found["receipts"]
    ), died_at  # fmt: skip
    assert found["total"] == [found["captured"]], died_at
    assert [[*found["key"], "10000000001", [["123456789", 11302]]]] == found["books"], died_at
    assert ([True, True], [True]) == (found["outbox"], found["locks"]), died_at
    was_parked = way == "park" and any(POSTING_OPEN in point for point in died_at)
    assert ([["not_posted", True]] if was_parked else []) == found["reviews"], died_at
    assert 1 == len(set(found["mails"])), died_at
    assert len(found["mails"]) <= 1 + sum(MAIL_UNMARKED in point for point in died_at), died_at


def is_statement(point):
    """Tell a statement of the journal, before which nothing was made durable since the point before."""
    return point.split()[0].isupper()


@pytest.mark.parametrize("way", WAYS)
def test_killed_at_every_point_or_in_plain_runs_at_a_spread(killer, way):
    """Whichever statement or line was the last one, whoever comes next finishes the payment, once."""
    points = killer.points(way)
    step = count(8 if killer.dialect == "sqlite" else 20, 1)
    before = None
    for death in killer.deaths(way, range(first_of(way, points), len(points), step)):
        nothing_is_lost_or_doubled(death.found, way, died_at=[death.point])
        if step == 1 and before is not None and is_statement(death.point):
            assert before.state == death.state, death.point
        before = death


@pytest.mark.parametrize("way", WAYS)
def test_killed_again_while_recovering_or_in_plain_runs_at_a_spread(killer, way):
    """
    From whatever a death leaves behind, the recovery is killed at each of its points, and another one follows.

    On the server, where a trial costs more, only where something was or will be made durable: that the statements before
    a commit leave nothing is seen by the test above.
    """
    points = killer.points(way)
    numbers = range(first_of(way, points) + count(10, 0), len(points), count(90, 1))
    judged = set()
    for state, point in killer.remains(way, numbers).items():
        later = killer.ask("recover", way, state)["points"]
        for number in range(0, len(later), count(40, 1)):
            if killer.dialect == "postgresql" and is_statement(later[number]):
                continue
            left = killer.ask("recover", way, state, number)["state"]
            died_at = [point, later[number]]
            # What left the same behind ends the same: clock and chance are the test's, and nothing else decides.
            case = left, sum(MAIL_UNMARKED in point for point in died_at)
            if case not in judged:
                judged.add(case)
                nothing_is_lost_or_doubled(killer.ask("recover", way, None)["found"], way, died_at=died_at)


def test_books_that_do_not_know_a_repeat_and_say_that_they_do_are_seen(killer):
    """The test can fail: of the deaths while a posting is open, some leave two entries."""
    points = killer.points("lie")
    numbers = [number for number, point in enumerate(points) if POSTING_OPEN in point]
    entries = [len(death.found["books"]) for death in killer.deaths("lie", numbers[-4:])]
    assert 2 == max(entries)
