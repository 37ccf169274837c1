"""What a customer accepts before paying: the chosen invoices, the fee, and one total."""

from __future__ import annotations

from datetime import datetime

import attrs

from cmi_gateway.errors import MoneyError
from cmi_gateway.money import Money
from rak_billing.errors import InstantError, QuoteError
from rak_billing.fees.schedule import Fee
from rak_billing.invoices import FEE_REFERENCE
from rak_billing.selection import Selection

__all__ = ["FEE_DESCRIPTION", "Quote", "QuoteLine"]

#: The guide's name of the fee line (rule R28).
FEE_DESCRIPTION = "Frais du service en ligne"


@attrs.frozen
class QuoteLine:
    """
    One line of the recap, the order and the receipt.

    Attributes:
        reference: Of the invoice, or ``FRAIS``.
        description: The guide's words for it (rules R19, R28).
        amount: All taxes included.
    """

    reference: str
    description: str
    amount: Money


@attrs.frozen
class Quote:
    """
    A selection and its fee; made by `Quote.of`.

    Attributes:
        selection: The chosen invoices.
        fee: What is added for paying online, computed for the total of these invoices.
        total: What the customer pays: invoices and fee.
        expires_at: Until when it may be accepted, aware; None while nobody has to hurry.
    """

    selection: Selection
    fee: Fee
    total: Money
    expires_at: datetime | None = attrs.field(default=None)

    @expires_at.validator
    def _is_an_instant(self, _field: attrs.Attribute[datetime | None], value: datetime | None) -> None:
        if value is not None and value.utcoffset() is None:
            raise InstantError("expected the expiry with its offset from UTC")

    @classmethod
    def of(cls, selection: Selection, fee: Fee, *, expires_at: datetime | None = None) -> Quote:
        """
        Put a fee to the selection that it was computed for.

        Args:
            selection: Made by `rak_billing.select`.
            fee: Computed for the total of *selection*.
            expires_at: Until when it may be accepted, aware.

        Raises:
            InstantError: *expires_at* has no offset from UTC.
            QuoteError: the fee was computed for another total, or both together are more than one
                payment can carry.
        """
        if fee.base != selection.total:
            raise QuoteError(
                f"the fee was computed for {fee.base}, the selection is {selection.total}: compute it again"
            )
        try:
            return cls(selection, fee, selection.total + fee.gross, expires_at)
        except MoneyError as error:
            raise QuoteError("invoices and fee together are more than one payment can carry") from error

    @property
    def invoices_total(self) -> Money:
        """The sum of the invoices, without the fee."""
        return self.selection.total

    @property
    def lines(self) -> tuple[QuoteLine, ...]:
        """The invoices in the order of the bill, then the fee, even one of 0,00 (rules R28, I31)."""
        invoices = [
            QuoteLine(invoice.reference, invoice.description, amount)
            for invoice, amount in zip(self.selection.invoices, self.selection.amounts, strict=True)
        ]
        return (*invoices, QuoteLine(FEE_REFERENCE, FEE_DESCRIPTION, self.fee.gross))
