"""
What a transaction writes, put off until a read or the commit needs it, and then sent together.

A callback leads to a dozen writes, none of which needs the answer of another. Sent one by one, each is a journey to the
server, and building each anew costs the library more than the database needs to run it. So a statement is made into
text once (`rak_billing.payments.written.Written`), and its uses wait in a queue:

* before any other statement of the connection, whoever sends it, and before the commit, what waits is sent first: nobody
  reads behind it;
* what is to become of a row that waits already changes what waits, where the caller says how; else it is sent first. So
  one row is never written twice by what is sent together;
* PostgreSQL gets all of it as one statement, in which the parts are common table expressions; SQLite, where there is no
  journey, gets one after the other;
* a guarded write that finds no row ends the transaction with a `StaleStateError`, as it would have at once.
"""

from collections.abc import Hashable, Sequence
from typing import Any

import attrs
from sqlalchemy import Connection

from rak_billing.errors import StaleStateError
from rak_billing.payments.driver import PUT_OFF, changes
from rak_billing.payments.written import Written, run_together


@attrs.define
class Waiting:
    """
    A use of a statement that was not sent yet.

    Attributes:
        written: The statement.
        values: By name.
    """

    written: Written
    values: dict[str, Any]


class Writes:
    """The queue of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: dict[Hashable, Waiting] = {}
        self._is_sending = False
        connection.execution_options(**{PUT_OFF: self})

    @property
    def are_sent_together(self) -> bool:
        """Whether what waits is sent as one statement, whose parts do not see each other."""
        return self._connection.dialect.name == "postgresql"

    def put_off(self, row: Hashable, written: Written, **values: Any) -> None:
        """Write later; *row* names the one row that is written, for all statements alike."""
        if row in self._waiting:
            self.send()
        self._waiting[row] = Waiting(written, values)

    def waiting(self, row: Hashable) -> Waiting | None:
        """Return what waits to be written to *row*, for the caller to change; None if nothing does."""
        return self._waiting.get(row)

    def at_once(self, written: Written, **values: Any) -> Sequence[Any]:
        """Write now, before what waits, and return the rows that this gives: for a write that has nothing to do with it."""
        was_sending, self._is_sending = self._is_sending, True
        try:
            return written.rows(self._connection, **values)
        finally:
            self._is_sending = was_sending

    def send(self) -> None:
        """
        Send what waits.

        Raises:
            StaleStateError: A row was not, or no more, as it was expected.
        """
        if self._is_sending or not self._waiting:
            return
        waiting, self._waiting = list(self._waiting.values()), {}
        self._is_sending = True
        try:
            if self.are_sent_together and len(waiting) > 1:
                self._send_together(waiting)
            else:
                self._send_singly(waiting)
        finally:
            self._is_sending = False

    def _send_together(self, waiting: list[Waiting]) -> None:
        counts = run_together(self._connection, [(one.written, one.values) for one in waiting])
        guarded = [one for one in waiting if one.written.is_guarded]
        for one, count in zip(guarded, counts, strict=True):
            _check(one, count)

    def _send_singly(self, waiting: list[Waiting]) -> None:
        dialect = self._connection.dialect
        # One after the other, so that a refusal is that of the first that is refused.
        statements = (one.written.text(dialect).filled(one.values) for one in waiting)
        for one, changed in zip(waiting, changes(self._connection, statements), strict=True):
            if one.written.is_guarded:
                _check(one, changed)


def _check(one: Waiting, count: int) -> None:
    if count != 1:
        raise StaleStateError(
            f"expected a row of {one.written.table} in the state {one.values['before']}; it moved meanwhile"
        )
