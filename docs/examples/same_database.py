"""A billing system in the journal's database: two functions that know its tables."""

import sqlalchemy as sa

from cmi_gateway import Money
from rak_billing.billing_posting import Refused, RefusedReason
from rak_billing.billing_systems.same_database import SameDatabaseBilling
from rak_billing.invoices import Account, Invoice, Statement

metadata = sa.MetaData()
customers = sa.Table(
    "our_customers",
    metadata,
    sa.Column("number", sa.String(20), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("address", sa.String(200), nullable=False),
)
bills = sa.Table(
    "our_bills",
    metadata,
    sa.Column("number", sa.String(20), primary_key=True),
    sa.Column("customer", sa.ForeignKey("our_customers.number"), nullable=False),
    sa.Column("service", sa.String(20), nullable=False),
    sa.Column("month", sa.String(7), nullable=False),
    sa.Column("due", sa.Date, nullable=False),
    sa.Column("centimes", sa.BigInteger, nullable=False),
    sa.Column("paid_by", sa.String(64)),
)
ledger = sa.Table(
    "our_ledger",
    metadata,
    sa.Column("bill", sa.ForeignKey("our_bills.number"), primary_key=True),
    sa.Column("payment", sa.String(64), nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("centimes", sa.BigInteger, nullable=False),
)


def read(connection, customer_ref):
    """Find what a customer owes."""
    found = connection.execute(sa.select(customers).where(customers.c.number == customer_ref)).first()
    if found is None:
        return None
    unpaid = sa.select(bills).where(bills.c.customer == customer_ref, bills.c.paid_by.is_(None))
    invoices = [
        Invoice(row.number, row.service, row.month, row.due, Money(row.centimes))
        for row in connection.execute(unpaid.order_by(bills.c.due))
    ]
    return Statement(Account(customer_ref, found.name, found.address), invoices)


def write(connection, posting):
    """Mark each bill as paid and enter it; what was written before a refusal is undone."""
    for paid in posting.invoices:
        marked = connection.execute(
            sa.update(bills)
            .where(
                bills.c.number == paid.reference,
                bills.c.customer == posting.customer_ref,
                bills.c.centimes == paid.amount.centimes,
                bills.c.paid_by.is_(None),
            )
            .values(paid_by=posting.key)
        )
        if marked.rowcount != 1:
            # Paid otherwise, or not owed like that: a person looks.
            return Refused(RefusedReason.ALREADY_PAID, paid.reference)
        entry = {"bill": paid.reference, "payment": posting.key, "day": posting.posting_date}
        connection.execute(sa.insert(ledger).values(centimes=paid.amount.centimes, **entry))
    return posting.receipt_number


def our_billing(journal):
    """Make the adapter; give it to the checkout as `billing`."""
    billing = SameDatabaseBilling(journal, read=read, write=write)
    billing.create_table()
    return billing
