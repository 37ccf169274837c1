"""Orders and attempts: writing them down, finding them, and moving them by events."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

import attrs
from sqlalchemy import Connection, Row, Select, select

from cmi_gateway.outcome import PaymentFacts
from rak_billing.errors import JournalError
from rak_billing.payments import locking, moving, schema, sealing, states
from rak_billing.payments.records import AttemptRecord, OrderRecord, PastEvent
from rak_billing.payments.rows import attempt_from_row, event_from_row, facts_to_json, order_from_rows
from rak_billing.payments.sealing import Vault
from rak_billing.payments.states import AttemptState, Event, OrderState
from rak_billing.payments.upserts import insert_unless_there
from rak_billing.payments.writes import Writes
from rak_billing.payments.written import inserted

_ADD_ORDER: Final = inserted(schema.orders)
_ADD_LINE: Final = inserted(schema.order_lines)
_ADD_ATTEMPT: Final = inserted(
    schema.attempts,
    *("order_id", "order_reference", "state", "token_hash", "form_fields", "email", "language"),
    *("terms_version", "terms_accepted_at", "started_at"),
)
_ADD_FORM: Final = inserted(schema.issued_forms)


@attrs.frozen
class Orders:
    """Orders, their lines, attempts and history, inside one transaction."""

    _connection: Connection = attrs.field(repr=False)
    _vault: Vault = attrs.field(repr=False)
    _writes: Writes = attrs.field(repr=False)

    def add(self, order: OrderRecord) -> None:
        """Write down a new order with its lines."""
        row = (schema.orders.name, order.reference)
        name = self._vault.seal_text(sealing.CUSTOMER_NAME, order.reference, order.customer_name)
        address = self._vault.seal_text(sealing.CUSTOMER_ADDRESS, order.reference, order.customer_address)
        self._writes.put_off(
            row,
            _ADD_ORDER,
            reference=order.reference,
            tenant=order.tenant,
            customer_ref=order.customer_ref,
            customer_name=name,
            customer_address=address,
            state=order.state.value,
            card=order.card,
            total_centimes=order.total.centimes,
            currency=order.total.currency,
            quote=dict(order.quote),
            quote_digest=order.quote_digest,
            created_at=order.created_at,
        )
        for position, line in enumerate(order.lines):
            self._writes.put_off(
                (schema.order_lines.name, order.reference, position),
                _ADD_LINE,
                order_reference=order.reference,
                position=position,
                is_fee=int(line.is_fee),
                reference=line.reference,
                description=line.description,
                amount_centimes=line.amount.centimes,
            )

    def add_attempt(self, attempt: AttemptRecord, *, form_hash: str) -> None:
        """Write down a new attempt, and the hash of its form for ever."""
        fields = [list(pair) for pair in attempt.form_fields]
        self._writes.put_off(
            (schema.attempts.name, attempt.order_id),
            _ADD_ATTEMPT,
            order_id=attempt.order_id,
            order_reference=attempt.order_reference,
            state=attempt.state.value,
            token_hash=attempt.token_hash,
            form_fields=self._vault.seal_json(sealing.FORM_FIELDS, attempt.order_id, fields),
            email=self._vault.seal_text(sealing.EMAIL, attempt.order_id, attempt.email),
            language=attempt.language,
            terms_version=attempt.terms_version,
            terms_accepted_at=attempt.terms_accepted_at,
            started_at=attempt.started_at,
        )
        issued = (schema.issued_forms.name, form_hash)
        self._writes.put_off(issued, _ADD_FORM, hash=form_hash, order_id=attempt.order_id)

    def order(self, reference: str) -> OrderRecord:
        """
        Return an order.

        Raises:
            JournalError: There is none.
        """
        query = select(schema.orders).where(schema.orders.c.reference == reference)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise JournalError("expected the reference of an order in the journal")
        return self._order(row)

    def locked(self, order_id: str) -> tuple[OrderRecord, AttemptRecord] | None:
        """
        Return the order and the attempt of this gateway order id, or None.

        In a transaction that writes, another one that wants the same order, or an order with any of its invoices,
        waits here until this one ends.
        """
        return locking.locked(self._connection, self._vault, order_id)

    def hold_invoices(self, tenant: str, references: Collection[str]) -> None:
        """Have every other transaction that decides about any of these invoices wait until this one ends."""
        invoices, chosen = schema.invoices, sorted(references)
        if chosen:
            rows = [{"tenant": tenant, "reference": reference} for reference in chosen]
            insert_unless_there(self._connection, invoices, rows)
            of_these = (invoices.c.tenant == tenant, invoices.c.reference.in_(chosen))
            # All in one order, so that two who want several of them never wait for each other.
            query = select(invoices.c.reference).where(*of_these).order_by(invoices.c.reference)
            self._connection.execute(query.with_for_update()).all()

    def attempt(self, order_id: str) -> AttemptRecord | None:
        """Return the attempt of this gateway order id, or None."""
        return self._one_attempt(select(schema.attempts).where(schema.attempts.c.order_id == order_id))

    def attempt_of_token(self, token_hash: str) -> AttemptRecord | None:
        """Return the attempt of this return token, by the token's hash, or None."""
        return self._one_attempt(select(schema.attempts).where(schema.attempts.c.token_hash == token_hash))

    def accepted_attempt(self, order_reference: str) -> AttemptRecord | None:
        """Return the attempt that is the payment of this order, or was until it was given back; None without one."""
        return self._one_attempt(
            select(schema.attempts).where(
                schema.attempts.c.order_reference == order_reference,
                schema.attempts.c.payment_instant.is_not(None),
            )
        )

    def open_twin(self, tenant: str, customer_ref: str, quote_digest: str) -> OrderRecord | None:
        """
        Return this customer's unpaid order of exactly the same lines, amounts and schedule, or None.

        It stays as it is until this transaction ends, which must be one that may write.
        """
        table = schema.orders
        query = select(table).where(
            table.c.tenant == tenant,
            table.c.customer_ref == customer_ref,
            table.c.quote_digest == quote_digest,
            table.c.state == OrderState.OPEN.value,
        )
        # Behind a lock: else the purge may take it away before its lines are read.
        newest = query.order_by(table.c.created_at.desc()).with_for_update()
        row = self._connection.execute(newest).first()
        return None if row is None else self._order(row)

    def sent_attempts(self, tenant: str, references: Collection[str]) -> tuple[AttemptRecord, ...]:
        """Return the undecided attempts that would pay any of the invoices *references*, the oldest first."""
        sharing = (
            select(schema.order_lines.c.order_reference)
            .join(schema.orders)
            .where(
                schema.orders.c.tenant == tenant,
                schema.order_lines.c.is_fee == 0,
                schema.order_lines.c.reference.in_(sorted(references)),
            )
        )
        query = select(schema.attempts).where(
            schema.attempts.c.state == AttemptState.SENT.value,
            schema.attempts.c.order_reference.in_(sharing),
        )
        rows = self._connection.execute(query.order_by(schema.attempts.c.started_at))
        return tuple(attempt_from_row(row, self._vault) for row in rows)

    def keep_payment(self, attempt: AttemptRecord, facts: PaymentFacts, instant: datetime) -> AttemptRecord:
        """Write the facts of the accepted payment beside its attempt."""
        moving.keep_payment(
            self._writes,
            attempt.order_id,
            self._vault.seal_json(sealing.FACTS, attempt.order_id, facts_to_json(facts)),
            instant,
        )
        return attrs.evolve(attempt, facts=facts, payment_instant=instant)

    def apply(
        self,
        event: Event,
        order: OrderRecord,
        attempt: AttemptRecord,
        *,
        at: datetime,
        callback_digest: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> tuple[OrderRecord, AttemptRecord]:
        """
        Move an order and its attempt by one event, and add it to the history with *facts*, such as who did it and why.

        An attempt that does not count any more after it (`rak_billing.payments.states.counts`) loses its payment instant.

        Raises:
            TransitionError: The event cannot happen in the state that one of them is in; names both.
            StaleStateError: Another transaction moved them in between.
        """
        order_state, attempt_state = states.apply_to_both(order.state, attempt.state, event)
        moving.move_order(self._writes, order.reference, order.state, order_state)
        moving.move_attempt(self._writes, attempt.order_id, attempt.state, attempt_state)
        moving.append(
            self._writes,
            order.reference,
            order_id=attempt.order_id,
            event=event.value,
            attempt_state=attempt_state.value,
            order_state=order_state.value,
            attempt_before=attempt.state.value,
            order_before=order.state.value,
            callback_digest=callback_digest,
            facts=None if facts is None else dict(facts),
            at=at,
        )
        if attempt.has_paid and not states.counts(attempt_state, order_state):
            # In this very transaction: whatever happens to the attempt later, it does not come back to life.
            moving.forget_payment(self._writes, attempt.order_id)
            attempt = attrs.evolve(attempt, payment_instant=None)
        return attrs.evolve(order, state=order_state), attrs.evolve(attempt, state=attempt_state)

    def history(self, order_reference: str) -> tuple[PastEvent, ...]:
        """Return the events of an order, the oldest first."""
        table = schema.events
        query = select(table).where(table.c.order_reference == order_reference).order_by(table.c.position)
        return tuple(event_from_row(row) for row in self._connection.execute(query))

    def _one_attempt(self, query: Select[Any]) -> AttemptRecord | None:
        row = self._connection.execute(query).one_or_none()
        return None if row is None else attempt_from_row(row, self._vault)

    def _order(self, row: Row[Any]) -> OrderRecord:
        lines = self._connection.execute(
            select(schema.order_lines)
            .where(schema.order_lines.c.order_reference == row.reference)
            .order_by(schema.order_lines.c.position)
        )
        return order_from_rows(row, tuple(lines), self._vault)
