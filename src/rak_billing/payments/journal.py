"""
The journal: where every payment is written down before anything else happens to it.

One `Journal` is one database. Work is done in transactions, each of which sees the journal's parts bound to one
connection, so that what belongs together is committed together::

    with journal.writing() as tx:
        attempt = tx.orders.attempt(order_id)
        ...

A transaction that ends by an exception leaves no trace. `Journal.run` does one again where the database asks for that,
as PostgreSQL does when two of them met.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import attrs
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from rak_billing.errors import CommitUnknownError, JournalError
from rak_billing.payments.callbacks import Callbacks
from rak_billing.payments.databases import engine_of, url_of
from rak_billing.payments.driver import send_before_others
from rak_billing.payments.inquiries import Inquiries
from rak_billing.payments.locks import InvoiceLocks
from rak_billing.payments.operations import Operations
from rak_billing.payments.orders import Orders
from rak_billing.payments.outbox import Outbox
from rak_billing.payments.paces import Paces
from rak_billing.payments.postgresql import check_durable
from rak_billing.payments.preparing import prepare
from rak_billing.payments.receipts import ReceiptBook
from rak_billing.payments.rejections import Rejections
from rak_billing.payments.retrying import Retrying, sqlstate
from rak_billing.payments.reviews import Reviews
from rak_billing.payments.sealing import Vault
from rak_billing.payments.sqlite import READ_ONLY
from rak_billing.payments.sqlite_files import look_at_file
from rak_billing.payments.tallies import Tallies
from rak_billing.payments.versions import check_version
from rak_billing.payments.writes import Writes

T = TypeVar("T")

#: Classes of codes by which a server says that it or the connection is going, or that it does not know.
_UNSURE: Final = frozenset({"08", "57"})
_STATEMENT_UNKNOWN: Final = "40003"


# Not slotted: the parts are made when first used, and most transactions use two or three of them.
@attrs.define(slots=False, frozen=True)
class Transaction:
    """
    The journal's parts inside one database transaction.

    Attributes:
        connection: For a host that keeps its own tables in the same database and writes with us.
        vault: Seals what is personal.
        writes: What waits to be written; sent before any other statement of the connection.
    """

    connection: Connection = attrs.field(repr=False)
    vault: Vault = attrs.field(factory=Vault, repr=False)
    writes: Writes = attrs.field(init=False, repr=False)

    @writes.default
    def _nothing_yet(self) -> Writes:
        return Writes(self.connection)

    @cached_property
    def orders(self) -> Orders:
        """Orders, their lines and attempts, and what happened to them."""
        return Orders(self.connection, self.vault, self.writes)

    @cached_property
    def locks(self) -> InvoiceLocks:
        """Invoices that are paid here."""
        return InvoiceLocks(self.connection, self.writes)

    @cached_property
    def callbacks(self) -> Callbacks:
        """Callbacks whose signature holds, and the answers they got."""
        return Callbacks(self.connection, self.vault, self.writes)

    @cached_property
    def inquiries(self) -> Inquiries:
        """When the gateway is asked about which attempt."""
        return Inquiries(self.connection, self.writes)

    @cached_property
    def operations(self) -> Operations:
        """Captures, voids and refunds."""
        return Operations(self.connection)

    @cached_property
    def paces(self) -> Paces:
        """When the next request may go to the gateway."""
        return Paces(self.connection)

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
        return ReceiptBook(self.connection, self.vault, self.writes)

    @cached_property
    def tallies(self) -> Tallies:
        """Sums over orders, deleted ones included."""
        return Tallies(self.connection)

    @cached_property
    def outbox(self) -> Outbox:
        """What must leave this machine."""
        return Outbox(self.connection, self.writes)


class Journal:
    """
    A durable record of orders, attempts, callbacks, receipts and outgoing messages.

    Make one with `Journal.open` and share it: it is safe to use from many threads. Close it, or use it in a
    ``with`` statement. A server may open it and then fork its workers: parent and children each get connections of
    their own. A child that is forked in the middle of a transaction is refused.

    Attributes:
        engine: The SQLAlchemy engine, for tables that live beside the journal's. Its transactions begin as writers.
    """

    def __init__(
        self, engine: Engine, *, keys: Iterable[bytes | str] = (), retrying: Retrying | None = None
    ) -> None:
        self.engine = engine
        send_before_others(engine)
        self._vault = Vault(keys)
        self._retrying = retrying or Retrying()

    @classmethod
    def open(
        cls,
        url: str,
        *,
        upgrade: bool | None = None,
        writer_gate: bool = True,
        keys: Iterable[bytes | str] = (),
    ) -> Self:
        """
        Open the journal at *url*.

        Args:
            url: ``sqlite:///rak.db`` (a path relative to the working directory), ``sqlite:////srv/rak.db``
                (absolute), or ``sqlite:///:memory:`` for tests. The file belongs on a local disk. A new one can be
                read and written by its owner alone. Or ``postgresql://user@host/database``, with the extra
                ``postgres``.

            upgrade: Whether tables that are missing or of an older version are made fit. By default they are on
                SQLite, where one machine is all there is. On PostgreSQL they are not: other machines may be running
                another version of this package, so ``rak-billing db upgrade`` is a step of its own.

            writer_gate: Whether writers of an SQLite file queue at a file beside it, so that none starves.

            keys: Seal personal data and signed fields; each 32 random bytes, or those in URL-safe base64. The first
                one seals, all of them open. Without any, data is kept in clear.

        Raises:
            JournalError: The database cannot be opened.
            JournalSettingError: The URL is not one of these, the driver is missing, a key is none, or the file lies on a
                network's file system.
            SchemaVersionError: The tables are of another version, and are not to be upgraded.
            ForeignTablesError: There are tables of the journal's names that are another program's.
        """
        vault = Vault(keys)
        if upgrade is False:
            # Opened, a file that is not there would be made.
            with _translated():
                look_at_file(url_of(url), may_be_new=False)
        journal = cls(engine_of(url, writer_gate=writer_gate))
        journal._vault = vault
        is_sqlite = journal.engine.dialect.name == "sqlite"
        try:
            journal._prepare(upgrade=is_sqlite if upgrade is None else upgrade)
        except BaseException:
            journal.close()
            raise
        return journal

    def _prepare(self, *, upgrade: bool) -> None:
        with _translated():
            if self.engine.dialect.name == "postgresql":
                with self.engine.connect() as connection:
                    check_durable(connection)
            if upgrade:
                prepare(self.engine)
            else:
                with self.engine.connect() as connection:
                    check_version(connection.execution_options(**{READ_ONLY: True}))

    def run(self, work: Callable[[Transaction], T], *, repeatable: bool = False) -> T:
        """
        Do *work* in one transaction that may write, and again where it met another one or the connection was cut.

        Args:
            work: Has no effect outside of its transaction, since it may be done several times, and kept once.

            repeatable: Whether it begins by looking whether it was done already. Then it is also done again when the
                connection was lost while committing, which finds out.

        Raises:
            CommitUnknownError: Whether the work was kept is unknown: ask again by its keys.
            JournalError: The database refused; nothing was kept.
        """

        def once() -> T:
            with self._begun() as tx:
                return work(tx)

        with _translated():
            return self._retrying.run(once, repeatable=repeatable)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """
        Open a transaction that may write; it is committed at the end, or leaves no trace.

        It is tried once: prefer `run` where others write at the same time.

        Raises:
            CommitUnknownError: Whether the work was kept is unknown: ask again by its keys.
            JournalError: The database refused.
        """
        with _translated(), self._begun() as tx:
            yield tx

    @contextmanager
    def _begun(self) -> Iterator[Transaction]:
        with self.engine.connect() as connection, connection.begin() as begun:
            tx = Transaction(connection, self._vault)
            yield tx
            tx.writes.send()
            try:
                begun.commit()
            except BaseException as error:
                _undo(connection)
                if isinstance(error, DBAPIError) and not _is_undone(error):
                    raise CommitUnknownError(
                        f"the database failed while committing ({type(error).__name__}): whether the work was kept "
                        "is unknown, ask again by its keys"
                    ) from error
                raise

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """
        Open a transaction that only reads, all of it from one moment.

        Raises:
            JournalError: The database refused.
        """
        with _translated(), self._looking() as connection:
            yield Transaction(connection, self._vault)

    @contextmanager
    def _looking(self) -> Iterator[Connection]:
        options: dict[str, Any] = {READ_ONLY: True} | _READING.get(self.engine.dialect.name, {})
        with self.engine.connect() as connection:
            looking = connection.execution_options(**options)
            if _is_awake(looking):
                yield looking
                return
        # The library gave all its idle connections up with that one, so this one is new.
        with self.engine.connect() as connection:
            yield connection.execution_options(**options)

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


# What makes a transaction see one moment; SQLite's always do.
_READING: Final[dict[str, dict[str, Any]]] = {
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
}


def _is_awake(connection: Connection) -> bool:
    """
    Tell whether the server still knows a connection that lay idle; it ends them all when it is restarted.

    What only reads is a caller's block, which cannot be done again as `Journal.run` does.
    """
    if connection.dialect.name != "postgresql":
        return True
    try:
        connection.exec_driver_sql("SELECT 1")
    except DBAPIError as error:
        if error.connection_invalidated:
            return False
        raise
    return True


def _is_undone(error: DBAPIError) -> bool:
    """Tell whether a COMMIT that failed is sure to have kept nothing: the server said so, and is still there."""
    code = sqlstate(error)
    return (
        code is not None
        and not error.connection_invalidated
        and code[:2] not in _UNSURE
        and code != _STATEMENT_UNKNOWN
    )


def _undo(connection: Connection) -> None:
    # The library takes a transaction whose commit failed for ended; the database may not.
    if not connection.invalidated:
        with suppress(Exception):
            connection.connection.rollback()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        if isinstance(error, StatementError) and isinstance(error.orig, JournalError):
            # Ours, from a column type; the library only wrapped it.
            raise error.orig from None
        raise JournalError(f"the journal's database refused: {_name(error)}") from error


def _name(error: SQLAlchemyError) -> str:
    """Name an error by class and code; its own text may hold what was to be written, or an address."""
    code = None
    if isinstance(error, DBAPIError):
        code = sqlstate(error) or getattr(error.orig, "sqlite_errorname", None)
    return f"{type(error).__name__} ({code})" if code else type(error).__name__
