"""
Whole-number expressions: all that a compiled fee may consist of.

The operations are those that a browser's BigInt, DuckDB and Spark do alike and exactly. Nothing here is ever
negative: a fee has no negative figure on its way, and so « divide and cut off » and « divide and round down » are one.
Divisors are positive constants, hence nothing divides by zero; factors are constants, hence nothing squares an amount.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto
from functools import reduce
from typing import Final

import attrs

__all__ = [
    "ONE",
    "ZERO",
    "Bounds",
    "Constant",
    "Expression",
    "Operation",
    "Operator",
    "Variable",
    "bounds",
    "choice",
    "difference",
    "greatest",
    "least",
    "quotient",
    "remainder",
    "substituted",
    "sum_of",
    "times",
    "variables",
]


class Operator(Enum):
    """What is done with the operands."""

    #: Both added.
    ADD = auto()
    #: The first less the second, which is never the larger one.
    SUBTRACT = auto()
    #: The first multiplied with the second, a constant.
    MULTIPLY = auto()
    #: The first divided by the second, a positive constant, and rounded down.
    DIVIDE = auto()
    #: What that division leaves.
    REMAINDER = auto()
    #: The smaller one.
    LEAST = auto()
    #: The larger one.
    GREATEST = auto()
    #: The third where the first is at most the second, else the fourth.
    CHOOSE = auto()


@attrs.frozen
class Constant:
    """A number that the rule states."""

    value: int


@attrs.frozen
class Variable:
    """An input, or the result of an earlier step."""

    name: str


@attrs.frozen
class Operation:
    """An operator with its operands."""

    operator: Operator
    operands: tuple[Expression, ...]


Expression = Constant | Variable | Operation

ZERO: Final = Constant(0)
ONE: Final = Constant(1)


def times(expression: Expression, by: int) -> Expression:
    """Multiply with a constant, in the shortest way of saying it."""
    if isinstance(expression, Constant):
        return Constant(expression.value * by)
    if by == 1:
        return expression
    return Operation(Operator.MULTIPLY, (expression, Constant(by))) if by else ZERO


def sum_of(*terms: Expression) -> Expression:
    """Add up, in the shortest way of saying it."""
    constant = sum(term.value for term in terms if isinstance(term, Constant))
    others: list[Expression] = [term for term in terms if not isinstance(term, Constant)]
    if constant or not others:
        others.append(Constant(constant))
    return reduce(lambda left, right: Operation(Operator.ADD, (left, right)), others)


def difference(whole: Expression, part: Expression) -> Expression:
    """Give *whole* less *part*, which is never the larger one."""
    return Operation(Operator.SUBTRACT, (whole, part))


def quotient(expression: Expression, by: int) -> Expression:
    """Divide by a positive constant and round down."""
    return expression if by == 1 else Operation(Operator.DIVIDE, (expression, Constant(by)))


def remainder(expression: Expression, by: int) -> Expression:
    """Give what a division by a positive constant leaves."""
    return Operation(Operator.REMAINDER, (expression, Constant(by)))


def least(left: Expression, right: Expression) -> Expression:
    """Give the smaller one."""
    return Operation(Operator.LEAST, (left, right))


def greatest(left: Expression, right: Expression) -> Expression:
    """Give the larger one."""
    return Operation(Operator.GREATEST, (left, right))


def choice(low: Expression, high: Expression, then: Expression, otherwise: Expression) -> Expression:
    """Give *then* where *low* is at most *high*, else *otherwise*."""
    return Operation(Operator.CHOOSE, (low, high, then, otherwise))


def variables(expression: Expression) -> Iterator[str]:
    """Give the name of every variable as often as it stands there."""
    if isinstance(expression, Variable):
        yield expression.name
    elif isinstance(expression, Operation):
        for operand in expression.operands:
            yield from variables(operand)


def substituted(expression: Expression, known: Mapping[str, Expression]) -> Expression:
    """Put expressions in the place of the variables that *known* names."""
    if isinstance(expression, Variable):
        return known.get(expression.name, expression)
    if isinstance(expression, Constant):
        return expression
    return Operation(
        expression.operator, tuple([substituted(operand, known) for operand in expression.operands])
    )


@attrs.frozen
class Bounds:
    """The smallest and the largest value that an expression can have."""

    low: int
    high: int


def bounds(expression: Expression, of_variables: Mapping[str, Bounds]) -> Bounds:
    """
    Find bounds by the bounds of the operands: what proves that no number outgrows its machine.

    Args:
        expression: What to bound.
        of_variables: Of every variable in it.
    """
    if isinstance(expression, Constant):
        return Bounds(expression.value, expression.value)
    if isinstance(expression, Variable):
        return of_variables[expression.name]
    return _BOUNDS[expression.operator](*[bounds(operand, of_variables) for operand in expression.operands])


_BOUNDS: Final[dict[Operator, Callable[..., Bounds]]] = {
    Operator.ADD: lambda one, other: Bounds(one.low + other.low, one.high + other.high),
    # Whole and part grow together and never cross, which their bounds do not know.
    Operator.SUBTRACT: lambda whole, _part: Bounds(0, whole.high),
    Operator.MULTIPLY: lambda of, by: Bounds(of.low * by.low, of.high * by.high),
    Operator.DIVIDE: lambda of, by: Bounds(of.low // by.high, of.high // by.low),
    Operator.REMAINDER: lambda of, by: Bounds(0, min(of.high, by.high - 1)),
    Operator.LEAST: lambda one, other: Bounds(min(one.low, other.low), min(one.high, other.high)),
    Operator.GREATEST: lambda one, other: Bounds(max(one.low, other.low), max(one.high, other.high)),
    Operator.CHOOSE: lambda _low, _high, then, otherwise: Bounds(
        min(then.low, otherwise.low), max(then.high, otherwise.high)
    ),
}
