"""
What became of an attempt at paying: a closed union, so that the type checker proves every case handled.

A decline is a value. `Failed` is an answer too: the gateway spoke, but what it said is an error or
contradicts itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import attrs

from cmi_gateway.codes import MessageKey, find_code, look_up, look_up_md_status
from cmi_gateway.moroccan_time import parse_gateway_time

if TYPE_CHECKING:
    from collections.abc import Callable

#: 3-D Secure statuses after which a payment may go on: authenticated, or card or issuer not enrolled.
_AUTHENTICATION_DONE: Final = frozenset({"1", "2", "3", "4"})
#: Ends of 3-D Secure after which no bank is asked: not authenticated, and rejected by the issuer.
_AUTHENTICATION_REFUSED: Final = frozenset({"N", "R"})
_TWO_ORDERS: Final = "ReturnOid names another order than oid"
#: The issuer's codes are two characters; 99 is the gateway's own error.
_GATEWAY_ERROR: Final = "99"
_APPROVED_CODE: Final = "00"
_LAST_FOUR: Final = 4


@attrs.frozen(kw_only=True)
class PaymentFacts:
    """
    What the gateway tells of an attempt; every fact may be missing.

    Attributes:
        transaction_id: The gateway's reference of this operation (``TransId``), case-sensitive.
        authorization_code: The issuer's code (``AuthCode``), leading zeros kept.
        payment_number: « N° de paiement » of the receipt (``acqStan``), leading zeros kept.
        gateway_time: When the bank authorized, an aware instant in UTC.
        gateway_time_text: The same as the gateway wrote it, in Moroccan time.
        brand: « Méthode de paiement », such as ``VISA``.
        issuer: The issuing bank.
        last_four: Last four digits of the card; more is never read.
        three_d_secure: Whether the payer was fully authenticated; None when the gateway does not say.
    """

    transaction_id: str | None = None
    authorization_code: str | None = None
    payment_number: str | None = None
    gateway_time: datetime | None = None
    gateway_time_text: str | None = None
    brand: str | None = None
    issuer: str | None = None
    last_four: str | None = None
    three_d_secure: bool | None = None


@attrs.frozen
class Approved:
    """The bank reserved the money. It moves only once captured."""

    facts: PaymentFacts


@attrs.frozen
class Declined:
    """
    The bank said no to the payer, who may try again.

    Attributes:
        code: The issuer's code, such as ``51``.
        message: The gateway's text, for operators; not fit for customers.
    """

    code: str
    message: str
    facts: PaymentFacts

    @property
    def message_key(self) -> MessageKey:
        """What to tell the customer; a code that is not in the catalogue gets the bank's neutral no, which was signed."""
        entry = look_up(self.code)
        return entry.message_key if entry.is_listed else MessageKey.DECLINED


@attrs.frozen
class NotAuthenticated:
    """
    The payer did not pass 3-D Secure; the bank was not asked.

    Attributes:
        message: The gateway's text, for operators; not fit for customers.
        md_status: The 3-D Secure status, such as ``0``.
    """

    message: str
    facts: PaymentFacts
    md_status: str = "0"

    @property
    def message_key(self) -> MessageKey:
        """What to tell the customer; one whose status says nothing may authenticate again."""
        key = look_up_md_status(self.md_status).message_key
        return MessageKey.NOT_AUTHENTICATED if key is MessageKey.CHECKING else key


@attrs.frozen
class Failed:
    """
    The gateway reports an error, or its answer contradicts itself. Never paid.

    Attributes:
        reason: What was found, in English, without personal data.
        authorization_sign: Whether anything hints that money may be reserved all the same; then a person must look.
        code: The gateway's error code, such as ``CORE-2507``, or its return code; empty where it gave none.
    """

    reason: str
    authorization_sign: bool
    facts: PaymentFacts
    code: str = ""

    @property
    def message_key(self) -> MessageKey:
        """What to tell the customer; never to pay again while money may be reserved or nothing is known."""
        return MessageKey.CHECKING if self.authorization_sign else look_up(self.code).message_key


Outcome = Approved | Declined | NotAuthenticated | Failed


