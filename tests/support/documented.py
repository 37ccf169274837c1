"""Files of the documentation that are Python, loaded as modules of their own."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

DOCS = Path(__file__).parents[2] / "docs"


def documented(path: str) -> ModuleType:
    """Load a file by its path below the documentation; each call loads it anew."""
    file = DOCS / path
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
