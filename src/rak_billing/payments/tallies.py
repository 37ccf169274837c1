"""Sums over orders that stay the same when old orders are deleted."""

import attrs
from sqlalchemy import Connection, Text, func, select, type_coerce

from rak_billing.payments import schema
from rak_billing.payments.upserts import add_up


@attrs.frozen(order=True)
class TallyKey:
    """
    What is summed up together.

    Attributes:
        tenant: The operator.
        state: Where the orders stood.
        month: Of their beginning, ``2026-11``, in UTC.
        currency: Of their totals.
    """

    tenant: str
    state: str
    month: str
    currency: str


@attrs.frozen
class Tally:
    """
    A sum.

    Attributes:
        orders: How many.
        centimes: Their totals together.
    """

    orders: int
    centimes: int


@attrs.frozen
class Tallies:
    """Sums over the orders that are there and those that were deleted, inside one transaction."""

    _connection: Connection = attrs.field(repr=False)

    def add(self, key: TallyKey, tally: Tally) -> None:
        """Keep the sum of orders that are deleted in this transaction."""
        add_up(
            self._connection,
            schema.tallies,
            attrs.asdict(key),
            {"orders": tally.orders, "total_centimes": tally.centimes},
        )

    def totals(self) -> dict[TallyKey, Tally]:
        """Return the sums over all orders ever written."""
        sums = {
            TallyKey(row.tenant, row.state, row.month, row.currency): Tally(row.orders, row.total_centimes)
            for row in self._connection.execute(select(schema.tallies))
        }
        for key, tally in self.of_orders().items():
            deleted = sums.get(key, Tally(0, 0))
            sums[key] = Tally(deleted.orders + tally.orders, deleted.centimes + tally.centimes)
        return sums

    def of_orders(self, *references: str) -> dict[TallyKey, Tally]:
        """Return the sums over these orders, or over all that are there."""
        table = schema.orders
        # The month is the beginning of the instant's text; the column's type would take it for an instant.
        month = func.substr(type_coerce(table.c.created_at, Text), 1, 7)
        query = select(
            table.c.tenant,
            table.c.state,
            month.label("month"),
            table.c.currency,
            func.count().label("orders"),
            func.sum(table.c.total_centimes).label("centimes"),
        ).group_by(table.c.tenant, table.c.state, "month", table.c.currency)
        if references:
            query = query.where(table.c.reference.in_(references))
        return {
            TallyKey(row.tenant, row.state, row.month, row.currency): Tally(row.orders, int(row.centimes))
            for row in self._connection.execute(query)
        }
