"""
Pay utility bills by card: what a water and electricity operator adds to a `cmi_gateway` merchant.

Invoices are selected, a fee is added, the customer accepts the quote and pays at the gateway; the journal
remembers every step, and the receipt proves it. The names below are the whole public surface. Each is
imported when it is first used, so that ``import rak_billing`` costs next to nothing and needs no database.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

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

#: Where each public name lives, in the order of `__all__`.
_MODULES: Final = {
    "CASABLANCA": "rak_billing.business_day",
    "Account": "rak_billing.invoices",
    "BillingError": "rak_billing.errors",
    "BillingUnavailableError": "rak_billing.errors",
    "Checkout": "rak_billing.checkout",
    "EmailError": "rak_billing.errors",
    "Fee": "rak_billing.fees.schedule",
    "FeeError": "rak_billing.errors",
    "FeeSchedule": "rak_billing.fees.schedule",
    "FeeScheduleError": "rak_billing.errors",
    "InstantError": "rak_billing.errors",
    "Invoice": "rak_billing.invoices",
    "InvoiceError": "rak_billing.errors",
    "InvoicesAlreadyPaidError": "rak_billing.errors",
    "Journal": "rak_billing.payments.journal",
    "JournalError": "rak_billing.errors",
    "MailError": "rak_billing.errors",
    "NothingToPayError": "rak_billing.errors",
    "Quote": "rak_billing.quote",
    "QuoteChangedError": "rak_billing.errors",
    "QuoteError": "rak_billing.errors",
    "Receipt": "rak_billing.receipt",
    "ReceiptError": "rak_billing.errors",
    "Refusal": "rak_billing.selection",
    "Selection": "rak_billing.selection",
    "SelectionError": "rak_billing.errors",
    "Statement": "rak_billing.invoices",
    "Tenant": "rak_billing.tenant",
    "TenantError": "rak_billing.errors",
    "TermsNotAcceptedError": "rak_billing.errors",
    "business_date": "rak_billing.business_day",
    "posting_date": "rak_billing.business_day",
    "select": "rak_billing.selection",
}

__all__ = [
    "CASABLANCA",
    "Account",
    "BillingError",
    "BillingUnavailableError",
    "Checkout",
    "EmailError",
    "Fee",
    "FeeError",
    "FeeSchedule",
    "FeeScheduleError",
    "InstantError",
    "Invoice",
    "InvoiceError",
    "InvoicesAlreadyPaidError",
    "Journal",
    "JournalError",
    "MailError",
    "NothingToPayError",
    "Quote",
    "QuoteChangedError",
    "QuoteError",
    "Receipt",
    "ReceiptError",
    "Refusal",
    "Selection",
    "SelectionError",
    "Statement",
    "Tenant",
    "TenantError",
    "TermsNotAcceptedError",
    "business_date",
    "posting_date",
    "select",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