def read_outcome(value_of: Callable[[str], str | None]) -> Outcome:
    """
    Judge the result fields of a verified callback.

    Success needs the code ``00`` as text *and* ``Response`` ``Approved``; a numeric comparison would take
    ``0``, which CMI's table prints, or an absent code in some languages. Fields that are absent or empty
    contradict nothing: only the order, the amount and these two are in every answer.

    Args:
        value_of: Gives the value of a field by its name, or None.
    """
    facts = _facts(value_of)
    code = value_of("ProcReturnCode") or ""
    response = value_of("Response") or ""
    md_status = value_of("mdStatus") or ""
    sign = code in (_APPROVED_CODE, "0") or response.lower() == "approved" or bool(facts.authorization_code)
    if code == _APPROVED_CODE and response == "Approved":
        objection = _objection(value_of, md_status)
        if objection:
            return Failed(f"approved although {objection}", sign, facts, _reported_error(value_of) or code)
        return Approved(facts)
    said = f"ProcReturnCode {code[:4]!r} with Response {response[:10]!r}"
    if sign:
        return Failed(f"contradiction: {said}", sign, facts, _error_code(value_of))
    if _names_another_order(value_of):
        # Whatever it says, it says of two orders: neither may change by it.
        return Failed(_TWO_ORDERS, sign, facts)
    refusal = _refusal(value_of, code, response, md_status, facts)
    return refusal or Failed(f"the gateway reports {said}", sign, facts, _error_code(value_of))


def _refusal(
    value_of: Callable[[str], str | None], code: str, response: str, md_status: str, facts: PaymentFacts
) -> Declined | NotAuthenticated | None:
    """Give the no of the issuer, or of 3-D Secure; None where the gateway itself failed."""
    message = value_of("ErrMsg") or value_of("mdErrorMsg") or ""
    if response == "Declined" and len(code) == len(_APPROVED_CODE) and code != _GATEWAY_ERROR:
        return Declined(code, message, facts)
    if not code and md_status and md_status not in _AUTHENTICATION_DONE:
        return NotAuthenticated(message, facts, md_status[:2])
    return None


def _error_code(value_of: Callable[[str], str | None]) -> str:
    """Give the code that says most: the error's own, one inside its text, or the return code."""
    # Sources spell the field in both ways; CMI's refusal of a form has the code at the start of ErrMsg only.
    named = (look_up(value_of(name)).code for name in ("ErrCode", "ErrorCode"))
    return_code = look_up(value_of("ProcReturnCode")).code
    return next((code for code in (*named, find_code(value_of("ErrMsg")), return_code) if code), "")


def _objection(value_of: Callable[[str], str | None], md_status: str) -> str:
    """Say what else in the answer contradicts an approval, if anything does."""
    if _names_another_order(value_of):
        return _TWO_ORDERS
    if md_status and md_status not in _AUTHENTICATION_DONE:
        return f"3-D Secure ended with status {md_status[:2]!r}"
    if (value_of("txstatus") or "").upper() in _AUTHENTICATION_REFUSED:
        return "3-D Secure refused the payer (txstatus)"
    error = _reported_error(value_of)
    return f"the gateway reports {error}" if error else ""


def _names_another_order(value_of: Callable[[str], str | None]) -> bool:
    """Tell whether the gateway's own name of the order differs from the echoed one; equal in every real answer seen."""
    returned = value_of("ReturnOid")
    return bool(returned) and returned != value_of("oid")


def _reported_error(value_of: Callable[[str], str | None]) -> str:
    """Give the gateway's own error code (``CORE-2507``), if any; bare digits there may be a success of other platforms."""
    found = (find_code(value_of(name)) for name in ("ErrCode", "ErrorCode", "ErrMsg"))
    return next((code for code in found if code), "")


def _facts(value_of: Callable[[str], str | None]) -> PaymentFacts:
    time_text = value_of("EXTRA.TRXDATE") or None
    md_status = value_of("mdStatus")
    return PaymentFacts(
        transaction_id=value_of("TransId") or None,
        authorization_code=value_of("AuthCode") or None,
        payment_number=value_of("acqStan") or None,
        gateway_time=parse_gateway_time(time_text) if time_text else None,
        gateway_time_text=time_text,
        brand=value_of("EXTRA.CARDBRAND") or None,
        issuer=value_of("EXTRA.CARDISSUER") or None,
        last_four=_last_four(value_of("maskedCreditCard") or value_of("MaskedPan") or ""),
        three_d_secure=md_status == "1" if md_status else None,
    )


def _last_four(masked: str) -> str | None:
    """Take the last four digits of a masked number, and never more."""
    tail = masked[-_LAST_FOUR:]
    return tail if len(tail) == _LAST_FOUR and tail.isascii() and tail.isdigit() else None
