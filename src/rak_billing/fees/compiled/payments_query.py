"""
Tariffs as one query over invoices: a row for each payment, with what each tariff makes of it.

The query goes through the invoices once, whatever the number of schedules and rules, and joins nothing. It is the same
text for every engine but for the words of a `Dialect`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import attrs

from cmi_gateway.money import MAX_CENTIMES
from rak_billing.fees.compiled.expressions import Bounds
from rak_billing.fees.compiled.layers import Layers, layered
from rak_billing.fees.compiled.rule_numbers import NumberedRule, Refusal, numbered_rules, rule_number_column
from rak_billing.fees.compiled.sql import NARROW, Dialect
from rak_billing.fees.compiled.steps import AMOUNT, COUNT, GROSS, MERCHANT_GROSS, OUTCOMES, TOTAL
from rak_billing.fees.tariff import Tariff

__all__ = ["MOST_INVOICES", "Reading", "payments_query", "read_tariff"]

#: Of one payment; what makes the bounds of sums finite.
MOST_INVOICES: Final = 1_000_000

_AMOUNTS: Final = Bounds(0, MAX_CENTIMES)


@attrs.frozen
class Reading:
    """
    One tariff that the payments are priced by.

    Attributes:
        prefix: What its columns begin with: nothing, where it is the only one.
        rules: Numbered through.
    """

    prefix: str
    rules: tuple[NumberedRule, ...]

    @property
    def rule(self) -> str:
        """The column with the number of the rule or refusal."""
        return f"{self.prefix}rule"


def read_tariff(tariff: Tariff, dialect: Dialect, prefix: str = "") -> Reading:
    """
    Prepare a tariff.

    Raises:
        NotCompilableError: its schedules are not of one currency.
    """
    return Reading(prefix, numbered_rules(tariff, dialect.name))


def payments_query(
    source: str,
    readings: Sequence[Reading],
    dialect: Dialect,
    *,
    is_grouped: bool,
    for_totals: bool = False,
) -> str:
    """
    Write the query.

    Its columns: ``payment``, ``invoices``, ``total``, ``customer_class``, and for each reading ``rule``, ``gross``,
    ``net``, ``merchant_gross`` and ``merchant_net``, with its prefix; all in centimes. Where a rule is negative it is
    a `Refusal`, and the four figures are null.

    Args:
        source: The invoices: a table or query with the columns ``payment``, ``amount`` (64 bits, centimes), ``day``,
            ``card``, ``brand``, ``channel`` and ``customer_class``.
        readings: The tariffs.
        dialect: Of which engine.
        is_grouped: Whether rows with one ``payment`` are paid together; else each row is a payment.
        for_totals: The answer is grouped by rule: what stands beside a refusal may be anything, which saves a
            quarter of the time.

    Raises:
        NotCompilableError: a number may outgrow what the engine computes exactly.
    """
    query = _numbered(source, readings, is_grouped=is_grouped)
    most = MOST_INVOICES if is_grouped else 1
    units = [_unit_layers(reading, dialect) for reading in readings]
    for reading, layers in zip(readings, units, strict=True):
        query = _stacked(query, reading, layers, _by_rule)
    query = _grouped(query, readings, units, dialect) if is_grouped else _single(query)
    extents = []
    for reading, unit in zip(readings, units, strict=True):
        payment = _payment_layers(reading, unit, dialect, most)
        # A lone rule needs no condition where no sum can pass the bounds: figures of a payment that it does not
        # price are dropped in the end.
        is_plain = len(reading.rules) == 1 and not is_grouped
        query = _stacked(query, reading, payment, _only if is_plain else _by_rule)
        extents.append(payment)
    is_open = for_totals and not is_grouped
    return _outcomes(query, readings, extents, is_open=is_open)


def _numbered(source: str, readings: Sequence[Reading], *, is_grouped: bool) -> str:
    rules = ", ".join(
        f"{rule_number_column(reading.rules, is_grouped=is_grouped)} AS {reading.rule}"
        for reading in readings
    )
    # Of an amount out of bounds its bound goes on, so that nothing computed of it overflows; nobody will see that.
    clean = f"least(greatest(amount, 0), {MAX_CENTIMES}) AS amount"
    return f"SELECT payment, {clean}, customer_class, {rules} FROM {source} AS invoices_read"


def _unit_layers(reading: Reading, dialect: Dialect) -> Layers:
    return layered(
        [numbered for numbered in reading.rules if numbered.program.is_per_invoice],
        lambda numbered: numbered.program.unit,
        dialect,
        lambda _numbered: {AMOUNT: ("amount", _AMOUNTS)},
        f"{reading.prefix}unit_",
    )


def _payment_layers(reading: Reading, units: Layers, dialect: Dialect, most: int) -> Layers:
    def inputs(numbered: NumberedRule) -> Mapping[str, tuple[str, Bounds]]:
        given = {TOTAL: ("total", _AMOUNTS), COUNT: ("invoices", Bounds(1, most))}
        for name in numbered.program.summed:
            column, extent = units.names[numbered.number][name], units.extents[numbered.number][name]
            given[name] = (column, Bounds(0, extent.high * most))
        return given

    return layered(
        reading.rules, lambda numbered: numbered.program.payment, dialect, inputs, f"{reading.prefix}pay_"
    )


_Written = Callable[[Reading, Mapping[int, str]], str]


def _stacked(query: str, reading: Reading, layers: Layers, written: _Written) -> str:
    for columns in layers.columns:
        listed = ", ".join(f"{written(reading, texts)} AS {name}" for name, texts in columns.items())
        query = f"SELECT *, {listed} FROM ({query}) AS below"
    return query


def _only(_reading: Reading, texts: Mapping[int, str]) -> str:
    (text,) = texts.values()
    return text


def _by_rule(reading: Reading, texts: Mapping[int, str]) -> str:
    whens = " ".join(f"WHEN {reading.rule} = {number} THEN {text}" for number, text in texts.items())
    return f"CASE {whens} END"


def _single(query: str) -> str:
    return f"SELECT *, amount AS total, CAST(1 AS BIGINT) AS invoices FROM ({query}) AS below"


def _grouped(query: str, readings: Sequence[Reading], units: Sequence[Layers], dialect: Dialect) -> str:
    columns = [
        "payment",
        "CAST(sum(amount) AS BIGINT) AS total",
        "CAST(count(*) AS BIGINT) AS invoices",
        "min(customer_class) AS customer_class",
    ]
    for reading, layers in zip(readings, units, strict=True):
        columns.append(f"{_common_rule(reading.rule)} AS common_{reading.rule}")
        columns += _sums(reading, layers, dialect)
    grouped = f"SELECT {', '.join(columns)} FROM ({query}) AS below GROUP BY payment"
    # Before any product: the bounds of all that follows rest on it.
    too_large = f"total > {MAX_CENTIMES} OR invoices > {MOST_INVOICES}"
    rules = ", ".join(
        f"{_unless(too_large, f'common_{reading.rule}')} AS {reading.rule}" for reading in readings
    )
    return f"SELECT *, {rules} FROM ({grouped}) AS below"


def _unless(limit: str, rule: str) -> str:
    return f"CASE WHEN {rule} > 0 AND ({limit}) THEN {Refusal.SIZE.value} ELSE {rule} END"


def _common_rule(rule: str) -> str:
    # The reasons of a single invoice come first: the payment has one rule only if all its invoices have any.
    return (
        f"CASE WHEN min({rule}) < 0 THEN min({rule}) WHEN min({rule}) = max({rule}) THEN min({rule}) "
        f"ELSE {Refusal.MIXED.value} END"
    )


def _sums(reading: Reading, layers: Layers, dialect: Dialect) -> list[str]:
    kinds: dict[str, bool] = {}
    for numbered in reading.rules:
        for name in numbered.program.summed:
            column, extent = layers.names[numbered.number][name], layers.extents[numbered.number][name]
            kinds[column] = kinds.get(column, False) or extent.high * MOST_INVOICES > NARROW
    return [
        f"sum(CAST({column} AS {dialect.wide})) AS {column}"
        if is_wide
        else f"CAST(sum({column}) AS BIGINT) AS {column}"
        for column, is_wide in kinds.items()
    ]


def _outcomes(query: str, readings: Sequence[Reading], layers: Sequence[Layers], *, is_open: bool) -> str:
    unread = f"{readings[0].rule} IN ({Refusal.AMOUNT.value}, {Refusal.PAYMENT.value})"
    total = "total" if is_open else f"CASE WHEN NOT {unread} THEN total END AS total"
    columns = ["payment", "invoices", total, "customer_class"]
    for reading, layer in zip(readings, layers, strict=True):
        written = _only if is_open and len(reading.rules) == 1 else _by_rule
        figures = {
            outcome: written(reading, {number: names[outcome] for number, names in layer.names.items()})
            for outcome in OUTCOMES
        }
        limit = _too_large_a_fee(layer)
        rule = reading.rule
        if limit:
            found = ", ".join(f"{text} AS {reading.prefix}found_{name}" for name, text in figures.items())
            query = f"SELECT *, {found} FROM ({query}) AS below"
            within = limit.format(prefix=f"{reading.prefix}found_")
            rule = _unless(within, reading.rule)
            figures = {
                name: f"CASE WHEN NOT ({within}) THEN {reading.prefix}found_{name} END" for name in OUTCOMES
            }
        columns.append(f"{rule} AS {reading.rule}")
        columns += [f"{text} AS {reading.prefix}{name}" for name, text in figures.items()]
    return f"SELECT {', '.join(columns)} FROM ({query}) AS below"


def _too_large_a_fee(layers: Layers) -> str:
    """Say when a fee is more than an amount may be; nothing where it cannot be."""
    return " OR ".join(
        f"{{prefix}}{outcome} > {MAX_CENTIMES}"
        for outcome in (GROSS, MERCHANT_GROSS)
        if any(extent[outcome].high > MAX_CENTIMES for extent in layers.extents.values())
    )
