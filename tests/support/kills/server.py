"""
Forks a child for each life: everything is imported once, so that a child that is to be killed costs some milliseconds.

Run as a program; it takes one JSON object a line and answers each with one.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import cmi_gateway as cmi
from support.kills.life import Points, live, recover, save_order


def main() -> None:
    """Serve until the input ends."""
    logging.disable(logging.CRITICAL)
    forms: dict[str, cmi.SignedForm] = {}
    for line in sys.stdin:
        task = json.loads(line)
        if task["do"] == "save":
            # The same form for every copy of the database.
            forms["form"] = save_order(task["url"])
            _answer({})
        else:
            _answer(_in_a_child(task, forms["form"]))


def _answer(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def _in_a_child(task: dict[str, Any], form: cmi.SignedForm) -> dict[str, Any]:
    result = Path(task["folder"]) / "result"
    result.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        _live_and_die(task, form, result)
    _, status = os.waitpid(child, 0)
    found = json.loads(result.read_text()) if result.exists() else {}
    return {"end": os.waitstatus_to_exitcode(status)} | found


def _live_and_die(task: dict[str, Any], form: cmi.SignedForm, result: Path) -> None:
    end = 1
    try:
        points = Points(task["kill_at"])
        act = live if task["do"] == "live" else recover
        found = act(task["url"], Path(task["folder"]), form, points)
        result.write_text(json.dumps({"points": points.names, "found": found}))
        end = 0
    finally:
        os._exit(end)


if __name__ == "__main__":
    main()
