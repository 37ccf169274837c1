"""The fault plan in force: which faults strike this payment or this XML request, each counted once."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from threading import Lock
from typing import TypeGuard, TypeVar, assert_never, get_args

from cmi_gateway.errors import AmountError
from cmi_gateway.money import Money
from cmi_gateway.simulator.faults import (
    Always,
    ApiFault,
    Fault,
    FaultPlan,
    FaultRule,
    Next,
    OfAmount,
    OfOrder,
    PaymentFault,
    Sometimes,
)

_F = TypeVar("_F", bound=Fault)


class FaultBook:
    """
    A plan and how much of it is used up. Safe to use from several threads.

    Args:
        plan: The plan to begin with; none at all by default.
    """

    def __init__(self, plan: FaultPlan | None = None) -> None:
        self._lock = Lock()
        self.set(plan or FaultPlan())

    def set(self, plan: FaultPlan) -> None:
        """Put *plan* in force; its counts and its chance begin anew."""
        with self._lock:
            self._plan = plan
            self._chance = Random(plan.seed)  # noqa: S311 - chance of a test, repeatable on purpose
            self._left = [rule.when.next if isinstance(rule.when, Next) else None for rule in plan.rules]

    @classmethod
    def of(cls, faults: FaultPlan | FaultBook | None) -> FaultBook:
        """Give the book of a plan, or the book itself: who is given the same one shares its counts."""
        return faults if isinstance(faults, FaultBook) else cls(faults)

    @property
    def plan(self) -> FaultPlan:
        """The plan in force, as it was set."""
        with self._lock:
            return self._plan

    @property
    def left(self) -> tuple[tuple[FaultRule, int | None], ...]:
        """Every rule with how often it still strikes; None where it does not count."""
        with self._lock:
            return tuple(zip(self._plan.rules, self._left, strict=True))

    def for_payment(self, order_id: str, amount: str) -> tuple[PaymentFault, ...]:
        """Give what goes wrong with this payment's callback, reply and return; each call uses the plan up."""

        def befalls(fault: Fault) -> TypeGuard[PaymentFault]:
            return isinstance(fault, get_args(PaymentFault))

        return self._take(befalls, order_id, amount)

    def for_request(self, order_id: str, amount: str = "", *, is_query: bool = True) -> tuple[ApiFault, ...]:
        """Give what goes wrong with this XML request, a query or an operation; each call uses the plan up."""

        def befalls(fault: Fault) -> TypeGuard[ApiFault]:
            return isinstance(fault, get_args(ApiFault)) and fault.befalls(is_query=is_query)

        return self._take(befalls, order_id, amount)

    def _take(self, befalls: Callable[[Fault], TypeGuard[_F]], order_id: str, amount: str) -> tuple[_F, ...]:
        with self._lock:
            struck = [
                rule.fault
                for place, rule in enumerate(self._plan.rules)
                if befalls(rule.fault) and self._strikes(place, rule, order_id, amount)
            ]
        return tuple(struck)

    def _strikes(self, place: int, rule: FaultRule, order_id: str, amount: str) -> bool:
        match rule.when:
            case Always():
                return True
            case Next():
                left = self._left[place] or 0
                self._left[place] = max(0, left - 1)
                return left > 0
            case OfOrder(order_id=wanted):
                return wanted == order_id
            case OfAmount(amount=exact):
                return exact == _money(amount)
            case Sometimes(percent=percent):
                return self._chance.randrange(100) < percent
            case other:
                assert_never(other)


def _money(amount: str) -> Money | None:
    """Read an amount as merchants write it to the gateway; one that is none is equal to none."""
    try:
        return Money.parse(amount.replace(",", "."))
    except AmountError:
        return None
