"""Whether a book of bills takes a payment: decided from what it holds, without changing anything."""

from __future__ import annotations

from rak_billing.billing_posting import AlreadyPosted, Posting, Refused, RefusedReason
from rak_billing.invoices import Statement

__all__ = ["judge_new", "judge_repeat"]


def judge_repeat(posting: Posting, digest: str, billing_reference: str) -> AlreadyPosted | Refused:
    """Answer a posting whose key is in the book already, with this digest and under this reference."""
    if digest == posting.digest:
        return AlreadyPosted(billing_reference)
    return Refused(RefusedReason.KEY_REUSED, f"entry {billing_reference} holds another payment")


def judge_new(posting: Posting, statement: Statement | None, settled: frozenset[str]) -> Refused | None:
    """
    Say why a posting of a new key cannot be taken; None when it can.

    Args:
        posting: What is to be posted.

        statement: The customer's unpaid invoices, or None for an unknown customer.

        settled: References of the customer's invoices that are paid.
    """
    if statement is None:
        return Refused(RefusedReason.UNKNOWN_CUSTOMER)
    unpaid = {invoice.reference: invoice.amount for invoice in statement.invoices}
    for paid in posting.invoices:
        if paid.reference in settled:
            return Refused(RefusedReason.ALREADY_PAID, paid.reference)
        if paid.reference not in unpaid:
            return Refused(RefusedReason.UNKNOWN_INVOICE, paid.reference)
        if unpaid[paid.reference] != paid.amount:
            due = unpaid[paid.reference]
            return Refused(
                RefusedReason.AMOUNT_DIFFERS, f"{paid.reference}: {due} is due, {paid.amount} was paid"
            )
    return None
