"""
Column types that mean the same on every database.

All of them are text underneath: SQLite's STRICT tables know nothing richer, text sorts and compares alike
everywhere, and a person reading the database sees what is meant.
"""

import json
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Dialect, Integer, Text, text
from sqlalchemy.types import TypeDecorator

from rak_billing.errors import JournalError

#: Text that sorts by its code points, whatever language the server was set up in.
PlainText: Final = Text().with_variant(Text(collation="C"), "postgresql")

#: A whole number of 64 bits; SQLite has no other kind, and its STRICT tables know no other word for it.
Whole: Final = BigInteger().with_variant(Integer(), "sqlite")

# Written as 2026-11-25T10:48:58.000000Z: of one width, so that the order of the text is the order of time.
_OFFSET: Final = "+00:00"


def instant_of(text: str) -> datetime:
    """Turn the text of an instant back into an aware one."""
    if not text.endswith("Z"):
        raise ValueError("expected an instant of the journal's, which ends with Z")
    return datetime.fromisoformat(text)


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept as UTC text with microseconds."""

    impl = PlainText
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Turn an aware instant into text."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise JournalError("an instant without a time zone cannot be kept: pass an aware one")
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace(_OFFSET, "Z")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Turn the text back into an aware instant."""
        return None if value is None else instant_of(value)


class Json(TypeDecorator[Any]):
    """A value of lists, mappings, text and whole numbers, kept as compact JSON text in the order given."""

    impl = PlainText
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Turn the value into text."""
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Turn the text back into the value."""
        return None if value is None else json.loads(value)


def only_where(condition: str) -> dict[str, Any]:
    """Name *condition* to every database that can index a part of a table."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
