"""What a tariff makes of a file of invoices: a row for each payment if wanted, and the totals of each rule."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from rak_billing.bulk.engine import Engine
from rak_billing.bulk.invoice_columns import InvoiceColumns, reading_query
from rak_billing.fees.compiled.payments_query import Reading, payments_query, read_tariff
from rak_billing.fees.compiled.rule_numbers import NumberedRule, Refusal
from rak_billing.fees.compiled.sql import Dialect
from rak_billing.fees.tariff import Tariff

__all__ = ["RuleTotals", "Simulation", "simulate"]


@attrs.frozen
class RuleTotals:
    """
    What the payments of one rule come to; every amount in centimes, which may be more than one payment's.

    Attributes:
        rule: The rule, its schedule and its place therein.
        payments: How many follow it.
        invoices: How many they pay.
        total: Of those invoices.
        gross: What the customers pay for the service, VAT included.
        net: Without VAT.
        merchant_gross: What the operator pays.
        merchant_net: Without VAT.
    """

    rule: NumberedRule
    payments: int
    invoices: int
    total: int
    gross: int
    net: int
    merchant_gross: int
    merchant_net: int


@attrs.frozen
class Simulation:
    """
    The answer.

    Attributes:
        currency: Of every amount.
        rules: Those that some payment follows.
        refused: Reason → how many payments were not priced for it.
    """

    currency: str
    rules: tuple[RuleTotals, ...]
    refused: dict[Refusal, int]


_TOTALS: Final = """\
SELECT rule, count(*), sum(invoices), sum(total), sum(gross), sum(net), sum(merchant_gross), sum(merchant_net)
FROM ({query}) AS priced GROUP BY rule ORDER BY rule"""


def simulate(
    engine: Engine, tariff: Tariff, invoices: Path, columns: InvoiceColumns, output: Path | None = None
) -> Simulation:
    """
    Price every payment of a file.

    Args:
        engine: What computes.
        tariff: What is charged.
        invoices: A Parquet or CSV file.
        columns: What its columns are.
        output: Where one row for each payment goes, if anywhere, and never *invoices* itself; that file is then gone
            through twice.

    Raises:
        NotCompilableError: the tariff cannot be computed exactly by this engine.
        InvoiceFileError: the file cannot be read as *columns* say, or the output cannot be written.
    """
    reading = read_tariff(tariff, engine.dialect)
    table = engine.table(invoices)
    source = reading_query(table, columns)
    is_grouped = columns.payment is not None
    query = payments_query(source, [reading], engine.dialect, is_grouped=is_grouped, for_totals=True)
    totals = engine.rows(_TOTALS.format(query=query), table)
    # After the totals: a file that cannot be read to its end leaves no output behind.
    if output is not None:
        rows = payments_query(source, [reading], engine.dialect, is_grouped=is_grouped)
        engine.write(payment_rows_query(rows, reading, engine.dialect), output)
    return _read(reading, totals, tariff.schedules[0].currency)


def _read(reading: Reading, rows: Sequence[tuple[int, ...]], currency: str) -> Simulation:
    numbered = {rule.number: rule for rule in reading.rules}
    return Simulation(
        currency,
        tuple(RuleTotals(numbered[rule], *map(int, figures)) for rule, *figures in rows if rule > 0),
        {Refusal(rule): int(payments) for rule, payments, *_ in rows if rule < 0},
    )


def payment_rows_query(query: str, reading: Reading, dialect: Dialect) -> str:
    """Write what the output holds: the figures of each payment, its rule in words, or why it is not priced."""
    columns = (
        "payment",
        "invoices",
        "total",
        f"{_said({rule.number: rule.schedule.id for rule in reading.rules}, dialect)} AS schedule",
        f"{_said({rule.number: rule.schedule.version for rule in reading.rules}, dialect)} AS version",
        f"{_said({rule.number: str(rule.place) for rule in reading.rules}, dialect)} AS schedule_rule",
        "gross",
        "net",
        "gross - net AS vat",
        "merchant_gross AS merchant_cost",
        "merchant_net",
        "merchant_gross - merchant_net AS merchant_vat",
        f"{_said({refusal.value: refusal.name.lower() for refusal in Refusal}, dialect)} AS refusal",
    )
    return f"SELECT {', '.join(columns)} FROM ({query}) AS priced"


def _said(words: dict[int, str], dialect: Dialect) -> str:
    whens = " ".join(f"WHEN {number} THEN {dialect.literal(word)}" for number, word in words.items())
    return f"CASE rule {whens} END"
