"""What one payment costs, with its parts; kept as it was computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from cmi_gateway.money import Money
from rak_billing.fees.evaluation import Computation, Part
from rak_billing.fees.explanation import explain
from rak_billing.fees.rule import FeeRule
from rak_billing.fees.selectors import Circumstances

if TYPE_CHECKING:
    from rak_billing.fees.schedule import FeeSchedule

__all__ = ["Fee"]


@attrs.frozen
class Fee:
    """
    The fee of one payment; made by `FeeSchedule.fee`, and kept with the order as it was computed.

    Attributes:
        base: The total of the invoices that it was computed for.
        gross: What the customer pays for the service, VAT included; zero where the operator bears it.
        net: Its part without VAT.
        vat: Its VAT; net and VAT add up to the gross.
        merchant_cost: What the operator pays for the service, VAT included; zero where the customer bears it.
        merchant_net: Its part without VAT.
        shares: The customer's gross by invoice, in the order given; empty where the rule shares nothing out.
        invoices: How many there are.
        circumstances: Card, brand, channel and class of customer.
        schedule: The rules that were followed.
        rule_number: Which of them it was, counted from 1.
        computation: Every figure on the way.
    """

    base: Money
    gross: Money
    net: Money
    vat: Money
    merchant_cost: Money
    merchant_net: Money
    shares: tuple[Money, ...]
    invoices: int
    circumstances: Circumstances
    schedule: FeeSchedule = attrs.field(repr=False)
    rule_number: int
    computation: Computation = attrs.field(repr=False, eq=False)

    @property
    def card(self) -> str:
        """The kind of card that was announced."""
        return self.circumstances.card

    @property
    def rule(self) -> FeeRule:
        """The rule that was followed."""
        return self.schedule.rules[self.rule_number - 1]

    @property
    def schedule_id(self) -> str:
        """Identifier of the schedule, such as ``rak-2018``."""
        return self.schedule.id

    @property
    def schedule_version(self) -> str:
        """Version of the schedule: its text may be corrected under the same identifier."""
        return self.schedule.version

    @property
    def parts(self) -> tuple[Part, ...]:
        """The exact parts, of the payment or of one invoice after the other."""
        return tuple(part for unit in self.computation.units for part in unit.parts)

    def explain(self, language: Literal["fr", "en"] = "fr") -> tuple[str, ...]:
        """
        Give the steps from the invoices to the fee, each one an operation of a pocket calculator.

        Every operation stands with its operands: ``218,83 × 1,1 ÷ 100 = 2,40713``. A number that does not end is
        cut and followed by « … »; the step after it goes on with the exact number.

        Args:
            language: ``fr``, or ``en``.
        """
        return explain(self.rule, self.computation, self.schedule.heading, self.base.currency, language)
