"""As many invoices as a test needs."""

from __future__ import annotations

from datetime import date

from cmi_gateway import Money
from rak_billing.invoices import Invoice


def invoices(number: int) -> list[Invoice]:
    """Give so many invoices, each of another amount."""
    return [
        Invoice(f"{100000000 + n}", "ELECTRICITE", "2018-02", date(2018, 4, 14), Money(10000 + n))
        for n in range(number)
    ]
