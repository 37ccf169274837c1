"""From a quote that the customer accepted to the order and attempt that the journal keeps."""

import hashlib
import json
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from cmi_gateway.money import Money
from rak_billing.errors import QuoteChangedError, SelectionError
from rak_billing.fees.schedule import Card, FeeSchedule
from rak_billing.fees.selectors import ONLINE
from rak_billing.fees.tariff import Tariff
from rak_billing.invoices import FEE_REFERENCE, Account, Statement
from rak_billing.payments.records import LineRecord, OrderRecord
from rak_billing.payments.states import OrderState
from rak_billing.quote import Quote, QuoteLine
from rak_billing.quote_facts import QuoteChange
from rak_billing.quote_seal import SealedQuote
from rak_billing.selection import select
from rak_billing.selection.rules import GUIDE_RULES, SelectionRules


def quote_of(
    statement: Statement,
    chosen: Collection[str],
    *,
    card: Card,
    schedule: FeeSchedule | Tariff,
    rules: SelectionRules = GUIDE_RULES,
    on: date,
    expires_at: datetime | None = None,
) -> Quote:
    """
    Quote the invoices *chosen* of a statement.

    Raises:
        SelectionError: They may not be paid together.
        FeeError: The schedule has no fee for this card or day.
        QuoteError: Together they are more than one payment can carry.
    """
    selection = select(statement.invoices, chosen, on, rules=rules)
    fee = schedule.fee(selection.total, invoices=selection.amounts, card=card, on=on, channel=ONLINE)
    return Quote.of(selection, fee, expires_at=expires_at)


def accepted_quote(
    statement: Statement,
    chosen: Collection[str],
    accepted: SealedQuote | Money,
    *,
    card: Card,
    schedule: FeeSchedule | Tariff,
    rules: SelectionRules = GUIDE_RULES,
    on: date,
) -> Quote:
    """
    Quote again what the customer accepted, on the bills as they are now.

    Raises:
        QuoteChangedError: The selection no longer holds, or something that was accepted is another one now, which its
            changes name. Its quote is of those of the chosen invoices that are still there, or None where these
            cannot be quoted.
        FeeError: As `quote_of`.
    """
    terms: dict[str, Any] = {"card": card, "schedule": schedule, "rules": rules, "on": on}
    try:
        quote = quote_of(statement, chosen, **terms)
    except SelectionError:
        left = {invoice.reference for invoice in statement.invoices}.intersection(chosen)
        try:
            changed = quote_of(statement, left, **terms)
        except SelectionError:
            raise QuoteChangedError(statement, None) from None
        raise QuoteChangedError(statement, changed, _changes(accepted, changed)) from None
    if changes := _changes(accepted, quote):
        raise QuoteChangedError(statement, quote, changes)
    return quote


def _changes(accepted: SealedQuote | Money, quote: Quote) -> tuple[QuoteChange, ...]:
    if isinstance(accepted, SealedQuote):
        return accepted.changes_to(quote)
    if accepted == quote.total:
        return ()
    return (QuoteChange("total", str(accepted.centimes), str(quote.total.centimes)),)


def lines_of(order: OrderRecord) -> tuple[QuoteLine, ...]:
    """Give the lines of an order as those of a quote, to be held against what was accepted."""
    return tuple(QuoteLine(line.reference, line.description, line.amount) for line in order.lines)


def order_of(
    quote: Quote,
    account: Account,
    *,
    seal: str,
    card: Card,
    tenant: str,
    reference: str,
    at: datetime,
) -> OrderRecord:
    """Write a quote down as a new, open order; the lines keep billing's own text, and the seal proves them."""
    lines = tuple(
        LineRecord(line.reference, line.description, line.amount, is_fee=line.reference == FEE_REFERENCE)
        for line in quote.lines
    )
    fee = _fee_snapshot(quote)
    return OrderRecord(
        reference=reference,
        tenant=tenant,
        customer_ref=account.customer_ref,
        customer_name=account.name,
        customer_address=account.address,
        state=OrderState.DRAFT,
        card=card,
        total=quote.total,
        lines=lines,
        quote={"fee": fee, "rules": _rules_snapshot(quote), "seal": seal},
        quote_digest=_digest(account, lines, fee),
        created_at=at,
    )


def _fee_snapshot(quote: Quote) -> dict[str, Any]:
    """Write down all that the fee was made of: it is never computed again, whatever becomes of the schedule."""
    fee = quote.fee
    return {
        "schedule": fee.schedule_id,
        "version": fee.schedule_version,
        "rule": fee.rule_number,
        "bearer": fee.rule.bearer,
        "card": fee.card,
        "invoices": fee.invoices,
        # Exact centimes, as a fraction where they do not end.
        "parts": [[part.key, str(part.exact)] for part in fee.parts],
        "base": fee.base.centimes,
        "gross": fee.gross.centimes,
        "net": fee.net.centimes,
        "vat": fee.vat.centimes,
        "merchant_cost": fee.merchant_cost.centimes,
        "merchant_net": fee.merchant_net.centimes,
        "shares": [share.centimes for share in fee.shares],
        "steps": list(fee.explain()),
    }


def _rules_snapshot(quote: Quote) -> dict[str, str]:
    rules = quote.selection.rules
    return {"id": rules.id, "version": rules.version, "fingerprint": rules.fingerprint}


def _digest(account: Account, lines: tuple[LineRecord, ...], fee: dict[str, Any]) -> str:
    """Digest all that makes two orders the same for the customer, who may then pay either."""
    content = [
        [account.customer_ref, account.name, account.address],
        sorted(
            [line.reference, line.description, line.amount.centimes, line.amount.currency] for line in lines
        ),
        fee,
    ]
    return hashlib.sha256(
        json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")
    ).hexdigest()
