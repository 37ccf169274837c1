"""Tables that forget their oldest rows: what a simulator that runs for days remembers has an end."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

#: Orders, and visits to the payment page, that are remembered: some ten kilobytes each with their signed fields.
MOST_KEPT: Final = 20_000

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Keepsakes(Generic[_Key, _Value]):
    """
    A table of at most *most* rows, in the order in which their keys first came.

    Who writes holds the lock of whatever the table belongs to.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._rows: OrderedDict[_Key, _Value] = OrderedDict()

    @property
    def values(self) -> tuple[_Value, ...]:
        """Every row, the oldest first."""
        return tuple(self._rows.values())

    def get(self, key: _Key) -> _Value | None:
        """Give a row, or None: there never was one, or it is forgotten."""
        return self._rows.get(key)

    def __getitem__(self, key: _Key) -> _Value:
        return self._rows[key]

    def __setitem__(self, key: _Key, value: _Value) -> None:
        self._rows[key] = value
        if len(self._rows) > self._most:
            self._rows.popitem(last=False)
