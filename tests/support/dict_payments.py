"""The parts of the journal in dictionaries that a payment is made of."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace

import attrs

from rak_billing.errors import JournalError, StaleStateError
from rak_billing.payments import states
from rak_billing.payments.records import Answered, KnownCallback, PastEvent
from rak_billing.payments.states import AttemptState, OrderState


@attrs.frozen
class Part:
    """What one part of a transaction works on."""

    it: SimpleNamespace


def new(table, key, value):
    """Put in a row whose key must not be there yet."""
    if key in table:
        raise JournalError(f"expected a new key, got one that is there: {key}")
    table[key] = value


class Orders(Part):
    """Orders, attempts and events."""

    def add(self, order):
        if self.open_twin(order.tenant, order.customer_ref, order.quote_digest):
            raise JournalError("expected one open order of a quote, got a second")
        new(self.it.orders, order.reference, order)

    def add_attempt(self, attempt, *, form_hash):
        if self.attempt_of_token(attempt.token_hash):
            raise JournalError("expected a new token, got one that is there")
        new(self.it.forms, form_hash, attempt.order_id)
        new(self.it.attempts, attempt.order_id, attempt)

    def order(self, reference):
        if reference not in self.it.orders:
            raise JournalError("expected the reference of an order in the journal")
        return self.it.orders[reference]

    def locked(self, order_id):
        attempt = self.attempt(order_id)
        return attempt and (self.order(attempt.order_reference), attempt)

    def hold_invoices(self, tenant, references):
        pass  # nobody else is at work

    def attempt(self, order_id):
        return self.it.attempts.get(order_id)

    def attempt_of_token(self, token_hash):
        return self._first_attempt(lambda one: one.token_hash == token_hash)

    def accepted_attempt(self, order_reference):
        return self._first_attempt(lambda one: one.order_reference == order_reference and one.has_paid)

    def _first_attempt(self, fits):
        return next((one for one in self.it.attempts.values() if fits(one)), None)

    def open_twin(self, tenant, customer_ref, quote_digest):
        wanted = (tenant, customer_ref, quote_digest, OrderState.OPEN)
        return next(
            (
                one
                for one in self.it.orders.values()
                if (one.tenant, one.customer_ref, one.quote_digest, one.state) == wanted
            ),
            None,
        )

    def sent_attempts(self, tenant, references):
        def shares(attempt):
            order = self.order(attempt.order_reference)
            return order.tenant == tenant and set(references) & set(order.invoice_references)

        found = [one for one in self.it.attempts.values() if one.state is AttemptState.SENT and shares(one)]
        return tuple(sorted(found, key=lambda one: one.started_at))

    def keep_payment(self, attempt, facts, instant):
        other = self.accepted_attempt(attempt.order_reference)
        if other and other.order_id != attempt.order_id:
            raise JournalError("expected one payment of an order, got a second")
        paid = attrs.evolve(self.attempt(attempt.order_id), facts=facts, payment_instant=instant)
        self.it.attempts[attempt.order_id] = paid
        return paid

    def apply(self, event, order, attempt, *, at, callback_digest=None, facts=None):
        kept_order, kept_attempt = self.locked(attempt.order_id)
        order_state, attempt_state = states.apply_to_both(order.state, attempt.state, event)
        if (kept_order.state, kept_attempt.state) != (order.state, attempt.state):
            raise StaleStateError("another transaction moved the order in between")
        happened = PastEvent(event, attempt.order_id, attempt_state, order_state, at, facts)
        self.it.events[order.reference] = (*self.history(order.reference), happened)
        self.it.orders[order.reference] = attrs.evolve(kept_order, state=order_state)
        instant = kept_attempt.payment_instant if states.counts(attempt_state, order_state) else None
        self.it.attempts[attempt.order_id] = attrs.evolve(
            kept_attempt, state=attempt_state, payment_instant=instant
        )
        return self.locked(attempt.order_id)

    def history(self, order_reference):
        return self.it.events.get(order_reference, ())


class Locks(Part):
    """Who holds which invoice."""

    def paid(self, tenant, references):
        holding = [
            one for one in self.it.orders.values() if one.tenant == tenant and one.state.holds_invoices
        ]
        paid = {reference for one in holding for reference in one.invoice_references}
        return frozenset(paid & set(references))

    def take(self, order, *, at):
        for reference in order.invoice_references:
            new(self.it.locks, (order.tenant, reference), order.reference)

    def release(self, order_reference, *, at):
        for key in [key for key, holder in self.it.locks.items() if holder == order_reference]:
            del self.it.locks[key]

    def paid_by_another(self, order):
        return any(
            one.state.holds_invoices and set(one.invoice_references) & set(order.invoice_references)
            for one in self.it.orders.values()
            if one.tenant == order.tenant and one.reference != order.reference
        )


class Callbacks(Part):
    """What was told and answered."""

    def known(self, *, digest, presented_hash, order_id):
        told = defaultdict(dict)
        for (of, transaction_id, outcome), first in self.it.told.items():
            if of == order_id:
                told[transaction_id][outcome] = self.it.callbacks[first].reply
        fitted = self._fitted(presented_hash)
        mine = self.it.callbacks.get(digest)
        return KnownCallback(
            is_our_form=presented_hash in self.it.forms,
            first_reply=mine and mine.reply,
            same_values=Answered(fitted.order_id, fitted.reply) if fitted else None,
            told=dict(told),
        )

    def _fitted(self, presented_hash, *, but=None):
        of_hash = (one for key, one in self.it.callbacks.items() if one.hash == presented_hash and key != but)
        return next((one for one in of_hash if one.outcome not in {None, "unmatched"}), None)

    def hash_is_known(self, presented_hash):
        return any(one.hash == presented_hash for one in self.it.callbacks.values())

    def keep(self, *, digest, presented_hash, order_id, raw, at):
        is_new = digest not in self.it.callbacks
        if is_new:
            self.it.callbacks[digest] = SimpleNamespace(
                hash=presented_hash, order_id=order_id, raw=raw, at=at, outcome=None, reply=None
            )
        return is_new

    def keep_transaction(self, *, order_id, transaction_id, outcome, digest):
        is_approval = outcome == "Approved"
        if is_approval and any(told[1:] == (transaction_id, outcome) for told in self.it.told):
            raise JournalError("expected one order id of an approved transaction, got a second")
        new(self.it.told, (order_id, transaction_id, outcome), digest)

    def answer(self, digest, *, outcome, reply):
        kept = self.it.callbacks[digest]
        if outcome != "unmatched" and self._fitted(kept.hash, but=digest):
            raise JournalError("expected one callback of a hash that fits, got a second")
        self.it.callbacks[digest] = SimpleNamespace(**vars(kept) | {"outcome": outcome, "reply": reply})


class Receipts(Part):
    """Series and receipts."""

    def next_number(self, tenant, *, first):
        number = self.it.series.get(tenant, first)
        self.it.series[tenant] = number + 1
        return f"{number:011d}"

    def add(self, *, tenant, number, order_reference, secret_hash, snapshot, at):
        for kept in self.it.receipts.values():
            if (tenant, number) == (kept.tenant, kept.number) or secret_hash == kept.secret_hash:
                raise JournalError("expected a new number and a new link, got one that is there")
        row = SimpleNamespace(tenant=tenant, number=number, secret_hash=secret_hash, snapshot=dict(snapshot))
        new(self.it.receipts, order_reference, row)

    def of_secret(self, secret_hash):
        rows = self.it.receipts.values()
        return next((row.snapshot for row in rows if row.secret_hash == secret_hash), None)

    def order_of_secret(self, secret_hash):
        return next(key for key, row in self.it.receipts.items() if row.secret_hash == secret_hash)

    def of_order(self, order_reference):
        row = self.it.receipts.get(order_reference)
        return row and row.snapshot
