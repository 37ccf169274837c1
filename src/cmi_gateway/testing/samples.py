"""A merchant and a payment for tests that need one and do not care which."""

from __future__ import annotations

from typing import Any, Final

from cmi_gateway.merchant import TEST, Gateway, Merchant
from cmi_gateway.money import Money
from cmi_gateway.payment import BillTo, PaymentRequest

#: Made up, and printed in the documents: they protect nothing.
CLIENT_ID: Final = "600000099"
STORE_KEY: Final = "TEST1234"
API_USER: Final = "testapi"
API_PASSWORD: Final = "testapi-password"  # noqa: S105 - of the simulator only


def sample_merchant(gateway: Gateway = TEST) -> Merchant:
    """Give a merchant whose key everybody knows."""
    return Merchant(CLIENT_ID, STORE_KEY, gateway, "Boutique de test")


def sample_request(**changes: Any) -> PaymentRequest:
    """Give a payment of 114.26 dirhams to a shop that does not exist; *changes* are fields of `cmi_gateway.PaymentRequest`."""
    shop = "https://boutique.example/"
    facts: dict[str, Any] = {
        "order_id": "TEST-7f3kq9z2mb4wx1t8",
        "amount": Money.parse("114.26"),
        "email": "client@example.com",
        "bill_to": BillTo(name="Amina Aït Ben"),
        "ok_url": f"{shop}retour",
        "fail_url": f"{shop}retour",
        "shop_url": shop,
        "callback_url": f"{shop}cmi/callback",
    }
    return PaymentRequest(**(facts | changes))
