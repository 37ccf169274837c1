"""
The rules and a bill as JSON, for a browser that wants to say at once what the server will say.

The server judges again, whatever the browser found: this saves the customer a page, and proves nothing.
``selection.js`` beside this file evaluates it; docs/selection-rules.md describes every key. The portal's own pages do
without it: they work where no script runs, and stay light where one does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

import attrs

from cmi_gateway.money import MAX_CENTIMES, Money
from rak_billing.invoices import Invoice
from rak_billing.selection.refusals import REASONS
from rak_billing.selection.rules import Rule, SelectionRules

__all__ = ["FORMAT", "bill_for_browser", "rules_for_browser"]

#: Changes whenever an evaluator of the older form would judge wrongly.
FORMAT: Final = 1


def rules_for_browser(rules: SelectionRules) -> dict[str, Any]:
    """Give *rules* with the reasons for refusals, as values that JSON holds exactly: amounts are whole centimes."""
    return {
        "format": FORMAT,
        "id": rules.id,
        "version": rules.version,
        "most": MAX_CENTIMES,
        "rules": [_settings(rule) for rule in rules.rules],
        "partial": {"mode": rules.partial.mode.value, **_bounds(rules.partial)},
        "reasons": {rule.value: {"fr": french, "en": english} for rule, (french, english) in REASONS.items()},
    }


def bill_for_browser(
    invoices: Iterable[Invoice], under_payment: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Give of each invoice what the rules look at, in the order of the bill."""
    return [
        {
            "reference": invoice.reference,
            "service": invoice.service,
            "due": invoice.due_date.isoformat(),
            "centimes": invoice.amount.centimes,
            "currency": invoice.amount.currency,
            "mandatory": invoice.is_mandatory,
            "payable": invoice.is_payable,
            "kind": invoice.kind.value,
            "disputed": invoice.is_disputed,
            "directDebit": invoice.is_direct_debit,
            "underPayment": invoice.reference in under_payment,
            "contract": invoice.contract,
            "group": invoice.group,
        }
        for invoice in invoices
    ]


def _settings(rule: Rule) -> dict[str, Any]:
    values = {field.name: getattr(rule, field.name) for field in attrs.fields(type(rule))}
    return {"rule": rule.kind} | {name: _plain(value) for name, value in values.items()}


def _bounds(partial: Any) -> dict[str, Any]:
    return {"minimum": _plain(partial.minimum), "maximum": _plain(partial.maximum)}


def _plain(value: Any) -> Any:
    return {"centimes": value.centimes, "currency": value.currency} if isinstance(value, Money) else value
