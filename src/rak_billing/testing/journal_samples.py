"""Orders and attempts for tests of a journal: whole, plain, and different for every number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from cmi_gateway.money import Money
from cmi_gateway.outcome import PaymentFacts
from rak_billing.payments.port import TransactionPort
from rak_billing.payments.records import AttemptRecord, LineRecord, OrderRecord
from rak_billing.payments.states import AttemptState, OrderState

__all__ = ["FACTS", "NOW", "TENANT", "attempt_of", "begin", "order"]

TENANT: Final = "RAK"
NOW: Final = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)
FACTS: Final = PaymentFacts(transaction_id="T1", gateway_time=NOW, three_d_secure=True)


def order(number: int = 1, *invoices: str, tenant: str = TENANT) -> OrderRecord:
    """Return an open order of these invoices, ``F1`` when none is named."""
    references = invoices or ("F1",)
    lines = tuple(
        LineRecord(reference, f"ELECTRICITE « {reference} » é", Money(10_000)) for reference in references
    )
    fee = LineRecord("FRAIS", "FRAIS", Money(110), is_fee=True)
    return OrderRecord(
        reference=f"ORDER-{number}",
        tenant=tenant,
        customer_ref="100200300",
        customer_name="M. Ahmed BENNANI",
        customer_address="12 RUE DES ORANGERS\nKENITRA",
        state=OrderState.OPEN,
        card="moroccan",
        total=Money(10_000 * len(references) + 110),
        lines=(*lines, fee),
        quote={"fee": {"gross": 110, "steps": ["1,1 %", None, ["é"]]}},
        quote_digest=f"digest-{number}",
        created_at=NOW,
    )


def attempt_of(it: OrderRecord, number: int = 1) -> AttemptRecord:
    """Return an attempt at an order that was just sent."""
    return AttemptRecord(
        order_id=f"{it.reference}-{number}",
        order_reference=it.reference,
        state=AttemptState.SENT,
        token_hash=f"token-{it.reference}-{number}",
        form_fields=(("oid", f"{it.reference}-{number}"), ("BillToName", "Ahmed"), ("empty", "")),
        email="client@example.com",
        language="fr",
        terms_version="2026-01",
        terms_accepted_at=NOW,
        started_at=NOW + timedelta(seconds=number),
    )


def begin(tx: TransactionPort, it: OrderRecord, *attempts: AttemptRecord) -> None:
    """Write down an order with its attempts, as a start does."""
    tx.orders.hold_invoices(it.tenant, it.invoice_references)
    tx.orders.add(it)
    for attempt in attempts or (attempt_of(it),):
        tx.orders.add_attempt(attempt, form_hash=f"form-{attempt.order_id}")
