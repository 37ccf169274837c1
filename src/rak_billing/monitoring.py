"""
Whether the portal is well, and how its payments stand in numbers: no name, reference or amount of a customer.

Health is two questions. Alive: the process answers, and nothing is looked at. Ready: the journal can be read, so that a
payment can be started. The numbers are in the text format that Prometheus reads; all of them are counted in the journal, so
that it does not matter which machine is asked.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import attrs
from sqlalchemy import Column, ColumnElement, Connection, func, select

from rak_billing.errors import BillingError
from rak_billing.payments import schema
from rak_billing.payments.journal import Transaction
from rak_billing.payments.port import JournalPort
from rak_billing.payments.states import AttemptState, OrderState

#: What the numbers are sent as.
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_UNCONFIRMED: Final = (AttemptState.AUTHORIZED, AttemptState.CAPTURE_REQUESTED, AttemptState.UNKNOWN)


def is_ready(journal: JournalPort) -> bool:
    """Tell whether the journal can be read."""
    try:
        with journal.reading() as tx:
            tx.rejections.counts()
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
        samples: Labels, written as Prometheus writes them or empty, and value.
    """

    name: str
    kind: str
    help: str
    samples: tuple[tuple[str, float], ...]

    def lines(self) -> Iterator[str]:
        """Write it."""
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.kind}"
        for labels, value in self.samples:
            yield f"{self.name}{labels} {value:g}"


def exposition(journal: JournalPort, tenant: str, *, now: datetime) -> str | None:
    """
    Write all numbers of one operator, in Prometheus' text format; None for a journal that is not ours, which counts itself.

    Raises:
        JournalError: The database did not answer.
    """
    with journal.reading() as tx:
        if not isinstance(tx, Transaction):
            return None
        metrics = list(_metrics(tx.connection, tenant, now))
    return "".join(f"{line}\n" for metric in metrics for line in metric.lines())


def _metrics(connection: Connection, tenant: str, now: datetime) -> Iterator[Metric]:
    orders, attempts, reviews = schema.orders, schema.attempts, schema.reviews
    yield Metric(
        "rak_billing_orders",
        "gauge",
        "Orders by state.",
        _by(connection, orders.c.state, [state.value for state in OrderState], orders.c.tenant == tenant),
    )
    of_tenant = attempts.c.order_reference.in_(select(orders.c.reference).where(orders.c.tenant == tenant))
    yield Metric(
        "rak_billing_attempts",
        "gauge",
        "Attempts at paying, by state.",
        _by(connection, attempts.c.state, [state.value for state in AttemptState], of_tenant),
    )
    yield _age(
        "rak_billing_oldest_unconfirmed_seconds",
        "Age of the oldest payment that was accepted and is not known to be taken; 0 without one.",
        connection.execute(
            select(func.min(schema.inquiries.c.since))
            .join(attempts, attempts.c.order_id == schema.inquiries.c.order_id)
            .where(
                schema.inquiries.c.tenant == tenant,
                attempts.c.state.in_([state.value for state in _UNCONFIRMED]),
            )
        ).scalar(),
        now,
    )
    yield from _outbox(connection, tenant, now)
    waiting = (
        select(reviews.c.kind, func.count())
        .join(attempts, attempts.c.order_id == reviews.c.order_id)
        .where(reviews.c.resolved_at.is_(None), of_tenant)
        .group_by(reviews.c.kind)
    )
    yield Metric(
        "rak_billing_reviews_waiting",
        "gauge",
        "Matters that wait for a person, by kind.",
        tuple((f'{{kind="{kind}"}}', count) for kind, count in connection.execute(waiting)),
    )
    refused = select(schema.rejections.c.reason, func.sum(schema.rejections.c.count)).group_by(
        schema.rejections.c.reason
    )
    yield Metric(
        "rak_billing_callbacks_refused_total",
        "counter",
        "Callbacks that were not believed, by reason, of all operators of this journal.",
        tuple((f'{{reason="{reason}"}}', int(count)) for reason, count in connection.execute(refused)),
    )


def _outbox(connection: Connection, tenant: str, now: datetime) -> Iterator[Metric]:
    outbox, orders = schema.outbox, schema.orders
    unsent = (
        outbox.c.sent_at.is_(None),
        outbox.c.order_reference.in_(select(orders.c.reference).where(orders.c.tenant == tenant)),
    )
    topics = ["confirmation_mail", "posting"]
    yield Metric(
        "rak_billing_outbox_waiting",
        "gauge",
        "Mails and postings that have not left yet.",
        _by(connection, outbox.c.topic, topics, *unsent, outbox.c.parked_at.is_(None)),
    )
    yield Metric(
        "rak_billing_outbox_dead",
        "gauge",
        "Mails and postings that were given up and wait for a person.",
        _by(connection, outbox.c.topic, topics, *unsent, outbox.c.parked_at.is_not(None)),
    )
    oldest = select(func.min(outbox.c.due_at)).where(*unsent, outbox.c.parked_at.is_(None))
    yield _age(
        "rak_billing_outbox_overdue_seconds",
        "For how long the oldest message is due; 0 when none is.",
        connection.execute(oldest).scalar(),
        now,
    )


def _by(
    connection: Connection, column: Column[str], values: list[str], *conditions: ColumnElement[bool]
) -> tuple[tuple[str, float], ...]:
    """Count by the values of a column; every value is there, so that none begins with a gap."""
    query = select(column, func.count()).where(*conditions).group_by(column)
    counts = {row[0]: row[1] for row in connection.execute(query)}
    label = "topic" if column.name == "topic" else "state"
    return tuple((f'{{{label}="{value}"}}', counts.get(value, 0)) for value in values)


def _age(name: str, words: str, since: datetime | None, now: datetime) -> Metric:
    age = 0.0 if since is None else max((now - since).total_seconds(), 0.0)
    return Metric(name, "gauge", words, (("", age),))
