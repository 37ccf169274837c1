"""The parts of the journal in dictionaries that are about what has to be done: asking, sending, looking."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from rak_billing.errors import JournalError
from rak_billing.payments.records import DeadLetter, Inquiry, OutboxEntry
from support.dict_payments import Part, new

_LEASE = timedelta(minutes=5)


def is_due(row, now):
    """Later than in two days is what a clock that stood ahead has written."""
    return row.due_at <= now or row.due_at > now + timedelta(days=2)


class Inquiries(Part):
    """When to ask."""

    def open(self, order_id, *, tenant, since, due_at):
        row = SimpleNamespace(
            order_id=order_id,
            tenant=tenant,
            since=since,
            due_at=due_at,
            asked_at=None,
            fence=0,
            silent_since=None,
        )
        new(self.it.inquiries, order_id, row)

    def hasten(self, order_id, *, at):
        row = self.it.inquiries.get(order_id)
        if row is not None:
            self._change(order_id, since=at, due_at=at, fence=row.fence + 1)

    def claim(self, tenant, *, now, lease_until):
        due = [one for one in self.it.inquiries.values() if one.tenant == tenant and one.due_at is not None]
        due = sorted((one for one in due if is_due(one, now)), key=lambda one: (one.due_at, one.order_id))
        if not due:
            return None
        row = next((one for one in due if now - timedelta(minutes=1) < one.due_at <= now), due[0])
        since = min(row.since, now)
        self._change(row.order_id, fence=row.fence + 1, due_at=lease_until, since=since)
        silent_since = row.silent_since and min(row.silent_since, now)
        return Inquiry(row.order_id, since, row.asked_at, row.fence + 1, silent_since)

    def is_held(self, inquiry):
        row = self.it.inquiries.get(inquiry.order_id)
        return row is not None and row.fence == inquiry.fence

    def finish(self, inquiry, *, asked_at, due_at):
        if self.is_held(inquiry):
            answered = {} if asked_at is None else {"asked_at": asked_at, "silent_since": None}
            self._change(inquiry.order_id, due_at=due_at, **answered)

    def unanswered(self, inquiry, *, at, due_at):
        if self.is_held(inquiry):
            self._change(inquiry.order_id, due_at=due_at, silent_since=inquiry.silent_since or at)

    def due_at(self, order_id):
        row = self.it.inquiries.get(order_id)
        return row and row.due_at

    def bring_forward(self, order_id, *, due_at):
        row = self.it.inquiries.get(order_id)
        if row is not None and (row.due_at is None or row.due_at > due_at):
            self._change(order_id, due_at=due_at)

    def _change(self, order_id, **values):
        self.it.inquiries[order_id] = SimpleNamespace(**vars(self.it.inquiries[order_id]) | values)


class Operations(Part):
    """Captures, voids and refunds."""

    def add(self, operation):
        if self.open_of(operation.order_id):
            raise JournalError("expected one open operation of an attempt, got a second")
        new(self.it.operations, operation.key, (operation, None))

    def open_of(self, order_id):
        rows = self.it.operations.values()
        return next((one for one, outcome in rows if one.order_id == order_id and outcome is None), None)

    def count(self, order_id, kind):
        return sum((one.order_id, one.kind) == (order_id, kind) for one, _ in self.it.operations.values())

    def resolve(self, key, outcome, *, at):
        operation, before = self.it.operations.get(key, (None, None))
        is_open = operation is not None and before is None
        if is_open:
            self.it.operations[key] = (operation, outcome)
        return is_open


class Paces(Part):
    """When the next request may leave."""

    def take(self, name, *, now, gap):
        following = self.it.paces.get(name, now)
        # A slot hours ahead was taken by a clock that stood wrong.
        taken = now if following > now + timedelta(hours=1) else max(now, following)
        self.it.paces[name] = taken + gap
        return taken


class Rejections(Part):
    """What was not believed."""

    def add(self, reason, raw, *, at):
        self.it.rejections[reason] = self.it.rejections.get(reason, 0) + 1

    def counts(self):
        return dict(self.it.rejections)


class Reviews(Part):
    """What a person must see."""

    def keep(self, review):
        if not self.it.reviews.get(self._key(review), (None, False))[1]:
            self.it.reviews[self._key(review)] = (review, True)

    @staticmethod
    def _key(review):
        return (review.order_id, review.kind, review.callback_digest)

    def settle(self, order_id, *, by, why, at, kinds=None, callback_digest=None):
        closed = [
            key
            for key, (review, is_open) in self.it.reviews.items()
            if is_open and review.order_id == order_id and (kinds is None or review.kind in kinds)
            if callback_digest in {None, review.callback_digest}
        ]
        for key in closed:
            self.it.reviews[key] = (self.it.reviews[key][0], False)
        return len(closed)

    def unresolved(self):
        found = [review for review, is_open in self.it.reviews.values() if is_open]
        return tuple(sorted(found, key=lambda one: one.raised_at))


class Outbox(Part):
    """What must leave."""

    def add(self, *, key, tenant, topic, order_reference, at):
        row = SimpleNamespace(
            key=key, tenant=tenant, topic=topic, order_reference=order_reference, tries=0, due_at=at,
            begun_at=None, sent_at=None, parked_at=None, error="", tries_before=0,
        )  # fmt: skip
        new(self.it.outbox, key, row)

    def claim(self, tenant, *, now, without=()):
        due = [one for one in self._unsent(tenant) if not one.parked_at]
        due = [one for one in due if is_due(one, now) and one.topic not in without]
        if not due:
            return None
        row = min(due, key=lambda one: (one.due_at, one.key))
        self._change(row.key, tries=row.tries + 1, due_at=now + _LEASE)
        return OutboxEntry(
            row.key, row.topic, row.order_reference, row.tries + 1, row.begun_at, row.tries_before
        )

    def begin(self, entry, *, at):
        return self._mark(entry, begun_at=at)

    def done(self, entry, *, at):
        is_new = self.it.outbox[entry.key].sent_at is None
        if is_new:
            self._change(entry.key, sent_at=at)
        return is_new

    def failed(self, entry, *, error, now):
        self._mark(entry, due_at=now + timedelta(minutes=1), error=error, begun_at=None)

    def unknown(self, entry, *, error, now):
        self._mark(entry, due_at=now + timedelta(minutes=1), error=error)

    def park(self, entry, *, error, at, is_open=True):
        return self._mark(entry, parked_at=at, error=error, **({} if is_open else {"begun_at": None}))

    def dead_letters(self, tenant):
        dead = [one for one in self._unsent(tenant) if one.parked_at]
        return tuple(
            DeadLetter(one.key, one.topic, one.order_reference, one.tries, one.error, one.parked_at)
            for one in sorted(dead, key=lambda one: (one.parked_at, one.key))
        )

    def revive(self, key, *, at, is_done):
        row = self.it.outbox.get(key)
        is_dead = bool(row and row.parked_at and not row.sent_at)
        if is_dead:
            anew = {"parked_at": None, "due_at": at, "tries_before": row.tries}
            self._change(key, **({"sent_at": at} if is_done else anew))
        return is_dead

    def is_delivered(self, key):
        row = self.it.outbox.get(key)
        return row is not None and row.sent_at is not None

    def waiting(self, tenant):
        return len(self._unsent(tenant))

    def _unsent(self, tenant):
        return [one for one in self.it.outbox.values() if one.tenant == tenant and not one.sent_at]

    def _mark(self, entry, **values):
        row = self.it.outbox[entry.key]
        is_ours = row.tries == entry.tries and row.sent_at is None
        if is_ours:
            self._change(entry.key, **values)
        return is_ours

    def _change(self, key, **values):
        self.it.outbox[key] = SimpleNamespace(**vars(self.it.outbox[key]) | values)
