"""
A billing system whose tables lie in the journal's own database.

Nothing travels, so nothing gets lost: the entry in the books and the mark that it was delivered are one transaction, kept
together or not at all. The operator brings two functions that know its tables; the key of each posting is kept here, in a small
table beside them, so that a repeat is recognised whatever those functions do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlalchemy import Column, Connection, MetaData, String, Table, select, update

from rak_billing.billing_posting import Posted, Posting, PostingAnswer, Refused
from rak_billing.billing_systems.judging import judge_repeat
from rak_billing.errors import (
    BillingUnavailableError,
    CommitUnknownError,
    JournalError,
    PostingNotSentError,
    PostingUnknownError,
)
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.invoices import Statement
from rak_billing.payments.upserts import insert_unless_there

if TYPE_CHECKING:
    from rak_billing.payments.journal import Journal

__all__ = ["Read", "SameDatabaseBilling", "Write"]

#: Finds a customer's account and unpaid invoices by a connection; None for an unknown customer.
Read: TypeAlias = Callable[[Connection, str], Statement | None]
#: Writes a posting by a connection, and returns billing's own reference of it, which may be empty; or refuses it.
Write: TypeAlias = Callable[[Connection, Posting], str | Refused]

_KEY_LENGTH: Final = 64
_REFERENCE_LENGTH: Final = 200


class SameDatabaseBilling:
    """
    Bills and books beside the journal.

    A `rak_billing.ports.BillingSystem`, and a `rak_billing.ports.PostingReceiver` of the way
    `rak_billing.exactly_once.ExactlyOnce.SAME_TRANSACTION`.

    Args:
        journal: In whose database billing's tables are.

        read: Looks a customer up; called in a transaction that only reads.

        write: Writes a posting; called once for each, in the transaction that marks it as delivered, and again only where
            that one was undone. It uses the connection and nothing else, never commits, and has no effect outside. What it
            wrote before it refuses is undone.

        table: Name of the table of keys.
    """

    exactly_once: Final = ExactlyOnce.SAME_TRANSACTION

    def __init__(
        self, journal: Journal, *, read: Read, write: Write, table: str = "rak_billing_postings"
    ) -> None:
        self._journal = journal
        self._read = read
        self._write = write
        self.table = Table(
            table,
            MetaData(),
            Column("key", String(_KEY_LENGTH), primary_key=True),
            Column("digest", String(_KEY_LENGTH), nullable=False),
            Column("billing_reference", String(_REFERENCE_LENGTH), nullable=False),
        )

    def create_table(self) -> None:
        """
        Create the table of keys where it is missing.

        Raises:
            JournalError: The database refused.
        """
        self._journal.run(lambda tx: self.table.create(tx.connection, checkfirst=True))

    def statement(self, customer_ref: str) -> Statement | None:
        """
        Return the client's account and unpaid invoices, or None when the reference is unknown.

        Raises:
            BillingUnavailableError: The database did not answer.
        """
        try:
            with self._journal.reading() as tx:
                return self._read(tx.connection, customer_ref)
        except JournalError as error:
            raise BillingUnavailableError(str(error)) from error

    def post(self, posting: Posting) -> PostingAnswer:
        """
        Write *posting* in a transaction of its own.

        Raises:
            PostingNotSentError: The database refused, and nothing was written.
            PostingUnknownError: The connection was lost while committing.
        """
        try:
            return self._journal.run(lambda tx: self.post_within(tx.connection, posting), repeatable=True)
        except CommitUnknownError as error:
            raise PostingUnknownError(posting.key, str(error)) from error
        except JournalError as error:
            raise PostingNotSentError(posting.key, str(error)) from error

    def post_within(self, connection: Connection, posting: Posting) -> PostingAnswer:
        """Write *posting* in the transaction that is open on *connection*, unless its key is there; never commits."""
        with connection.begin_nested() as savepoint:
            row = {"key": posting.key, "digest": posting.digest, "billing_reference": ""}
            # Waits for whoever is writing the same key, and then finds it.
            if not insert_unless_there(connection, self.table, row):
                return self._judged(connection, posting)
            answer = self._write(connection, posting)
            if isinstance(answer, Refused):
                savepoint.rollback()
                return answer
            is_row = self.table.c.key == posting.key
            connection.execute(update(self.table).where(is_row).values(billing_reference=answer))
            return Posted(answer)

    def _judged(self, connection: Connection, posting: Posting) -> PostingAnswer:
        digest, reference = self.table.c.digest, self.table.c.billing_reference
        known = connection.execute(select(digest, reference).where(self.table.c.key == posting.key)).one()
        return judge_repeat(posting, known[0], known[1])

    def __repr__(self) -> str:
        return f"SameDatabaseBilling({self._journal!r})"
