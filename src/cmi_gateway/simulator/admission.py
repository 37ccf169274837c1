"""The gateway's first look at a request: whose it is, whether its hash holds, whether it can be paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from cmi_gateway.errors import ConfigurationError
from cmi_gateway.field_checks import split_web_address
from cmi_gateway.secret import Secret
from cmi_gateway.signature import NameOrder, hash_ver3, matches
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.endings import MESSAGES
from cmi_gateway.simulator.orders import Fields, Refusal
from cmi_gateway.simulator.request import HostedRequest, flaw_of
from cmi_gateway.simulator.results import echo, sign_answer
from cmi_gateway.simulator.transaction import RandomSource
from cmi_gateway.simulator.verdicts import DUPLICATE_ERROR, GATEWAY_ERROR

#: More fields than any real answer holds, twice over; the hash of a larger form is not worth computing.
MOST_FIELDS: Final = 300

WRONG_HASH_CODE: Final = "3D-1004"
_WRONG_HASH: Final = "Code de sécurité erronné"
_BAD_REQUEST_CODE: Final = "HPP-1001"


@attrs.frozen
class Admitted:
    """A request that may be paid: its merchant, and the key that it was signed with."""

    account: MerchantAccount
    key: Secret


def admit(
    request: HostedRequest, accounts: Mapping[str, MerchantAccount], random: RandomSource
) -> Admitted | Refusal:
    """Check names, merchant, hash and values, in this order, as far as one request alone tells."""
    if len(request.fields) > MOST_FIELDS or request.repeats_names:
        return Refusal("", "Demande illisible : un champ est répété, ou ils sont trop nombreux")
    account = accounts.get(request.get("clientid"))
    if account is None:
        return Refusal("", "Marchand inconnu de ce simulateur (champ clientid)")
    key = _signing_key(request, account)
    if key is None:
        return _wrong_hash(request)
    flaw = flaw_of(request)
    if flaw is not None:
        code = (("ErrorCode", _BAD_REQUEST_CODE),)
        return _answered(request, key, random, code=_BAD_REQUEST_CODE, message=flaw, more=code)
    return Admitted(account, key)


def duplicate(request: HostedRequest, key: Secret, random: RandomSource) -> Refusal:
    """Refuse a request whose order is paid: a success consumes its ``oid``."""
    more = (("ProcReturnCode", GATEWAY_ERROR), ("ErrCode", DUPLICATE_ERROR))
    return _answered(request, key, random, code=GATEWAY_ERROR, message=MESSAGES[DUPLICATE_ERROR], more=more)


def _signing_key(request: HostedRequest, account: MerchantAccount) -> Secret | None:
    """Give the account's key under which the hash holds, names sorted in either of the known orders."""
    presented = request.get("hash")
    if request.get("hashAlgorithm") != "ver3" or not presented:
        return None
    try:
        return next(
            (
                key
                for key in account.store_keys
                for order in NameOrder
                if matches(presented, hash_ver3(request.fields, key, order))
            ),
            None,
        )
    except ConfigurationError:  # characters that UTF-8 cannot hold: nobody signed these
        return None


def _wrong_hash(request: HostedRequest) -> Refusal:
    """Refuse with as little as the real gateway sends: no order, no hash, no ``ProcReturnCode``."""
    message = f"{WRONG_HASH_CODE} {_WRONG_HASH}"
    fields = (("Response", "Error"), ("ErrMsg", message), ("ErrCode", WRONG_HASH_CODE))
    return Refusal(WRONG_HASH_CODE, _WRONG_HASH, fields, _return_url(request))


def _answered(
    request: HostedRequest, key: Secret, random: RandomSource, *, code: str, message: str, more: Fields
) -> Refusal:
    fields = {**echo(request.fields), "Response": "Error", "ErrMsg": message, **dict(more)}
    return Refusal(code, message, sign_answer(fields.items(), key, random), _return_url(request))


def _return_url(request: HostedRequest) -> str | None:
    url = request.get("failUrl")
    return url if split_web_address(url) else None
