"""
Reading an order and its attempt behind the locks that keep everybody else from deciding about them.

Invoices first, all in one order, so that two who want several of them never wait for each other; then the order and the
attempt, read by the statement that locks them, so that what is returned is what they are now. SQLite has no locks on
rows and needs none: whoever may write there is alone.
"""

from typing import Any, Final

from sqlalchemy import Connection, Select, literal_column, select

from rak_billing.payments import schema
from rak_billing.payments.records import AttemptRecord, OrderRecord
from rak_billing.payments.rows import Part, attempt_from_row, order_from_rows
from rak_billing.payments.sealing import Vault
from rak_billing.payments.written import Asked, given


def _invoices() -> Select[Any]:
    lines, orders, invoices, attempts = schema.order_lines, schema.orders, schema.invoices, schema.attempts
    return (
        select(invoices.c.reference)
        .join(orders, orders.c.tenant == invoices.c.tenant)
        .join(lines, lines.c.order_reference == orders.c.reference)
        .join(attempts, attempts.c.order_reference == orders.c.reference)
        .where(
            attempts.c.order_id == given(attempts.c.order_id),
            lines.c.reference == invoices.c.reference,
            lines.c.is_fee == literal_column("0"),
        )
        .order_by(invoices.c.reference)
        .with_for_update(of=invoices)
    )


def _order_and_attempt() -> Select[Any]:
    lines, orders, attempts = schema.order_lines, schema.orders, schema.attempts
    return (
        select(*orders.c, *attempts.c, *lines.c)
        .select_from(attempts)
        .join(orders, orders.c.reference == attempts.c.order_reference)
        .outerjoin(lines, lines.c.order_reference == orders.c.reference)
        .where(attempts.c.order_id == given(attempts.c.order_id))
        .order_by(lines.c.position)
        .with_for_update(of=[orders, attempts])
    )


_ORDER: Final = Part(schema.orders, first=0)
_ATTEMPT: Final = Part(schema.attempts, first=len(schema.orders.c))
_LINE: Final = Part(schema.order_lines, first=len(schema.orders.c) + len(schema.attempts.c))
_INVOICES: Final = Asked(_invoices())
_ORDER_AND_ATTEMPT: Final = Asked(_order_and_attempt())


def locked(connection: Connection, vault: Vault, order_id: str) -> tuple[OrderRecord, AttemptRecord] | None:
    """Return the order and the attempt of a gateway order id, locked together with the order's invoices, or None."""
    if connection.dialect.name != "sqlite":
        _INVOICES.rows(connection, order_id=order_id)
    rows = _ORDER_AND_ATTEMPT.rows(connection, order_id=order_id)
    if not rows:
        return None
    lines = [line for line in map(_LINE.of, rows) if line.position is not None]
    return order_from_rows(_ORDER.of(rows[0]), lines, vault), attempt_from_row(_ATTEMPT.of(rows[0]), vault)
