"""Read schedules from TOML, refusing whatever is not understood: a typing error must not set a price."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, get_args, get_origin

import attrs

from cmi_gateway.errors import MoneyError
from cmi_gateway.money import Money
from rak_billing.errors import FeeScheduleError
from rak_billing.toml_file import parse_toml

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["preset_names", "preset_text", "read_schedule", "read_schedules"]

_PRESET_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NUMBER: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?|[0-9]{1,9}/[1-9][0-9]{0,8}")
#: The key of a tariff file that holds its schedules.
_SCHEDULES: Final = "schedules"
_WHOLE_FILE: Final = "(file)"


_Schedule = TypeVar("_Schedule")


def preset_names() -> tuple[str, ...]:
    """Give the names of the packaged schedules."""
    folder = resources.files("rak_billing.fees").joinpath("presets")
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def preset_text(name: str) -> bytes:
    """
    Give the text of a packaged schedule, read when it is asked for.

    Raises:
        FeeScheduleError: there is no preset of this name.
    """
    file = resources.files("rak_billing.fees").joinpath("presets", f"{name}.toml")
    # The name is checked first: it could otherwise lead out of the folder.
    if not _PRESET_NAME.fullmatch(name) or not file.is_file():
        raise FeeScheduleError(f"preset {name!r:.40}", "id", f"expected one of {', '.join(preset_names())}")
    return file.read_bytes()


def read_schedule(kind: type[_Schedule], text: bytes, source: str) -> _Schedule:
    """
    Make a schedule of its TOML text.

    Args:
        kind: The class of schedules.
        text: UTF-8.
        source: What to call it in errors: a path or the name of a preset.

    Raises:
        FeeScheduleError: as `FeeSchedule.from_toml` says.
    """
    return _structured(kind, _table(text, source), source, "")


def read_schedules(kind: type[_Schedule], text: bytes, source: str) -> tuple[_Schedule, ...]:
    """
    Make the schedules of a tariff file: those of its ``[[schedules]]``, or the one that the file is.

    Raises:
        FeeScheduleError: as `read_schedule`.
    """
    table = _table(text, source)
    if _SCHEDULES not in table:
        return (_structured(kind, table, source, ""),)
    tables = table[_SCHEDULES]
    if len(table) > 1:
        other = next(key for key in table if key != _SCHEDULES)
        raise FeeScheduleError(
            source, other, "unknown beside schedules; what it says belongs into each of them"
        )
    if not isinstance(tables, list):
        raise FeeScheduleError(source, _SCHEDULES, "expected tables, each under [[schedules]]")
    return tuple(
        _structured(kind, entry, source, f"{_SCHEDULES}[{number}].") for number, entry in enumerate(tables, 1)
    )


def _table(text: bytes, source: str) -> Mapping[str, Any]:
    try:
        return parse_toml(text)
    except ValueError as error:
        raise FeeScheduleError(source, _WHOLE_FILE, str(error)) from error


def _structured(kind: type[_Schedule], table: object, source: str, prefix: str) -> _Schedule:
    import cattrs  # noqa: PLC0415 - reading is rare, and loading this takes longer than a thousand fees

    currency = table.get("currency", "MAD") if isinstance(table, dict) else "MAD"
    try:
        return _converter(currency if isinstance(currency, str) else "MAD").structure(table, kind)
    except (
        cattrs.BaseValidationError,
        cattrs.ForbiddenExtraKeysError,
        ValueError,
        FeeScheduleError,
    ) as error:
        key, reason = _first_flaw(error)
        raise FeeScheduleError(source, f"{prefix}{key}".rstrip(".") or _WHOLE_FILE, reason) from None


@cache
def _converter(currency: str) -> Converter:
    """Make the converter that reads amounts in *currency*."""
    from cattrs import Converter  # noqa: PLC0415 - as in _structured

    converter = Converter(forbid_extra_keys=True)
    leaves: dict[Any, Callable[[Any, Any], Any]] = {
        # Enumerations are text too: their classes refuse what is no member.
        str: _exactly(str, "text"),
        int: _exactly(int, "a whole number"),
        date: _exactly(date, "a date such as 2018-01-01, without quotes"),
        Fraction: _fraction,
        Money: lambda value, _kind: _amount(value, currency),
    }
    for kind, hook in leaves.items():
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook_func(_is_words, _word)
    converter.register_structure_hook_factory(_is_list, lambda kind: _list_hook(converter, kind))
    converter.register_structure_hook_factory(attrs.has, lambda kind: _table_hook(converter, kind))
    return converter


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _is_words(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _word(value: Any, kind: Any) -> Any:
    if value not in get_args(kind):
        raise ValueError(f"expected one of {', '.join(get_args(kind))}, not {_shown(value)}")
    return value


def _list_hook(converter: Converter, kind: Any) -> Callable[[Any, Any], Any]:
    inner = converter.get_structure_hook(list[get_args(kind)[0]])  # type: ignore[misc]

    def read(value: Any, _kind: Any) -> Any:
        # A text would be read letter by letter.
        if not isinstance(value, list):
            raise ValueError(f"expected a list, not {_shown(value)}")  # noqa: TRY004 - one kind for all flaws
        return tuple(inner(value, list[get_args(kind)[0]]))  # type: ignore[misc]

    return read


def _table_hook(converter: Converter, kind: Any) -> Callable[[Any, Any], Any]:
    from cattrs.gen import make_dict_structure_fn  # noqa: PLC0415 - as in _structured

    inner = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)

    def read(value: Any, _kind: Any) -> Any:
        if not isinstance(value, dict):
            keys = ", ".join(field.name for field in attrs.fields(kind))
            raise ValueError(f"expected a table of {keys}, not {_shown(value)}")  # noqa: TRY004 - as above
        return inner(value, kind)

    return read


def _shown(value: object) -> str:
    if isinstance(value, float):
        # TOML's own number; the text that it was written in is lost by now, and so is its exactness.
        return f"the float {value!r:.40}, which is not exact: write it in quotes"
    return f"{value!r:.40}"


def _exactly(kind: type, expected: str) -> Callable[[Any, Any], Any]:
    def read(value: Any, _kind: Any) -> Any:
        # By type, not by instance: true is no number, and an instant no date.
        if type(value) is not kind:
            raise ValueError(f"expected {expected}, not {_shown(value)}")
        return value

    return read


def _fraction(value: Any, _kind: Any) -> Fraction:
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise ValueError(f'expected an exact number as text, such as "1.1" or "1/3", not {_shown(value)}')
    return Fraction(value)


def _amount(value: Any, currency: str) -> Money:
    try:
        return Money.parse(value, currency)
    except MoneyError:
        raise ValueError(f'expected an amount as text, such as "3.00", not {_shown(value)}') from None


def _first_flaw(error: BaseException) -> tuple[str, str]:
    """Give key and reason of the first thing that is wrong."""
    from cattrs import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError  # noqa: PLC0415
    from cattrs.errors import IterableValidationNote  # noqa: PLC0415

    if isinstance(error, ClassValidationError | IterableValidationError):
        noted, plain = error.group_exceptions()
        # An unknown key first: it is often the misspelt one that another error misses.
        unknown = [flaw for flaw in plain if isinstance(flaw, ForbiddenExtraKeysError)]
        if unknown or not noted:
            return _first_flaw((unknown or plain)[0])
        inner, note = noted[0]
        # Counted from one, as in the file.
        own = f"[{int(note.index) + 1}]" if isinstance(note, IterableValidationNote) else note.name
        if isinstance(inner, KeyError):
            return own, "missing"
        key, reason = _first_flaw(inner)
        return f"{own}{'' if not key or key.startswith('[') else '.'}{key}", reason
    if isinstance(error, ForbiddenExtraKeysError):
        known = ", ".join(field.name for field in attrs.fields(error.cl))
        return min(error.extra_fields), f"unknown; expected one of {known}"
    if isinstance(error, FeeScheduleError):
        return error.key, error.reason
    return "", str(error)
