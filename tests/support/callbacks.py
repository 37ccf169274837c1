"""Signed callbacks of the gateway in the four outcomes, built from the form that they answer."""

from __future__ import annotations

import base64
import itertools
from datetime import datetime

import cmi_gateway as cmi
from cmi_gateway.moroccan_time import casablanca
from support.gateway_kit import APPROVED, DECLINED, NOT_AUTHENTICATED, answer

_numbers = itertools.count(12730)

#: A failure after which nobody was charged.
FAILED = {"ProcReturnCode": "99", "Response": "Error", "ErrMsg": "CORE-2010", "AuthCode": ""}
#: An error with an authorization code: the bank may have reserved the money.
DOUBTFUL = APPROVED | {"ProcReturnCode": "99", "Response": "Error", "ErrMsg": "CORE-2999"}


def new_transaction_id() -> str:
    """Give a transaction id of the real shape that no other test has."""
    return f"18253Kw4H{next(_numbers)}"


def at(instant: datetime) -> dict[str, str]:
    """Give the gateway's time of the payment as it writes it."""
    return {"EXTRA.TRXDATE": f"{instant.astimezone(casablanca()):%d/%m/%Y %H:%M:%S}"}


def approved(form: cmi.SignedForm, **changes: str) -> bytes:
    """Give the callback of an approval, of a new transaction unless *changes* name one."""
    return _callback(form, APPROVED, changes)


def declined(form: cmi.SignedForm, **changes: str) -> bytes:
    """Give the callback of a decline by the bank."""
    return _callback(form, DECLINED, changes)


def not_authenticated(form: cmi.SignedForm, **changes: str) -> bytes:
    """Give the callback of a payer who did not pass 3-D Secure; it names no transaction."""
    return answer(form, NOT_AUTHENTICATED | {"rnd": _random()} | changes)


def failed(form: cmi.SignedForm, **changes: str) -> bytes:
    """Give the callback of a gateway failure without a sign of an authorization."""
    return _callback(form, FAILED, changes)


def doubtful(form: cmi.SignedForm, **changes: str) -> bytes:
    """Give the callback of a gateway failure with an authorization code."""
    return _callback(form, DOUBTFUL, changes)


def _callback(form: cmi.SignedForm, results: dict[str, str], changes: dict[str, str]) -> bytes:
    own = {"TransId": new_transaction_id(), "rnd": _random()}
    return answer(form, results | own | changes)


def _random() -> str:
    # 20 characters of base64, another one in every callback, as the gateway does.
    return base64.b64encode(next(_numbers).to_bytes(15, "big")).decode()
