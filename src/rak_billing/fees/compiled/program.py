"""
A fee rule as a short straight program: named steps, each an expression over inputs and earlier steps.

There are two kinds of step. Those of a unit are taken for the whole payment, or for each invoice by itself where the
rule rounds there; their results are then added up. Those of the payment follow, and end in four figures: what the
customer pays with and without VAT, and what the operator pays. VAT is the difference of two, as everywhere.

The steps say in other words what `rak_billing.fees.evaluation` does. It stays the truth: a property test holds both,
and all that is written from here, to the same centimes. How a fee is shared out over its invoices has no steps.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import attrs

from rak_billing.fees.compiled.expressions import Constant, Expression, Variable, substituted, variables
from rak_billing.fees.compiled.figures import payment_steps, unit_steps
from rak_billing.fees.compiled.steps import AMOUNT, COUNT, OUTCOMES, TOTAL, Step
from rak_billing.fees.rule import FeeRule

__all__ = ["Program", "compile_rule"]


@attrs.frozen
class Program:
    """
    The steps of one rule.

    Attributes:
        is_per_invoice: Whether the steps of a unit are taken for every invoice.
        unit: From the amount of an invoice, or from total and count.
        summed: The steps of the unit whose sums the payment needs; empty where the payment is the unit.
        payment: From those on; the last four are `OUTCOMES`.
    """

    is_per_invoice: bool
    unit: tuple[Step, ...]
    summed: tuple[str, ...]
    payment: tuple[Step, ...]


def compile_rule(rule: FeeRule) -> Program:
    """Give the steps of *rule*. Every rule has some; whether its numbers fit an engine is that engine's question."""
    if not rule.rounding.is_per_invoice:
        steps = (*unit_steps(rule, Variable(TOTAL), Variable(COUNT)), *payment_steps(rule))
        return Program(is_per_invoice=False, unit=(), summed=(), payment=_shortened(steps, OUTCOMES))
    payment = _shortened(payment_steps(rule), OUTCOMES)
    needed = {name for step in payment for name in variables(step.expression)}
    unit = unit_steps(rule, Variable(AMOUNT), Constant(1))
    summed = tuple(step.name for step in unit if step.name in needed)
    return Program(is_per_invoice=True, unit=_shortened(unit, summed), summed=summed, payment=payment)


#: Steps that nothing else needs stand where they are used.
_ONCE: Final = 1


def _shortened(steps: tuple[Step, ...], kept: tuple[str, ...]) -> tuple[Step, ...]:
    """Leave out steps that are used once or say nothing new; keep those of *kept*."""
    uses = Counter(name for step in steps for name in variables(step.expression))
    known: dict[str, Expression] = {}
    shorter = []
    for step in steps:
        expression = substituted(step.expression, known)
        is_plain = isinstance(expression, Constant | Variable)
        if step.name not in kept and (is_plain or uses[step.name] <= _ONCE):
            known[step.name] = expression
        else:
            shorter.append(Step(step.name, expression))
            if is_plain:
                known[step.name] = expression
    return tuple(shorter)
