"""
Pay utility bills by card: what a water and electricity operator adds to a `cmi_gateway` merchant.

Invoices are selected, a fee is added, the customer accepts the quote and pays at the gateway; the journal
remembers every step, and the receipt proves it. The names below are the whole public surface. Each is
imported when it is first used, so that ``import rak_billing`` costs next to nothing and needs no database.
"""

from importlib import import_module

# Type checkers read this name as true. Importing `typing` for it would cost more than all the rest.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from rak_billing.business_day import CASABLANCA as CASABLANCA
    from rak_billing.business_day import business_date as business_date
    from rak_billing.business_day import posting_date as posting_date
    from rak_billing.checkout import Checkout as Checkout
    from rak_billing.errors import BillingError as BillingError
    from rak_billing.errors import BillingUnavailableError as BillingUnavailableError
    from rak_billing.errors import EmailError as EmailError
    from rak_billing.errors import FactError as FactError
    from rak_billing.errors import FeeError as FeeError
    from rak_billing.errors import FeeScheduleError as FeeScheduleError
    from rak_billing.errors import InstantError as InstantError
    from rak_billing.errors import InvoiceError as InvoiceError
    from rak_billing.errors import InvoicesAlreadyPaidError as InvoicesAlreadyPaidError
    from rak_billing.errors import JournalError as JournalError
    from rak_billing.errors import LanguageError as LanguageError
    from rak_billing.errors import MailError as MailError
    from rak_billing.errors import MandatoryPatternError as MandatoryPatternError
    from rak_billing.errors import NothingToPayError as NothingToPayError
    from rak_billing.errors import NotPayableOnlineError as NotPayableOnlineError
    from rak_billing.errors import QuoteChangedError as QuoteChangedError
    from rak_billing.errors import QuoteError as QuoteError
    from rak_billing.errors import QuoteExpiredError as QuoteExpiredError
    from rak_billing.errors import QuoteSealError as QuoteSealError
    from rak_billing.errors import ReceiptError as ReceiptError
    from rak_billing.errors import SelectionError as SelectionError
    from rak_billing.errors import SelectionRulesError as SelectionRulesError
    from rak_billing.errors import SettingError as SettingError
    from rak_billing.errors import TenantError as TenantError
    from rak_billing.errors import TermsNotAcceptedError as TermsNotAcceptedError
    from rak_billing.fees.rule import FeeRule as FeeRule
    from rak_billing.fees.schedule import Fee as Fee
    from rak_billing.fees.schedule import FeeSchedule as FeeSchedule
    from rak_billing.fees.tariff import Tariff as Tariff
    from rak_billing.invoice_facts import InvoiceKind as InvoiceKind
    from rak_billing.invoice_facts import InvoiceStatus as InvoiceStatus
    from rak_billing.invoice_facts import VatLine as VatLine
    from rak_billing.invoices import Account as Account
    from rak_billing.invoices import Invoice as Invoice
    from rak_billing.invoices import Statement as Statement
    from rak_billing.mandatory_pattern import MandatoryPattern as MandatoryPattern
    from rak_billing.payments.journal import Journal as Journal
    from rak_billing.quote import Quote as Quote
    from rak_billing.quote import QuoteLine as QuoteLine
    from rak_billing.quote_facts import QuoteChange as QuoteChange
    from rak_billing.quote_seal import SealedQuote as SealedQuote
    from rak_billing.receipt import Receipt as Receipt
    from rak_billing.recovery.sweeping import SweepReport as SweepReport
    from rak_billing.selection import Refusal as Refusal
    from rak_billing.selection import Selection as Selection
    from rak_billing.selection import SelectionRule as SelectionRule
    from rak_billing.selection import select as select
    from rak_billing.selection.rules import SelectionRules as SelectionRules
    from rak_billing.selection.suggesting import NoSuggestion as NoSuggestion
    from rak_billing.selection.suggesting import Suggestion as Suggestion
    from rak_billing.selection.suggesting import suggest as suggest
    from rak_billing.tenant import Tenant as Tenant

#: The module that holds each public name.
_HOMES = {
    "Account": "invoices",
    "BillingError": "errors",
    "BillingUnavailableError": "errors",
    "CASABLANCA": "business_day",
    "Checkout": "checkout",
    "EmailError": "errors",
    "FactError": "errors",
    "Fee": "fees.schedule",
    "FeeError": "errors",
    "FeeRule": "fees.rule",
    "FeeSchedule": "fees.schedule",
    "FeeScheduleError": "errors",
    "InstantError": "errors",
    "Invoice": "invoices",
    "InvoiceError": "errors",
    "InvoiceKind": "invoice_facts",
    "InvoiceStatus": "invoice_facts",
    "InvoicesAlreadyPaidError": "errors",
    "Journal": "payments.journal",
    "JournalError": "errors",
    "LanguageError": "errors",
    "MailError": "errors",
    "MandatoryPattern": "mandatory_pattern",
    "MandatoryPatternError": "errors",
    "NoSuggestion": "selection.suggesting",
    "NotPayableOnlineError": "errors",
    "NothingToPayError": "errors",
    "Quote": "quote",
    "QuoteChange": "quote_facts",
    "QuoteChangedError": "errors",
    "QuoteError": "errors",
    "QuoteExpiredError": "errors",
    "QuoteLine": "quote",
    "QuoteSealError": "errors",
    "Receipt": "receipt",
    "ReceiptError": "errors",
    "Refusal": "selection",
    "SealedQuote": "quote_seal",
    "Selection": "selection",
    "SelectionError": "errors",
    "SelectionRule": "selection",
    "SelectionRules": "selection.rules",
    "SelectionRulesError": "errors",
    "SettingError": "errors",
    "Statement": "invoices",
    "SweepReport": "recovery.sweeping",
    "Suggestion": "selection.suggesting",
    "Tariff": "fees.tariff",
    "Tenant": "tenant",
    "TenantError": "errors",
    "TermsNotAcceptedError": "errors",
    "VatLine": "invoice_facts",
    "business_date": "business_day",
    "posting_date": "business_day",
    "select": "selection",
    "suggest": "selection.suggesting",
}

__all__ = [
    "CASABLANCA",
    "Account",
    "BillingError",
    "BillingUnavailableError",
    "Checkout",
    "EmailError",
    "FactError",
    "Fee",
    "FeeError",
    "FeeRule",
    "FeeSchedule",
    "FeeScheduleError",
    "InstantError",
    "Invoice",
    "InvoiceError",
    "InvoiceKind",
    "InvoiceStatus",
    "InvoicesAlreadyPaidError",
    "Journal",
    "JournalError",
    "LanguageError",
    "MailError",
    "MandatoryPattern",
    "MandatoryPatternError",
    "NoSuggestion",
    "NotPayableOnlineError",
    "NothingToPayError",
    "Quote",
    "QuoteChange",
    "QuoteChangedError",
    "QuoteError",
    "QuoteExpiredError",
    "QuoteLine",
    "QuoteSealError",
    "Receipt",
    "ReceiptError",
    "Refusal",
    "SealedQuote",
    "Selection",
    "SelectionError",
    "SelectionRule",
    "SelectionRules",
    "SelectionRulesError",
    "SettingError",
    "Statement",
    "Suggestion",
    "SweepReport",
    "Tariff",
    "Tenant",
    "TenantError",
    "TermsNotAcceptedError",
    "VatLine",
    "business_date",
    "posting_date",
    "select",
    "suggest",
]


if not TYPE_CHECKING:  # else a checker would take any misspelt name for a public one

    def __getattr__(name: str) -> object:
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
