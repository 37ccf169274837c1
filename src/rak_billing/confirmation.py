"""
From accepted to paid: receipt number, receipt and confirmation mail, all in the transaction that pays.

Two ways lead there, and the history tells them apart: the gateway was asked and says that it took the money, or the
operator counts the callback alone.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from cmi_gateway.money import Money
from rak_billing.business_day import posting_date
from rak_billing.errors import JournalError
from rak_billing.identifiers import ReceiptSecrets, hash_of
from rak_billing.masking import mask_name
from rak_billing.payments.port import TransactionPort
from rak_billing.payments.records import AttemptRecord, OrderRecord
from rak_billing.payments.states import AttemptState, Event
from rak_billing.quote import QuoteLine
from rak_billing.receipt import Receipt
from rak_billing.tenant import Tenant

#: Topic of the outbox entry that sends the receipt to the customer.
CONFIRMATION_MAIL: Final = "confirmation_mail"
#: Topic of the outbox entry that puts the payment into the books.
POSTING: Final = "posting"
#: All of them.
TOPICS: Final = (CONFIRMATION_MAIL, POSTING)


@attrs.frozen
class Confirmation:
    """
    Confirms accepted payments of one operator.

    Attributes:
        tenant: The operator.
        merchant_id: Its account at the gateway, for the receipt.
        secrets: Makes the receipts' links.
        posts: Whether billing takes postings; else they leave by other ways, such as the day's file.
    """

    tenant: Tenant
    merchant_id: str
    secrets: ReceiptSecrets = attrs.field(repr=False)
    posts: bool = False

    def trust(
        self, tx: TransactionPort, order: OrderRecord, attempt: AttemptRecord, *, at: datetime
    ) -> tuple[OrderRecord, AttemptRecord]:
        """
        Count an accepted order as paid because the callback said so; that its money was taken is still to be seen.

        Raises:
            TransitionError: The order is not accepted, or no capture was asked for.
            JournalError: It is another operator's, whose name and numbers its receipt must carry.
        """
        return self._pay(tx, order, attempt, Event.TRUST, None, at=at)

    def confirm(
        self,
        tx: TransactionPort,
        order: OrderRecord,
        attempt: AttemptRecord,
        *,
        at: datetime,
        facts: Mapping[str, Any] | None = None,
    ) -> tuple[OrderRecord, AttemptRecord]:
        """
        Note that the money was taken: an accepted order is paid by that, its receipt issued and the customer told.

        Args:
            tx: Writes all of it.
            order: Accepted, or counted as paid before.
            attempt: Whose money it is.
            at: Now.
            facts: What the history keeps of it, such as who says so.

        Raises:
            TransitionError: The order or the attempt is not accepted.
            JournalError: As for `trust`.
        """
        return self._pay(tx, order, attempt, Event.CONFIRM, facts, at=at)

    def confirm_once(self, tx: TransactionPort, order_id: str, *, at: datetime) -> None:
        """
        Confirm the attempt of this gateway order id; one that is confirmed already stays as it is.

        Raises:
            JournalError: There is no such attempt.
            TransitionError: It is not accepted.
        """
        found = tx.orders.locked(order_id)
        if found is None:
            raise JournalError("expected the gateway order id of an attempt in the journal")
        if found[1].state not in {AttemptState.CAPTURED, AttemptState.SETTLED}:
            self.confirm(tx, *found, at=at)

    def _pay(
        self,
        tx: TransactionPort,
        order: OrderRecord,
        attempt: AttemptRecord,
        event: Event,
        facts: Mapping[str, Any] | None,
        *,
        at: datetime,
    ) -> tuple[OrderRecord, AttemptRecord]:
        if order.tenant != self.tenant.id:
            raise JournalError(f"expected an order of {self.tenant.id}, got one of {order.tenant}")
        was_paid = order.state.was_paid
        order, attempt = tx.orders.apply(event, order, attempt, at=at, facts=facts)
        if not was_paid:
            self._issue(tx, order, attempt, at=at)
        return order, attempt

    def _issue(
        self, tx: TransactionPort, order: OrderRecord, attempt: AttemptRecord, *, at: datetime
    ) -> None:
        number = tx.receipts.next_number(order.tenant, first=self.tenant.first_receipt_number)
        receipt = receipt_of(order, attempt, number=number, tenant=self.tenant, merchant_id=self.merchant_id)
        tx.receipts.add(
            tenant=order.tenant,
            number=number,
            order_reference=order.reference,
            secret_hash=hash_of(self.secrets.of(order.reference)),
            snapshot=receipt.to_dict(),
            at=at,
        )
        for topic in (CONFIRMATION_MAIL, POSTING) if self.posts else (CONFIRMATION_MAIL,):
            tx.outbox.add(
                key=key_of(topic, order),
                tenant=order.tenant,
                topic=topic,
                order_reference=order.reference,
                at=at,
            )


def key_of(topic: str, order: OrderRecord) -> str:
    """Name the entry of the outbox that sends this for an order; there is one for each topic."""
    return f"{topic}/{order.reference}"


def receipt_of(
    order: OrderRecord, attempt: AttemptRecord, *, number: str, tenant: Tenant, merchant_id: str
) -> Receipt:
    """
    Build the receipt of a paid order from what was written down, and nothing else.

    Raises:
        JournalError: No accepted payment was kept with the attempt.
    """
    facts, instant = attempt.facts, attempt.payment_instant
    if facts is None or instant is None:
        raise JournalError("expected the facts of an accepted payment beside its attempt")
    currency = order.total.currency
    return Receipt(
        number=number,
        paid_at=instant,
        posting_date=posting_date(instant),
        payment_number=facts.payment_number,
        authorization_code=facts.authorization_code,
        method=facts.brand,
        last_four=facts.last_four,
        transaction_id=facts.transaction_id,
        customer_name=mask_name(order.customer_name) if tenant.mask_personal_data else order.customer_name,
        email=attempt.email,
        merchant_name=tenant.short_name,
        merchant_id=merchant_id,
        contract=order.customer_ref,
        contract_label=tenant.contract_field,
        lines=tuple(QuoteLine(line.reference, line.description, line.amount) for line in order.lines),
        total=order.total,
        fee_net=Money(order.quote["fee"]["net"], currency),
        fee_vat=Money(order.quote["fee"]["vat"], currency),
        operator_name=tenant.name,
        operator_footer=f"{tenant.legal_footer}\n{tenant.support_contact}",
    )
