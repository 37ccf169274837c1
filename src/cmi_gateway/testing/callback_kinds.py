"""Every callback that a shop may meet, by name: honest ones in all outcomes, and those that must not be believed."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class CallbackKind(StrEnum):
    """What a callback says, or what is wrong with it."""

    APPROVED = "approved"
    #: The payer typed the code of the bank.
    APPROVED_3DS = "approved-3ds"
    #: The bank's no, one code for each class of `cmi_gateway.CodeClass` that it can have.
    DECLINED_BANK = "declined-bank"
    DECLINED_LIMIT = "declined-limit"
    DECLINED_CARD = "declined-card"
    DECLINED_SECURITY = "declined-security"
    DECLINED_TEMPORARY = "declined-temporary"
    DECLINED_UNKNOWN = "declined-unknown"
    DECLINED_CONFIGURATION = "declined-configuration"
    DECLINED_REQUEST = "declined-request"
    #: 3-D Secure says no: no ``ProcReturnCode``, no transaction.
    NOT_AUTHENTICATED = "not-authenticated"
    #: The gateway failed, and no bank said yes.
    TECHNICAL_ERROR = "technical-error"
    #: The order is paid already (CORE-2507).
    DUPLICATE_ORDER = "duplicate-order"
    #: The gateway failed after the bank said yes: money may be reserved.
    ERROR_AFTER_APPROVAL = "error-after-approval"
    #: ``ProcReturnCode`` says yes, ``Response`` says no.
    CONTRADICTION = "contradiction"
    #: Approved, and ``ReturnOid`` names another order.
    TWO_ORDERS = "two-orders"
    #: Truly signed, for an amount, order or currency that is not this order's.
    OTHER_AMOUNT = "other-amount"
    OTHER_ORDER = "other-order"
    OTHER_CURRENCY = "other-currency"
    #: The shop's own form, sent back to it.
    REFLECTED = "reflected"
    #: Altered after it was signed.
    TAMPERED = "tampered"
    #: Signed with a key that is not the merchant's.
    WRONG_KEY = "wrong-key"
    UNSIGNED = "unsigned"
    #: Cut in the middle of the body.
    TRUNCATED = "truncated"
    #: One field twice.
    REPEATED_FIELD = "repeated-field"
    JUNK = "junk"

    @property
    def is_believable(self) -> bool:
        """Whether `cmi_gateway.Merchant.verify` and `cmi_gateway.Callback.must_match` let it pass."""
        return self in _BELIEVABLE

    @property
    def is_decline(self) -> bool:
        """Whether the payer was refused and may try again."""
        return self in DECLINE_CODES or self is CallbackKind.NOT_AUTHENTICATED

    @property
    def is_approval(self) -> bool:
        """Whether it proves that the bank reserved the money."""
        return self in (CallbackKind.APPROVED, CallbackKind.APPROVED_3DS)


#: The issuer's code of each decline.
DECLINE_CODES: Final = {
    CallbackKind.DECLINED_BANK: "05",
    CallbackKind.DECLINED_LIMIT: "51",
    CallbackKind.DECLINED_CARD: "54",
    CallbackKind.DECLINED_SECURITY: "41",
    CallbackKind.DECLINED_TEMPORARY: "91",
    CallbackKind.DECLINED_UNKNOWN: "96",
    CallbackKind.DECLINED_CONFIGURATION: "03",
    CallbackKind.DECLINED_REQUEST: "13",
}
#: What the answer says in place of an approval's fields; None leaves a field out.
RESULTS: Final[dict[CallbackKind, dict[str, str | None]]] = {
    CallbackKind.APPROVED: {},
    CallbackKind.APPROVED_3DS: {
        "mdStatus": "1",
        "txstatus": "Y",
        "eci": "05",
        "cavv": "MDEyMzQ1Njc4OTAxMjM0NTY3ODk=",
        "PAResVerified": "true",
        "PAResSyntaxOK": "true",
    },
    CallbackKind.TECHNICAL_ERROR: {"ErrCode": "CORE-1003"},
    CallbackKind.DUPLICATE_ORDER: {"ErrCode": "CORE-2507"},
    CallbackKind.ERROR_AFTER_APPROVAL: {
        "Response": "Error",
        "ProcReturnCode": "99",
        "ErrMsg": "CORE-2999",
    },
    CallbackKind.CONTRADICTION: {"Response": "Declined"},
    CallbackKind.TWO_ORDERS: {"ReturnOid": "UN-AUTRE-ORDRE"},
    CallbackKind.OTHER_AMOUNT: {"amount": "1.00"},
    CallbackKind.OTHER_ORDER: {"oid": "UN-AUTRE-ORDRE", "ReturnOid": "UN-AUTRE-ORDRE"},
    CallbackKind.OTHER_CURRENCY: {"currency": "840"},
}
_BELIEVABLE: Final = frozenset(
    {
        CallbackKind.APPROVED,
        CallbackKind.APPROVED_3DS,
        *DECLINE_CODES,
        CallbackKind.NOT_AUTHENTICATED,
        CallbackKind.TECHNICAL_ERROR,
        CallbackKind.DUPLICATE_ORDER,
        CallbackKind.ERROR_AFTER_APPROVAL,
        CallbackKind.CONTRADICTION,
        CallbackKind.TWO_ORDERS,
    }
)
