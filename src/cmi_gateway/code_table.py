"""
The gateway's codes as data: one row for each meaning.

The codes are the platform's, as its public manuals and error lists give them; CMI publishes none of its own.
Meanings are restated; class and message are this library's judgement. A row is marked unconfirmed where only one
public source knows it. What CMI is known to use otherwise than the platform (``3D-1004``) follows CMI.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cmi_gateway.code_classes import CodeClass, ServerRepeat
from cmi_gateway.customer_messages import MessageKey as M

_OK, _CARD, _LIMIT, _BANK = CodeClass.OK, CodeClass.CARD, CodeClass.LIMIT, CodeClass.BANK
_SECURITY, _TEMPORARY, _UNKNOWN = CodeClass.SECURITY, CodeClass.TEMPORARY, CodeClass.UNKNOWN
_CONFIGURATION, _REQUEST, _STATE = CodeClass.CONFIGURATION, CodeClass.REQUEST, CodeClass.STATE


class Row(NamedTuple):
    """
    What one or several codes mean.

    Attributes:
        codes: Separated by spaces; ``CORE-1011..1017`` stands for all from the first to the last.
        meaning: For operators, in English.
        kind: The class when a payment was answered so.
        message: For the customer.
        confirmed: Whether two independent public sources know it.
        operation: The class when a capture, void or refund was answered so, where that differs.
        repeat: Where the rule of the class does not hold.
    """

    codes: str
    meaning: str
    kind: CodeClass
    message: M
    confirmed: bool = True
    operation: CodeClass | None = None
    repeat: ServerRepeat | None = None


#: One public source only.
_ONE: Final = False

PROC_RETURN_CODES: Final = (
    Row("00", "Approved", _OK, M.AUTHORIZED),
    Row("01", "Referral: the cardholder should call the bank", _BANK, M.CALL_BANK),
    Row("02", "Referral, special condition: not an approval in e-commerce", _BANK, M.CALL_BANK),
    Row("03", "Merchant invalid or disabled", _CONFIGURATION, M.UNAVAILABLE),
    Row("04", "Pick up the card", _SECURITY, M.DECLINED),
    Row("05", "Do not honour: declined without a reason", _BANK, M.DECLINED),
    Row("06", "General error at the issuer", _BANK, M.DECLINED),
    Row("07", "Pick up the card, special condition", _SECURITY, M.DECLINED),
    Row("08", "Approved after identification: not an approval in e-commerce", _BANK, M.CALL_BANK),
    Row("11", "Approved for a privileged holder: not an approval in e-commerce", _BANK, M.CALL_BANK),
    Row("12", "Invalid transaction", _BANK, M.DECLINED, operation=_CONFIGURATION),
    Row("13 20", "Invalid amount", _REQUEST, M.UNAVAILABLE),
    Row("14", "Invalid card number, or wrong terminal or merchant number", _CARD, M.CARD_DATA),
    Row("15", "No such issuer", _CARD, M.CARD_DATA),
    Row("19", "Enter the transaction again", _TEMPORARY, M.TEMPORARY),
    Row("21", "Cannot back out: no transaction was undone", _UNKNOWN, M.CHECKING),
    Row("25", "Record not found", _CARD, M.DECLINED, operation=_STATE),
    Row("26", "Record not found", _CARD, M.DECLINED, _ONE, operation=_STATE),
    Row("27", "Declined by the bank", _BANK, M.DECLINED, _ONE),
    Row("28", "The original transaction was denied", _STATE, M.CHECKING),
    Row("29", "The original transaction was not found", _STATE, M.CHECKING),
    Row("30", "Format error", _REQUEST, M.UNAVAILABLE),
    Row("32", "Referral: the cardholder should call the bank", _BANK, M.CALL_BANK),
    Row("33", "Expired card, pick it up", _SECURITY, M.DECLINED),
    Row("34", "Suspected fraud", _SECURITY, M.DECLINED),
    Row("36", "Restricted card, pick it up", _SECURITY, M.DECLINED),
    Row("37", "Pick up the card and call the acquirer", _SECURITY, M.DECLINED),
    Row("38", "PIN tried too often", _CARD, M.TOO_MANY_TRIES),
    Row("41", "Lost card", _SECURITY, M.DECLINED),
    Row("43", "Stolen card", _SECURITY, M.DECLINED),
    Row("51", "Insufficient funds", _LIMIT, M.LIMIT),
    Row("52", "No such current account", _CARD, M.DECLINED),
    Row("53", "No such savings account", _CARD, M.DECLINED),
    Row("54", "Expired card", _CARD, M.EXPIRY),
    Row("55", "Wrong PIN", _CARD, M.CARD_DATA),
    Row("56", "No record of this card", _CARD, M.DECLINED, operation=_STATE),
    Row("57", "Not permitted to this card: often online use is not switched on", _CARD, M.NOT_ENABLED),
    Row("58", "Not permitted to this terminal", _CONFIGURATION, M.UNAVAILABLE),
    Row("59", "Suspected fraud", _SECURITY, M.DECLINED, _ONE),
    Row("61", "Over the amount limit", _LIMIT, M.LIMIT),
    Row("62", "Restricted card", _CARD, M.NOT_ENABLED),
    Row("63", "Security violation", _SECURITY, M.DECLINED),
    Row("65", "Over the activity limit", _LIMIT, M.LIMIT),
    Row("75", "PIN tried too often", _CARD, M.TOO_MANY_TRIES),
    Row("76", "Keys out of step", _CONFIGURATION, M.UNAVAILABLE),
    Row("77", "Inconsistent data", _CONFIGURATION, M.UNAVAILABLE),
    Row("80", "Invalid date", _CARD, M.EXPIRY),
    Row("81", "Encryption error", _CONFIGURATION, M.UNAVAILABLE),
    Row("82", "Wrong card security code", _CARD, M.CARD_DATA),
    Row("83", "The PIN cannot be verified", _CARD, M.DECLINED),
    Row("84", "Wrong card security code", _CARD, M.CARD_DATA, _ONE),
    Row("85", "Declined without a reason", _BANK, M.DECLINED),
    Row("91", "Issuer or switch out of order", _TEMPORARY, M.TEMPORARY, operation=_UNKNOWN),
    Row("92", "Time ran out; a reversal is being tried", _UNKNOWN, M.CHECKING),
    Row("93", "Cannot be completed: a rule forbids it", _BANK, M.DECLINED),
    Row("96", "System malfunction", _UNKNOWN, M.CHECKING),
    Row("98", "Duplicate reversal", _STATE, M.CHECKING),
    Row("99", "The gateway's own error: the error code says which", _UNKNOWN, M.CHECKING),
    Row("YK", "Card on the black list", _SECURITY, M.DECLINED),
    Row("GK", "Foreign cards are not allowed on this terminal", _CARD, M.FOREIGN_CARD, _ONE),
    Row("SF", "Declined; the host's message says why", _BANK, M.DECLINED, _ONE),
    Row("9998", "Unknown error of the issuer", _UNKNOWN, M.CHECKING),
    Row("9999", "The issuer's code is not a number", _UNKNOWN, M.CHECKING),
)

CORE_CODES: Final = (
    Row("CORE-1000", "System failure", _UNKNOWN, M.CHECKING, _ONE),
    Row("CORE-1001", "System failure while starting", _UNKNOWN, M.CHECKING),
    Row("CORE-1002", "System failure at the first commit", _UNKNOWN, M.CHECKING),
    Row("CORE-1003", "System failure at the acquirer", _UNKNOWN, M.CHECKING),
    Row("CORE-1004", "System failure at the response", _UNKNOWN, M.CHECKING),
    Row("CORE-1005", "System failure at the last commit: money may be reserved", _UNKNOWN, M.CHECKING),
    Row("CORE-1006", "Wrong mode", _REQUEST, M.UNAVAILABLE),
    Row("CORE-1007", "Wrong order type", _REQUEST, M.UNAVAILABLE),
    Row("CORE-1008", "Wrong ECI", _REQUEST, M.UNAVAILABLE, _ONE),
    Row("CORE-1010 CORE-1019", "Currency unreadable or wrong", _REQUEST, M.UNAVAILABLE),
    Row("CORE-1011..1017 CORE-1020..1023", "A field is empty or too long", _REQUEST, M.UNAVAILABLE),
    Row("CORE-1018", "Amount too long", _REQUEST, M.UNAVAILABLE),
    Row("CORE-1024..1027", "Amount negative, or points above the amount", _REQUEST, M.UNAVAILABLE),
    Row("CORE-1028", "A transaction id is for voids only", _REQUEST, M.UNAVAILABLE),
    Row("CORE-2001", "Wrong transaction type", _REQUEST, M.UNAVAILABLE),
    Row("CORE-2002..2007", "A parameter is missing, too long or unreadable", _REQUEST, M.UNAVAILABLE, _ONE),
    Row("CORE-2008", "Nothing to void", _STATE, M.CHECKING),
    Row("CORE-2009", "Amount of zero", _REQUEST, M.UNAVAILABLE),
    Row("CORE-2010", "Card expired", _CARD, M.EXPIRY),
    Row("CORE-2011", "Expiry date in a wrong form", _CARD, M.EXPIRY),
    Row("CORE-2012", "Card number invalid", _CARD, M.CARD_DATA),
    Row("CORE-2013", "Settlement request malformed", _REQUEST, M.UNAVAILABLE),
    Row("CORE-2014", "Query malformed", _REQUEST, M.UNAVAILABLE),
    Row("CORE-2015", "Card number missing", _CARD, M.CARD_DATA),
    Row("CORE-2016", "Another transaction of this order is waiting", _TEMPORARY, M.ALREADY_PAID, _ONE),
    Row("CORE-2020..2034", "A rule of recurring payments", _REQUEST, M.UNAVAILABLE),
    Row("CORE-2100", "System failure while starting", _UNKNOWN, M.CHECKING, _ONE),
    Row("CORE-2105", "Currency not allowed for this merchant", _CONFIGURATION, M.UNAVAILABLE, _ONE),
    Row("CORE-2106", "Currency wrong", _REQUEST, M.UNAVAILABLE, _ONE),
    Row("CORE-2115", "A capture needs a pre-authorization", _STATE, M.CHECKING),
    Row("CORE-2116 CORE-2122 CORE-2123", "No successful or fitting transaction in the order", _STATE, M.CHECKING, _ONE),
    Row("CORE-2117", "Refund of what is neither captured nor settled", _STATE, M.CHECKING, _ONE),
    Row("CORE-2119", "Currency differs from the original", _REQUEST, M.UNAVAILABLE, _ONE),
    Row("CORE-2120", "Only a successful transaction can be voided", _STATE, M.CHECKING, _ONE),
    Row("CORE-2121", "3-D Secure data do not fit", _SECURITY, M.NOT_AUTHENTICATED, _ONE),
    Row("CORE-2126", "Merchant closed", _CONFIGURATION, M.UNAVAILABLE, _ONE),
    Row("CORE-2127", "3-D Secure reference used before", _SECURITY, M.NOT_AUTHENTICATED, _ONE),
    Row("CORE-2133", "Several transactions can be voided: name one", _STATE, M.CHECKING, _ONE),
    Row("CORE-2201", "API user or password wrong", _CONFIGURATION, M.UNAVAILABLE, repeat=ServerRepeat.NEVER),
    Row("CORE-2202", "The API user lacks the permission", _CONFIGURATION, M.UNAVAILABLE, repeat=ServerRepeat.NEVER),
    Row("CORE-2203", "User id and login both given", _CONFIGURATION, M.UNAVAILABLE),
    Row("CORE-2204 CORE-2205 CORE-2207", "A rule of instalments or points", _REQUEST, M.DECLINED, _ONE),
    Row("CORE-2206", "3-D Secure status invalid", _SECURITY, M.NOT_AUTHENTICATED, _ONE),
    Row("CORE-2208", "Card security code missing", _CARD, M.CARD_DATA, _ONE),
    Row("CORE-2250 CORE-2251 CORE-2253", "A fraud rule on card, address or behaviour", _SECURITY, M.DECLINED, _ONE),
    Row("CORE-2252 CORE-2256", "Not allowed on this day or at this hour", _CONFIGURATION, M.TEMPORARY, _ONE),
    Row("CORE-2254", "The server's IP address is not allowed", _CONFIGURATION, M.UNAVAILABLE, repeat=ServerRepeat.NEVER),
    Row("CORE-2255", "The server's IP address is not allowed", _CONFIGURATION, M.UNAVAILABLE, _ONE, repeat=ServerRepeat.NEVER),
    Row("CORE-2301", "Order id invalid", _REQUEST, M.UNAVAILABLE, _ONE),
    Row("CORE-2302", "The order is in use", _TEMPORARY, M.ALREADY_PAID, _ONE),
    Row("CORE-2304", "Another transaction of this order is going on", _TEMPORARY, M.ALREADY_PAID),
    Row("CORE-2311 CORE-2314", "Terminal locked or busy", _TEMPORARY, M.TEMPORARY, _ONE),
    Row("CORE-2312 CORE-2313", "Terminal not defined", _CONFIGURATION, M.UNAVAILABLE, _ONE),
    Row("CORE-2315", "The terminal's batch is full", _TEMPORARY, M.TEMPORARY, _ONE),
    Row("CORE-2400", "Terminal locked or busy", _TEMPORARY, M.TEMPORARY, _ONE),
    Row("CORE-2500 CORE-2501", "System failure around the acquirer", _UNKNOWN, M.CHECKING, _ONE),
    Row("CORE-2502 CORE-2516", "A rule of the expiry date", _CARD, M.EXPIRY, _ONE),
    Row("CORE-2503", "Refund above what is left of the order", _STATE, M.CHECKING),
    Row("CORE-2504", "Nothing is left to refund", _STATE, M.CHECKING, _ONE),
    Row("CORE-2505", "Capture above what is left of the order", _STATE, M.CHECKING, _ONE),
    Row("CORE-2506", "Nothing is left to capture", _STATE, M.CHECKING),
    Row("CORE-2507", "The order already has a successful payment", _STATE, M.ALREADY_PAID),
    Row("CORE-2508", "Refund before settlement: void, or refund after the batch", _STATE, M.CHECKING),
    Row("CORE-2509", "No pre-authorization to capture: captured, voided, expired, or never made", _STATE, M.CHECKING),
    Row("CORE-2511", "Void after settlement: refund instead", _STATE, M.CHECKING, _ONE),
    Row("CORE-2512", "Capture above the authorized amount", _STATE, M.CHECKING, _ONE),
    Row("CORE-2513", "Capture too late: the authorization is lost", _STATE, M.DECLINED, _ONE),
    Row("CORE-2514", "Refund too late", _STATE, M.CHECKING, _ONE),
    Row("CORE-2515", "Card security code wrong", _CARD, M.CARD_DATA, _ONE),
    Row("CORE-2517", "Refunds are not allowed for debit cards", _CONFIGURATION, M.CHECKING, _ONE),
    Row("CORE-2601", "A rule of the instalment table", _REQUEST, M.UNAVAILABLE, _ONE),
    Row("CORE-2603", "A rule of the instalment table", _REQUEST, M.UNAVAILABLE),
    Row("CORE-2700 CORE-2800 CORE-2900 CORE-3000", "System failure around the acquirer", _UNKNOWN, M.CHECKING, _ONE),
    Row("CORE-4000 CORE-4001 CORE-4004..4008 CORE-4010..4015", "A settlement command failed", _CONFIGURATION, M.UNAVAILABLE, _ONE),
    Row("CORE-4002 CORE-4003 CORE-4009", "Terminal locked or busy", _TEMPORARY, M.TEMPORARY, _ONE),
    Row("CORE-5102..5106", "Changing a recurring payment failed", _REQUEST, M.UNAVAILABLE),
)  # fmt: skip

THREE_D_CODES: Final = (
    Row("3D-1001", "The card does not take part in 3-D Secure", _CARD, M.NOT_ENABLED, _ONE),
    Row("3D-1002 3D-1003", "Wrong card data", _CARD, M.CARD_DATA, _ONE),
    Row("3D-1004", "The hash of our form is wrong, at CMI (“Code de sécurité erronné”): ask `cmi doctor`",
        _CONFIGURATION, M.UNAVAILABLE),
    Row("3D-1005", "A passing failure (its meaning is not published)", _TEMPORARY, M.TEMPORARY, _ONE),
    Row("3D-1006", "Currency not allowed", _CONFIGURATION, M.UNAVAILABLE, _ONE),
    Row("3D-1007 3D-1009", "The payment model is not allowed to this merchant", _CONFIGURATION, M.UNAVAILABLE, _ONE),
    Row("3D-1008", "Amount wrong", _CONFIGURATION, M.UNAVAILABLE, _ONE),
    Row("3D-1010", "Cards of this bank or country are not accepted", _CARD, M.NOT_ENABLED, _ONE),
    Row("3D-1011", "The card is refused (the reason is not published)", _CARD, M.NOT_ENABLED, _ONE),
    Row("3D-1012 3D-1013", "The card's scheme does not take part in 3-D Secure", _CARD, M.NOT_ENABLED, _ONE),
    Row("3D-1014", "The host is down", _TEMPORARY, M.TEMPORARY, _ONE),
    Row("3D-1015", "The order is already paid", _STATE, M.ALREADY_PAID, _ONE),
    Row("3D-1016", "The payment cannot be completed", _UNKNOWN, M.CHECKING, _ONE),
    Row("3D-1017 3D-1018", "The merchant's data are wrong", _CONFIGURATION, M.UNAVAILABLE, _ONE),
    Row("3D-1019", "The return address or the 3-D Secure answer is wrong", _CONFIGURATION, M.UNAVAILABLE, _ONE),
    Row("3D-1020", "The merchant id is missing", _CONFIGURATION, M.UNAVAILABLE, _ONE),
)  # fmt: skip

BANK_MESSAGE_CODES: Final = (
    Row("BM-1001 BM-1002 BM-1006..1008", "The bank's message cannot be read or does not fit", _UNKNOWN, M.CHECKING),
    Row("BM-9100", "The bank's host is unknown: no connection was made", _TEMPORARY, M.TEMPORARY),
    Row("BM-9101", "The bank's port is closed: no connection was made", _TEMPORARY, M.TEMPORARY),
    Row("BM-9102", "The connection to the bank broke", _UNKNOWN, M.CHECKING),
    Row("BM-9103", "The connection to the bank failed", _UNKNOWN, M.CHECKING),
)  # fmt: skip

HOSTED_PAGE_CODES: Final = (Row("HPP-1001", "Card number in a wrong form", _CARD, M.CARD_DATA, _ONE),)

ACQUIRER_CODES: Final = (
    Row("2100", "System failure while starting", _UNKNOWN, M.CHECKING, _ONE),
    Row("215001", "Probably: nothing to void", _UNKNOWN, M.CHECKING, _ONE),
    Row("215021", "Probably: nothing is left of the order", _UNKNOWN, M.CHECKING, _ONE),
)

#: 3-D Secure. Where CMI's page lets a payment go on (1 to 4), CMI has decided; do not decide again.
MD_STATUSES: Final = (
    Row("mdStatus=0", "Authentication failed", _CARD, M.NOT_AUTHENTICATED),
    Row("mdStatus=1", "Fully authenticated", _OK, M.CHECKING),
    Row("mdStatus=2", "The card does not take part in 3-D Secure", _OK, M.CHECKING),
    Row("mdStatus=3", "The card's range is not known to the directory", _OK, M.CHECKING),
    Row("mdStatus=4", "Authentication was attempted", _OK, M.CHECKING),
    Row("mdStatus=5", "Authentication unavailable", _TEMPORARY, M.AUTHENTICATION_UNAVAILABLE),
    Row("mdStatus=6", "Error of the directory or of 3-D Secure", _TEMPORARY, M.AUTHENTICATION_UNAVAILABLE),
    Row("mdStatus=7", "Error of the merchant's 3-D Secure set-up", _CONFIGURATION, M.UNAVAILABLE),
    Row("mdStatus=8", "Card scheme unknown", _CARD, M.NOT_ENABLED),
    Row("mdStatus=9", "Not 3-D Secure, or not accepted by the merchant", _UNKNOWN, M.CHECKING, _ONE),
)
