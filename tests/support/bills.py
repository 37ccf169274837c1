"""The guide's own bills, tariff and receipt, for the tests of the billing side."""

from datetime import UTC, date, datetime

from cmi_gateway.money import Money
from rak_billing.fees.schedule import Fee, FeeSchedule
from rak_billing.invoices import Account, Invoice, Statement
from rak_billing.quote import QuoteLine
from rak_billing.receipt import Receipt

PAYMENT_DAY = date(2018, 9, 10)
PAYMENT_INSTANT = datetime(2018, 9, 10, 9, 48, 58, tzinfo=UTC)

INVOICE_A = Invoice("123456789", "ELECTRICITE", date(2018, 2, 1), date(2018, 4, 14), Money(11302))
INVOICE_B = Invoice("987654321", "ELECTRICITE", date(2018, 3, 1), date(2018, 5, 14), Money(10581))
ACCOUNT = Account("123456789", "M. BENALI AHMED", "12 RUE MOHAMED V APPT 3 KENITRA")
STATEMENT = Statement(ACCOUNT, (INVOICE_A, INVOICE_B))


def guide_fee(total: str, invoices: int | list[Money] = 1) -> Fee:
    """Price *total* by the guide's tariff on the guide's day."""
    return FeeSchedule.preset("rak-2018").fee(Money.parse(total), invoices=invoices, on=PAYMENT_DAY)


def guide_receipt(**changes: object) -> Receipt:
    """Give the guide's receipt, with some fields changed."""
    facts = {
        "number": "10000764160",
        "paid_at": PAYMENT_INSTANT,
        "posting_date": date(2018, 9, 11),
        "payment_number": "032437",
        "authorization_code": "448788",
        "method": "VISA",
        "last_four": "0010",
        "transaction_id": "18253Kw4H12730",
        "customer_name": "M. B… A…",
        "email": "client@example.com",
        "merchant_name": "RAK",
        "merchant_id": "600000099",
        "contract": "123456789",
        "lines": (
            QuoteLine(INVOICE_A.reference, INVOICE_A.description, INVOICE_A.amount),
            QuoteLine("FRAIS", "Frais du service en ligne", Money(124)),
        ),
        "total": Money(11426),
        "fee_net": Money(113),
        "fee_vat": Money(11),
        "operator_name": "Régie Autonome de Distribution d'Eau d'Electricité\nKénitra",
        "operator_footer": "ICE 000000000000000",
    }
    return Receipt(**(facts | changes))
