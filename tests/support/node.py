"""Scripts of ours under Node: skipped where it is missing, but never where CI is set."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
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
