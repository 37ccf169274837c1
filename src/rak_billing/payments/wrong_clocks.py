"""
What a clock wrote while it stood ahead must not wait until that time comes.

Nothing here is put off for longer than a day. A row that is due later than two days from now was written by such a clock (a
machine that came up in another year, before it asked for the time), and is due.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select

_FARTHEST: Final = timedelta(days=2)


def first_due(
    connection: Connection, query: Select[Any], due_at: ColumnElement[datetime], *, now: datetime
) -> Row[Any] | None:
    """Give the first row of *query* that is due by *due_at*, or that no right clock can have put off so far."""
    # Two questions: with one, the database would read every row that is not due.
    found = connection.execute(query.where(due_at <= now)).first()
    return found or connection.execute(query.where(due_at > now + _FARTHEST)).first()
