"""
Which invoices are paid here: nobody can start paying them again, and a second payment of one is one too many.

Paid is what an order says that is accepted or paid, whether billing has it yet or not: billing may list a bill for days after
its posting was handed over. While it is not posted, a unique key keeps it from being paid twice as well.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Connection, Select, literal_column, null, select, update

from rak_billing.payments import schema
from rak_billing.payments.records import OrderRecord
from rak_billing.payments.states import OrderState
from rak_billing.payments.upserts import insert_for
from rak_billing.payments.writes import Writes
from rak_billing.payments.written import Asked, Written, given

_FREE: Final = "free"


def _taking(dialect: str) -> Any:
    table = schema.invoice_locks
    columns = (table.c.tenant, table.c.invoice_reference, table.c.order_reference, table.c.locked_at)
    statement = insert_for(dialect, table).values({column: given(column) for column in columns})
    # An order whose payment was no payment after all, and that is paid then.
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={"locked_at": given(table.c.locked_at), "released_at": null()},
        where=table.c.released_at.is_not(None),
    )


_TAKE: Final = Written(schema.invoice_locks, _taking, is_guarded=True)


_NO: Final[ColumnElement[int]] = literal_column("0")


def _paid_lines(tenant: ColumnElement[str] | str) -> Select[Any]:
    """Select the invoices that an order of the operator holds."""
    lines, orders = schema.order_lines, schema.orders
    holding: list[ColumnElement[str]] = [
        literal_column(f"'{state.value}'") for state in OrderState if state.holds_invoices
    ]
    return (
        select(lines.c.reference)
        .join(orders, lines.c.order_reference == orders.c.reference)
        .where(lines.c.is_fee == _NO, orders.c.tenant == tenant, orders.c.state.in_(holding))
    )


def _paid_by_another() -> Select[Any]:
    mine, lines, orders = schema.order_lines.alias(), schema.order_lines, schema.orders
    return (
        _paid_lines(given(orders.c.tenant))
        .join(mine, mine.c.reference == lines.c.reference)
        .where(
            mine.c.order_reference == given(orders.c.reference),
            mine.c.is_fee == _NO,
            orders.c.reference != given(orders.c.reference),
        )
    )


_PAID_BY_ANOTHER: Final = Asked(_paid_by_another())


@attrs.frozen
class InvoiceLocks:
    """
    Locks on invoices, inside one transaction.

    Only an approval locks. An open attempt locks nothing, so that no stranger can keep a customer from paying by
    starting payments.
    """

    _connection: Connection = attrs.field(repr=False)
    _writes: Writes = attrs.field(repr=False)

    def paid(self, tenant: str, references: Collection[str]) -> frozenset[str]:
        """Return those of *references* that an order holds which is accepted or paid, posted or not."""
        of_these = schema.order_lines.c.reference.in_(sorted(references))
        return frozenset(self._connection.execute(_paid_lines(tenant).where(of_these)).scalars())

    def take(self, order: OrderRecord, *, at: datetime) -> None:
        """
        Lock the invoices of an order that was accepted, for the first time or again after they were freed.

        The database refuses one that is locked already.
        """
        for reference in order.invoice_references:
            self._writes.put_off(
                (schema.invoice_locks.name, order.reference, reference),
                _TAKE,
                tenant=order.tenant,
                invoice_reference=reference,
                order_reference=order.reference,
                locked_at=at,
                before=_FREE,
            )

    def release(self, order_reference: str, *, at: datetime) -> None:
        """Free the invoices of an order: they are posted, or the payment is no more."""
        table = schema.invoice_locks
        of_order = (table.c.order_reference == order_reference, table.c.released_at.is_(None))
        self._connection.execute(update(table).where(*of_order).values(released_at=at))

    def paid_by_another(self, order: OrderRecord) -> bool:
        """Tell whether another order, accepted or paid, holds any invoice of this one, posted or not."""
        found = _PAID_BY_ANOTHER.rows(self._connection, tenant=order.tenant, reference=order.reference)
        return bool(found)
