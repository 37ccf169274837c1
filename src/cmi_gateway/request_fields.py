"""
From a payment request to the gateway's fields, in their exact spelling.

Values are checked before they are signed: the gateway hashes what arrives, so a value that a browser,
a firewall or PHP would change on the way would be refused there with "3D-1004", long after the payer left.
What a payer can type is also kept out of the vocabulary of results: the hash does not cover names, so a
family name "Approved" could be made to read as a result. Order lines, description and criteria are taken for
the payer's choice as well, unless the request states that they are the merchant's own words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, get_args

from cmi_gateway.errors import FieldError
from cmi_gateway.field_checks import (
    check_address,
    check_choice,
    check_name,
    check_number,
    check_order_id,
    check_phone,
    check_text,
    check_url,
)
from cmi_gateway.field_names import BILL_TO, SHIP_TO
from cmi_gateway.money import Money
from cmi_gateway.payer_text import PayerText
from cmi_gateway.request import (
    BillTo,
    Language,
    OrderLine,
    OwnWords,
    PaymentRequest,
    Recurring,
    RecurringUnit,
    ShipTo,
)

Fields = Iterator[tuple[str, str]]
#: Gives the value of a field, or refuses it.
_Judge = Callable[[str, str], str]

#: With ten the known orders of names (``Item10``) would disagree.
_MOST_NUMBERED: Final = 9


def request_fields(request: PaymentRequest, client_id: str) -> Fields:
    """
    Give name and value of every field, but for those of the signature.

    Raises:
        FieldError: a value cannot be signed; names the field and the reason.
    """
    if not isinstance(request, PaymentRequest):
        raise FieldError("request", "must be a PaymentRequest")
    if not all(part in get_args(OwnWords) for part in request.own_words):
        raise FieldError("own_words", "may name 'lines', 'description' and 'criteria', nothing else")
    yield "clientid", client_id
    yield "storetype", "3D_PAY_HOSTING"
    # CMI's material knows pre-authorization only: the reply to the callback asks for the capture.
    yield "TranType", "PreAuth"
    yield "amount", _charge(request.amount)
    yield "currency", request.amount.currency_number
    yield "oid", check_order_id(request.order_id)
    yield from _session_fields(request)
    payer = PayerText(client_id, request.amount, request.order_id)
    yield "email", payer.check("email", check_address("email", request.email, 64))
    yield from _bill_to_fields(request.bill_to, payer)
    yield from _line_fields(request, payer)
    yield from _shown_fields(request, payer)
    yield from _recurring_fields(request.recurring)
    yield from _custom_fields(request.custom, payer)


def _session_fields(request: PaymentRequest) -> Fields:
    yield "okUrl", check_url("okUrl", request.ok_url)
    yield "failUrl", check_url("failUrl", request.fail_url)
    yield "shopurl", check_url("shopurl", request.shop_url)
    yield "callbackUrl", check_url("callbackUrl", request.callback_url)
    # A merchant-level default may exist, but sources disagree: always ask for the callback.
    yield "CallbackResponse", "true"
    if check_choice("AutoRedirect", request.auto_redirect):
        yield "AutoRedirect", "true"
    yield "refreshtime", check_number("refreshtime", request.refresh_time, 1, 2700)
    yield "SessionTimeout", check_number("SessionTimeout", request.session_timeout, 30, 2700)
    if request.language not in get_args(Language):
        raise FieldError("lang", "must be 'fr', 'ar' or 'en'")
    yield "lang", request.language


def _charge(amount: Money) -> str:
    if not isinstance(amount, Money) or amount.centimes <= 0:
        raise FieldError("amount", "must be Money above zero")
    if amount.currency != "MAD":
        raise FieldError("currency", "must be MAD: the gateway settles in dirhams only")
    return amount.wire


def _bill_to_fields(bill_to: BillTo, payer: PayerText) -> Fields:
    if not isinstance(bill_to, BillTo):
        raise FieldError("BillToName", "bill_to must be a BillTo, which holds the payer's name")
    yield from _person_fields(bill_to, BILL_TO, payer)


def _person_fields(person: BillTo | ShipTo, names: Mapping[str, tuple[str, int]], payer: PayerText) -> Fields:
    for attribute, (name, longest) in names.items():
        value = getattr(person, attribute)
        if value == "" and name != "BillToName":
            continue
        check_text(name, value, longest, required=True)
        if attribute == "name" and not any(map(str.isalpha, value)):
            raise FieldError(name, "must hold a letter: figures alone could be read as a result")
        if attribute in ("phone", "fax"):
            value = check_phone(name, value)
        if attribute == "email":
            check_address(name, value, longest)
        yield name, payer.check(name, value)


def _judge_of(part: OwnWords, request: PaymentRequest, payer: PayerText) -> _Judge:
    """Give what judges the text of *part*: nothing, where the request states that the merchant alone wrote it."""
    return _own_words if part in request.own_words else payer.check


def _own_words(_field: str, value: str) -> str:
    return value


def _line_fields(request: PaymentRequest, payer: PayerText) -> Fields:
    if not request.lines:
        return
    if len(request.lines) > _MOST_NUMBERED:
        raise FieldError("lines", f"at most {_MOST_NUMBERED}; sum the rest in one line")
    if not all(isinstance(line, OrderLine) and isinstance(line.amount, Money) for line in request.lines):
        raise FieldError("lines", "must be OrderLine with amounts as Money, such as Money.parse('113.02')")
    if any(
        line.amount.centimes < 0 or line.amount.currency != request.amount.currency for line in request.lines
    ):
        raise FieldError("lines", "must have amounts of zero or more, in the currency of the request")
    # In centimes: nine large lines are more than `Money` holds.
    if sum([line.amount.centimes for line in request.lines]) != request.amount.centimes:
        raise FieldError("lines", "must add up to the amount of the request")
    judge = _judge_of("lines", request, payer)
    for number, line in enumerate(request.lines, start=1):
        yield from _one_line_fields(number, line, judge)


def _one_line_fields(number: int, line: OrderLine, judge: _Judge) -> Fields:
    reference = check_text(f"ItemNumber{number}", line.reference, 64, required=True)
    # The gateway's receipt shows "GERANCE.ELECTRICITE" for "GERANCE:ELECTRICITE": it alters colons on the way.
    description = check_text(f"Desc{number}", line.description, 128).replace(":", " ").strip()
    yield f"ItemNumber{number}", judge(f"ItemNumber{number}", reference)
    yield f"ProductCode{number}", reference
    yield f"Id{number}", reference
    yield f"Desc{number}", judge(f"Desc{number}", description)
    yield f"Qty{number}", "1"
    yield f"Price{number}", line.amount.wire
    yield f"Total{number}", line.amount.wire


def _shown_fields(request: PaymentRequest, payer: PayerText) -> Fields:
    if request.description != "":
        description = check_text("description", request.description, 255)
        yield "description", _judge_of("description", request, payer)("description", description)
    if request.display_amount is not None:
        shown = request.display_amount
        if not isinstance(shown, Money) or shown.centimes <= 0 or shown.currency == request.amount.currency:
            raise FieldError("amountCur", "display_amount must be Money above zero, in another currency")
        yield "amountCur", request.display_amount.wire
        yield "symbolCur", request.display_amount.currency
    if check_choice("currenciesList", request.show_currencies):
        yield "currenciesList", "TRUE"
    if len(request.criteria) > _MOST_NUMBERED:
        raise FieldError(
            "DIMCRITERIA10", f"at most {_MOST_NUMBERED} criteria: a tenth sorts differently at CMI's kits"
        )
    judge = _judge_of("criteria", request, payer)
    for number, criterion in enumerate(request.criteria, start=1):
        name = f"DIMCRITERIA{number}"
        yield name, judge(name, check_text(name, criterion, 64))
    if request.ship_to is not None:
        if not isinstance(request.ship_to, ShipTo):
            raise FieldError("ShipToName", "ship_to must be a ShipTo")
        yield from _person_fields(request.ship_to, SHIP_TO, payer)


def _recurring_fields(recurring: Recurring | None) -> Fields:
    if recurring is None:
        return
    if not isinstance(recurring, Recurring) or recurring.unit not in get_args(RecurringUnit):
        raise FieldError(
            "RecurringFrequencyUnit", "recurring must be a Recurring with unit 'D', 'W', 'M' or 'Y'"
        )
    yield "RecurringPaymentNumber", check_number("RecurringPaymentNumber", recurring.payments, 2, 999)
    yield "RecurringFrequency", check_number("RecurringFrequency", recurring.every, 1, 99)
    yield "RecurringFrequencyUnit", recurring.unit


def _custom_fields(custom: Mapping[str, Any], payer: PayerText) -> Fields:
    if not isinstance(custom, Mapping):
        raise FieldError("custom", "must be a mapping of names to values")
    seen: set[str] = set()
    for name, value in custom.items():
        check_name(name)
        if name.lower() in seen:
            raise FieldError(
                name, "repeated in another case of letters; the gateway does not tell them apart"
            )
        seen.add(name.lower())
        yield name, payer.check(name, check_text(name, value, 255))
