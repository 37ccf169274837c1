"""
The bodies that are played: honest ones as the gateway writes them, and what they can be turned into.

Everything follows from the order and a label, so that a repeat is the same to the byte and a run can be run again.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote_plus, urlencode

import attrs

from cmi_gateway.certify.orders import Order
from cmi_gateway.secret import Secret
from cmi_gateway.signature import NameOrder, hash_ver3

FORM: Final = "application/x-www-form-urlencoded"
Pairs = tuple[tuple[str, str], ...]

#: Filled by the gateway, whatever the merchant sent under these names.
_NOT_ECHOED: Final = frozenset({"hash", "rnd", "encoding"})


@attrs.frozen
class Message:
    """One request to the endpoint."""

    body: bytes = attrs.field(repr=False)
    method: str = "POST"
    content_type: str = FORM


@attrs.frozen
class Scene:
    """
    What a callback is built from.

    Attributes:
        order: Made for this row.
        client_id: The merchant's.
        key: The merchant's store key.
        url: The endpoint's address, for the fields of a form that was not given.
    """

    order: Order
    client_id: str
    key: Secret
    url: str

    def echo(self) -> dict[str, str]:
        """Give what the gateway sends back of the form; the documented least where the form is not known."""
        if self.order.fields:
            return {name: text for name, text in self.order.fields if name.lower() not in _NOT_ECHOED}
        return {
            "clientid": self.client_id,
            "storetype": "3D_PAY_HOSTING",
            "TranType": "PreAuth",
            "amount": self.order.amount.wire,
            "currency": self.order.amount.currency_number,
            "oid": self.order.order_id,
            "okUrl": self.url,
            "failUrl": self.url,
            "shopurl": self.url,
            "callbackUrl": self.url,
            "lang": "fr",
            "hashAlgorithm": "ver3",
        }

    def spelling(self, name: str) -> str:
        """Give *name* in the spelling that the form has, since an endpoint may look it up so."""
        return next((sent for sent in self.echo() if sent.lower() == name.lower()), name)

    def approved(self, label: str = "first", /, **changes: str | None) -> dict[str, str]:
        """Give the fields of an approval without 3-D Secure; *label* tells transactions apart."""
        return self._with({**self.echo(), **self._results(label)}, changes)

    def declined(self, label: str = "declined", /, **changes: str | None) -> dict[str, str]:
        """Give the fields of a decline by the bank."""
        declined = {
            "Response": "Declined",
            "ProcReturnCode": "51",
            "ErrMsg": "Solde insuffisant",
            "AuthCode": "",
        }
        return self._with({**self.echo(), **self._results(label), **declined}, changes)

    def not_authenticated(self) -> dict[str, str]:
        """Give the fields of a payer who did not pass 3-D Secure: no return code, no transaction."""
        shown = {"mdStatus": "0", "txstatus": "N", "mdErrorMsg": "Not authenticated", "PAResSyntaxOK": "true"}
        kept = {name: self._results("3ds")[name] for name in ("MaskedPan", "rnd", "callbackCall", "encoding")}
        return {**self.echo(), **shown, **kept}

    def _with(self, fields: dict[str, str], changes: dict[str, str | None]) -> dict[str, str]:
        for name, value in changes.items():
            spelt = self.spelling(name.replace("__", "."))
            if value is None:
                fields.pop(spelt, None)
            else:
                fields[spelt] = value
        return fields

    def _results(self, label: str) -> dict[str, str]:
        seed = hashlib.sha256(f"{self.order.order_id} {label}".encode()).digest()
        number = int.from_bytes(seed[:4]) % 90_000 + 10_000
        return {
            "ReturnOid": self.order.order_id,
            "Response": "Approved",
            "ProcReturnCode": "00",
            "ErrMsg": "",
            "AuthCode": f"0{number}",
            "TransId": f"21041NYaD{number}",
            "HostRefNum": f"1041139{number}",
            "acqStan": f"9{number}",
            "SettleId": "1",
            "EXTRA.TRXDATE": "10/02/2021 13:24:26",
            "EXTRA.CARDBRAND": "VISA",
            "EXTRA.CARDISSUER": "CDM",
            "MaskedPan": "400000***0010",
            "maskedCreditCard": "4000 00** **** 0010",
            "clientIp": "203.0.113.10",
            "rnd": b64encode(seed[:15]).decode("ascii"),
            "digest": "digest",
            "callbackCall": "true",
            "encoding": "UTF-8",
        }

    def post(self, fields: dict[str, str], *, order: NameOrder = NameOrder.PLAIN) -> Message:
        """Sign *fields* with the merchant's key and post them."""
        return posted(self.signed(fields, order=order))

    def signed(self, fields: dict[str, str], *, order: NameOrder = NameOrder.PLAIN) -> Pairs:
        """Give *fields* and their hash."""
        return signed(fields.items(), self.key, order=order)


def signed(
    fields: Iterable[tuple[str, str]],
    key: Secret,
    *,
    order: NameOrder = NameOrder.PLAIN,
    document_rule: bool = False,
) -> Pairs:
    """Give *fields* and, under the gateway's name for it, their hash."""
    pairs = tuple(fields)
    return (*pairs, ("HASH", hash_ver3(pairs, key, order, document_rule=document_rule)))


def posted(pairs: Iterable[tuple[str, str]], ending: bytes = b"") -> Message:
    """Write *pairs* as a form body, in their order."""
    return Message(urlencode(list(pairs)).encode("ascii") + ending)


def with_entities(pairs: Pairs) -> Pairs:
    """Write quotes as the gateway does, after signing; ``&`` stays as it is."""
    return tuple([(name, text.replace("'", "&#39;").replace('"', "&#34;")) for name, text in pairs])


def quoted(name: str, value: str) -> bytes:
    """Write one more field, to be put before or after a body."""
    return f"{quote_plus(name)}={quote_plus(value)}".encode("ascii")
