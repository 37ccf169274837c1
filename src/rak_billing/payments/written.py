"""
Statements, each made into the text of a database once.

The library builds and compiles a statement for what it says; to do so again for every row costs more than the database
needs to run it. A `Written` or `Asked` is built when it is first used on a kind of database, and then only filled in.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any, Final

import attrs
from sqlalchemy import BindParameter, Column, Connection, Dialect, Executable, Table, bindparam, insert
from sqlalchemy.sql.dml import UpdateBase

from rak_billing.payments.driver import rows

_PREFIX: Final = "given_"
_PLACE: Final = re.compile(r"%\((\w+)\)s")
_JOINED: Final = 256


def given(column: Column[Any], name: str | None = None) -> BindParameter[Any]:
    """Stand for a value that every use of the statement gives, under *name* or that of the column."""
    # A name of its own: that of the column alone means something else to the library.
    return bindparam(f"{_PREFIX}{name or column.name}", type_=column.type)


@attrs.frozen
class _Place:
    name: str
    convert: Callable[[Any], Any] | None

    def value(self, values: Mapping[str, Any]) -> Any:
        value = values[self.name]
        return value if self.convert is None else self.convert(value)


@attrs.frozen(eq=False)
class _Text:
    """The text for one kind of database, and where which value goes."""

    sql: str
    places: tuple[_Place, ...]
    is_positional: bool

    def arguments(self, values: Mapping[str, Any]) -> Any:
        if self.is_positional:
            return tuple([place.value(values) for place in self.places])
        return {_PREFIX + place.name: place.value(values) for place in self.places}

    def filled(self, values: Mapping[str, Any]) -> tuple[str, Any]:
        """Give the text and what goes with it."""
        return self.sql, self.arguments(values)

    def numbered(self, numbers: Sequence[int]) -> str:
        """Give the text with its places named by these numbers."""
        names = {
            _PREFIX + place.name: f"%(v{number})s" for place, number in zip(self.places, numbers, strict=True)
        }
        return _PLACE.sub(lambda found: names[found[1]], self.sql)


class _Prepared:
    """A statement and its texts."""

    def __init__(self, build: Callable[[str], Executable]) -> None:
        self._build = build
        self._texts: dict[str, _Text] = {}
        self._lock = Lock()

    def text(self, dialect: Dialect) -> _Text:
        """Return the text for this kind of database."""
        text = self._texts.get(dialect.name)
        if text is None:
            with self._lock:
                text = self._texts[dialect.name] = _compiled(self._build(dialect.name), dialect)
        return text

    def rows(self, connection: Connection, **values: Any) -> Sequence[Any]:
        """Return what it gives with these values, as the driver gives it: instants and JSON as their text."""
        return rows(connection, *self.text(connection.dialect).filled(values))


class Written(_Prepared):
    """
    A statement that writes one row.

    Args:
        table: Which it writes to.
        build: Builds it for a kind of database, by the dialect's name, with `given` where values go.
        is_guarded: Whether it is an error if it finds no row; the value ``before`` says what was expected.
    """

    def __init__(self, table: Table, build: Callable[[str], UpdateBase], *, is_guarded: bool = False) -> None:
        super().__init__(build)
        self.table = table.name
        self.is_guarded = is_guarded


class Asked(_Prepared):
    """
    A statement that reads.

    Args:
        statement: With `given` where values go, and literal wherever a value is always the same.
    """

    def __init__(self, statement: Executable) -> None:
        super().__init__(lambda _: statement)


def inserted(table: Table, *columns: str) -> Written:
    """Make the statement that inserts a row with values in these columns, or in all of them."""
    chosen = [table.c[name] for name in columns] if columns else list(table.c)
    return Written(table, lambda _: insert(table).values({column: given(column) for column in chosen}))


def _compiled(statement: Any, dialect: Dialect) -> _Text:
    compiled: Any = statement.compile(dialect=dialect)
    names = compiled.positiontup if compiled.positional else list(compiled.binds)
    places = []
    for name in names:
        kind = compiled.binds[name].type
        places.append(_Place(name.removeprefix(_PREFIX), kind.dialect_impl(dialect).bind_processor(dialect)))
    return _Text(str(compiled), tuple(places), bool(compiled.positional))


def run_together(connection: Connection, uses: Sequence[tuple[Written, Mapping[str, Any]]]) -> Sequence[int]:
    """
    Run statements that do not depend on each other as one, and return how many rows each guarded one found.

    For a database that can write in a common table expression; each part sees what was there before all of them.
    """
    texts = tuple(written.text(connection.dialect) for written, _ in uses)
    values = [
        value for text, (_, own) in zip(texts, uses, strict=True) for value in text.arguments(own).values()
    ]
    # A value that several parts need is sent once: the driver takes long over statements of more than fifty.
    firsts: dict[tuple[type, Any], int] = {}
    shared = tuple([firsts.setdefault((type(value), value), number) for number, value in enumerate(values)])
    sql = _joined(tuple(written for written, _ in uses), texts, shared)
    arguments = {f"v{number}": value for (_, value), number in firsts.items()}
    (counts,) = rows(connection, sql, arguments)
    return tuple(counts)[1:]


@lru_cache(_JOINED)
def _joined(statements: tuple[Written, ...], texts: tuple[_Text, ...], shared: tuple[int, ...]) -> str:
    parts, done = [], 0
    for number, (written, text) in enumerate(zip(statements, texts, strict=True)):
        own = shared[done : done + len(text.places)]
        parts.append(f"w{number} AS ({text.numbered(own)}{' RETURNING 1' * written.is_guarded})")
        done += len(own)
    counts = [f"(SELECT count(*) FROM w{number})" for number, one in enumerate(statements) if one.is_guarded]
    return f"WITH {', '.join(parts)} SELECT {', '.join(['1', *counts])}"
