"""
Every error that `rak_billing` raises, as one tree.

::

    BillingError                    base; never raised itself
    ├── FactError                   base: a fact from outside does not hold (field, reason)
    │   ├── InvoiceError            of an invoice or account
    │   ├── NotPayableOnlineError   of a bill that the gateway would refuse
    │   ├── PostingFactError        of a posting
    │   └── ReceiptError            of a receipt
    ├── SettingError                base: a configuration file is wrong (source, key, reason)
    │   ├── FeeScheduleError        of a fee schedule; a FeeError too
    │   ├── MandatoryPatternError   of the pattern that finds mandatory invoices in a text
    │   ├── SelectionRulesError     of the rules of selection
    │   └── TenantError             of an operator
    ├── InstantError                an instant without its offset from UTC (which day it lies in is a guess), or of no calendar day
    ├── SelectionError              these invoices may not be paid together (refusals)
    ├── FeeError                    no fee can be computed: card, date or amounts do not fit the schedule
    ├── NotCompilableError          a tariff cannot be written for an engine exactly (engine, reason)
    ├── InvoiceFileError            a file of invoices cannot be priced as it is (source, reason)
    ├── QuoteError                  the fee was computed for another selection
    ├── QuoteChangedError           the bill is no longer what the customer accepted (statement, quote, changes)
    ├── QuoteExpiredError           the customer accepted a quote, but too long ago (expired_at)
    ├── QuoteSealError              what came back as accepted is no quote of ours for this customer
    ├── BillingUnavailableError     the billing system gave no usable answer: says nothing about the customer
    │   ├── BillingTimeoutError     it took too long
    │   └── BillingAnswerError      it answered, and nobody can tell what
    ├── PostingError                base: whether billing took a posting was not learnt (key, safe_to_retry)
    │   ├── PostingNotSentError     nothing left this machine; safe to repeat
    │   └── PostingUnknownError     sent, no readable answer; it may be in the books
    ├── ResolutionError             what a person says of a payment cannot be written (reference, reason)
    ├── NothingToPayError           unknown customer, or no unpaid invoice: one case to a stranger (rule R15)
    ├── InvoicesAlreadyPaidError    paid here, though billing may not know it yet (references)
    ├── TermsNotAcceptedError       the customer did not accept the terms (rule R30)
    ├── EmailError                  not an address that the receipt could be sent to
    ├── LanguageError               the gateway's page does not speak it
    ├── JournalError                the journal refused a record
    │   ├── CommitUnknownError      the connection was lost while committing: kept or not is unknown
    │   ├── StaleStateError         another transaction moved an order meanwhile; nothing was written
    │   ├── JournalBusyError        others held the database for too long; nothing was written
    │   ├── SchemaVersionError      the database is of another version than this package (found, expected)
    │   ├── ForeignTablesError      tables of the journal's names are there, and they are not the journal's (tables)
    │   ├── JournalSettingError     the journal cannot be opened as it is set up: address, driver, disk, keys (setting)
    │   └── SealError               a sealed value cannot be opened: key missing, or altered (place, missing_key)
    └── MailError                   a message could not be handed over

Callers choose by class and attributes, never by the text of a message.
Messages hold no name, address, e-mail or secret; attributes may, where a page has to show them.
All of them pickle with their attributes, so a queue or a worker keeps them whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rak_billing.invoices import Statement
    from rak_billing.quote import Quote
    from rak_billing.quote_facts import QuoteChange
    from rak_billing.selection import Refusal

__all__ = [
    "BillingAnswerError",
    "BillingError",
    "BillingTimeoutError",
    "BillingUnavailableError",
    "CommitUnknownError",
    "EmailError",
    "FactError",
    "FeeError",
    "FeeScheduleError",
    "ForeignTablesError",
    "InstantError",
    "InvoiceError",
    "InvoiceFileError",
    "InvoicesAlreadyPaidError",
    "JournalBusyError",
    "JournalError",
    "JournalSettingError",
    "LanguageError",
    "MailError",
    "MandatoryPatternError",
    "NotCompilableError",
    "NotPayableOnlineError",
    "NothingToPayError",
    "PostingError",
    "PostingFactError",
    "PostingNotSentError",
    "PostingUnknownError",
    "QuoteChangedError",
    "QuoteError",
    "QuoteExpiredError",
    "QuoteSealError",
    "ReceiptError",
    "ResolutionError",
    "SchemaVersionError",
    "SealError",
    "SelectionError",
    "SelectionRulesError",
    "SettingError",
    "StaleStateError",
    "TenantError",
    "TermsNotAcceptedError",
]


class BillingError(Exception):
    """Base of every error of this package; catch it to catch them all."""

    def __reduce__(self) -> tuple[object, ...]:
        # The default calls the class with the message alone, which loses what subclasses carry.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(cls: type[BillingError], args: tuple[object, ...], state: dict[str, object]) -> BillingError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    return error


class FactError(BillingError):
    """
    A fact from outside does not hold.

    Attributes:
        field: Name of the field.
        reason: What was expected and what came.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class SettingError(BillingError):
    """
    A configuration has an unknown key, lacks one, or holds a value that is not allowed.

    Attributes:
        source: The file, preset or value that was read.
        key: The key at fault.
        reason: What was expected and what came.
    """

    def __init__(self, source: str, key: str, reason: str) -> None:
        super().__init__(f"{source}: {key}: {reason}")
        self.source = source
        self.key = key
        self.reason = reason


