"""The names of the inputs and results of a compiled rule, the same in every engine."""

from __future__ import annotations

from typing import Final

import attrs

from rak_billing.fees.compiled.expressions import Expression

__all__ = ["AMOUNT", "COUNT", "OUTCOMES", "TOTAL", "Step"]

#: Of the payment, in centimes.
TOTAL: Final = "total"
#: How many invoices it has.
COUNT: Final = "invoices"
#: Of one invoice, in centimes.
AMOUNT: Final = "amount"

BASE: Final = "base"
STATED: Final = "stated"
BOUNDED: Final = "bounded"
START: Final = "start"
WHOLE_GROSS: Final = "whole_gross"
WHOLE_NET: Final = "whole_net"
WHOLE_VAT: Final = "whole_vat"

GROSS: Final = "gross"
NET: Final = "net"
MERCHANT_GROSS: Final = "merchant_gross"
MERCHANT_NET: Final = "merchant_net"

#: What the customer pays with VAT and without, and what the operator does, in centimes.
OUTCOMES: Final = (GROSS, NET, MERCHANT_GROSS, MERCHANT_NET)


@attrs.frozen
class Step:
    """A name for the result of an expression."""

    name: str
    expression: Expression
