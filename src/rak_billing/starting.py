"""
A payment from the accepted quote to the signed form, written down before the customer leaves.

The same selection at the same price is the same order, tried again; anything else is a new one. Whatever was open for
any of the invoices gives way, so that a customer who comes back in another tab is never stuck. It is not cancelled at
the gateway, which knows no such thing: if the older tab is paid after all, that counts, unless the newer one was paid.
"""

from collections.abc import Collection
from datetime import datetime

import attrs

from cmi_gateway.errors import FieldError
from cmi_gateway.merchant import Merchant
from cmi_gateway.money import Money
from cmi_gateway.payment import SignedForm
from rak_billing.business_day import local_time
from rak_billing.checkout_checks import is_text
from rak_billing.errors import InvoicesAlreadyPaidError, NothingToPayError, NotPayableOnlineError
from rak_billing.fees.schedule import Card
from rak_billing.identifiers import (
    RandomBytes,
    hash_of,
    new_order_id,
    new_order_reference,
    new_return_token,
)
from rak_billing.invoices import Account, Statement
from rak_billing.ordering import accepted_quote, lines_of, order_of
from rak_billing.payment_request import Language, payment_request
from rak_billing.payments.look_times import FIRST_LOOK
from rak_billing.payments.port import TransactionPort
from rak_billing.payments.records import AttemptRecord, OrderRecord
from rak_billing.payments.states import AttemptState, Event
from rak_billing.quote import Quote
from rak_billing.quote_seal import QuoteSeal, SealedQuote
from rak_billing.tenant import Tenant


@attrs.frozen
class Payer:
    """
    What the customer typed and accepted for one attempt.

    Attributes:
        email: Checked; where the receipt goes.
        card: The card type chosen.
        language: Of the gateway's page.
    """

    email: str = attrs.field(repr=False)
    card: Card
    language: Language


@attrs.frozen
class Start:
    """
    Starts payments of one operator.

    Attributes:
        tenant: The operator.
        merchant: Signs the form.
        seal: Seals what is paid, where the customer accepted a bare total.
        random: Makes names and tokens.
    """

    tenant: Tenant
    merchant: Merchant
    seal: QuoteSeal
    random: RandomBytes = attrs.field(repr=False)

    def start(
        self,
        tx: TransactionPort,
        statement: Statement | None,
        chosen: Collection[str],
        accepted: SealedQuote | Money,
        payer: Payer,
        *,
        at: datetime,
    ) -> SignedForm:
        """
        Write down an order and an attempt for what the customer accepted, and return the attempt's form.

        Args:
            tx: Committed before the form is handed out.

            statement: What billing says now; None for an unknown customer.

            chosen: References of the invoices the customer ticked.

            accepted: What the customer accepted: a sealed quote, or a total.

            payer: What the customer typed.

            at: Now.

        Raises:
            InvoicesAlreadyPaidError: All of *chosen* are paid here, though billing may not know it yet.
            NothingToPayError: The customer is unknown, or nothing is left to pay.
            QuoteChangedError: Selection, amounts, rules or tariff are no longer what was accepted.
            NotPayableOnlineError: The gateway would refuse what the bills say.
        """
        # What no database can hold is no reference of billing's: refused below, as any other that is not on the bill.
        tx.orders.hold_invoices(self.tenant.id, list(filter(is_text, chosen)))
        payable = self._payable(tx, statement, chosen)
        quote = accepted_quote(
            payable,
            chosen,
            accepted,
            card=payer.card,
            schedule=self.tenant.fee_schedule,
            rules=self.tenant.selection,
            on=local_time(at).date(),
        )
        order = self._order(tx, quote, payable.account, accepted, payer.card, at=at)
        _supersede(tx, order, at=at)
        token = new_return_token(self.random)
        form = self._form(order, payer, token)
        attempt = AttemptRecord(
            order_id=form.order_id,
            order_reference=order.reference,
            state=AttemptState.DRAFT,
            token_hash=hash_of(token),
            form_fields=form.fields,
            email=payer.email,
            language=payer.language,
            terms_version=self.tenant.terms_version,
            terms_accepted_at=at,
            started_at=at,
        )
        tx.orders.add_attempt(attempt, form_hash=form.hash)
        tx.orders.apply(Event.SEND, order, attempt, at=at)
        tx.inquiries.open(attempt.order_id, tenant=order.tenant, since=at, due_at=at + FIRST_LOOK)
        return form

    def _form(self, order: OrderRecord, payer: Payer, token: str) -> SignedForm:
        request = payment_request(
            order,
            order_id=new_order_id(self.tenant.id, self.random),
            token=token,
            email=payer.email,
            language=payer.language,
            tenant=self.tenant,
            client_id=self.merchant.client_id,
        )
        try:
            return self.merchant.sign(request)
        except FieldError as error:
            raise NotPayableOnlineError(error.field, error.reason) from error

    def _payable(
        self, tx: TransactionPort, statement: Statement | None, chosen: Collection[str]
    ) -> Statement:
        """Leave out what is paid here; say so when that is all the customer wanted to pay."""
        stated = () if statement is None else (invoice.reference for invoice in statement.invoices)
        # By the rule that decides about a callback: whatever is started here would be captured.
        paid = tx.locks.paid(self.tenant.id, {*filter(is_text, chosen), *stated})
        if chosen and paid.issuperset(chosen):
            raise InvoicesAlreadyPaidError(sorted(paid.intersection(chosen)))
        payable = None if statement is None else _unpaid(statement, paid)
        if payable is None:
            raise NothingToPayError("the customer is unknown or has nothing to pay")
        return payable

    def _order(
        self,
        tx: TransactionPort,
        quote: Quote,
        account: Account,
        accepted: SealedQuote | Money,
        card: Card,
        *,
        at: datetime,
    ) -> OrderRecord:
        sealed = accepted if isinstance(accepted, SealedQuote) else self._sealed(quote, account)
        order = order_of(
            quote,
            account,
            seal=sealed.text,
            card=card,
            tenant=self.tenant.id,
            reference=new_order_reference(self.random),
            at=at,
        )
        twin = tx.orders.open_twin(order.tenant, order.customer_ref, order.quote_digest)
        if twin is None:
            tx.orders.add(order)
        kept = twin or order
        # What is signed next is made of these lines: the last moment to find out that they are not what was accepted.
        sealed.require_lines(lines_of(kept), kept.total)
        return kept

    def _sealed(self, quote: Quote, account: Account) -> SealedQuote:
        owner = {"tenant": self.tenant.id, "customer_ref": account.customer_ref}
        return self.seal.open(self.seal.seal(quote, **owner), **owner)


def unpaid_here(tx: TransactionPort, tenant: Tenant, statement: Statement) -> Statement | None:
    """Return *statement* without the invoices that are paid here, or None when nothing is left to pay."""
    references = [invoice.reference for invoice in statement.invoices]
    return _unpaid(statement, tx.locks.paid(tenant.id, references))


def _unpaid(statement: Statement, paid: Collection[str]) -> Statement | None:
    left = statement.without(paid)
    return left if any(invoice.is_payable for invoice in left.invoices) else None


def _supersede(tx: TransactionPort, order: OrderRecord, *, at: datetime) -> None:
    for older in tx.orders.sent_attempts(order.tenant, order.invoice_references):
        its_order = tx.orders.order(older.order_reference)
        tx.orders.apply(Event.SUPERSEDE, its_order, older, at=at)