class InstantError(BillingError, ValueError):
    """A date and time came without its offset from UTC, lies beyond the calendar, or is none at all."""


class InvoiceError(FactError):
    """An invoice or account from the billing system has a field that does not hold."""


class NotPayableOnlineError(FactError):
    """
    The gateway would refuse what these bills say; nothing was written, and another try ends alike.

    Attributes:
        field: Name of the gateway's field.
        reason: What was expected and what came.
    """


class PostingFactError(FactError):
    """A posting has a field that does not hold; it was not sent."""


class SelectionError(BillingError):
    """
    The chosen invoices may not be paid together.

    Attributes:
        refusals: Every reason, each with its rule and invoice; never empty.
    """

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__(
            "; ".join(f"{refusal.rule}: {refusal.reference or '-'}" for refusal in self.refusals)
        )


class SelectionRulesError(SettingError):
    """The rules of selection are wrong, so no choice can be judged by them."""


class MandatoryPatternError(SettingError):
    """The pattern that finds mandatory invoices in a text is dangerous, or does not do what was said of it."""


class FeeError(BillingError):
    """No fee can be computed for this amount, card or date."""


class FeeScheduleError(SettingError, FeeError):
    """A fee schedule is wrong, so no fee can come of it."""


class NotCompilableError(BillingError):
    """
    A tariff cannot be written for an engine without changing some figure, so it is not written at all.

    Attributes:
        engine: ``DuckDB`` or ``Spark``.
        reason: What about the tariff does not fit.
        in_french: The same for the operator.
    """

    def __init__(self, engine: str, reason: str, in_french: str) -> None:
        super().__init__(f"not exact on {engine}: the tariff {reason}")
        self.engine = engine
        self.reason = reason
        self.in_french = f"pas de calcul exact avec {engine} : le barème {in_french}"


class InvoiceFileError(BillingError):
    """
    A file of invoices cannot be priced as it is.

    Attributes:
        source: The file.
        reason: What was expected and what came.
        in_french: The same, with the file, for the operator.
    """

    def __init__(self, source: str, reason: str, in_french: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason
        self.in_french = f"{source} : {in_french}"


class QuoteError(BillingError):
    """A selection and a fee do not belong together."""


class QuoteChangedError(BillingError):
    """
    The bill or its total is no longer what the customer accepted: show it again, take no money.

    Attributes:
        statement: What the billing system says now.
        quote: The same choice at today's amounts, or None when that choice is no longer possible.
        changes: What differs from the sealed quote, fact by fact, each a `rak_billing.QuoteChange`. Empty when a bare
            total was accepted, or when the choice is no longer possible.
    """

    def __init__(
        self, statement: Statement, quote: Quote | None, changes: Iterable[QuoteChange] = ()
    ) -> None:
        self.statement = statement
        self.quote = quote
        self.changes = tuple(changes)
        what = ", ".join(str(change) for change in self.changes) or "the invoices or their total"
        super().__init__(f"changed since the customer accepted the quote: {what}")


class QuoteExpiredError(BillingError):
    """
    The customer accepted a quote after its time: show the bill again, take no money.

    Attributes:
        expired_at: Until when it could be accepted, in UTC.
    """

    def __init__(self, expired_at: datetime) -> None:
        super().__init__(f"the quote could be accepted until {expired_at}; quote again")
        self.expired_at = expired_at


class QuoteSealError(BillingError):
    """
    A text that came as an accepted quote is none of ours, was changed on its way, or is another customer's.

    Also a receipt that does not agree with the quote that was accepted for it.
    """


class ReceiptError(FactError):
    """A receipt cannot be made from these facts."""


class BillingUnavailableError(BillingError):
    """The billing system gave no usable answer; whether the customer exists is unknown."""


class BillingTimeoutError(BillingUnavailableError):
    """The billing system took longer than it is given."""


class BillingAnswerError(BillingUnavailableError):
    """The billing system answered, but what it said cannot be read, or cannot be true."""


class PostingError(BillingError):
    """
    Whether the billing system took a posting was not learnt.

    Attributes:
        key: The posting's.
        reason: What was expected and what came.
        safe_to_retry: Whether it may be posted again without asking anything first.
    """

    safe_to_retry = False

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"posting {key}: {reason}")
        self.key = key
        self.reason = reason


