"""Whether journal, gateway and books say the same of all money, to the centime, once everything came to rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.simulation.neighbours import INVOICES

if TYPE_CHECKING:
    from support.simulation.invariants import Checker
    from support.simulation.world import World

_TAKEN = {"captured", "settled"}
_GIVEN_BACK = {"voided", "refunded"}
_CAME_TO_NOTHING = {"sent", "declined", "superseded", "expired"}


def disagreements(world: World, checker: Checker) -> list[str]:
    """Tell of every attempt whose state is not the gateway's, and of sums that do not meet; none is right."""
    waiting = {row.order_id for row in checker.reviews if row.resolved_at is None}
    money = {order.order_id: order.totals for order in world.gateway.orders}
    found = []
    if world.asks_gateway:
        for order_id, attempt in checker.attempts.items():
            total = checker.orders[attempt.order_reference].total_centimes
            flaw = _flaw(attempt.state, total, money.get(order_id), is_referred=order_id in waiting)
            found += [f"{order_id} is {attempt.state}: {flaw}"] if flaw else []
        undecided = world.journal.rows("SELECT key, order_id FROM operations WHERE outcome IS NULL")
        found += [
            f"what became of {row.key} was not found out" for row in undecided if row.order_id not in waiting
        ]
    return found + _books(checker, world)


def agrees(world: World, checker: Checker, order_id: str) -> bool:
    """Tell whether an attempt came to an end, and the gateway's money to the same."""
    attempt = checker.attempts[order_id]
    if attempt.state not in _TAKEN | _GIVEN_BACK | _CAME_TO_NOTHING:
        return False
    total = checker.orders[attempt.order_reference].total_centimes
    order = next((one for one in world.gateway.orders if one.order_id == order_id), None)
    if order is not None and order.payment is not None and attempt.state in _CAME_TO_NOTHING:
        # Its callback may come late, and tell of money that went back meanwhile.
        return False
    return not _flaw(attempt.state, total, order.totals if order else None, is_referred=False)


def _flaw(state: str, total: int, money: Any, *, is_referred: bool) -> str:
    held = money.held.centimes if money else 0
    net = money.captured.centimes - money.refunded.centimes if money else 0
    if state in _TAKEN:
        return "" if (net, held) == (total, 0) else f"the gateway took {net} and holds {held} of {total}"
    if state in _GIVEN_BACK | _CAME_TO_NOTHING:
        return "" if (net, held) == (0, 0) else f"the gateway took {net} and holds {held}"
    return "" if is_referred else "at rest, and no person looks"


def _books(checker: Checker, world: World) -> list[str]:
    """What is in the books, and what was parked before it got there, is what was confirmed."""
    owed = {
        reference: sum(INVOICES[invoice] for invoice in checker.invoices[reference])
        for reference in checker.orders
    }
    # What staff gave back after it was posted is theirs to take out of the books.
    gone = {key for key, order in checker.orders.items() if order.state in _GIVEN_BACK}
    confirmed = sum(owed[key] for key, order in checker.orders.items() if order.state == "paid")
    posted = {entry.key: entry.total.centimes for entry in world.bills.entries if entry.key not in gone}
    parked = {
        row.order_reference
        for row in checker.outbox.values()
        if row.topic == "posting"
        and row.parked_at is not None
        and row.order_reference not in {*posted, *gone}
    }
    left = sum(owed[key] for key in parked)
    is_sum_right = sum(posted.values()) == confirmed - left
    return [] if is_sum_right else [f"posted {posted}, confirmed {confirmed}, parked {parked} ({left})"]
