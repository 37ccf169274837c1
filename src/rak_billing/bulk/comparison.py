"""What a change of tariff costs whom: every payment of a file under two tariffs, by class of customer and by amount."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import attrs

from rak_billing.bulk.engine import Engine
from rak_billing.bulk.invoice_columns import InvoiceColumns, reading_query
from rak_billing.errors import NotCompilableError
from rak_billing.fees.compiled.payments_query import payments_query, read_tariff
from rak_billing.fees.compiled.rule_numbers import Refusal
from rak_billing.fees.tariff import Tariff

__all__ = ["BRACKETS", "Comparison", "Group", "compare", "total_of"]

#: The last amount of each bracket but the highest, in centimes.
BRACKETS: Final = (10_000, 20_000, 50_000, 100_000, 500_000)


@attrs.frozen
class Group:
    """
    Payments of one class of customer and one bracket; every amount in centimes.

    Attributes:
        customer_class: As in the file; None where it says nothing.
        bracket: Number of the bracket of `BRACKETS` that the total of a payment lies in, from 0; None for all.
        payments: How many.
        total: Of their invoices.
        customer_before: What the customers pay for the service by the first tariff, VAT included.
        customer_after: By the second.
        merchant_before: What the operator pays by the first.
        merchant_after: By the second.
        dearer: Payments that cost their customer more than before.
        cheaper: Less.
    """

    customer_class: str | None
    bracket: int | None
    payments: int
    total: int
    customer_before: int
    customer_after: int
    merchant_before: int
    merchant_after: int
    dearer: int
    cheaper: int

    @property
    def customer_change(self) -> int:
        """What the customers pay more; negative where they pay less."""
        return self.customer_after - self.customer_before

    @property
    def merchant_change(self) -> int:
        """What the operator pays more; likewise."""
        return self.merchant_after - self.merchant_before


@attrs.frozen
class Comparison:
    """
    The answer.

    Attributes:
        currency: Of every amount.
        groups: By class, then by bracket; only those that have payments.
        refused: Reason → payments that one of the two tariffs does not price, and that are in no group.
    """

    currency: str
    groups: tuple[Group, ...]
    refused: dict[Refusal, int]


_GROUPS: Final = """\
SELECT refusal, customer_class, bracket, count(*), sum(total), sum(before_gross), sum(after_gross),
  sum(before_merchant_gross), sum(after_merchant_gross),
  sum(CASE WHEN after_gross > before_gross THEN 1 ELSE 0 END),
  sum(CASE WHEN after_gross < before_gross THEN 1 ELSE 0 END)
FROM (SELECT *, {refusal} AS refusal, {bracket} AS bracket FROM ({query}) AS priced) AS judged
GROUP BY refusal, customer_class, bracket ORDER BY refusal, customer_class, bracket"""
_REFUSAL: Final = "CASE WHEN before_rule < 0 THEN before_rule WHEN after_rule < 0 THEN after_rule ELSE 0 END"


def compare(
    engine: Engine, before: Tariff, after: Tariff, invoices: Path, columns: InvoiceColumns
) -> Comparison:
    """
    Price every payment of a file twice, in one pass.

    Args:
        engine: What computes.
        before: The tariff that is.
        after: The one that might be.
        invoices: A Parquet or CSV file.
        columns: What its columns are.

    Raises:
        NotCompilableError: a tariff cannot be computed exactly by this engine, or the two have other currencies.
        InvoiceFileError: the file cannot be read as *columns* say.
    """
    currency = before.schedules[0].currency
    if after.schedules[0].currency != currency:
        reason = f"in {after.schedules[0].currency} cannot be compared with one in {currency}"
        in_french = f"en {after.schedules[0].currency} ne se compare pas à un barème en {currency}"
        raise NotCompilableError(engine.dialect.name, reason, in_french)
    readings = [
        read_tariff(tariff, engine.dialect, prefix)
        for tariff, prefix in ((before, "before_"), (after, "after_"))
    ]
    table = engine.table(invoices)
    source = reading_query(table, columns)
    query = payments_query(
        source, readings, engine.dialect, is_grouped=columns.payment is not None, for_totals=True
    )
    groups, refused = [], dict.fromkeys(Refusal, 0)
    for refusal, customer_class, bracket, *figures in engine.rows(
        _GROUPS.format(query=query, refusal=_REFUSAL, bracket=_bracket()), table
    ):
        if refusal:
            refused[Refusal(refusal)] += int(figures[0])
        else:
            groups.append(Group(customer_class, bracket, *map(int, figures)))
    # Engines differ in where they put what is unknown.
    groups.sort(
        key=lambda group: (group.customer_class is None, group.customer_class or "", group.bracket or 0)
    )
    return Comparison(
        currency, tuple(groups), {refusal: found for refusal, found in refused.items() if found}
    )


def _bracket() -> str:
    whens = " ".join(f"WHEN total <= {end} THEN {place}" for place, end in enumerate(BRACKETS))
    return f"CASE {whens} ELSE {len(BRACKETS)} END"


def total_of(groups: Iterable[Group]) -> Group:
    """Add groups up."""
    listed = tuple(groups)
    names = [field.name for field in attrs.fields(Group)][2:]
    return Group(None, None, *(sum(getattr(group, name) for group in listed) for name in names))
