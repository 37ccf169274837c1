"""The gateway's books: every merchant's orders, transaction numbers and batches. Who writes holds the gateway's lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Final

import attrs

from cmi_gateway.api.history import LineKind
from cmi_gateway.moroccan_time import casablanca
from cmi_gateway.simulator import operations
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.keepsakes import MOST_KEPT, Keepsakes
from cmi_gateway.simulator.orders import Order
from cmi_gateway.simulator.transaction import RandomSource, TransactionNumbers, issue_numbers
from cmi_gateway.simulator.transaction_line import TransactionLine

_FIRST_SERIALS: Final = 900_000
_A_DAY: Final = timedelta(days=1)
#: Batches of one merchant that are remembered.
_MOST_BATCHES: Final = 100


@attrs.frozen(kw_only=True)
class Batch:
    """
    One merchant's takings between two closes.

    Attributes:
        client_id: The merchant.
        number: ``SETTLEID`` of what is settled in it.
        opened_at, closed_at: Aware instants; the second is None while the batch is open.
        lines: What was settled in it, oldest first by order.
    """

    client_id: str
    number: int
    opened_at: datetime
    closed_at: datetime | None = None
    lines: tuple[TransactionLine, ...] = ()

    @property
    def captured_centimes(self) -> int:
        """The payments in it: centimes, since a batch may exceed the largest single amount."""
        return self._sum(LineKind.PAYMENT)

    @property
    def refunded_centimes(self) -> int:
        """The refunds in it, in centimes."""
        return self._sum(LineKind.REFUND)

    def _sum(self, kind: LineKind) -> int:
        return sum(line.counted.centimes for line in self.lines if line.kind is kind)


class Books:
    """
    What the gateway remembers of money.

    Args:
        accounts: The merchants, by client id.

        clock: Gives the current instant, aware.

        random: The source of chance.

        most_orders: How many are remembered; then the oldest is forgotten, as if it had never been.
    """

    def __init__(
        self,
        accounts: Mapping[str, MerchantAccount],
        clock: Callable[[], datetime],
        random: RandomSource,
        *,
        most_orders: int = MOST_KEPT,
    ) -> None:
        self.accounts = accounts
        self.clock = clock
        self._random = random
        self._serial = random.randrange(_FIRST_SERIALS)
        self._orders = Keepsakes[tuple[str, str], Order](most_orders)
        now = clock()
        self._batches = {
            client_id: [Batch(client_id=client_id, number=1, opened_at=now)] for client_id in accounts
        }

    @property
    def orders(self) -> tuple[Order, ...]:
        """Every order that a page was opened for, as far as it is remembered, oldest first."""
        return self._orders.values

    @property
    def batches(self) -> tuple[Batch, ...]:
        """Every batch, as far as it is remembered, merchant by merchant, the open one last."""
        return tuple(batch for batches in self._batches.values() for batch in batches)

    def find(self, client_id: str, order_id: str) -> Order | None:
        """Give an order, or None."""
        return self._orders.get((client_id, order_id))

    def enter(self, client_id: str, order_id: str) -> Order:
        """Give an order, entering it when it is new."""
        known = self.find(client_id, order_id)
        if known is None:
            known = Order(client_id, order_id)
            self.keep(known)
        return known

    def keep(self, order: Order) -> None:
        """Write an order in the place of its earlier self."""
        self._orders[order.client_id, order.order_id] = order

    def next_numbers(self) -> tuple[int, TransactionNumbers]:
        """Give the references of a new transaction, after its serial number."""
        self._serial += 1
        return self._serial, issue_numbers(self.clock(), self._serial, self._random)

    def open_batch(self, client_id: str) -> Batch:
        """Give the batch that captures of this merchant go to now."""
        return self._batches[client_id][-1]

    def close_batches(self, client_ids: Iterable[str], at: datetime) -> tuple[Batch, ...]:
        """Settle what was captured and refunded, and open the next batches; an empty batch closes too."""
        return tuple([self._close(client_id, at, at) for client_id in client_ids])

    def catch_up(self) -> None:
        """Close the batches whose hour has struck since they were opened, for accounts that close by the clock."""
        now = self.clock()
        for client_id, account in self.accounts.items():
            hour = account.rules.batch_closes_at
            if hour is None:
                continue
            closing = _next_closing(self.open_batch(client_id).opened_at, hour)
            if closing <= now:
                # Everything in the books is older than the first closing; later ones find nothing to settle.
                self._close(client_id, closing, now)

    def _close(self, client_id: str, at: datetime, reopened_at: datetime) -> Batch:
        batches = self._batches[client_id]
        number = batches[-1].number
        lines: list[TransactionLine] = []
        for order in [order for order in self.orders if order.client_id == client_id]:
            settled, its_lines = operations.settle(order, number)
            self.keep(settled)
            lines += its_lines
        batches[-1] = attrs.evolve(batches[-1], closed_at=at, lines=tuple(lines))
        batches.append(Batch(client_id=client_id, number=number + 1, opened_at=reopened_at))
        del batches[:-_MOST_BATCHES]
        return batches[-2]


def _next_closing(opened_at: datetime, hour: time) -> datetime:
    """Give the first instant after *opened_at* at which a Moroccan clock shows *hour*."""
    local = opened_at.astimezone(casablanca())
    closing = datetime.combine(local.date(), hour, tzinfo=casablanca())
    return closing if closing > local else closing + _A_DAY
