"""What frameworks do to field names; names matter only by the order that they give the values."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from cmi_gateway.field_names import RESULTS

_DOTTED: Final = {name.replace(".", "_").lower(): name for name in RESULTS if "." in name}
_BRACKETS: Final = re.compile(r"\[([^\]]*)\]")
_LAST_NUMBER: Final = re.compile(r"[._]([0-9]+)$")


def _with_dots_back(name: str) -> str:
    return _DOTTED.get(name.lower(), name)


#: Detail, and the function from the name that came to the name that was sorted.
RENAMINGS: Final[tuple[tuple[str, Callable[[str], str]], ...]] = (
    ("'.' became '_' in the body, as in PHP", _with_dots_back),
    ("'.' became '_' in the body, in all names", lambda name: name.replace("_", ".")),
    ("'.', ' ' and '[' became '_' before sorting, as in PHP", lambda name: re.sub(r"[. \[]", "_", name)),
    ("a[0] became a_0 before sorting", lambda name: _BRACKETS.sub(r"_\1", name)),
    ("a[0] became a.0 before sorting", lambda name: _BRACKETS.sub(r".\1", name)),
    ("a[0] became a0 before sorting", lambda name: _BRACKETS.sub(r"\1", name)),
    ("a[0] became a before sorting", lambda name: _BRACKETS.sub("", name)),
    ("a[0] became a_0 or a.0 in the body", lambda name: _LAST_NUMBER.sub(r"[\1]", name)),
    ("'-' became '_' in the body", lambda name: name.replace("_", "-")),
    ("'_' became '-' in the body", lambda name: name.replace("-", "_")),
    ("'_' vanished before sorting", lambda name: name.replace("_", "")),
)
