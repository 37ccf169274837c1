"""All that the journal knows of one order, for whoever has to find out what became of a payment."""

from collections.abc import Iterable
from datetime import datetime

import attrs

from rak_billing.confirmation import TOPICS, key_of
from rak_billing.payments.port import TransactionPort
from rak_billing.payments.records import DeadLetter, OperationRecord, OrderRecord, PastEvent, Review
from rak_billing.payments.states import AttemptState


@attrs.frozen
class Tried:
    """
    One attempt at paying an order, as staff see it.

    Attributes:
        order_id: The gateway's order id.
        state: Where it stands.
        is_payment: Whether it is the payment that the order counts, or counted until it was given back.
        transaction_id: The gateway's number of the payment that was accepted; None where none was, or nobody told it.
        reviews: What lies before a person about it, the oldest first.
        operation: The capture, void or refund of which nobody knows what became of it; None where there is none.
        asked_next: When the gateway is asked about it next, in UTC; None for never.
    """

    order_id: str
    state: AttemptState
    is_payment: bool
    transaction_id: str | None
    reviews: tuple[Review, ...]
    operation: OperationRecord | None
    asked_next: datetime | None


@attrs.frozen
class History:
    """
    All that happened to one order.

    Attributes:
        order: As it stands.
        attempts: Those that something happened to.
        events: The oldest first.
        delivered: Topics of the messages about it that have left, or were marked so by hand.
        letters: The messages about it that were given up.
    """

    order: OrderRecord
    attempts: tuple[Tried, ...]
    events: tuple[PastEvent, ...]
    delivered: frozenset[str]
    letters: tuple[DeadLetter, ...]


def history_of(tx: TransactionPort, tenant: str, reference: str) -> History | None:
    """
    Return all that happened to an order of an operator's; None where it has none of that name.

    Args:
        tx: Reads it.
        tenant: The operator.
        reference: Of the order, or the gateway's order id of one of its attempts.
    """
    attempt = tx.orders.attempt(reference)
    named = attempt.order_reference if attempt else reference
    events = tuple(tx.orders.history(named))
    order = tx.orders.order(named) if events else None
    if order is None or order.tenant != tenant:
        return None
    return History(
        order,
        _tried(tx, dict.fromkeys(event.order_id for event in events)),
        events,
        frozenset(topic for topic in TOPICS if tx.outbox.is_delivered(key_of(topic, order))),
        tuple(letter for letter in tx.outbox.dead_letters(tenant) if letter.order_reference == named),
    )


def _tried(tx: TransactionPort, order_ids: Iterable[str]) -> tuple[Tried, ...]:
    reviews = tx.reviews.unresolved()
    found = [(order_id, tx.orders.attempt(order_id)) for order_id in order_ids]
    return tuple(
        Tried(
            order_id,
            attempt.state,
            attempt.has_paid,
            None if attempt.facts is None else attempt.facts.transaction_id,
            tuple(review for review in reviews if review.order_id == order_id),
            tx.operations.open_of(order_id),
            tx.inquiries.due_at(order_id),
        )
        for order_id, attempt in found
        if attempt is not None
    )
