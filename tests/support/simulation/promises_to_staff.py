"""
What must hold where people act, and the gateway wavers: no money is forgotten, and a person can settle everything.

Reads the tables by SQL of its own, as `support.simulation.invariants`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from rak_billing.payments import purging
from rak_billing.payments.purging import Kind
from rak_billing.payments.retention import Retention

if TYPE_CHECKING:
    from support.simulation.invariants import Checker
    from support.simulation.world import World

_HOLDING = {"accepted", "paid", "part_refunded"}
_ASKED = "SELECT order_id FROM inquiries WHERE asked_at IS NOT NULL OR silent_since IS NOT NULL"
#: In what states an attempt can be while an operation on it is open.
_MOVABLE = {
    "capture": {"authorized", "capture_requested", "unknown", "needs_person"},
    "void": {"duplicate", "needs_person"},
    "refund": {"duplicate", "needs_person"},
}
#: Shorter than anybody keeps anything: even so no purge takes what somebody has to do with still.
_SHORT = Retention(unpaid=timedelta(hours=1), years=-1)


def broken_promises(world: World, checker: Checker) -> Iterator[str]:
    """Tell what does not hold after a step."""
    yield from _payments_of_an_order(checker)
    yield from _operations(world, checker)
    if world.asks_gateway:
        with_money = money_of(world)
        yield from _forgotten(world, checker, with_money)
        yield from _purged(world, checker, with_money)


def money_of(world: World) -> dict[str, int]:
    """Give what the gateway holds or took and did not give back, by order id, in centimes."""
    found = {
        order.order_id: order.totals.held.centimes + order.totals.net.centimes
        for order in world.gateway.orders
    }
    return {order_id: centimes for order_id, centimes in found.items() if centimes}


def _payments_of_an_order(checker: Checker) -> Iterator[str]:
    """An order that holds its invoices has one attempt that pays it; one that is open has none."""
    counted = Counter(
        row.order_reference for row in checker.attempts.values() if row.payment_instant is not None
    )
    for reference, order in checker.orders.items():
        payments = counted[reference]
        is_so = payments == 1 if order.state in _HOLDING else payments <= (order.state != "open")
        if not is_so:
            yield f"{reference} is {order.state}, and {payments} attempts count as its payment"


def _operations(world: World, checker: Checker) -> Iterator[str]:
    """What became of an operation is known where it is known what became of its attempt's money."""
    for row in world.journal.rows("SELECT key, kind, order_id FROM operations WHERE outcome IS NULL"):
        state = checker.attempts[row.order_id].state
        if state not in _MOVABLE[row.kind]:
            yield f"{row.key} is open, and its attempt is {state}"


def _forgotten(world: World, checker: Checker, with_money: dict[str, int]) -> Iterator[str]:
    """Whatever the gateway holds is counted, or asked about still, or before a person."""
    asked = {
        row.order_id for row in world.journal.rows("SELECT order_id FROM inquiries WHERE due_at IS NOT NULL")
    }
    referred = {row.order_id for row in checker.reviews if row.resolved_at is None}
    for order_id in with_money.keys() - asked - referred:
        attempt = checker.attempts[order_id]
        order = checker.orders[attempt.order_reference]
        if order.state not in _HOLDING or attempt.payment_instant is None:
            yield f"{order_id} is forgotten: {attempt.state}, its order {order.state}"


def _purged(world: World, checker: Checker, with_money: dict[str, int]) -> Iterator[str]:
    """No purge takes an order that nobody paid and behind which there is money, however short the retention."""
    # Of what was never asked about a purge cannot know that anybody ever asks.
    asked = {row.order_id for row in world.journal.rows(_ASKED)}
    orders = {
        checker.attempts[order_id].order_reference
        for order_id in asked.intersection(with_money)
        if checker.orders[checker.attempts[order_id].order_reference].state not in _HOLDING
    }
    if not orders:
        return
    rules = purging._rules(_SHORT, world.shop_time())
    with world.journal.reading() as tx:
        for kind in (Kind.UNPAID_ORDERS, Kind.PAID_ORDERS):
            due = tx.connection.execute(select(rules[kind].key).where(rules[kind].is_due)).scalars()
            yield from (f"the purge would take {reference}" for reference in orders.intersection(due))


def unsettled_at_rest(world: World, checker: Checker) -> Iterator[str]:
    """Tell what is left once staff have said the truth of everything, and the sweep has nothing more to ask."""
    assert world.person is not None
    for row in checker.reviews:
        if row.resolved_at is None:
            refusals = world.person.refusals.get(row.order_id, [])[-4:]
            state = getattr(checker.attempts.get(row.order_id), "state", "?")
            yield f"{row.order_id} is {state} and lies before a person for ever: {row.kind}, {refusals}"
    money = money_of(world)
    for reference, order in checker.orders.items():
        attempts = [row for row in checker.attempts.values() if row.order_reference == reference]
        counted = {row.order_id for row in attempts if row.payment_instant is not None}
        with_money = {row.order_id for row in attempts if row.order_id in money}
        is_so = with_money == counted if order.state == "paid" else not with_money
        if order.state == "accepted" or not is_so:
            yield f"{reference} is {order.state}, {counted} count, and there is money behind {with_money}"
    paid_by = Counter(
        invoice
        for order_id in money
        for invoice in checker.invoices[checker.attempts[order_id].order_reference]
    )
    yield from (f"{invoice} is paid {times} times" for invoice, times in paid_by.items() if times > 1)
