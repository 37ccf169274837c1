"""
What an operator can demand of a choice of invoices, as data.

Two kinds of rule. Some bar an invoice whatever else is chosen (`NoCreditNotes`, `NotDisputed`, ...). The others judge the
choice as a whole (`MandatoryIncluded`, `OldestFirst`, ...) and look only at invoices that nothing bars: what cannot be
paid is neither demanded nor waited for, or it would lock the customer out. The one exception is made by a group, whose
invoices go together or not at all: one that is barred bars the others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from enum import StrEnum, unique
from typing import Any, ClassVar, Final, Literal, get_args

import attrs

from cmi_gateway.money import Money
from rak_billing.errors import SelectionRulesError

__all__ = [
    "GUIDE_RULES",
    "NO_RULES",
    "RULES",
    "AllOrNothing",
    "AmountWithin",
    "AtMostInvoices",
    "GroupsTogether",
    "MandatoryIncluded",
    "NoCreditNotes",
    "NotDisputed",
    "NotUnderDirectDebit",
    "NotUnderPayment",
    "OldestFirst",
    "PartialMode",
    "PartialPayments",
    "Rule",
    "SelectionRules",
    "Within",
]

#: Beyond it a limit is a slip.
_MOST_INVOICES: Final = 10_000

Within = Literal["bill", "service", "contract"]


def _refused(field: attrs.Attribute[Any], reason: str) -> SelectionRulesError:
    return SelectionRulesError("selection", field.name, reason)


def _is_amount(_rule: object, field: attrs.Attribute[Any], value: object) -> None:
    if value is not None and not (isinstance(value, Money) and value.centimes > 0):
        raise _refused(
            field, f"expected an amount above zero, as Money or as text such as '50.00', not {value!r:.40}"
        )


def _not_below_the_minimum(rule: Any, field: attrs.Attribute[Any], value: Money | None) -> None:
    if value is None or rule.minimum is None:
        return
    if value.currency != rule.minimum.currency or value < rule.minimum:
        raise _refused(field, f"expected {rule.minimum} or more in the same currency, not {value}")


@attrs.frozen
class MandatoryIncluded:
    """Every mandatory invoice is part of every payment (*exigible*, rule R23)."""

    kind: ClassVar = "mandatory-included"


@attrs.frozen
class OldestFirst:
    """
    No invoice before an older one, by due date; those of one day are free among themselves.

    Attributes:
        within: ``bill`` compares all invoices, ``service`` and ``contract`` those of one service or contract only.
    """

    kind: ClassVar = "oldest-first"
    within: Within = attrs.field(default="bill")

    @within.validator
    def _is_known(self, field: attrs.Attribute[Any], value: object) -> None:
        if value not in get_args(Within):
            raise _refused(field, f"expected one of {', '.join(get_args(Within))}, not {value!r:.40}")


@attrs.frozen
class AllOrNothing:
    """Every invoice that can be paid, or none."""

    kind: ClassVar = "all-or-nothing"


@attrs.frozen
class AtMostInvoices:
    """
    A number of invoices that one payment may hold at most.

    Attributes:
        count: 4 by the Moroccan fee grid of 2024.
    """

    kind: ClassVar = "at-most-invoices"
    count: int = attrs.field()

    @count.validator
    def _is_count(self, field: attrs.Attribute[Any], value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_INVOICES:
            raise _refused(field, f"expected a whole number from 1 to {_MOST_INVOICES}, not {value!r:.40}")


@attrs.frozen
class AmountWithin:
    """
    Bounds of the total of the chosen invoices, without the fee.

    CMI reminds its merchants that a minimum for payment by card is forbidden: set one only after asking.

    Attributes:
        minimum: The least, or None.
        maximum: The most, or None.
    """

    kind: ClassVar = "amount-within"
    minimum: Money | None = attrs.field(default=None, validator=_is_amount)
    maximum: Money | None = attrs.field(default=None, validator=[_is_amount, _not_below_the_minimum])


@attrs.frozen
class NoCreditNotes:
    """A credit note is shown for information and never selected."""

    kind: ClassVar = "no-credit-notes"


@attrs.frozen
class NotUnderDirectDebit:
    """What the bank will collect is not paid a second time by card."""

    kind: ClassVar = "not-under-direct-debit"


@attrs.frozen
class NotDisputed:
    """What the customer contests is not paid online."""

    kind: ClassVar = "not-disputed"


@attrs.frozen
class NotUnderPayment:
    """What a payment under way holds already is not selected again."""

    kind: ClassVar = "not-under-payment"


@attrs.frozen
class GroupsTogether:
    """Invoices with the same ``group`` are paid together or not at all."""

    kind: ClassVar = "groups-together"


Rule = (
    MandatoryIncluded
    | OldestFirst
    | AllOrNothing
    | AtMostInvoices
    | AmountWithin
    | NoCreditNotes
    | NotUnderDirectDebit
    | NotDisputed
    | NotUnderPayment
    | GroupsTogether
)

#: Every rule by the name that files give it.
RULES: Final[dict[str, type[Rule]]] = {rule.kind: rule for rule in get_args(Rule)}


@unique
class PartialMode(StrEnum):
    """How the amount paid for one invoice may differ from what is left to pay on it."""

    EXACT = "exact"
    """It may not: whole invoices (rule R22)."""
    AT_LEAST = "at-least"
    """What is left, or more: the rest is an advance."""
    AT_MOST = "at-most"
    """What is left, or a part of it."""
    FREE = "free"
    """Any amount."""


@attrs.frozen
class PartialPayments:
    """
    Whether, and within which bounds, an invoice may be paid in another amount than what is left on it.

    Attributes:
        mode: ``exact`` unless an operator opts out of whole invoices.
        minimum: The least that is taken for one invoice; one with less left is paid whole.
        maximum: The most that is taken for one invoice that is not paid exactly.
    """

    mode: PartialMode = attrs.field(default=PartialMode.EXACT)
    minimum: Money | None = attrs.field(default=None, validator=_is_amount)
    maximum: Money | None = attrs.field(default=None, validator=[_is_amount, _not_below_the_minimum])

    @mode.validator
    def _is_mode(self, field: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, PartialMode):
            raise _refused(field, f"expected one of {', '.join(PartialMode)}, not {value!r:.40}")

    @minimum.validator
    @maximum.validator
    def _bounds_have_a_use(self, field: attrs.Attribute[Any], value: Money | None) -> None:
        if self.mode is PartialMode.EXACT and value is not None:
            raise _refused(field, "a bound is for another mode than 'exact', such as mode = 'at-least'")


def _in_order(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    kept = tuple(rules)
    if strange := [rule for rule in kept if not isinstance(rule, Rule)]:
        raise SelectionRulesError("selection", "rules", f"expected rules, not {type(strange[0]).__name__}")
    return kept


def _is_label(_rules: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise _refused(field, "expected a short text, such as '2026-1'")


@attrs.frozen
class SelectionRules:
    """
    What one operator demands of a choice of invoices.

    Always so, whatever the rules: at least one invoice, each once, only invoices of the bill with something to pay, in
    one currency, and no more than one payment can carry.

    Attributes:
        id: Identifier, for orders and seals.
        version: Changes when the rules change.
        rules: Each kind at most once; refusals come in this order.
        partial: Whole invoices unless it says otherwise.

    Raises:
        SelectionRulesError: a value is not allowed; names the key and the reason.
    """

    id: str = attrs.field(validator=_is_label)
    version: str = attrs.field(validator=_is_label)
    rules: tuple[Rule, ...] = attrs.field(converter=_in_order)
    partial: PartialPayments = attrs.field(factory=PartialPayments)
    _by_kind: dict[str, Rule] = attrs.field(init=False, repr=False, eq=False)

    @_by_kind.default
    def _index(self) -> dict[str, Rule]:
        return {rule.kind: rule for rule in self.rules}

    @rules.validator
    def _each_once(self, field: attrs.Attribute[Any], value: tuple[Rule, ...]) -> None:
        kinds = [rule.kind for rule in value]
        if twice := sorted({kind for kind in kinds if kinds.count(kind) > 1}):
            raise _refused(field, f"{twice[0]}: expected each rule once")

    @partial.validator
    def _is_partial(self, field: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, PartialPayments):
            raise _refused(field, f"expected PartialPayments, not {type(value).__name__}")

    def has(self, kind: type[Rule]) -> bool:
        """Whether a rule of this kind is among them."""
        return kind.kind in self._by_kind

    @property
    def fingerprint(self) -> str:
        """A short digest of all that is demanded: rules that differ have another one, whatever their version says."""
        content = [[rule.kind, *_plain(rule)] for rule in self.rules]
        text = json.dumps([content, _plain(self.partial)])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(rule: Any) -> list[Any]:
    values = (getattr(rule, field.name) for field in attrs.fields(type(rule)))
    return [[value.centimes, value.currency] if isinstance(value, Money) else value for value in values]


#: The guide's rules: free choice of whole invoices, mandatory ones included (R16, R22, R23).
#: What other flags of billing bar (nobody should pay it twice, or by mistake) bars nothing where they are not set.
GUIDE_RULES: Final = SelectionRules(
    "guide",
    "1",
    (MandatoryIncluded(), NoCreditNotes(), NotUnderDirectDebit(), NotDisputed(), NotUnderPayment()),
)

#: Nothing beyond what always holds: for the sums of a choice that is not finished.
NO_RULES: Final = SelectionRules("none", "1", ())
