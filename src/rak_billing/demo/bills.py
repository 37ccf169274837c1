"""The demo's bills: the two invoices of the guide, and more clients made up to show its other rules."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import attrs

from rak_billing.billing_systems.csv_files import read_bills
from rak_billing.billing_systems.sqlite import SqliteBilling
from rak_billing.invoices import Statement

__all__ = ["GUIDE_CLIENT", "GUIDE_INVOICE", "DemoClient", "demo_billing", "demo_clients"]

#: The client of the guide, whose two invoices are its example throughout.
GUIDE_CLIENT: Final = "123456789"
#: The one it pays in its steps 4 to 6: 113,02 DH, 114,26 DH with the fee. That both numbers are alike is the guide's.
GUIDE_INVOICE: Final = "123456789"

_HERE: Final = Path(__file__).parent
#: What each client is there to show, in French.
_SHOWS: Final = {
    GUIDE_CLIENT: "les deux factures du guide, 113,02 DH et 105,81 DH",
    "234567891": "trois factures, dont une exigible : son paiement est obligatoire",
    "345678912": "douze factures : la page du CMI en montre sept et le total des autres",
    "456789123": "rien à payer : le même message que pour un numéro inconnu",
}


@attrs.frozen
class DemoClient:
    """
    One client to try.

    Attributes:
        statement: What the client owes at the beginning.
        shows: What this client is there to show, in French.
    """

    statement: Statement
    shows: str

    @property
    def customer_ref(self) -> str:
        """The number to type."""
        return self.statement.account.customer_ref


def demo_clients() -> tuple[DemoClient, ...]:
    """Give the clients of the demo, the guide's first, as the two CSV files beside this one have them."""
    bills = read_bills(_HERE / "customers.csv", _HERE / "invoices.csv")
    return tuple(DemoClient(statement, _SHOWS[statement.account.customer_ref]) for statement in bills)


def demo_billing(folder: Path) -> SqliteBilling:
    """
    Give the billing system of the demo: one SQLite file in *folder*, which keeps what was paid there.

    Raises:
        BillingUnavailableError: The file cannot be used.
    """
    billing = SqliteBilling(folder / "bills.db")
    billing.load(client.statement for client in demo_clients())
    return billing
