"""What is no longer as the customer accepted it, in the customer's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cmi_gateway.money import Money
from rak_billing.display import amount_text
from rak_billing.errors import QuoteChangedError
from rak_billing.portal.context import portal
from rak_billing.quote_facts import BALANCE, QuoteChange

__all__ = ["changes_of"]

#: Facts that are shown, with their texts; others are the program's own, and show in the amounts.
_AMOUNTS: Final = {"fee": "changed.fee", "total": "changed.total"}
_RULES: Final = frozenset({"rules", "rules version", "rules fingerprint"})


def changes_of(error: QuoteChangedError) -> tuple[str, ...]:
    """Say what changed: balances, invoices that are gone, the rules, the fee, the total."""
    currency = "MAD" if error.quote is None else error.quote.total.currency
    said = (text for change in error.changes for text in _said(change, currency))
    return tuple(dict.fromkeys(said))


def _said(change: QuoteChange, currency: str) -> Iterator[str]:
    texts, reference = portal().texts, change.fact.removeprefix(BALANCE)
    if change.fact in _RULES:
        yield texts.text("changed.rules")
    elif change.fact in _AMOUNTS:
        yield texts.text(_AMOUNTS[change.fact], **_amounts(change, currency))
    elif reference != change.fact and change.now is None:
        yield texts.text("changed.gone", reference=reference)
    elif reference != change.fact and change.accepted is not None:
        yield texts.text("changed.balance", reference=reference, **_amounts(change, currency))


def _amounts(change: QuoteChange, currency: str) -> dict[str, str]:
    both = {"before": change.accepted, "after": change.now}
    return {name: amount_text(Money(int(value or 0), currency)) for name, value in both.items()}
