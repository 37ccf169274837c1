"""The gateway's callbacks for a form of yours, signed as the gateway signs: every outcome, and every forgery."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Final

from cmi_gateway.certify.callbacks import Pairs, Scene, posted, signed, with_entities
from cmi_gateway.certify.orders import Order
from cmi_gateway.money import Money
from cmi_gateway.payment import SignedForm
from cmi_gateway.secret import Secret
from cmi_gateway.signature import NameOrder
from cmi_gateway.simulator.endings import MESSAGES
from cmi_gateway.simulator.transaction import issue_numbers
from cmi_gateway.testing.callback_kinds import DECLINE_CODES, RESULTS, CallbackKind
from cmi_gateway.testing.samples import STORE_KEY

_OTHER_KEY: Final = Secret("UNE-AUTRE-CLE")
_FAILURES: Final = frozenset({CallbackKind.TECHNICAL_ERROR, CallbackKind.DUPLICATE_ORDER})


def signed_callback(
    form: SignedForm,
    kind: CallbackKind | str = CallbackKind.APPROVED,
    *,
    store_key: str | Secret = STORE_KEY,
    changes: Mapping[str, str | None] | None = None,
    attempt: int = 1,
    at: datetime | None = None,
    order: NameOrder = NameOrder.PLAIN,
) -> bytes:
    """
    Give the raw body that the gateway posts to ``callbackUrl`` for *form*.

    The same arguments give the same bytes: to test a repeat, post a body twice.

    Args:
        form: As `cmi_gateway.Merchant.sign` gave it.

        kind: What it says, or what is wrong with it.

        store_key: The merchant's key; that of `cmi_gateway.testing.samples.sample_merchant` by default.

        changes: Fields set before the hash is made, by the gateway's names; None leaves one out.

        attempt: Tells tries at one order apart: each number has transaction ids and random text of its own.

        at: When the bank answered, aware; on 10/02/2021 by default.

        order: The order of names under the hash.

    Raises:
        ValueError: there is no such kind.
    """
    kind = CallbackKind(kind)
    scene = _scene(form, store_key)
    fields = _fields(scene, kind, attempt, at)
    for name, value in (changes or {}).items():
        fields.pop(scene.spelling(name), None)
        if value is not None:
            fields[scene.spelling(name)] = value
    key = _OTHER_KEY if kind is CallbackKind.WRONG_KEY else scene.key
    return _body(kind, form, signed(fields.items(), key, order=order))


def _scene(form: SignedForm, store_key: str | Secret) -> Scene:
    sent = dict(form.fields)
    order = Order(form.order_id, Money.parse(sent["amount"], sent["currency"]), form.fields)
    key = store_key if isinstance(store_key, Secret) else Secret(store_key)
    return Scene(order, sent["clientid"], key, sent["callbackUrl"])


def _fields(scene: Scene, kind: CallbackKind, attempt: int, at: datetime | None) -> dict[str, str]:
    label = f"{kind} {attempt}"
    if kind is CallbackKind.NOT_AUTHENTICATED:
        return scene.not_authenticated() | {"rnd": scene.approved(label)["rnd"]}
    fields = scene.approved(label) | _times(scene, label, at)
    changes = RESULTS.get(kind, {}) | _refusal(kind)
    return {name: value for name, value in (fields | changes).items() if value is not None}


def _refusal(kind: CallbackKind) -> dict[str, str | None]:
    """Say no as the issuer or the gateway does, with the words of the simulator."""
    code = DECLINE_CODES.get(kind)
    if code is not None:
        return {"Response": "Declined", "ProcReturnCode": code, "ErrMsg": MESSAGES[code], "AuthCode": ""}
    if kind in _FAILURES:
        message = MESSAGES[RESULTS[kind]["ErrCode"] or ""]
        return {"Response": "Error", "ProcReturnCode": "99", "ErrMsg": message, "AuthCode": ""}
    return {}


def _times(scene: Scene, label: str, at: datetime | None) -> dict[str, str]:
    if at is None:
        return {}
    seed = hashlib.sha256(f"{scene.order.order_id} {label}".encode()).digest()
    numbers = issue_numbers(at, int.from_bytes(seed[:4]), Random(seed))  # noqa: S311 - no secret: repeatable
    return {
        "TransId": numbers.trans_id,
        "AuthCode": numbers.auth_code,
        "acqStan": numbers.acq_stan,
        "HostRefNum": numbers.host_ref_num,
        "EXTRA.TRXDATE": numbers.trx_date,
    }


def _body(kind: CallbackKind, form: SignedForm, pairs: Pairs) -> bytes:
    """Write the body as the gateway does, or spoil it on the way."""
    match kind:
        case CallbackKind.JUNK:
            return b"\xff\xfe<html>\x00not a callback"
        case CallbackKind.REFLECTED:
            return posted(form.fields).body
        case CallbackKind.UNSIGNED:
            pairs = pairs[:-1]
        case CallbackKind.TAMPERED:
            pairs = tuple([(name, "1.00" if name == "amount" else text) for name, text in pairs])
        case CallbackKind.REPEATED_FIELD:
            pairs = (*pairs, ("ProcReturnCode", "00"))
    body = posted(with_entities(pairs), b"\n").body
    return body[: len(body) // 2] if kind is CallbackKind.TRUNCATED else body
