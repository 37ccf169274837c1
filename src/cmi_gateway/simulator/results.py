"""The fields of the gateway's answer: what the merchant sent, the card page's inputs, and the result, signed."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from typing import Final

from cmi_gateway.field_names import RESULTS
from cmi_gateway.secret import Secret
from cmi_gateway.signature import hash_ver3
from cmi_gateway.simulator.card_form import CardEntry
from cmi_gateway.simulator.orders import AttemptResult, Fields, Session
from cmi_gateway.simulator.transaction import RandomSource, TransactionNumbers
from cmi_gateway.simulator.verdicts import Verdict

#: Names that the gateway fills itself: the merchant's own value under one of them is not echoed.
_OWN_NAMES: Final = frozenset({"hash", "rnd", "encoding", *(name.lower() for name in RESULTS)})
_OWN_FAMILIES: Final = ("extra.", "extra_", "payresults.", "payresults_")
#: By ``mdStatus``: ``mdErrorMsg`` where the verdict has no words for it, ``txstatus``, and ``eci`` by brand.
_SAID: Final = {
    "1": "Y-status/Challenge authentication",
    "2": "Card not enrolled",
    "3": "Issuer not enrolled",
    "4": "Attempt",
    "5": "Authentication unavailable",
    "6": "3-D Secure error",
    "7": "System error",
    "8": "Unknown card number",
}
_TX_STATUS: Final = {"0": "N", "1": "Y", "4": "A"}
_ECI: Final = {"1": {"VISA": "05", "MASTERCARD": "02"}, "4": {"VISA": "06", "MASTERCARD": "01"}}
_ABSENT_ISSUER: Final = frozenset({"2", "3"})
#: ``dsId`` by brand.
_DIRECTORY_SERVERS: Final = {"VISA": "1", "MASTERCARD": "2"}


def attempt_fields(
    session: Session,
    entry: CardEntry,
    verdict: Verdict,
    *,
    numbers: TransactionNumbers,
    batch: int,
    random: RandomSource,
) -> Fields:
    """Build and sign the answer to one attempt, while the batch of number *batch* is open."""
    fields = {
        **echo(session.request.fields),
        **dict(entry.echo),
        **_visit(session, entry),
        **_authentication(session, entry, verdict, random),
    }
    if verdict.result is not AttemptResult.NOT_AUTHENTICATED:
        fields |= _authorization(verdict, entry, numbers, batch)
    return sign_answer(fields.items(), session.key, random)


def echo(fields: Fields) -> dict[str, str]:
    """Give what the merchant sent, as it came, without what the gateway fills in itself."""
    return {
        name: value
        for name, value in fields
        if name.lower() not in _OWN_NAMES and not name.lower().startswith(_OWN_FAMILIES)
    }


def sign_answer(fields: Iterable[tuple[str, str]], key: Secret, random: RandomSource) -> Fields:
    """Add a fresh ``rnd``, the encoding and, under its upper-case name, the hash."""
    unsigned = (*fields, ("encoding", "UTF-8"), ("rnd", _base64(random.randbytes(15))))
    return (*unsigned, ("HASH", hash_ver3(unsigned, key)))


def _visit(session: Session, entry: CardEntry) -> dict[str, str]:
    card = entry.card
    again = {"failCount": str(session.failures), "retryXid": session.xid} if session.failures else {}
    return {
        "ReturnOid": session.request.get("oid"),
        "xid": session.xid,
        "clientIp": session.client_ip,
        "MaskedPan": card.masked_pan,
        "maskedCreditCard": card.masked_number,
        "callbackCall": "true",
        "digest": "digest",
        **again,
    }


def _authentication(
    session: Session, entry: CardEntry, verdict: Verdict, random: RandomSource
) -> dict[str, str]:
    """Give the 3-D Secure fields; ``mdStatus`` is absent for a card that is not enrolled, unless it is refused there."""
    card = entry.card
    passed = verdict.result is not AttemptResult.NOT_AUTHENTICATED
    # A magic amount may take the payment to the bank with any card, and end it with any.
    has_said = bool(card.md_status) and passed is card.authenticates
    if passed and not (card.enrolled or has_said):
        return {}
    case_id = f"{random.randrange(10_000):04d}"
    asked = "1" if passed else "0"
    status = card.md_status if has_said else asked
    return {
        "mdStatus": status,
        "mdErrorMsg": _SAID.get(status, verdict.message),
        "md": f"{card.number[:6]}:{random.randbytes(32).hex()}:{case_id}:##{session.account.client_id}",
        **_issuer_said(status, card.brand, random),
    }


def _issuer_said(status: str, brand: str, random: RandomSource) -> dict[str, str]:
    """Give what the issuer's own part of 3-D Secure answered; nothing where neither card nor issuer takes part."""
    if status in _ABSENT_ISSUER:
        return {}
    shown = {
        "txstatus": _TX_STATUS.get(status, "U"),
        "PAResVerified": "true" if status in _ECI else "false",
        "PAResSyntaxOK": "true",
    }
    if status not in _ECI:
        return shown
    eci = _ECI[status].get(brand, _ECI[status]["VISA"])
    return {**shown, "eci": eci, "cavv": _base64(random.randbytes(20)), "cavvAlgorithm": "2"}


def _authorization(
    verdict: Verdict, entry: CardEntry, numbers: TransactionNumbers, batch: int
) -> dict[str, str]:
    approved = verdict.result is AttemptResult.APPROVED
    error = {"ErrCode": verdict.error} if verdict.error else {}
    directory = _DIRECTORY_SERVERS.get(entry.card.brand, "0") if entry.card.enrolled else "0"
    return error | {
        "Response": verdict.response,
        "ProcReturnCode": verdict.code,
        "ErrMsg": verdict.message,
        "AuthCode": numbers.auth_code if approved else "",
        "TransId": numbers.trans_id,
        "TRANID": numbers.tran_id if entry.card.enrolled else "",
        "HostRefNum": numbers.host_ref_num,
        "acqStan": numbers.acq_stan,
        "SettleId": str(batch),
        "EXTRA.TRXDATE": numbers.trx_date,
        "EXTRA.CARDBRAND": entry.card.brand,
        "EXTRA.CARDISSUER": "SIMULATEUR",
        "EXTRA.CVVVERIFICATION": "M",
        "EXTRA.HOSTMSG": verdict.response.upper(),
        "ccnHash": _base64(hashlib.sha256(entry.card.number.encode("ascii")).digest()),
        "dsId": directory,
        "payResults.dsId": directory,
    }


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode("ascii")
