"""
Forks a child for each life: everything is imported once, so that a child that is to be killed costs some milliseconds.

Run as a program with the journal's address and a folder; it takes one JSON object a line and answers each with one.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from rak_billing.payments.journal import Journal
from support.kills.life import live, recover, save_order
from support.kills.points import Points
from support.kills.states import States


class Server:
    """One saved order, and all that may become of it."""

    def __init__(self, url: str, folder: Path) -> None:
        self._folder, self._result = folder, folder.with_name("result")
        #: Children inherit it, and open connections of their own.
        self._journal = Journal.open(url)
        self._form = save_order(self._journal, folder)
        self._journal.close()
        self._states = States(folder, url)
        #: The state in which the order is saved and nothing else has happened.
        self.saved = self._states.look(keep=True)
        self._rehearse()

    def _rehearse(self) -> None:
        """Live without dying: what is imported and made into text here, no child has to do again."""
        for act in (live, recover):
            act(self._journal, self._folder, "key", self._form, Points())
            self._journal.close()
            self._states.put_back(self.saved)
        # A collection in a child would touch, and so copy, every page.
        gc.freeze()

    def do(self, task: dict[str, Any]) -> dict[str, Any]:
        """Live or recover in a child, from a state or from what is there; tell how it ended, and of a death what it left."""
        if task["start"]:
            self._states.put_back(task["start"])
        self._result.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            self._live_and_die(task)
        _, status = os.waitpid(child, 0)
        if self._result.exists():
            return {"end": os.waitstatus_to_exitcode(status)} | json.loads(self._result.read_text())
        return {
            "end": os.waitstatus_to_exitcode(status),
            "state": self._states.look(keep=task["do"] == "live"),
        }

    def _live_and_die(self, task: dict[str, Any]) -> None:
        end = 1
        try:
            points = Points(task["kill_at"])
            act = live if task["do"] == "live" else recover
            found = act(self._journal, self._folder, task["way"], self._form, points)
            self._result.write_text(json.dumps({"points": points.names, "found": found}))
            end = 0
        finally:
            if end:
                traceback.print_exc()
            os._exit(end)


def main(url: str, folder: str) -> None:
    """Serve until the input ends."""
    logging.disable(logging.CRITICAL)
    server = Server(url, Path(folder))
    _answer({"state": server.saved})
    for line in sys.stdin:
        _answer(server.do(json.loads(line)))


def _answer(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
