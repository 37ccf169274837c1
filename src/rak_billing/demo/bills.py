"""The demo's billing system: the two invoices of the guide, and more clients made up to show its other rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final, Self

import attrs

from cmi_gateway.money import Money
from rak_billing.invoices import Account, Invoice, Statement

__all__ = ["GUIDE_CLIENT", "GUIDE_INVOICE", "DemoBilling", "DemoClient", "demo_clients"]

#: The client of the guide, whose two invoices are its example throughout.
GUIDE_CLIENT: Final = "123456789"
#: The one it pays in its steps 4 to 6: 113,02 DH, 114,26 DH with the fee. That both numbers are alike is the guide's.
GUIDE_INVOICE: Final = "123456789"

_TWELVE_MONTHS: Final = (*((2017, month) for month in range(3, 13)), (2018, 1), (2018, 2))
_TWELVE_AMOUNTS: Final = (4500, 5210, 4875, 6130, 7345, 9920, 10150, 8605, 6240, 5515, 4990, 123456)


@attrs.frozen
class DemoClient:
    """
    One client to try.

    Attributes:
        statement: What the client owes.
        shows: What this client is there to show, in French.
    """

    statement: Statement
    shows: str

    @property
    def customer_ref(self) -> str:
        """The number to type."""
        return self.statement.account.customer_ref


@attrs.frozen
class DemoBilling:
    """
    A `rak_billing.ports.BillingSystem` that never changes and never fails.

    Attributes:
        statements: What each client owes, by client number.
    """

    statements: dict[str, Statement] = attrs.field(repr=False)

    @classmethod
    def of(cls, clients: Iterable[DemoClient]) -> Self:
        """Build the billing system of *clients*."""
        return cls({client.customer_ref: client.statement for client in clients})

    def statement(self, customer_ref: str) -> Statement | None:
        """Return the client's account and unpaid invoices, or None when the reference is unknown."""
        return self.statements.get(customer_ref)


def demo_clients() -> tuple[DemoClient, ...]:
    """Give the clients of the demo, the guide's first."""
    return (
        DemoClient(_guide(), "les deux factures du guide, 113,02 DH et 105,81 DH"),
        DemoClient(_mandatory(), "trois factures, dont une exigible : son paiement est obligatoire"),
        DemoClient(_twelve(), "douze factures : la page du CMI en montre sept et le total des autres"),
        DemoClient(_nothing(), "rien à payer : le même message que pour un numéro inconnu"),
    )


def _guide() -> Statement:
    account = Account(GUIDE_CLIENT, "M. BENALI AHMED", "12 RUE MOHAMED V KENITRA")
    february = _electricity(GUIDE_INVOICE, date(2018, 2, 1), date(2018, 4, 14), 11302)
    march = _electricity("987654321", date(2018, 3, 1), date(2018, 5, 14), 10581)
    return Statement(account, (february, march))


def _mandatory() -> Statement:
    account = Account("234567891", "Mme. L'HAJJAMI FATIMA", "7 AVENUE HASSAN II KENITRA")
    overdue = Invoice(
        "383180117105", "EAU", date(2018, 1, 1), date(2018, 3, 10), Money(8740), is_mandatory=True
    )
    water = Invoice("383180218106", "EAU", date(2018, 2, 1), date(2018, 4, 10), Money(9115))
    return Statement(
        account, (overdue, water, _electricity("383180218211", date(2018, 2, 1), date(2018, 4, 14), 15670))
    )


def _twelve() -> Statement:
    account = Account("345678912", "STE. GHARB CERAMIQUE", "LOT 21 QUARTIER INDUSTRIEL KENITRA")
    months = zip(_TWELVE_MONTHS, _TWELVE_AMOUNTS, strict=True)
    invoices = (
        Invoice(
            f"3831{year % 100}{month:02d}0033",
            "ASSAINISSEMENT",
            date(year, month, 1),
            _two_months_later(year, month),
            Money(centimes),
        )
        for (year, month), centimes in months
    )
    return Statement(account, tuple(invoices))


def _nothing() -> Statement:
    return Statement(Account("456789123", "M. IDRISSI OMAR", "3 RUE DES ORANGERS KENITRA"), ())


def _electricity(reference: str, period: date, due_date: date, centimes: int) -> Invoice:
    return Invoice(reference, "ELECTRICITE", period, due_date, Money(centimes))


def _two_months_later(year: int, month: int) -> date:
    return date(year + (month + 1) // 12, (month + 1) % 12 + 1, 14)
