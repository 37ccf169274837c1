"""Prove, from what the journal keeps, that a payment is what its customer accepted."""

from __future__ import annotations

from rak_billing.identifiers import hash_of
from rak_billing.ordering import lines_of
from rak_billing.payments.port import TransactionPort
from rak_billing.payments.records import OrderRecord
from rak_billing.quote_seal import QuoteSeal, SealedQuote
from rak_billing.receipt import Receipt

__all__ = ["prove", "require_accepted"]


def prove(tx: TransactionPort, seal: QuoteSeal, secret: str) -> SealedQuote | None:
    """
    Hold both the receipt, which was printed, and its order, which was paid and is posted, against the sealed quote.

    Args:
        tx: Of the journal.
        seal: Opens what was sealed.
        secret: In the link of the receipt.

    Returns:
        What was accepted; None for a secret of no receipt.

    Raises:
        QuoteSealError: Receipt or order say something else, or the quote was sealed with another key.
    """
    snapshot = tx.receipts.of_secret(hash_of(secret))
    if snapshot is None:
        return None
    order = tx.orders.order(tx.receipts.order_of_secret(hash_of(secret)))
    return require_accepted(seal, order, Receipt.from_dict(snapshot))


def require_accepted(seal: QuoteSeal, order: OrderRecord, receipt: Receipt) -> SealedQuote:
    """
    Hold an order and its receipt against the quote that the order was made of, and give that quote.

    Raises:
        QuoteSealError: Receipt or order say something else, or the quote was sealed with another key.
    """
    # Sealed for the number that was typed, which billing may write otherwise; its invoices say whose it is.
    sealed = seal.read(order.quote.get("seal", ""))
    sealed.require_lines(receipt.lines, receipt.total)
    sealed.require_lines(lines_of(order), order.total)
    return sealed
