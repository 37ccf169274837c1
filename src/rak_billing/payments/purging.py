"""
Deleting what has been kept for long enough, a few rows at a time.

Nothing goes that waits for a person, for the gateway or for billing, however old; nor does an order go as unpaid behind which
money moved, be it that all of it was given back. What must be known for ever stays: the digests and hashes of callbacks, the
hashes of forms, the last receipt number, and the sums of what was deleted.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum, unique
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Select, Table, and_, delete, exists, func, or_, select, update

from rak_billing.payments import schema, sealing
from rak_billing.payments.journal import Journal, Transaction
from rak_billing.payments.retention import Retention, without_personal_fields
from rak_billing.payments.states import AttemptState, OrderState

_BATCH: Final = 200
#: Attempts in these states may stand for money that nobody has accounted for.
_UNCLEAR: Final = tuple(
    state.value
    for state in (
        AttemptState.DOUBTFUL,
        AttemptState.DUPLICATE,
        AttemptState.NEEDS_PERSON,
        AttemptState.UNKNOWN,
        AttemptState.AUTHORIZED,
    )
)
#: No money was ever behind an attempt in one of these.
_WITHOUT_MONEY: Final = tuple(
    state.value
    for state in (
        AttemptState.DRAFT,
        AttemptState.SENT,
        AttemptState.DECLINED,
        AttemptState.SUPERSEDED,
        AttemptState.EXPIRED,
    )
)
#: What becomes of a mail is of use for a while; that a payment was posted belongs to the books.
_MAIL: Final = "confirmation_mail"


@unique
class Kind(StrEnum):
    """What can be purged."""

    SAMPLES = "samples"  # of refused callbacks
    MAILS = "mails"  # that they were sent
    CALLBACK_FIELDS = "callback_fields"  # personal ones, of callbacks that were believed
    CALLBACK_BODIES = "callback_bodies"  # what is left of those
    UNPAID_ORDERS = "unpaid_orders"
    PAID_ORDERS = "paid_orders"  # and those whose money was given back


@attrs.frozen
class _Rule:
    """
    What is due, and what is done about it.

    Attributes:
        table: Whose rows.
        key: The column that names a row.
        is_due: Which of them.
        treat: Deletes or reduces the rows of these keys.
    """

    table: Table
    key: ColumnElement[Any]
    is_due: ColumnElement[bool]
    treat: Callable[[Transaction, list[Any]], None]


def due(journal: Journal, *, now: datetime, retention: Retention | None = None) -> dict[Kind, int]:
    """Count what `purge` would treat now."""
    with journal.reading() as tx:
        return {
            kind: tx.connection.execute(
                select(func.count()).select_from(rule.table).where(rule.is_due)
            ).scalar_one()
            for kind, rule in _rules(retention or Retention(), now).items()
        }


def purge(journal: Journal, *, now: datetime, retention: Retention | None = None) -> dict[Kind, int]:
    """
    Delete or reduce what has been kept for long enough, and count it.

    Interrupted, it may simply be called again; several may run at once.
    """
    return {kind: _run(journal, rule) for kind, rule in _rules(retention or Retention(), now).items()}


def _run(journal: Journal, rule: _Rule) -> int:
    treated = 0
    while count := journal.run(lambda tx: _treat_some(tx, rule)):
        treated += count
    return treated


def _treat_some(tx: Transaction, rule: _Rule) -> int:
    locked = list(tx.connection.execute(_some(rule).with_for_update(skip_locked=True)).scalars())
    if not locked:
        return 0
    # Once more, behind the lock: a callback may have come in between.
    still = select(rule.key).where(rule.key.in_(locked), rule.is_due)
    keys = list(tx.connection.execute(still).scalars())
    if keys:
        rule.treat(tx, keys)
    return len(keys)


def _some(rule: _Rule) -> Select[Any]:
    return select(rule.key).where(rule.is_due).order_by(rule.key).limit(_BATCH)


def _rules(retention: Retention, now: datetime) -> dict[Kind, _Rule]:
    samples, outbox, callbacks, orders = (
        schema.rejection_samples, schema.outbox, schema.callbacks, schema.orders
    )  # fmt: skip
    books = retention.books_before(now)

    def reduce(tx: Transaction, digests: list[Any]) -> None:
        _reduce(tx, digests, at=now)

    return {
        Kind.SAMPLES: _Rule(
            samples,
            samples.c.received_at,
            samples.c.received_at < now - retention.samples,
            lambda tx, keys: _delete(tx, samples.c.received_at, keys),
        ),
        Kind.MAILS: _Rule(
            outbox,
            outbox.c.key,
            and_(outbox.c.topic == _MAIL, outbox.c.sent_at < now - retention.mails),
            lambda tx, keys: _delete(tx, outbox.c.key, keys),
        ),
        Kind.CALLBACK_FIELDS: _Rule(
            callbacks,
            callbacks.c.digest,
            and_(
                callbacks.c.received_at < now - retention.personal_fields,
                callbacks.c.reduced_at.is_(None),
                ~_is_before_a_person(callbacks.c.order_id),
            ),
            reduce,
        ),
        Kind.CALLBACK_BODIES: _Rule(
            callbacks,
            callbacks.c.digest,
            and_(
                callbacks.c.received_at < books,
                callbacks.c.raw != b"",
                ~_is_before_a_person(callbacks.c.order_id),
            ),
            _empty,
        ),
        Kind.UNPAID_ORDERS: _Rule(
            orders, orders.c.reference, _is_abandoned(now - retention.unpaid), _delete_orders
        ),
        Kind.PAID_ORDERS: _Rule(orders, orders.c.reference, _is_past(books), _delete_orders),
    }


def _is_abandoned(before: datetime) -> ColumnElement[bool]:
    return and_(_is_unpaid_since(before), ~_had_money(), ~_is_unfinished())


def _is_past(before: datetime) -> ColumnElement[bool]:
    orders, receipts = schema.orders, schema.receipts
    was_paid = and_(
        orders.c.state.in_([state.value for state in OrderState if state.was_paid]),
        exists().where(receipts.c.order_reference == orders.c.reference, receipts.c.issued_at < before),
    )
    return and_(or_(was_paid, and_(_is_unpaid_since(before), _had_money())), ~_is_unfinished())


def _is_unpaid_since(before: datetime) -> ColumnElement[bool]:
    return and_(
        schema.orders.c.state == OrderState.OPEN.value,
        schema.orders.c.created_at < before,
        ~_has_attempt(schema.attempts.c.started_at >= before),
    )


def _had_money() -> ColumnElement[bool]:
    """Tell whether money was held or taken for an order, or asked for by us, wherever it is now."""
    attempts, operations = schema.attempts, schema.operations
    return or_(
        _has_attempt(attempts.c.state.not_in(_WITHOUT_MONEY)),
        _has_attempt(operations.c.order_id == attempts.c.order_id),
    )


def _is_unfinished() -> ColumnElement[bool]:
    """Tell whether a person, the gateway or billing still has to do with an order."""
    orders, attempts, outbox = schema.orders, schema.attempts, schema.outbox
    operations, inquiries = schema.operations, schema.inquiries
    return or_(
        _has_attempt(attempts.c.state.in_(_UNCLEAR)),
        _has_attempt(_is_before_a_person(attempts.c.order_id)),
        _has_attempt(operations.c.order_id == attempts.c.order_id, operations.c.outcome.is_(None)),
        # Without the gateway's API nobody ever asks, and what was never asked is not being asked.
        _has_attempt(
            inquiries.c.order_id == attempts.c.order_id,
            inquiries.c.due_at.is_not(None),
            or_(inquiries.c.asked_at.is_not(None), inquiries.c.silent_since.is_not(None)),
        ),
        exists().where(outbox.c.order_reference == orders.c.reference, outbox.c.sent_at.is_(None)),
    )


def _has_attempt(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    attempts = schema.attempts
    return exists().where(attempts.c.order_reference == schema.orders.c.reference, *conditions)


def _is_before_a_person(order_id: ColumnElement[Any]) -> ColumnElement[bool]:
    reviews = schema.reviews
    return exists().where(reviews.c.order_id == order_id, reviews.c.resolved_at.is_(None))


def _delete(tx: Transaction, key: ColumnElement[Any], keys: list[Any]) -> None:
    tx.connection.execute(delete(key.table).where(key.in_(keys)))


def _delete_orders(tx: Transaction, references: list[Any]) -> None:
    for key, tally in tx.tallies.of_orders(*references).items():
        tx.tallies.add(key, tally)
    attempts = select(schema.attempts.c.order_id).where(schema.attempts.c.order_reference.in_(references))
    _execute(
        tx, delete(schema.gateway_transactions).where(schema.gateway_transactions.c.order_id.in_(attempts))
    )
    for table in (schema.operations, schema.inquiries):
        _execute(tx, delete(table).where(table.c.order_id.in_(attempts)))
    for table in (
        schema.outbox,
        schema.receipts,
        schema.events,
        schema.invoice_locks,
        schema.order_lines,
        schema.attempts,
    ):
        _delete(tx, table.c.order_reference, references)
    _delete(tx, schema.orders.c.reference, references)


def _reduce(tx: Transaction, digests: list[Any], *, at: datetime) -> None:
    for digest in digests:
        raw = without_personal_fields(tx.callbacks.raw(digest) or b"")
        kept = tx.vault.seal_bytes(sealing.CALLBACK, digest, raw)
        _execute(
            tx,
            update(schema.callbacks)
            .where(schema.callbacks.c.digest == digest)
            .values(raw=kept, reduced_at=at),
        )


def _empty(tx: Transaction, digests: list[Any]) -> None:
    _execute(tx, update(schema.callbacks).where(schema.callbacks.c.digest.in_(digests)).values(raw=b""))


def _execute(tx: Transaction, statement: Any) -> None:
    tx.connection.execute(statement)
