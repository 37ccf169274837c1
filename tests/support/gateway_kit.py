"""A merchant, a payment and the gateway's signed answers, for tests of both packages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import cmi_gateway as cmi
from cmi_gateway.signature import hash_ver3

VECTORS = Path(__file__).parent.parent / "vectors"
STORE_KEY = "TEST1234"
MERCHANT = cmi.Merchant(client_id="600000099", store_key=STORE_KEY, gateway=cmi.TEST, name="RAK")

#: What the gateway adds to an approval without 3-D Secure, beside ``ReturnOid``, which repeats the order's.
APPROVED = {
    "ProcReturnCode": "00",
    "Response": "Approved",
    "ErrMsg": "",
    "AuthCode": "448788",
    "TransId": "18253Kw4H12730",
    "acqStan": "032437",
    "EXTRA.TRXDATE": "10/09/2018 10:48:58",
    "EXTRA.CARDBRAND": "VISA",
    "EXTRA.CARDISSUER": "CDM",
    "MaskedPan": "400000***0010",
    "maskedCreditCard": "4000 00** **** 0010",
    "rnd": "pPYVLt0BV6WaSNLTaBge",
    "callbackCall": "true",
}
DECLINED = APPROVED | {
    "ProcReturnCode": "51",
    "Response": "Declined",
    "AuthCode": "",
    "ErrMsg": "Solde insuffisant",
}
NOT_AUTHENTICATED = {
    "mdStatus": "0",
    "txstatus": "N",
    "mdErrorMsg": "Not authenticated",
    "rnd": "aPYVLt0BV6WaSNLTaBge",
}


def payment_request(**changes: Any) -> cmi.PaymentRequest:
    """Give the house plan's example request, with *changes*."""
    facts: dict[str, Any] = {
        "order_id": "RAK-7f3kq9z2mb4wx1t8",
        "amount": cmi.Money.parse("114.26"),
        "email": "client@example.com",
        "bill_to": cmi.BillTo(name="Amina Aït Ben"),
        "lines": [
            cmi.OrderLine(
                reference="383180218210",
                description="GERANCE ELECTRICITE, PERIODE 01/02/2018",
                amount=cmi.Money.parse("113.02"),
            ),
            cmi.OrderLine(
                reference="FRAIS", description="Frais du service en ligne", amount=cmi.Money.parse("1.24")
            ),
        ],
        "ok_url": "https://portal.example/retour",
        "fail_url": "https://portal.example/retour",
        "shop_url": "https://portal.example/",
        "callback_url": "https://portal.example/cmi/callback",
        "language": "fr",
        "custom": {"NUM_CONTRAT": "123456789"},
    }
    return cmi.PaymentRequest(**(facts | changes))


def signed_form(**changes: Any) -> cmi.SignedForm:
    """Sign `payment_request`."""
    return MERCHANT.sign(payment_request(**changes))


def answer_fields(form: cmi.SignedForm, results: Mapping[str, str] = APPROVED) -> dict[str, str]:
    """Give what the gateway posts: all that was sent, but for its own random text and hash, the order once more, and *results*."""
    echoed = {name: value for name, value in form.fields if name not in ("hash", "rnd")}
    return echoed | {"ReturnOid": echoed["oid"]} | dict(results)


def signed_body(fields: Mapping[str, str] | Iterable[tuple[str, str]], store_key: str = STORE_KEY) -> bytes:
    """Sign *fields* as the gateway does and form-encode them, with its final line feed."""
    pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
    return urlencode([*pairs, ("HASH", hash_ver3(pairs, store_key))]).encode() + b"\n"


def answer(form: cmi.SignedForm, results: Mapping[str, str] = APPROVED, store_key: str = STORE_KEY) -> bytes:
    """Give the raw callback that answers *form*."""
    return signed_body(answer_fields(form, results), store_key)


def vectors() -> dict[str, Any]:
    """Read the hashes that were made outside this project."""
    loaded: dict[str, Any] = json.loads((VECTORS / "ver3.json").read_text(encoding="utf-8"))
    return loaded


def real_callback() -> bytes:
    """Rebuild the raw body of the real callback (vector V7): fields in file order, ``hashAlgorithm`` last, a line feed."""
    fields = next(vector for vector in vectors()["published"] if vector["id"] == "V7")["fields"]
    ordered = [(name, value) for name, value in fields.items() if name != "hashAlgorithm"]
    return urlencode([*ordered, ("hashAlgorithm", "ver3")]).encode() + b"\n"
