"""The parts of a fee that count something: blocks of invoices, increments of the amount."""

from __future__ import annotations

import attrs

from cmi_gateway.money import Money
from rak_billing.fees.checks import is_amount, is_at_least, is_positive_amount

__all__ = ["PerBlock", "PerIncrement"]


@attrs.frozen(kw_only=True)
class PerBlock:
    """
    An amount for each block of invoices begun: four invoices are one block of four, five are two.

    Attributes:
        invoices: How many make a block.
        amount: For each block.
    """

    invoices: int = attrs.field(validator=is_at_least(1))
    amount: Money = attrs.field(validator=is_amount)

    def blocks(self, count: int) -> int:
        """How many blocks *count* invoices begin."""
        return -(-count // self.invoices)


@attrs.frozen(kw_only=True)
class PerIncrement:
    """
    An amount for each step of the total begun: 500,00 DH are one step of 500, 500,01 DH are two.

    Attributes:
        step: How much makes a step.
        amount: For each step.
    """

    step: Money = attrs.field(validator=is_positive_amount)
    amount: Money = attrs.field(validator=is_amount)

    def steps(self, centimes: int) -> int:
        """How many steps an amount begins; zero begins none."""
        return -(-centimes // self.step.centimes)
