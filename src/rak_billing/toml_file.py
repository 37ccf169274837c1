"""The text of an operator's file as a table, or the reason why it is none."""

from __future__ import annotations

import tomllib
from typing import Any, Final

__all__ = ["parse_toml"]

#: In bytes: ten times what a tariff of twenty schedules takes.
_LARGEST: Final = 256 * 1024
#: Likewise. The time to read a key of many dotted parts rises with the square of their number; and no whole number
#: that stands on such a line, in whatever base, has more digits than Python is willing to print in an error.
_LONGEST_LINE: Final = 3_000


def parse_toml(text: bytes) -> dict[str, Any]:
    """
    Read TOML in UTF-8.

    Args:
        text: As it stands in the file. Some editors of Windows begin it with a mark of its encoding, which is no part
            of TOML and is passed over.

    Raises:
        ValueError: It is too large, nested too deep, or not TOML; the message is the reason, for an error that names
            the file.
    """
    if len(text) > _LARGEST:
        raise ValueError(f"expected {_LARGEST} bytes at most, not {len(text)}")
    if any(len(line) > _LONGEST_LINE for line in text.splitlines()):
        raise ValueError(f"a line is longer than {_LONGEST_LINE} bytes")
    try:
        return tomllib.loads(text.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("its lists or tables are nested too deep") from None
    except ValueError as error:
        raise ValueError(f"not a TOML file in UTF-8: {error}") from error
