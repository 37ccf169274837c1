"""
The journal: where every payment is written down before anything else happens to it.

One `Journal` is one database. Work is done in transactions, each of which sees the journal's parts bound to one
connection, so that what belongs together is committed together::

    with journal.writing() as tx:
        attempt = tx.orders.attempt(order_id)
        ...

A transaction that ends by an exception leaves no trace.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from types import TracebackType
from typing import Self

import attrs
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError, StatementError

from rak_billing.errors import JournalError
from rak_billing.payments.callbacks import Callbacks
from rak_billing.payments.locks import InvoiceLocks
from rak_billing.payments.orders import Orders
from rak_billing.payments.outbox import Outbox
from rak_billing.payments.receipts import ReceiptBook
from rak_billing.payments.rejections import Rejections
from rak_billing.payments.reviews import Reviews
from rak_billing.payments.schema import metadata
from rak_billing.payments.sqlite import READ_ONLY, create_private_file, create_sqlite_engine


# Not slotted: the parts are made when first used, and most transactions use two or three of them.
@attrs.define(slots=False, frozen=True)
class Transaction:
    """
    The journal's parts inside one database transaction.

    Attributes:
        connection: For a host that keeps its own tables in the same database and writes with us.
    """

    connection: Connection = attrs.field(repr=False)

    @cached_property
    def orders(self) -> Orders:
        """Orders, their lines and attempts, and what happened to them."""
        return Orders(self.connection)

    @cached_property
    def locks(self) -> InvoiceLocks:
        """Invoices that are paid here and not posted yet."""
        return InvoiceLocks(self.connection)

    @cached_property
    def callbacks(self) -> Callbacks:
        """Callbacks whose signature holds, and the answers they got."""
        return Callbacks(self.connection)

    @cached_property
    def rejections(self) -> Rejections:
        """Callbacks that were not believed."""
        return Rejections(self.connection)

    @cached_property
    def reviews(self) -> Reviews:
        """What a person must look at."""
        return Reviews(self.connection)

    @cached_property
    def receipts(self) -> ReceiptBook:
        """Receipts and their numbers."""
        return ReceiptBook(self.connection)

    @cached_property
    def outbox(self) -> Outbox:
        """What must leave this machine."""
        return Outbox(self.connection)


class Journal:
    """
    A durable record of orders, attempts, callbacks, receipts and outgoing messages.

    Make one with `Journal.open` and share it: it is safe to use from many threads. Close it, or use it in a
    ``with`` statement. A server may open it and then fork its workers: parent and children each get connections of
    their own. A child that is forked in the middle of a transaction is refused.

    Attributes:
        engine: The SQLAlchemy engine, for tables that live beside the journal's. Its transactions begin as writers.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """
        Open the journal at *url*, creating its tables where they are missing.

        Args:
            url: ``sqlite:///rak.db`` (a path relative to the working directory), ``sqlite:////srv/rak.db``
                (absolute), or ``sqlite:///:memory:`` for tests. The file belongs on a local disk. A new one can be
                read and written by its owner alone.

        Raises:
            JournalError: The URL is not one of these, or the database cannot be opened.
        """
        try:
            parsed = make_url(url)
        except ArgumentError:
            # The text is not shown: a database URL may hold a password.
            raise JournalError("expected a URL such as sqlite:///rak.db") from None
        # The name of the driver too: another one than Python's own may be missing, or know no threads.
        if parsed.drivername not in {"sqlite", "sqlite+pysqlite"}:
            raise JournalError(f"expected a URL such as sqlite:///rak.db, not {parsed.drivername}")
        create_private_file(parsed)
        journal = cls(create_sqlite_engine(parsed))
        try:
            with journal.writing() as tx:
                metadata.create_all(tx.connection)
        except JournalError:
            journal.close()
            raise
        return journal

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """
        Open a transaction that may write; it is committed at the end, or leaves no trace.

        Raises:
            JournalError: The database refused. When it did so while committing, whether the work was kept is
                unknown: ask again by its keys.
        """
        with _translated(), self.engine.begin() as connection:
            yield Transaction(connection)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """
        Open a transaction that only reads, all of it from one moment.

        Raises:
            JournalError: The database refused.
        """
        with _translated(), self.engine.connect() as connection:
            yield Transaction(connection.execution_options(**{READ_ONLY: True}))

    def close(self) -> None:
        """Close all connections; an in-memory journal is gone after that."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Journal({self.engine.url.render_as_string(hide_password=True)!r})"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        if isinstance(error, StatementError) and isinstance(error.orig, JournalError):
            # Ours, from a column type; the library only wrapped it.
            raise error.orig from None
        raise JournalError(f"the journal's database refused: {type(error).__name__}") from error
