"""
Whether the portal is well, and how its payments stand in numbers: no name, reference or amount of a customer.

Health is two questions. Alive: the process answers, and nothing is looked at. Ready: the journal can be read, so that a
payment can be started. The numbers are in the text format that Prometheus reads; all of them are counted in the journal, so
that it does not matter which machine is asked. What is counted is what waits, by indexes that hold nothing else, and of looks and
messages never more than `MOST` rows: however long the past, a question costs the same.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import attrs
from sqlalchemy import Connection, Row, Select, func, select

from rak_billing.confirmation import TOPICS
from rak_billing.errors import BillingError
from rak_billing.payments import schema
from rak_billing.payments.journal import Transaction
from rak_billing.payments.port import JournalPort
from rak_billing.payments.records import ReviewKind
from rak_billing.payments.states import AttemptState
from rak_billing.payments.versions import check_version

#: What the numbers are sent as.
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
#: A number that is as high as this means that many or more.
MOST: Final = 10_000
_UNCONFIRMED: Final = (AttemptState.AUTHORIZED, AttemptState.CAPTURE_REQUESTED, AttemptState.UNKNOWN)


def is_ready(journal: JournalPort) -> bool:
    """Tell whether the journal can be read, and is of this program's version: not one that was upgraded under it."""
    try:
        with journal.reading() as tx:
            tx.orders.attempt("")
            if isinstance(tx, Transaction):
                check_version(tx.connection)
    except BillingError:
        return False
    return True


@attrs.frozen
class Metric:
    """
    One number, or one for each label.

    Attributes:
        name: As Prometheus knows it.
        kind: ``gauge`` or ``counter``.
        help: What it says.
        label: The name of its label; empty where it is one number.
        samples: Value of the label, or nothing, to the number.
    """

    name: str
    kind: str
    help: str
    label: str
    samples: Mapping[str, float]

    def lines(self) -> Iterator[str]:
        """Write it."""
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.kind}"
        for value, number in self.samples.items():
            labels = f'{{{self.label}="{_escaped(value)}"}}' if self.label else ""
            yield f"{self.name}{labels} {number:.15g}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def exposition(journal: JournalPort, tenant: str, *, now: datetime, asks: bool = True) -> str | None:
    """
    Write all numbers of one operator, in Prometheus' text format; None for a journal that is not ours, which counts itself.

    Args:
        journal: Where they are counted.
        tenant: The operator.
        now: The present.
        asks: Whether its workers ask the gateway (the checkout has an ``api``). Where nobody does, nothing of that kind is
            overdue, and there are no numbers about it.

    Raises:
        JournalError: The database did not answer.
    """
    with journal.reading() as tx:
        if not isinstance(tx, Transaction):
            return None
        metrics = [*_metrics(tx.connection, tenant, now)]
        metrics += _watched(tx.connection, tenant, now) if asks else ()
    return "".join(f"{line}\n" for metric in metrics for line in metric.lines())


def _metrics(connection: Connection, tenant: str, now: datetime) -> Iterator[Metric]:
    yield from _outbox(connection, tenant, now)
    series = schema.receipt_series
    issued = select(series.c.next_number).where(series.c.tenant == tenant)
    yield Metric(
        "rak_billing_receipts_total",
        "counter",
        "Receipts issued, counted on from the operator's first number.",
        "",
        {"": connection.execute(issued).scalar() or 0},
    )
    yield Metric(
        "rak_billing_reviews_waiting",
        "gauge",
        "Matters that wait for a person, by kind.",
        "kind",
        {kind.value: 0 for kind in ReviewKind} | _reviews(connection, tenant),
    )
    refused = select(schema.rejections.c.reason, func.sum(schema.rejections.c.count)).group_by(
        schema.rejections.c.reason
    )
    yield Metric(
        "rak_billing_callbacks_refused_total",
        "counter",
        "Callbacks that were not believed, by reason, of all operators of this journal.",
        "reason",
        {reason: int(count) for reason, count in connection.execute(refused)},
    )


