"""
A fee rule as JavaScript, for live totals in a browser.

Every number is a BigInt: exact whatever its size, so no rule is refused and no product has to be proved small.
Of a schedule only whole numbers reach the text, never one of its words, so there is nothing to escape.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rak_billing.fees.compiled.expressions import Constant, Expression, Operator, Variable
from rak_billing.fees.compiled.program import Program, compile_rule
from rak_billing.fees.compiled.steps import AMOUNT, COUNT, OUTCOMES, TOTAL, Step
from rak_billing.fees.rule import FeeRule

__all__ = ["javascript_function"]

_HEAD: Final = """\
(amounts) => {
  const least = (one, other) => (one < other ? one : other);
  const greatest = (one, other) => (one > other ? one : other);"""


def javascript_function(rule: FeeRule) -> str:
    """
    Write *rule* as a JavaScript function expression.

    The function takes the amounts of the chosen invoices, one or more, as an array of BigInt centimes, and gives an
    object of BigInt centimes: ``gross`` and ``net`` that the customer pays, ``merchant_gross`` and ``merchant_net``
    that the operator pays.
    """
    program = compile_rule(rule)
    lines = [_HEAD, *_unit(program), *_steps(program.payment)]
    return "\n".join([*lines, f"  return {{ {', '.join(OUTCOMES)} }};", "}"])


def _unit(program: Program) -> Iterable[str]:
    if not program.is_per_invoice:
        yield f"  const {COUNT} = BigInt(amounts.length);"
        yield f"  const {TOTAL} = amounts.reduce((sum, amount) => sum + amount, 0n);"
        return
    for name in program.summed:
        yield f"  let {name} = 0n;"
    yield f"  for (const {AMOUNT} of amounts) {{"
    for step in program.unit:
        # A sum has the name of its summands; inside the loop it is out of sight.
        yield f"    const own_{step.name} = {_text(step.expression, 'own_')};"
    for name in program.summed:
        yield f"    {name} += own_{name};"
    yield "  }"


def _steps(steps: Iterable[Step]) -> Iterable[str]:
    for step in steps:
        yield f"  const {step.name} = {_text(step.expression, '')};"


_OPERATIONS: Final[dict[Operator, str]] = {
    Operator.ADD: "({} + {})",
    Operator.SUBTRACT: "({} - {})",
    Operator.MULTIPLY: "({} * {})",
    # Of BigInt: cut off, which is down as nothing is negative.
    Operator.DIVIDE: "({} / {})",
    Operator.REMAINDER: "({} % {})",
    Operator.LEAST: "least({}, {})",
    Operator.GREATEST: "greatest({}, {})",
    Operator.CHOOSE: "({} <= {} ? {} : {})",
}


def _text(expression: Expression, prefix: str) -> str:
    if isinstance(expression, Constant):
        return f"{expression.value}n"
    if isinstance(expression, Variable):
        return expression.name if expression.name == AMOUNT else f"{prefix}{expression.name}"
    operands = [_text(operand, prefix) for operand in expression.operands]
    return _OPERATIONS[expression.operator].format(*operands)