class PostingNotSentError(PostingError):
    """Nothing left this machine, or billing certainly did not begin: post it again later."""

    safe_to_retry = True


class PostingUnknownError(PostingError):
    """
    It was sent, and no readable answer came: it may be in the books or not.

    What to do follows from the adapter's declared way: `rak_billing.exactly_once.after_unknown`.
    """


class ResolutionError(BillingError):
    """
    What a person says of a payment cannot be written.

    Attributes:
        reference: The attempt or message that they spoke of.
        reason: What was expected.
    """

    def __init__(self, reference: str, reason: str) -> None:
        super().__init__(reference, reason)
        self.reference = reference
        self.reason = reason

    def __str__(self) -> str:
        """Say of what, and what was expected."""
        return f"{self.reference:.70}: {self.reason}"


class NothingToPayError(BillingError):
    """The customer is unknown or has nothing to pay; the two are told apart nowhere (rule R15)."""


class InvoicesAlreadyPaidError(BillingError):
    """
    The chosen invoices are paid here, though billing lists them still.

    Attributes:
        references: The invoices concerned.
    """

    def __init__(self, references: Iterable[str]) -> None:
        self.references = tuple(references)
        super().__init__(f"already paid here: {', '.join(self.references)}")


class TermsNotAcceptedError(BillingError):
    """The customer did not accept the general terms (rule R30)."""


class EmailError(BillingError):
    """The text is not an e-mail address that a receipt could be sent to."""


class LanguageError(BillingError):
    """The gateway's page does not speak this language."""


class TenantError(SettingError):
    """The configuration of an operator is wrong."""


class JournalError(BillingError):
    """The journal refused a record, or does not hold what was asked of it."""


class CommitUnknownError(JournalError):
    """
    The connection was lost while committing: the work is kept whole, or not at all, and only the database knows which.

    Ask again by the keys of what was to be written, or do the work again where it begins by looking for itself.
    """


class StaleStateError(JournalError):
    """Another transaction moved the order meanwhile. Nothing was written: read again, and decide again."""


class JournalBusyError(JournalError):
    """Other writers held the database for longer than anybody waits. Nothing was written; try again later."""


class SchemaVersionError(JournalError):
    """
    The tables are not those that this version of the package works with.

    Attributes:
        found: The version of the tables; None where there are none.
        expected: The version that this package needs.
    """

    def __init__(self, found: str | None, expected: str) -> None:
        super().__init__(
            f"expected tables of version {expected}, found {found or 'none'}: stop the writers and run "
            "`rak-billing db upgrade`, or install the version of the package that made them"
        )
        self.found = found
        self.expected = expected


class ForeignTablesError(JournalError):
    """
    Tables that bear the journal's names are there already, and are not the journal's; nothing was changed.

    Attributes:
        tables: Their names.
    """

    def __init__(self, tables: Iterable[str]) -> None:
        self.tables = tuple(sorted(tables))
        super().__init__(
            f"expected a database without tables of other programs named {', '.join(self.tables)}: give the journal a "
            "database or a schema of its own"
        )


class JournalSettingError(JournalError):
    """
    The journal cannot be opened as it is set up.

    Attributes:
        setting: Which setting does not hold: ``url``, ``driver``, ``file``, ``gate``, ``network_disk``, ``durability``,
            ``keys``, ``no_keys`` or ``old_keys``.
    """

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(message)
        self.setting = setting


class SealError(JournalError):
    """
    A sealed value cannot be opened: its key is not among those given, or it was altered or moved.

    Attributes:
        place: Table and column.
        reason: What was expected and what came.
        missing_key: The name of the key that is not among those given; None where the key is there.
    """

    def __init__(self, place: str, reason: str, missing_key: str | None = None) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason
        self.missing_key = missing_key


class MailError(BillingError):
    """A message could not be handed to the mail system; it stays in the outbox."""
