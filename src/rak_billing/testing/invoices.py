"""
Random bills, choices and rules of selection.

::

    from hypothesis import given
    from rak_billing.testing.invoices import bills


    @given(bills())
    def test_my_adapter_keeps_every_invoice(bill): ...
"""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.invoices import FEE_REFERENCE, Account, Invoice, InvoiceKind, InvoiceStatus, Statement
from rak_billing.selection import rules as r

__all__ = [
    "accounts",
    "amounts",
    "bills",
    "choices",
    "invoices",
    "references",
    "selection_rules",
    "statements",
]

_SERVICES = ("EAU", "ELECTRICITE", "ASSAINISSEMENT")
_CONTRACTS = (None, "C1", "C2")


def amounts(smallest: int = 1, largest: int = 500_000) -> st.SearchStrategy[Money]:
    """Draw amounts in dirhams, between two numbers of centimes."""
    return st.integers(smallest, largest).map(Money)


def references() -> st.SearchStrategy[str]:
    """Draw references of invoices: mostly digits, sometimes anything that is allowed."""
    digits = st.text("0123456789", min_size=1, max_size=12)
    anything = st.text(st.characters(codec="utf-8"), min_size=1, max_size=32)
    return st.one_of(digits, anything).filter(
        lambda text: text.isprintable() and text == text.strip() and text.upper() != FEE_REFERENCE
    )


def invoices(**fixed: Any) -> st.SearchStrategy[Invoice]:
    """
    Draw invoices; most can be paid, some are credit notes, disputed, collected by the bank, mandatory or cancelled.

    Args:
        fixed: Strategies for fields of `rak_billing.Invoice`, in place of those drawn here.
    """
    rarely = st.sampled_from([False, False, False, True])
    fields: dict[str, st.SearchStrategy[Any]] = {
        "reference": references(),
        "service": st.sampled_from(_SERVICES),
        "period": st.dates(date(2018, 1, 1), date(2018, 12, 31)),
        "due_date": st.integers(1, 12).map(lambda month: date(2019, month, 14)),
        "amount": st.one_of(amounts(), amounts(), amounts(), amounts(-5000, 0)),
        "is_mandatory": rarely,
        "kind": st.sampled_from([InvoiceKind.INVOICE] * 4 + [InvoiceKind.CREDIT_NOTE]),
        "status": st.sampled_from([InvoiceStatus.UNPAID] * 5 + [InvoiceStatus.CANCELLED]),
        "is_disputed": rarely,
        "is_direct_debit": rarely,
        "contract": st.sampled_from(_CONTRACTS),
        "group": st.sampled_from([None, None, "G1", "G2"]),
        "version": st.sampled_from([None, "1", "2"]),
    }
    return st.builds(Invoice, **(fields | fixed))


def bills(min_size: int = 0, max_size: int = 8, **fixed: Any) -> st.SearchStrategy[tuple[Invoice, ...]]:
    """Draw the invoices of one customer, each reference once; *fixed* is that of `invoices`."""
    drawn = st.lists(
        invoices(**fixed), min_size=min_size, max_size=max_size, unique_by=lambda invoice: invoice.reference
    )
    return drawn.map(tuple)


def accounts() -> st.SearchStrategy[Account]:
    """Draw accounts."""
    return st.builds(
        Account,
        customer_ref=st.text("0123456789", min_size=6, max_size=12),
        name=st.sampled_from(["M. BENALI AHMED", "Mme. L'HAJJAMI FATIMA", "STE. GHARB CERAMIQUE"]),
        address=st.just("12 RUE MOHAMED V KENITRA"),
    )


def statements(**fixed: Any) -> st.SearchStrategy[Statement]:
    """Draw what one customer owes; *fixed* is that of `invoices`."""
    return st.builds(Statement, account=accounts(), invoices=bills(**fixed))


def choices(bill: tuple[Invoice, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Draw ticks on *bill*: any of its references, sometimes a stranger or one twice."""
    known = [invoice.reference for invoice in bill]
    strange = st.lists(st.sampled_from([*known, "999999"]), max_size=2) if known else st.just([])
    picked = st.lists(st.sampled_from(known), unique=True) if known else st.just([])
    return st.tuples(picked, st.one_of(st.just([]), strange)).map(lambda drawn: (*drawn[0], *drawn[1]))


def _amount_within() -> st.SearchStrategy[r.AmountWithin]:
    bounds = st.tuples(amounts(), amounts()).map(sorted)
    kept = st.sampled_from([(True, True), (True, False), (False, True)])
    return st.builds(
        lambda pair, keep: r.AmountWithin(pair[0] if keep[0] else None, pair[1] if keep[1] else None),
        bounds,
        kept,
    )


def _partial() -> st.SearchStrategy[r.PartialPayments]:
    modes = st.sampled_from([mode for mode in r.PartialMode if mode is not r.PartialMode.EXACT])
    bounded = st.builds(
        lambda mode, pair: r.PartialPayments(mode, *pair), modes, st.tuples(amounts(), amounts()).map(sorted)
    )
    return st.one_of(st.just(r.PartialPayments()), st.builds(r.PartialPayments, modes), bounded)


def selection_rules() -> st.SearchStrategy[r.SelectionRules]:
    """Draw rules of selection: any of them, in any order, whole invoices or parts."""
    rules: st.SearchStrategy[r.Rule] = st.one_of(
        st.sampled_from(
            [
                *(r.MandatoryIncluded(), r.AllOrNothing(), r.NoCreditNotes(), r.NotUnderDirectDebit()),
                *(r.NotDisputed(), r.NotUnderPayment(), r.GroupsTogether()),
            ]
        ),
        st.builds(r.OldestFirst, st.sampled_from(["bill", "service", "contract"])),
        st.builds(r.AtMostInvoices, st.integers(1, 5)),
        _amount_within(),
    )
    chosen = st.lists(rules, unique_by=lambda rule: rule.kind)
    return st.builds(
        r.SelectionRules, id=st.just("drawn"), version=st.just("1"), rules=chosen, partial=_partial()
    )
