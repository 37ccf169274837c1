"""Which fields take part: what frameworks add, what they drop, and what is often empty or always the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations
from typing import Final

#: Names that pages and frameworks add to a form or a request.
ADDED_BY_OTHERS: Final = frozenset(
    """
    submit btnsubmit submitbutton button send pay payer valider envoyer ok x y submit.x submit.y _token _csrf csrf
    csrf_token csrfmiddlewaretoken authenticity_token __requestverificationtoken _method _wpnonce
    _wp_http_referer utf8 commit g-recaptcha-response h-captcha-response cf-turnstile-response controller action module
    format route id_lang fc isolang option view task itemid wc-api q _url _route locale page __viewstate
    __viewstategenerator __eventvalidation __eventtarget __eventargument phpsessid jsessionid sid_session form_key form_id
    form_build_id op
    """.split()  # noqa: SIM905 - a list of words reads better as text
)

#: Fields that come empty together in real answers, by family.
OFTEN_EMPTY: Final = (
    ("ErrMsg",),
    ("AuthCode",),
    ("BillToStreet2", "BillToStreet3"),
    ("BillToCompany", "BillToStateProv", "BillToPostalCode", "BillToCity", "BillToStreet1", "BillToCountry", "tel"),
    tuple([f"DIMCRITERIA{number}" for number in range(1, 11)]),
    (
        "ShipToCompany", "ShipToName", "ShipToStreet1", "ShipToStreet2", "ShipToStreet3", "ShipToCity",
        "ShipToPostalCode", "ShipToCountry", "ShipToTelVoice", "ShipToFax", "ShipToEmail",
    ),
    ("RecurringPaymentNumber", "RecurringFrequency", "RecurringFrequencyUnit"),
    ("URUNKODU", "BAYIIKART", "BOLUM", "MAXIMUMPLACE", "TAKSIT", "EDITABLEORDERITEM"),
    ("CUSTOMERSURCHARGE", "MERCHANTSURCHARGE"),
    ("Bill2Email",),
    ("TRANID", "iReqCode", "iReqDetail", "vendorCode", "mdErrorMsg", "cavvAlgorithm", "SID"),
)  # fmt: skip

#: Fields that nearly always have one of these values, so that a lost one can be guessed.
KNOWN_VALUES: Final = {
    "hashAlgorithm": ("ver3",),
    "storetype": ("3D_PAY_HOSTING", "3d_pay_hosting"),
    "TranType": ("PreAuth", "Auth"),
    "islemtipi": ("PreAuth", "Auth"),
    "currency": ("504",),
    "lang": ("fr", "ar", "en"),
    "CallbackResponse": ("true", "false"),
    "callbackCall": ("true",),
    "AutoRedirect": ("true", "false"),
    "refreshtime": ("5", "300", "3", "10"),
    "SessionTimeout": ("1800",),
    "choix1": ("on",),
    "digest": ("digest",),
    "paymentType": ("CARD",),
    "CVVPresence": ("1",),
    "SettleId": ("1",),
    "ProcReturnCode": ("00",),
    "Response": ("Approved", "Declined", "Error"),
    "mdStatus": ("1", "0", "2", "3", "4"),
    "EXTRA.HOSTMSG": ("APPROVED",),
    "EXTRA.CARDBRAND": ("VISA", "MASTERCARD", "CMI"),
    "_charset_": ("UTF-8",),
    "Instalment": ("",),
    "taksit": ("",),
    "submit": ("Submit", "submit", "Payer", "Valider", ""),
}

#: Lengths of fields that start with zeros and are digits only.
_ZERO_FILLED: Final = {
    "procreturncode": 2,
    "authcode": 6,
    "acqstan": 6,
    "ecom_payment_card_expdate_month": 2,
    "eci": 2,
}


def families_lost(names: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """Give sets of often empty fields that *names* (lower-cased) lack: each family, then several at once."""
    families = [absent for family in OFTEN_EMPTY if (absent := _absent(family, names))]
    yield from map(_joined, chain.from_iterable(combinations(families, n + 1) for n in range(len(families))))


def zeros_restored(name: str, value: str) -> str:
    """Give *value* with the leading zeros that a number loses."""
    return value.zfill(_ZERO_FILLED.get(name.lower(), 0)) if value.isdecimal() else value


def amount_spellings(value: str) -> Iterator[str]:
    """Give other ways of writing the same amount."""
    plain = value.strip().replace(",", ".")
    whole, _, cents = plain.partition(".")
    if not (whole.isdecimal() and (cents or "0").isdecimal()):
        return
    shortest = cents.rstrip("0")
    padded = cents.ljust(2, "0")
    spelt = (f"{whole}.{padded}", f"{whole}.{shortest or '0'}", f"{whole}.{shortest}" if shortest else whole)
    yield from dict.fromkeys([text for dotted in spelt for text in (dotted, dotted.replace(".", ","))])


def _absent(family: tuple[str, ...], names: frozenset[str]) -> tuple[str, ...]:
    return tuple([name for name in family if name.lower() not in names])


def _joined(families: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(chain.from_iterable(families))