def _watched(connection: Connection, tenant: str, now: datetime) -> Iterator[Metric]:
    inquiries, attempts = schema.inquiries, schema.attempts
    watched = (
        select(inquiries.c.order_id, inquiries.c.since, inquiries.c.due_at, inquiries.c.silent_since)
        .where(inquiries.c.tenant == tenant, inquiries.c.due_at.is_not(None))
        .order_by(inquiries.c.due_at)
        .limit(MOST)
        .subquery()
    )
    by_state = _by_first(
        connection,
        select(
            attempts.c.state,
            func.count().label("number"),
            func.min(watched.c.since).label("since"),
            func.min(watched.c.due_at).label("due_at"),
            func.min(watched.c.silent_since).label("silent_since"),
        )
        .join_from(watched, attempts, attempts.c.order_id == watched.c.order_id)
        .group_by(attempts.c.state),
    )
    yield Metric(
        "rak_billing_watched_attempts",
        "gauge",
        f"Attempts at paying that the gateway is still asked about, by state; the {MOST} that are due first.",
        "state",
        {
            state.value: by_state[state.value].number if state.value in by_state else 0
            for state in AttemptState
        },
    )
    unconfirmed = [by_state[state.value].since for state in _UNCONFIRMED if state.value in by_state]
    yield _age(
        "rak_billing_oldest_unconfirmed_seconds",
        "Age of the oldest payment that was accepted and is not known to be taken; 0 without one.",
        min(unconfirmed, default=None),
        now,
    )
    yield _age(
        "rak_billing_looks_overdue_seconds",
        "For how long the oldest question to the gateway is due; 0 when none is.",
        min((row.due_at for row in by_state.values()), default=None),
        now,
    )
    yield _age(
        "rak_billing_gateway_silent_seconds",
        "For how long the gateway has given no answer about an attempt that it was asked about; 0 when it answers.",
        min((row.silent_since for row in by_state.values() if row.silent_since is not None), default=None),
        now,
    )


def _outbox(connection: Connection, tenant: str, now: datetime) -> Iterator[Metric]:
    outbox = schema.outbox
    unsent = select(outbox).where(outbox.c.tenant == tenant, outbox.c.sent_at.is_(None))
    first = unsent.where(outbox.c.parked_at.is_(None)).order_by(outbox.c.due_at).limit(MOST).subquery()
    waiting = _by_first(
        connection,
        select(
            first.c.topic,
            func.count().label("number"),
            func.count(first.c.last_error).label("retried"),
            func.min(first.c.due_at).label("due_at"),
        ).group_by(first.c.topic),
    )
    parked = unsent.where(outbox.c.parked_at.is_not(None)).order_by(outbox.c.parked_at).limit(MOST).subquery()
    given_up = select(parked.c.topic, func.count().label("number")).group_by(parked.c.topic)
    dead = {row.topic: row.number for row in connection.execute(given_up)}
    for name, words, counts in (
        (
            "waiting",
            "Mails and postings that have not left yet.",
            {topic: row.number for topic, row in waiting.items()},
        ),
        (
            "retried",
            "Mails and postings that were refused once or more, and are tried on.",
            {topic: row.retried for topic, row in waiting.items()},
        ),
        ("dead", "Mails and postings that were given up and wait for a person.", dead),
    ):
        samples = dict.fromkeys(TOPICS, 0) | counts
        yield Metric(f"rak_billing_outbox_{name}", "gauge", words, "topic", samples)
    yield _age(
        "rak_billing_outbox_overdue_seconds",
        "For how long the oldest message is due; 0 when none is.",
        min((row.due_at for row in waiting.values()), default=None),
        now,
    )


def _reviews(connection: Connection, tenant: str) -> dict[str, int]:
    reviews, attempts = schema.reviews, schema.attempts
    first = (
        select(reviews.c.kind, attempts.c.order_reference)
        .join_from(reviews, attempts, attempts.c.order_id == reviews.c.order_id)
        .where(reviews.c.resolved_at.is_(None))
        .subquery()
    )
    orders = schema.orders
    # All of them, since another operator's older ones would hide ours. The operator is looked for among the answers: asked for,
    # a database may begin with all of its orders.
    query = (
        select(orders.c.tenant, first.c.kind, func.count().label("number"))
        .join_from(first, orders, orders.c.reference == first.c.order_reference)
        .group_by(orders.c.tenant, first.c.kind)
    )
    return {row.kind: row.number for row in connection.execute(query) if row.tenant == tenant}


def _by_first(connection: Connection, query: Select[Any]) -> dict[str, Row[Any]]:
    """Return the rows of *query* by what stands in their first column."""
    return {row[0]: row for row in connection.execute(query)}


def _age(name: str, words: str, since: datetime | None, now: datetime) -> Metric:
    age = 0.0 if since is None else max((now - since).total_seconds(), 0.0)
    return Metric(name, "gauge", words, "", {"": age})
