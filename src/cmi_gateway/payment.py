"""
One attempt at a payment, from the merchant's values to the signed form.

Values are checked before they are signed: the gateway hashes what arrives, so a value that a browser,
a firewall or PHP would change on the way would be refused there with "3D-1004", long after the payer left.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

import attrs

from cmi_gateway import form_page
from cmi_gateway.errors import FieldError
from cmi_gateway.field_checks import (
    check_address,
    check_name,
    check_number,
    check_order_id,
    check_text,
    check_url,
)
from cmi_gateway.field_names import BILL_TO
from cmi_gateway.money import Money
from cmi_gateway.signature import NameOrder, hash_ver3, orders_agree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmi_gateway.secret import Secret

Language = Literal["fr", "ar", "en"]

#: With ten the known orders of names (``Item10``) would disagree.
MAX_LINES: Final = 9
_RANDOM_ALPHABET: Final = string.ascii_letters + string.digits


def random_text() -> str:
    """Draw the 20 letters and digits of a fresh ``rnd``."""
    return "".join(secrets.choice(_RANDOM_ALPHABET) for _ in range(20))


@attrs.frozen(kw_only=True)
class BillTo:
    """
    The payer as the gateway's page shows them; all but the name are optional.

    Every value travels to the gateway and back, and is typed by the payer in most shops: send what you need,
    not what you have. Accents, apostrophes and Arabic are kept.
    """

    name: str
    company: str = ""
    street1: str = ""
    street2: str = ""
    street3: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""


@attrs.frozen(kw_only=True)
class OrderLine:
    """
    One line of the order, for display on the gateway's page.

    Attributes:
        reference: The article's or invoice's number, up to 64 characters.
        description: Up to 128 characters; colons become spaces, since the gateway alters them.
        amount: The line's amount. The lines of a request add up to its amount.
    """

    reference: str
    description: str
    amount: Money


# These two let what is no such thing pass: `sign` refuses it by name, where raising here would leave a half-made object.
def _in_order(lines: Iterable[OrderLine]) -> tuple[OrderLine, ...]:
    return tuple(lines) if isinstance(lines, Iterable) else (lines,)


def _frozen_mapping(custom: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(custom)) if isinstance(custom, Mapping) else custom


@attrs.frozen(kw_only=True)
class PaymentRequest:
    """
    What one attempt at a payment asks of the gateway.

    Attributes:
        order_id: The gateway's ``oid``: random (80 bits or more) and fresh for every attempt, up to 64
            letters, digits, ``-``, ``_`` and ``.``.
        amount: What is charged, above zero; the gateway settles in MAD only.
        email: The payer's address, up to 64 characters.
        bill_to: The payer.
        lines: At most nine, adding up to *amount*; none is allowed.
        ok_url, fail_url: Where the payer's browser posts the result. Never proof of payment.
        shop_url: Where « Annuler » leads, without fields.
        callback_url: Where the gateway's server posts the result: the truth.
        language: Of the payment page.
        custom: Your own fields, sent, hashed and sent back.
        session_timeout: Seconds that the payer has on the payment page, 30 to 2700.
        refresh_time: Seconds before the result page moves on, where it does.
        auto_redirect: Whether the result page leads back at once, without showing the gateway's receipt.
    """

    order_id: str
    amount: Money
    email: str
    bill_to: BillTo
    lines: tuple[OrderLine, ...] = attrs.field(default=(), converter=_in_order)
    ok_url: str
    fail_url: str
    shop_url: str
    callback_url: str
    language: Language = "fr"
    custom: Mapping[str, str] = attrs.field(factory=dict, converter=_frozen_mapping)
    session_timeout: int = 1800
    refresh_time: int = 5
    auto_redirect: bool = True


@attrs.frozen
class SignedForm:
    """
    The form that takes the payer to the gateway.

    Keep `fields` with the order before the payer leaves: `cmi_gateway.Callback.must_match` compares the answer
    with them.

    Attributes:
        action: The gateway's address, for the form's ``action``.
        fields: Names and values, exactly as they must be posted.
    """

    action: str
    fields: tuple[tuple[str, str], ...] = attrs.field(repr=False)

    @property
    def order_id(self) -> str:
        """The order id (``oid``) of this attempt."""
        return self._value("oid")

    @property
    def hash(self) -> str:
        """The hash of this form. A callback that carries it is this form sent back to us, not an answer."""
        return self._value("hash")

    def html(self, nonce: str | None = None) -> str:
        """
        Give the page that posts the form by itself, or by a button without JavaScript.

        Serve it as ``text/html; charset=utf-8`` and never store it.

        Args:
            nonce: The script nonce of your Content-Security-Policy, where you have one.
        """
        return form_page.render(self.action, self.fields, language=self._value("lang"), nonce=nonce)

    def _value(self, wanted: str) -> str:
        return next(value for name, value in self.fields if name == wanted)


def sign(
    request: PaymentRequest,
    *,
    client_id: str,
    action: str,
    store_key: Secret,
    random: Callable[[], str] = random_text,
) -> SignedForm:
    """
    Check and sign *request*; `cmi_gateway.Merchant.sign` is the usual door.

    Raises:
        FieldError: a value cannot be signed; names the field and the reason.
    """
    fields = (
        ("clientid", client_id),
        *_request_fields(request),
        ("rnd", random()),
        ("hashAlgorithm", "ver3"),
    )
    names = tuple([name for name, _ in fields])
    if not orders_agree(names):
        raise FieldError(
            "custom",
            "numbered names such as X2 and X10 sort differently at CMI's kits; use at most nine of a kind",
        )
    digest = hash_ver3(fields, store_key, NameOrder.PLAIN)
    return SignedForm(action, (*fields, ("encoding", "UTF-8"), ("hash", digest)))


def _request_fields(request: PaymentRequest) -> Iterator[tuple[str, str]]:
    yield "storetype", "3D_PAY_HOSTING"
    # CMI's material knows pre-authorization only: the reply to the callback asks for the capture.
    yield "TranType", "PreAuth"
    yield "amount", _charge(request.amount)
    yield "currency", request.amount.currency_number
    yield "oid", check_order_id(request.order_id)
    yield "okUrl", check_url("okUrl", request.ok_url)
    yield "failUrl", check_url("failUrl", request.fail_url)
    yield "shopurl", check_url("shopurl", request.shop_url)
    yield "callbackUrl", check_url("callbackUrl", request.callback_url)
    # A merchant-level default may exist, but sources disagree: always ask for the callback.
    yield "CallbackResponse", "true"
    if request.auto_redirect:
        yield "AutoRedirect", "true"
    yield "refreshtime", check_number("refreshtime", request.refresh_time, 1, 2700)
    yield "SessionTimeout", check_number("SessionTimeout", request.session_timeout, 30, 2700)
    yield "lang", _language(request.language)
    yield "email", check_address("email", request.email, 64)
    yield from _bill_to_fields(request.bill_to)
    yield from _line_fields(request)
    yield from _custom_fields(request.custom)


def _charge(amount: Money) -> str:
    if not isinstance(amount, Money) or amount.centimes <= 0:
        raise FieldError("amount", "must be Money above zero")
    if amount.currency != "MAD":
        raise FieldError("currency", "must be MAD: the gateway settles in dirhams only")
    return amount.wire


def _language(language: str) -> str:
    if language not in ("fr", "ar", "en"):
        raise FieldError("lang", "must be 'fr', 'ar' or 'en'")
    return language


def _bill_to_fields(bill_to: BillTo) -> Iterator[tuple[str, str]]:
    if not isinstance(bill_to, BillTo):
        raise FieldError("BillToName", "bill_to must be a BillTo, which holds the payer's name")
    for attribute, (name, longest) in BILL_TO.items():
        value = getattr(bill_to, attribute)
        if attribute == "name" or value:
            yield name, check_text(name, value, longest, required=True)


def _line_fields(request: PaymentRequest) -> Iterator[tuple[str, str]]:
    if not request.lines:
        return
    if len(request.lines) > MAX_LINES:
        raise FieldError("lines", f"at most {MAX_LINES}; sum the rest in one line")
    if not all(isinstance(line, OrderLine) and isinstance(line.amount, Money) for line in request.lines):
        raise FieldError("lines", "must be OrderLine with amounts as Money, such as Money.parse('113.02')")
    if any(
        line.amount.centimes < 0 or line.amount.currency != request.amount.currency for line in request.lines
    ):
        raise FieldError("lines", "must have amounts of zero or more, in the currency of the request")
    # In centimes: nine large lines are more than `Money` holds.
    if sum([line.amount.centimes for line in request.lines]) != request.amount.centimes:
        raise FieldError("lines", "must add up to the amount of the request")
    for number, line in enumerate(request.lines, start=1):
        reference = check_text(f"ItemNumber{number}", line.reference, 64, required=True)
        yield f"ItemNumber{number}", reference
        yield f"ProductCode{number}", reference
        yield f"Id{number}", reference
        description = check_text(f"Desc{number}", line.description, 128)
        yield f"Desc{number}", _without_colons(description)
        yield f"Qty{number}", "1"
        yield f"Price{number}", line.amount.wire
        yield f"Total{number}", line.amount.wire


def _without_colons(description: str) -> str:
    # The gateway's receipt shows "GERANCE.ELECTRICITE" for "GERANCE:ELECTRICITE": it alters colons on the way.
    return description.replace(":", " ").strip()


def _custom_fields(custom: Mapping[str, str]) -> Iterator[tuple[str, str]]:
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
        yield name, check_text(name, value, 255)
