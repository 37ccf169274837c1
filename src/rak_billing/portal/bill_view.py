"""The bill as the pages show it: lines with their ticks, the customer's masked name, and the totals of what is ticked."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import attrs

from cmi_gateway.money import Money
from rak_billing.errors import SelectionError
from rak_billing.fees.schedule import Card
from rak_billing.invoices import Account, Statement
from rak_billing.masking import mask_address, mask_name
from rak_billing.portal.context import portal
from rak_billing.portal.problems import Problem
from rak_billing.quote import Quote
from rak_billing.selection import Refusal

__all__ = ["CustomerView", "Line", "Totals", "lines_of", "locked", "refusal_problems", "totals_of"]


@attrs.frozen
class Line:
    """
    One row of the list of invoices.

    Attributes:
        anchor: Id of its box.
        reference: Of the invoice.
        description: The guide's words.
        amount: All taxes included.
        ticked: Whether its box is ticked.
        mandatory: Whether the customer cannot leave it out (rule R23).
    """

    anchor: str
    reference: str
    description: str
    amount: Money
    ticked: bool
    mandatory: bool


@attrs.frozen
class Totals:
    """The three figures of rule R21, always those of the ticked lines (rule I05)."""

    invoices: Money
    fee: Money
    total: Money


@attrs.frozen
class CustomerView:
    """Name, address and e-mail as rule R17 shows them; name and address masked unless the operator says otherwise."""

    name: str = attrs.field(repr=False)
    address: str = attrs.field(repr=False)
    email: str = attrs.field(repr=False)

    @classmethod
    def of(cls, account: Account, email: str) -> CustomerView:
        """Show *account*; the e-mail is the one that was typed."""
        if portal().tenant.mask_personal_data:
            return cls(mask_name(account.name), mask_address(account.address), email)
        return cls(account.name, account.address, email)


def locked(statement: Statement) -> frozenset[str]:
    """Give the references that every payment must contain."""
    return frozenset(i.reference for i in statement.invoices if i.is_mandatory and i.is_payable)


def lines_of(statement: Statement, ticked: Collection[str]) -> tuple[Line, ...]:
    """Lay out the bill; mandatory invoices are ticked whatever was chosen, for the customer to see."""
    mandatory = locked(statement)
    return tuple(
        Line(
            f"facture-{number}",
            invoice.reference,
            invoice.description,
            invoice.amount,
            ticked=invoice.reference in mandatory or invoice.reference in ticked,
            mandatory=invoice.reference in mandatory,
        )
        for number, invoice in enumerate(statement.invoices, start=1)
    )


def totals_of(statement: Statement, lines: Sequence[Line], card: Card) -> Totals:
    """Add up the ticked lines with the fee; nothing ticked is nothing to pay."""
    ticked = [line.reference for line in lines if line.ticked]
    nothing = Money(0)
    try:
        quote: Quote = portal().checkout.quote(statement, ticked, card)
    except SelectionError:
        return Totals(nothing, nothing, nothing)
    return Totals(quote.invoices_total, quote.fee.gross, quote.total)


def refusal_problems(refusals: Sequence[Refusal], lines: Sequence[Line]) -> tuple[Problem, ...]:
    """Say every refusal in the customer's language, each linked to its line."""
    anchors = {line.reference: line.anchor for line in lines}
    texts = portal().texts
    return tuple(
        Problem(
            anchors.get(refusal.reference or "", "factures"),
            texts.text(f"refusal.{refusal.rule}", reference=refusal.reference or ""),
        )
        for refusal in refusals
    )
