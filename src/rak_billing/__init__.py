"""
Pay utility bills by card: what a water and electricity operator adds to a `cmi_gateway` merchant.

Invoices are selected, a fee is added, the customer accepts the quote and pays at the gateway; the journal
remembers every step, and the receipt proves it. The names below are the whole public surface. Each is
imported when it is first used, so that ``import rak_billing`` costs next to nothing and needs no database.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rak_billing.business_day import CASABLANCA, business_date, posting_date
    from rak_billing.checkout import Checkout
    from rak_billing.errors import (
        BillingError,
        BillingUnavailableError,
        EmailError,
        FeeError,
        FeeScheduleError,
        InstantError,
        InvoiceError,
        InvoicesAlreadyPaidError,
        JournalError,
        MailError,
        NothingToPayError,
        QuoteChangedError,
        QuoteError,
        ReceiptError,
        SelectionError,
        TenantError,
        TermsNotAcceptedError,
    )
    from rak_billing.fees.schedule import Fee, FeeSchedule
    from rak_billing.invoices import Account, Invoice, Statement
    from rak_billing.payments.journal import Journal
    from rak_billing.quote import Quote
    from rak_billing.receipt import Receipt
    from rak_billing.selection import Refusal, Selection, select
    from rak_billing.tenant import Tenant

#: The module that holds each public name.
_HOMES: Final = {
    "Account": "invoices",
    "BillingError": "errors",
    "BillingUnavailableError": "errors",
    "CASABLANCA": "business_day",
    "Checkout": "checkout",
    "EmailError": "errors",
    "Fee": "fees.schedule",
    "FeeError": "errors",
    "FeeSchedule": "fees.schedule",
    "FeeScheduleError": "errors",
    "InstantError": "errors",
    "Invoice": "invoices",
    "InvoiceError": "errors",
    "InvoicesAlreadyPaidError": "errors",
    "Journal": "payments.journal",
    "JournalError": "errors",
    "MailError": "errors",
    "NothingToPayError": "errors",
    "Quote": "quote",
    "QuoteChangedError": "errors",
    "QuoteError": "errors",
    "Receipt": "receipt",
    "ReceiptError": "errors",
    "Refusal": "selection",
    "Selection": "selection",
    "SelectionError": "errors",
    "Statement": "invoices",
    "Tenant": "tenant",
    "TenantError": "errors",
    "TermsNotAcceptedError": "errors",
    "business_date": "business_day",
    "posting_date": "business_day",
    "select": "selection",
}

__all__ = [  # noqa: PLE0604 - sorted and complete by construction
    *sorted(_HOMES)
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for (PEP 562)."""
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
