"""Mistakes about starting, keeping the history, and asking the gateway."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pytest import MonkeyPatch  # noqa: PT013 - a type
from sqlalchemy import update

from cmi_gateway.api.order import OrderState as ApiOrderState
from cmi_gateway.callback import Reply
from cmi_gateway.money import Money
from rak_billing import settling, starting
from rak_billing.confirmation import Confirmation
from rak_billing.errors import InvoicesAlreadyPaidError, JournalError
from rak_billing.identifiers import ReceiptSecrets
from rak_billing.payments import moving, schema
from rak_billing.payments.inquiries import Inquiries
from rak_billing.payments.locks import InvoiceLocks
from rak_billing.payments.orders import Orders
from rak_billing.payments.states import Event
from rak_billing.recovery import deciding, findings
from rak_billing.tenant import Tenant
from support.simulation.faulty_journal import FaultyJournal
from support.simulation.zoo import defect


@defect
def a_form_leaves_before_the_commit(patch: MonkeyPatch) -> None:
    """The browser has a form of which the journal knows nothing."""
    right = FaultyJournal.run

    def run(self: FaultyJournal, work: Any, *, repeatable: bool = False) -> Any:
        heard: list[Any] = []

        def listening(tx: Any) -> Any:
            heard.append(work(tx))
            return heard[-1]

        try:
            return right(self, listening, repeatable=repeatable)
        except JournalError:
            if heard and hasattr(heard[-1], "fields"):
                return heard[-1]
            raise

    patch.setattr(FaultyJournal, "run", run)


@defect
def nobody_looks_who_else_paid(patch: MonkeyPatch) -> None:
    """Another order with the same invoice is not looked for, and the unique key on held invoices is gone."""
    patch.setattr(InvoiceLocks, "paid_by_another", lambda *_: False)
    patch.setattr(InvoiceLocks, "take", lambda *_, **__: None)


@defect
def a_move_is_not_written_down(patch: MonkeyPatch) -> None:
    """States change, and the history says nothing of it."""
    right = moving.append

    def append(writes: Any, order_reference: str, **values: Any) -> None:
        if values["event"] != Event.SUPERSEDE.value:
            right(writes, order_reference, **values)

    patch.setattr(moving, "append", append)


@defect
def history_is_rewritten(patch: MonkeyPatch) -> None:
    """The first event is dated anew when another one is added."""
    right = Orders.apply

    def apply(self: Orders, event: Event, order: Any, attempt: Any, *, at: Any, **how: Any) -> Any:
        events = schema.events
        if event is Event.DECLINE:
            its = (events.c.order_reference == order.reference, events.c.position == 0)
            self._connection.execute(update(events).where(*its).values(at=at))
        return right(self, event, order, attempt, at=at, **how)

    patch.setattr(Orders, "apply", apply)


@defect
def an_open_payment_locks_the_invoices(patch: MonkeyPatch) -> None:
    """Whoever starts a payment keeps everybody else from paying."""
    right = starting.Start._payable

    def payable(self: Any, tx: Any, statement: Any, chosen: Any) -> Any:
        if tx.orders.sent_attempts(self.tenant.id, chosen):
            raise InvoicesAlreadyPaidError(sorted(chosen))
        return right(self, tx, statement, chosen)

    patch.setattr(starting.Start, "_payable", payable)


@defect
def asked_for_is_taken_for_captured(patch: MonkeyPatch) -> None:
    """Our answer asked for the money, so it must be ours."""
    patch.setitem(findings._PLAIN, ApiOrderState.AUTHORIZED, findings.Holds.TAKEN)
    patch.setattr("rak_billing.recovery.gateway.finding_of", _credulous)


def _credulous(status: Any, _expected: Money) -> findings.Finding:
    return findings.Finding(findings._PLAIN[status.state], status.transaction)


@defect
def a_callback_alone_is_paid(patch: MonkeyPatch) -> None:
    """The gateway could be asked, and is not waited for."""
    right = settling.answer_callback

    def answer(journal: Any, merchant: Any, raw: bytes, *, at: Any, confirmation: Any) -> Reply:
        believed = Confirmation(Tenant.preset("rak"), merchant.client_id, ReceiptSecrets("0123456789abcdef"))
        return right(journal, merchant, raw, at=at, confirmation=believed)

    patch.setattr("rak_billing.checkout.answer_callback", answer)


@defect
def not_found_is_final_at_once(patch: MonkeyPatch) -> None:
    """The gateway knows of no such order, while the customer is typing the card's number."""
    patch.setattr(deciding, "NOT_FOUND_IS_FINAL_AFTER", timedelta())
    patch.setattr(deciding, "EXPIRES_AFTER", timedelta())


@defect
def silence_is_not_asked_about(patch: MonkeyPatch) -> None:
    """Without a callback nobody ever hears of a payment."""
    patch.setattr(Inquiries, "open", lambda *_, **__: None)


@defect
def a_second_payment_is_kept(patch: MonkeyPatch) -> None:
    """The sweep finds money for invoices that are paid, and accepts it as well."""
    patch.setattr(deciding, "_is_surplus", lambda _: False)
    patch.setattr(InvoiceLocks, "take", lambda *_, **__: None)
