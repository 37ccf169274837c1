"""
The gateway's vocabulary: which field names mean something, and to whom.

Spellings are the gateway's own. Its servlet seems to ignore case, but the script of its result page does not.
"""

from __future__ import annotations

import re
from typing import Final

#: Request fields that every payment carries (order, merchant, URLs, language, payer's address for the receipt).
CORE: Final = frozenset(
    {
        "clientid",
        "storetype",
        "TranType",
        "amount",
        "currency",
        "oid",
        "okUrl",
        "failUrl",
        "shopurl",
        "lang",
        "email",
        "BillToName",
        "hashAlgorithm",
        "hash",
        "rnd",
        "encoding",
    }
)
#: Callback, return and session control.
SESSION: Final = frozenset(
    {"callbackUrl", "CallbackResponse", "AutoRedirect", "refreshtime", "SessionTimeout"}
)
#: The payer, beside the name: attribute of `cmi_gateway.BillTo` → field name and longest value.
BILL_TO: Final = {
    "name": ("BillToName", 255),
    "company": ("BillToCompany", 255),
    "street1": ("BillToStreet1", 255),
    "street2": ("BillToStreet2", 255),
    "street3": ("BillToStreet3", 255),
    "city": ("BillToCity", 64),
    "state": ("BillToStateProv", 32),
    "postal_code": ("BillToPostalCode", 32),
    "country": ("BillToCountry", 3),
    "phone": ("tel", 32),
}
#: Where the goods go, as merchants of goods send it; shown only. Attribute of `cmi_gateway.ShipTo` → field name and longest value.
SHIP_TO: Final = {
    "name": ("ShipToName", 255),
    "company": ("ShipToCompany", 255),
    "street1": ("ShipToStreet1", 255),
    "street2": ("ShipToStreet2", 255),
    "street3": ("ShipToStreet3", 255),
    "city": ("ShipToCity", 64),
    "state": ("ShipToStateProv", 32),
    "postal_code": ("ShipToPostalCode", 32),
    "country": ("ShipToCountry", 3),
    "email": ("ShipToEmail", 64),
    "phone": ("ShipToTelVoice", 32),
    "fax": ("ShipToFax", 32),
}
#: What the gateway adds to its answer (two real answers, 72 and 100 fields, and its documentation).
RESULTS: Final = frozenset(
    """
    ReturnOid TRANID PAResSyntaxOK PAResVerified merchantID maskedCreditCard ACQBIN MaskedPan acqStan paymentType
    clientIp cardHolderName CVVPresence iReqDetail iReqCode choix1 md ProcReturnCode payResults.dsId vendorCode
    TransId Response SettleId mdErrorMsg ErrMsg ErrCode ErrorCode cavv cavvAlgorithm digest HostRefNum AuthCode
    callbackCall xid SID mdStatus dsId eci version ccnHash txstatus orgHash orgRnd failCount retryXid islemtipi
    EXTRA.CARDBRAND EXTRA.CARDISSUER EXTRA.TRXDATE EXTRA.CVVVERIFICATION EXTRA.HOSTMSG EXTRA.RECURRINGID
    Ecom_Payment_Card_ExpDate_Month Ecom_Payment_Card_ExpDate_Year pan cv2 countdown NATIONALIDNO
    CUSTOMERSURCHARGE MERCHANTSURCHARGE orderItemCount linkType paymentLinkToken
    """.split()  # noqa: SIM905 - seventy names read better as lines of text
)
#: Never sent: the gateway refuses or rewrites a form that holds them, would charge by instalments, or reads an
#: older kind of signature; and the key itself has no business in a form.
NEVER_SENT: Final = frozenset(
    {"total", "_charset_", "Instalment", "taksit", "HASHPARAMS", "HASHPARAMSVAL", "storekey"}
)

#: Carries the seal of a merchant who does not keep the form; ours, not the gateway's.
SEAL_FIELD: Final = "SEAL"

_SHOWN_ONLY: Final = re.compile(
    r"(?:ItemNumber|ProductCode|Qty|Desc|Id|Price|Total)[0-9]+|amountCur|symbolCur|currenciesList|description"
    r"|DIMCRITERIA[0-9]+|ShipTo\w+",
    re.IGNORECASE | re.ASCII,
)
_RESERVED: Final = frozenset(
    name.lower()
    for name in CORE
    | SESSION
    | RESULTS
    | NEVER_SENT
    | {SEAL_FIELD}
    | {field for field, _ in BILL_TO.values()}
)
_RESERVED_FAMILIES: Final = (
    "billto",
    "shipto",
    "extra.",
    "extra_",
    "payresults",
    "recurring",
    "merchantsafe",
)


def is_shown_only(name: str) -> bool:
    """Tell whether *name* is an order line or another field that the gateway only displays."""
    return _SHOWN_ONLY.fullmatch(name) is not None


def is_reserved(name: str) -> bool:
    """Tell whether *name*, in any case of letters, already means something to the gateway or to us."""
    folded = name.lower()
    return folded in _RESERVED or folded.startswith(_RESERVED_FAMILIES) or is_shown_only(name)
