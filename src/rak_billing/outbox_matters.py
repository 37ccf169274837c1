"""What of the outbox lies before a person: entries that were given up, are tried in vain, or left after all."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from rak_billing.payments.port import TransactionPort
from rak_billing.payments.records import OutboxEntry, Review, ReviewKind

#: Who settled a review, where no person did.
WORKER: Final = "worker"
#: Why a mail or posting does not leave: its order was voided or given back while it waited.
NOT_PAID_ANY_MORE: Final = "the order is not paid any more"


def park(
    tx: TransactionPort,
    entry: OutboxEntry,
    error: str,
    *,
    at: datetime,
    why: ReviewKind,
    is_open: bool = True,
    even_if_fallen: bool = False,
) -> None:
    """
    Give an entry up and put it before a person; nothing happens where another worker claimed it since.

    Args:
        tx: Writes it.
        entry: Which.
        error: Why, for the list of dead letters.
        at: Now.
        why: The matter for a person.
        is_open: Whether it may have arrived by an earlier try, so that a search goes before the next one. Else what was
            begun is a person's to settle, or is known not to have arrived: revived, it leaves as for the first time.
        even_if_fallen: As for `put_before_a_person`.
    """
    if tx.outbox.park(entry, error=error, at=at, is_open=is_open):
        put_before_a_person(tx, entry, why, at=at, even_if_fallen=even_if_fallen)


def put_before_a_person(
    tx: TransactionPort,
    entry: OutboxEntry,
    why: ReviewKind,
    *,
    at: datetime,
    even_if_fallen: bool = False,
) -> None:
    """
    Raise a matter about an order, at its payment.

    Of an order whose payment fell the dead letter tells enough, unless *even_if_fallen*: then it is raised at the attempt that
    something happened to last.
    """
    attempt = tx.orders.accepted_attempt(entry.order_reference)
    if attempt is not None:
        tx.reviews.keep(Review(attempt.order_id, why, "", at))
    elif even_if_fallen:
        last = tx.orders.history(entry.order_reference)[-1]
        tx.reviews.keep(Review(last.order_id, why, "", at))


def put_right(tx: TransactionPort, entry: OutboxEntry, *, at: datetime, what: Collection[ReviewKind]) -> None:
    """Take an entry that left after all off the list of what a person must look at."""
    attempt = tx.orders.accepted_attempt(entry.order_reference)
    if attempt is not None:
        tx.reviews.settle(attempt.order_id, by=WORKER, why="it left", at=at, kinds=what)
