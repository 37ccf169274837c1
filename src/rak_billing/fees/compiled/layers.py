"""
Steps as layers of columns: what stands on one layer refers only to the layers below.

An engine computes a column once however often the layers above use it; written into one another, the steps of a rule
would be repeated until nobody could read or run them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import attrs

from rak_billing.fees.compiled.expressions import Bounds, bounds, variables
from rak_billing.fees.compiled.rule_numbers import NumberedRule
from rak_billing.fees.compiled.sql import Dialect, sql_column
from rak_billing.fees.compiled.steps import Step

__all__ = ["Layers", "layered"]


@attrs.frozen
class Layers:
    """
    The steps of several rules, written.

    Attributes:
        columns: One mapping for each layer, from the lowest: name of a column → what it is for each rule.
        names: For each rule, by its number: name of a step → column.
        extents: Likewise: name of a step → its bounds.
    """

    columns: tuple[dict[str, dict[int, str]], ...]
    names: Mapping[int, Mapping[str, str]]
    extents: Mapping[int, Mapping[str, Bounds]]


def layered(
    rules: Iterable[NumberedRule],
    steps_of: Callable[[NumberedRule], Sequence[Step]],
    dialect: Dialect,
    inputs: Callable[[NumberedRule], Mapping[str, tuple[str, Bounds]]],
    prefix: str,
) -> Layers:
    """
    Write the steps of *rules* in layers.

    Args:
        rules: The rules.
        steps_of: Which of their steps.
        dialect: Of which engine.
        inputs: What is there before: name → column and bounds.
        prefix: What the names of new columns begin with.

    Raises:
        NotCompilableError: a number may outgrow what the engine computes exactly.
    """
    columns: list[dict[str, dict[int, str]]] = []
    names: dict[int, dict[str, str]] = {}
    extents: dict[int, dict[str, Bounds]] = {}
    for numbered in rules:
        given = inputs(numbered)
        named = names[numbered.number] = {name: column for name, (column, _) in given.items()}
        extent = extents[numbered.number] = {name: limits for name, (_, limits) in given.items()}
        depths = dict.fromkeys(given, 0)
        for step in steps_of(numbered):
            depth = max((depths[name] for name in variables(step.expression)), default=0)
            while len(columns) <= depth:
                columns.append({})
            column = f"{prefix}{step.name}_{depth}"
            columns[depth].setdefault(column, {})[numbered.number] = sql_column(
                step.expression, dialect, extent, named
            )
            depths[step.name], named[step.name] = depth + 1, column
            extent[step.name] = bounds(step.expression, extent)
    return Layers(tuple(columns), names, extents)
