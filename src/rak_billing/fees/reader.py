"""Read a fee schedule from TOML, refusing whatever is not understood: a typing error must not set a price."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from fractions import Fraction
from importlib import resources
from typing import Any, Final

from rak_billing.errors import FeeScheduleError
from rak_billing.fees.rounding import Rounding, RoundingMode

__all__ = ["preset_text", "read_schedule"]

_PRESET_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PERCENT: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")


def preset_text(name: str) -> bytes:
    """
    Give the text of a packaged schedule, read when it is asked for.

    Raises:
        FeeScheduleError: there is no preset of this name.
    """
    folder = resources.files("rak_billing.fees").joinpath("presets")
    file = folder.joinpath(f"{name}.toml")
    # The name is checked first: it could otherwise lead out of the folder.
    if not _PRESET_NAME.fullmatch(name) or not file.is_file():
        known = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir())
        raise FeeScheduleError(f"preset {name!r:.40}", "id", f"expected one of {', '.join(known)}")
    return file.read_bytes()


def read_schedule(text: bytes, source: str) -> dict[str, Any]:
    """
    Give the arguments of a `FeeSchedule` from its TOML text.

    Args:
        text: UTF-8.
        source: What to call it in errors: a path or the name of a preset.

    Raises:
        FeeScheduleError: not TOML, an unknown or missing key, or a value of the wrong kind.
    """
    try:
        table = tomllib.loads(text.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FeeScheduleError(source, "(file)", f"not a TOML file in UTF-8: {error}") from error
    return _read(table, source, "", _SCHEDULE, optional={"valid_until", "rounding"})


def _read(
    table: Mapping[str, object],
    source: str,
    prefix: str,
    kinds: Mapping[str, Callable[[str, str, object], object]],
    optional: set[str],
) -> dict[str, Any]:
    if unknown := sorted(table.keys() - kinds.keys()):
        raise FeeScheduleError(source, prefix + unknown[0], f"unknown key; known are {', '.join(kinds)}")
    if missing := sorted(kinds.keys() - optional - table.keys()):
        raise FeeScheduleError(source, prefix + missing[0], "this key is missing")
    return {key: kinds[key](source, prefix + key, value) for key, value in table.items()}


def _anything(source: str, key: str, value: object) -> object:
    """Leave the judgement to the schedule itself, which checks these values however it is made."""
    return value


def _percent(source: str, key: str, value: object) -> Fraction:
    if not isinstance(value, str) or not _PERCENT.fullmatch(value):
        reason = f'expected a percentage as text, such as "1.1" in quotes, not {value!r:.40}'
        raise FeeScheduleError(source, key, reason)
    return Fraction(value)


def _cards(source: str, key: str, value: object) -> object:
    if not isinstance(value, list) or not all(isinstance(card, str) for card in value):
        raise FeeScheduleError(source, key, f"expected a list of kinds of card, not {value!r:.40}")
    return value


def _mode(source: str, key: str, value: object) -> RoundingMode:
    try:
        return RoundingMode(value)  # type: ignore[arg-type]  # other kinds of value are refused just below
    except ValueError:
        reason = f"expected one of {', '.join(RoundingMode)}, not {value!r:.40}"
        raise FeeScheduleError(source, key, reason) from None


def _quantum(source: str, key: str, value: object) -> int:
    if type(value) is not int or value < 1:
        raise FeeScheduleError(source, key, f"expected a whole number of centimes from 1, not {value!r:.40}")
    return value


def _rounding(source: str, key: str, value: object) -> Rounding:
    if not isinstance(value, dict):
        raise FeeScheduleError(source, key, f"expected a table with mode and quantum, not {value!r:.40}")
    return Rounding(
        **_read(value, source, f"{key}.", {"mode": _mode, "quantum": _quantum}, {"mode", "quantum"})
    )


_SCHEDULE: Final = {
    "id": _anything,
    "version": _anything,
    "follows": _anything,
    "valid_from": _anything,
    "valid_until": _anything,
    "bearer": _anything,
    "percent": _percent,
    "cards": _cards,
    "vat_rate": _percent,
    "rounding": _rounding,
}
