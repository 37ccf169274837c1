"""The error tree of rak_billing."""

import inspect
import pickle

import pytest

from rak_billing import errors
from rak_billing.quote_facts import QuoteChange
from rak_billing.selection import Refusal, SelectionRule
from support.bills import PAYMENT_INSTANT, STATEMENT

REFUSAL = Refusal(SelectionRule.MANDATORY_LEFT_OUT, "123456789", "La facture 123456789 est exigible.")

EVERY_ERROR = [
    errors.BillingAnswerError("half a document"),
    errors.BillingTimeoutError("over 5 s"),
    errors.BillingUnavailableError("down"),
    errors.EmailError("no @"),
    errors.FeeError("no such day"),
    errors.FeeScheduleError("rak.toml", "percent", "missing"),
    errors.InstantError("no offset"),
    errors.InvoiceError("reference", "empty"),
    errors.InvoiceFileError("bills.parquet", "no column", "pas de colonne"),
    errors.NotCompilableError("Spark", "needs more digits", "demande plus de chiffres"),
    errors.InvoicesAlreadyPaidError(["123456789"]),
    errors.JournalError("no such order"),
    errors.MailError("refused"),
    errors.LanguageError("no such page"),
    errors.NotPayableOnlineError("ItemNumber1", "empty"),
    errors.ResolutionError("RAK-1", "who, and why"),
    errors.NothingToPayError("nothing"),
    errors.PostingFactError("key", "empty"),
    errors.PostingNotSentError("RAK-1", "no connection"),
    errors.PostingUnknownError("RAK-1", "no answer"),
    errors.QuoteChangedError(STATEMENT, None),
    errors.QuoteChangedError(STATEMENT, None, [QuoteChange("total", "11426", "12132")]),
    errors.QuoteError("other total"),
    errors.QuoteExpiredError(PAYMENT_INSTANT),
    errors.QuoteSealError("not ours"),
    errors.MandatoryPatternError("rak.toml", "pattern", "unbounded"),
    errors.SelectionRulesError("rak.toml", "rules", "unknown"),
    errors.ReceiptError("number", "too short"),
    errors.SelectionError([REFUSAL]),
    errors.TenantError("rak.toml", "name", "missing"),
    errors.TermsNotAcceptedError("box not ticked"),
]


def test_the_module_lists_every_public_error():
    """No public error is missing from __all__."""
    defined = {
        name for name, cls in inspect.getmembers(errors, inspect.isclass) if cls.__module__ == errors.__name__
    }
    assert {name for name in defined if not name.startswith("_")} == set(errors.__all__)


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: type(error).__name__)
def test_errors_pickle_with_their_attributes(error):
    """A queue or a worker gets the error whole."""
    copy = pickle.loads(pickle.dumps(error))
    assert (type(error), str(error), error.__dict__) == (type(copy), str(copy), copy.__dict__)


def test_a_selection_error_names_rules_and_invoices():
    """The message of a log names rule and invoice, and the refusals carry the words for the customer."""
    error = errors.SelectionError([REFUSAL])
    assert "mandatory-left-out: 123456789" == str(error)
    assert (REFUSAL,) == error.refusals


def test_messages_hold_no_personal_data():
    """An error about a statement does not print who it is about."""
    assert "BENALI" not in str(errors.QuoteChangedError(STATEMENT, None))
