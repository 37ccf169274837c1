"""Tables that say which tests show a rule: a test that is renamed or removed is missed by its table."""

import ast
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent.parent


@cache
def functions_in(file):
    """Give the names of the test functions of a file below ``tests``, without importing it."""
    module = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


def missing_tests(named):
    """Give those of *named* (``file::function``) that do not exist."""
    entries = [entry.split("::") for entry in named]
    return [test for file, test in entries if test not in functions_in(file)]
