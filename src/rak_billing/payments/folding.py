"""
Whether a history leads to the states that are written beside it: state = fold(events).

States of orders and attempts are kept in columns so that they can be searched and guarded; the events are the truth.
Both are written in one transaction. Here what is written is walked again, edge by edge.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import attrs

from rak_billing.payments.states import EDGES, AttemptState, Event, OrderState, State


class EventRow(Protocol):
    """One event, as the journal keeps it."""

    @property
    def position(self) -> int: ...  # noqa: D102 - the table's columns
    @property
    def order_id(self) -> str: ...  # noqa: D102
    @property
    def event(self) -> str: ...  # noqa: D102
    @property
    def order_before(self) -> str: ...  # noqa: D102
    @property
    def order_state(self) -> str: ...  # noqa: D102
    @property
    def attempt_before(self) -> str: ...  # noqa: D102
    @property
    def attempt_state(self) -> str: ...  # noqa: D102


@attrs.frozen
class Flaw:
    """
    A place where a history does not hold.

    Attributes:
        order_reference: Whose history.
        position: Of the event; None where the end does not fit what is written beside it.
        problem: What is wrong, in few words.
    """

    order_reference: str
    position: int | None
    problem: str


#: A history may begin in these: journals from before the first event of a start was kept begin with the second.
_FIRST: Mapping[type[State], frozenset[str]] = {
    OrderState: frozenset({OrderState.DRAFT.value, OrderState.OPEN.value}),
    AttemptState: frozenset({AttemptState.DRAFT.value, AttemptState.SENT.value}),
}


def flaws_of(
    order_reference: str, events: Sequence[EventRow], order_state: str, attempt_states: Mapping[str, str]
) -> tuple[Flaw, ...]:
    """
    Walk the events of an order, the oldest first, and tell where they are broken.

    Args:
        order_reference: The order's.

        events: All of them.

        order_state: What is written beside the order.

        attempt_states: Order id of each of its attempts to what is written beside it.
    """
    walk = _Walk(order_reference)
    flaws = [flaw for number, event in enumerate(events) for flaw in walk.step(number, event)]
    return (*flaws, *walk.ends(order_state, attempt_states))


@attrs.define
class _Walk:
    reference: str
    order: str | None = None
    attempts: dict[str, str] = attrs.field(factory=dict)

    def step(self, number: int, event: EventRow) -> Iterator[Flaw]:
        if event.position != number:
            yield Flaw(self.reference, event.position, f"expected position {number}")
        attempt = self.attempts.get(event.order_id)
        moves = (
            (OrderState, self.order, event.order_before, event.order_state),
            (AttemptState, attempt, event.attempt_before, event.attempt_state),
        )
        for kind, known, before, after in moves:
            yield from self._move(event, kind, known, before, after)
        self.order = event.order_state
        self.attempts[event.order_id] = event.attempt_state

    def _move(
        self,
        event: EventRow,
        kind: type[OrderState] | type[AttemptState],
        known: str | None,
        before: str,
        after: str,
    ) -> Iterator[Flaw]:
        if before not in ({known} if known is not None else _FIRST[kind]):
            yield Flaw(self.reference, event.position, f"{kind.__name__} was {known}, not {before}")
        if after != _led_to(kind, before, event.event):
            yield Flaw(
                self.reference, event.position, f"{event.event} does not lead from {before} to {after}"
            )

    def ends(self, order_state: str, attempt_states: Mapping[str, str]) -> Iterator[Flaw]:
        pairs: Iterable[tuple[str | None, str]] = [
            (self.order, order_state),
            *((self.attempts.get(order_id), state) for order_id, state in attempt_states.items()),
        ]
        for led_to, written in pairs:
            if led_to is not None and led_to != written:
                yield Flaw(self.reference, None, f"the events lead to {led_to}, {written} is written")


def _led_to(kind: type[OrderState] | type[AttemptState], before: str, event: str) -> str | None:
    try:
        edge = EDGES.get((kind.named(before), Event(event)))
    except (StopIteration, ValueError):
        return None
    return None if edge is None else edge[0].value
