"""Scripts of ours under Node: skipped where it is missing, but never where CI is set."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_NODE = shutil.which("node")

#: Marks a test that needs Node.
needs_node = pytest.mark.skipif(_NODE is None and "CI" not in os.environ, reason="node is not installed")


def run_node(script: Path, call: str, values: Any) -> Any:
    """Load *script*, apply the JavaScript function *call* to each of *values*, and give the answers; all as JSON."""
    program = (
        f"require({json.dumps(str(script))}); const call = {call};"
        "let text = ''; process.stdin.on('data', (part) => (text += part));"
        "process.stdin.on('end', () => console.log(JSON.stringify(JSON.parse(text).map(call))));"
    )
    done = subprocess.run(
        [_NODE or "node", "-e", program],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout)


#: One line in, one line out: a function of whole numbers with its arguments, and the whole numbers that it gives.
_LOOP = """
const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { code, amounts } = JSON.parse(line);
  const given = Object.entries((0, eval)(code)(amounts.map(BigInt)));
  console.log(JSON.stringify(Object.fromEntries(given.map(([name, value]) => [name, value.toString()]))));
});
"""


class Calculator:
    """A Node that stays, and answers one question after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def call(self, code: str, amounts: Sequence[int]) -> dict[str, int]:
        """Give what the function *code* makes of amounts in centimes; all are BigInt there."""
        questions, answers = self._process.stdin, self._process.stdout
        assert questions
        assert answers
        questions.write(json.dumps({"code": code, "amounts": [str(amount) for amount in amounts]}) + "\n")
        questions.flush()
        return {name: int(text) for name, text in json.loads(answers.readline()).items()}


@contextmanager
def running_calculator() -> Iterator[Calculator]:
    """Start Node for as long as the block lasts."""
    with subprocess.Popen(
        [_NODE or "node", "-e", _LOOP],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        # Leaving closes its input, which ends it.
        yield Calculator(process)
