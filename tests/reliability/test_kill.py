"""
SIGKILL at every statement between "order saved" and "mail sent", and again while recovering: nothing lost or doubled.

The points are counted first and then taken one by one. What this shows is a process that dies; a power cut is another
thing, since the kernel keeps what a killed process wrote.
"""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.counts import count
from support.kills.life import UNMARKED
from support.place import SqlitePlace

TESTS = Path(__file__).parents[1]
pytestmark = pytest.mark.timeout(2_400)


class Killer:
    """The fork server, and a fresh copy of the saved order for each trial."""

    def __init__(self, process, folder, fresh, step):
        self._process, self._folder, self._fresh = process, folder, fresh
        #: Plain runs take every so manieth point.
        self.step = step

    def ask(self, **task):
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def trial(self):
        """Give a trial on a database in which the order is saved and nothing else has happened."""
        folder = self._folder / "trial"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return Trial(self, self._fresh(folder), folder)


class Trial:
    """One payment, its database and the files of the world outside."""

    def __init__(self, killer, url, folder):
        self._killer, self._url, self._folder = killer, url, folder

    def do(self, act, kill_at=None):
        return self._killer.ask(do=act, url=self._url, folder=str(self._folder), kill_at=kill_at)


@pytest.fixture(params=["sqlite", "postgresql"])
def killer(request, tmp_path):
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(TESTS)!r}); from support.kills.server import main; main()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield _killer(request, process, tmp_path)
        finally:
            process.stdin.close()
            process.wait(30)


def _killer(request, process, tmp_path):
    (tmp_path / "saved").mkdir()
    if request.param == "sqlite":
        saved = SqlitePlace(tmp_path / "saved").url

        def fresh(folder):
            shutil.copy(tmp_path / "saved" / "rak.db", folder / "rak.db")
            return SqlitePlace(folder).url

    else:
        server = request.getfixturevalue("postgres")
        saved = server.database()
        template = saved.split("?")[0].rsplit("/", 1)[1]
        used = []

        def fresh(_folder):
            while used:
                server.drop(used.pop())
            used.append(server.url(f"{template}_trial"))
            server.execute(f"CREATE DATABASE {template}_trial TEMPLATE {template}")
            return used[-1]

    killer = Killer(process, tmp_path, fresh, 4 if request.param == "sqlite" else 12)
    killer.ask(do="save", url=saved)
    return killer


def nothing_is_lost_or_doubled(found, *, died_at):
    """One order, paid once, captured once, one receipt, its mail sent; twice only by who died between sending and marking."""
    assert [] == found["flaws"], died_at
    assert (["paid"], ["10000000001"], 1) == (found["orders"], found["receipts"], found["locks"]), died_at
    assert found["total"] == [found["captured"]], died_at
    assert ([True], []) == (found["outbox"], found["reviews"]), died_at
    assert 1 == len(set(found["mails"])), died_at
    # Again only after a death between the mail and its mark.
    assert len(found["mails"]) <= 1 + sum(UNMARKED in point for point in died_at), died_at


def test_killed_at_every_point(killer):
    """Whichever statement was the last one, whoever comes next finishes the payment, once."""
    points = killer.trial().do("live")["points"]
    assert len(points) > 30
    for number in range(0, len(points), count(killer.step, 1)):
        trial = killer.trial()
        assert -signal.SIGKILL == trial.do("live", number)["end"]
        found = trial.do("recover")["found"]
        nothing_is_lost_or_doubled(found, died_at=[points[number]])


def test_killed_again_while_recovering(killer):
    """A crash at every few points, and another at points of the recovery."""
    points = killer.trial().do("live")["points"]
    for number in range(7, len(points), count(60, 6)):
        trial = killer.trial()
        trial.do("live", number)
        later = trial.do("recover")["points"]
        for second in range(1, len(later), count(51, 7)):
            trial = killer.trial()
            trial.do("live", number)
            assert -signal.SIGKILL == trial.do("recover", second)["end"]
            nothing_is_lost_or_doubled(trial.do("recover")["found"], died_at=[points[number], later[second]])
