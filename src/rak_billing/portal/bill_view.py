"""The bill as the pages show it: lines with their ticks, the customer's masked name, and the totals of what is ticked."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import attrs

from cmi_gateway.money import Money
from rak_billing.display import amount_text
from rak_billing.errors import SelectionError
from rak_billing.fees.schedule import Card
from rak_billing.invoices import Account, Invoice, Statement
from rak_billing.masking import mask_address, mask_name
from rak_billing.portal.context import portal
from rak_billing.portal.problems import Problem
from rak_billing.quote import Quote
from rak_billing.selection import Refusal
from rak_billing.selection.judging import Bill, bill_of
from rak_billing.selection.rules import MandatoryIncluded
from rak_billing.selection.suggesting import Suggestion

__all__ = [
    "CustomerView",
    "Line",
    "Totals",
    "lines_of",
    "reason_of",
    "refusal_problems",
    "suggestion_of",
    "totals_of",
]


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
        bar: Why it cannot be chosen; empty when it can.
    """

    anchor: str
    reference: str
    description: str
    amount: Money
    ticked: bool
    mandatory: bool
    bar: str


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


def lines_of(statement: Statement, ticked: Collection[str]) -> tuple[Line, ...]:
    """Lay out the bill; mandatory invoices are ticked whatever was chosen, for the customer to see."""
    bill = bill_of(statement.invoices, portal().tenant.selection)
    demands = bill.rules.has(MandatoryIncluded)
    return tuple(
        _line(number, invoice, ticked, bill, is_locked=demands and invoice.is_mandatory)
        for number, invoice in enumerate(statement.invoices, start=1)
    )


def _line(number: int, invoice: Invoice, ticked: Collection[str], bill: Bill, *, is_locked: bool) -> Line:
    bars = bill.bars.get(invoice.reference, ())
    mandatory = is_locked and not bars
    return Line(
        f"facture-{number}",
        invoice.reference,
        invoice.description,
        invoice.amount,
        ticked=mandatory or (invoice.reference in ticked and not bars),
        mandatory=mandatory,
        bar=" ; ".join(reason_of(refusal) for refusal in bars),
    )


def totals_of(statement: Statement, lines: Sequence[Line], card: Card) -> Totals:
    """Add up the ticked lines with the fee; nothing ticked is nothing to pay."""
    ticked = [line.reference for line in lines if line.ticked]
    try:
        quote: Quote = portal().checkout.preview(statement, ticked, card)
    except SelectionError:
        return Totals(Money(0), Money(0), Money(0))
    return Totals(quote.invoices_total, quote.fee.gross, quote.total)


def reason_of(refusal: Refusal) -> str:
    """Say why, in the customer's language."""
    limit = refusal.limit
    return portal().texts.text(
        f"refusal.{refusal.rule}",
        reference=refusal.reference or "",
        references=", ".join(other for other in refusal.references if other != refusal.reference),
        limit=amount_text(limit) if isinstance(limit, Money) else str(limit),
    )


def suggestion_of(statement: Statement, chosen: Collection[str]) -> tuple[str, ...]:
    """Say what to tick and untick, where a choice that the rules refuse can be mended."""
    texts, found = portal().texts, portal().checkout.suggest(statement, chosen)
    if not isinstance(found, Suggestion):
        return ()
    changes = {"selection.suggest_add": found.add, "selection.suggest_remove": found.remove}
    return tuple(texts.text(key, references=", ".join(names)) for key, names in changes.items() if names)


def refusal_problems(refusals: Sequence[Refusal], lines: Sequence[Line]) -> tuple[Problem, ...]:
    """Say every refusal in the customer's language, each linked to its line."""
    anchors = {line.reference: line.anchor for line in lines}
    return tuple(
        Problem(anchors.get(refusal.reference or "", "factures"), reason_of(refusal)) for refusal in refusals
    )
