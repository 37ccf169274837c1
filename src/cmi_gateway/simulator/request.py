"""What a merchant's form says, read as the gateway reads it: names without regard to case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from cmi_gateway.errors import AmountError
from cmi_gateway.field_checks import split_web_address
from cmi_gateway.field_names import is_reserved
from cmi_gateway.money import MAX_CENTIMES, Money

DEFAULT_SESSION_SECONDS: Final = 1800
_SESSION_SECONDS: Final = range(30, 2701)
_MOST_LINES: Final = 99
_REQUIRED: Final = (
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
)
_URLS: Final = ("okUrl", "failUrl", "shopurl", "callbackUrl")
_ORDER_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_AMOUNT: Final = re.compile(r"[0-9]+(?:[.,][0-9]{1,2})?")


@attrs.frozen
class OrderLine:
    """One row of the order's table on the pages, as the merchant sent it."""

    reference: str
    description: str
    total: str


def _values_by_name(request: HostedRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.fields}


@attrs.frozen
class HostedRequest:
    """
    The fields of one request, as posted and in their order.

    Attributes:
        fields: Names and values.
    """

    fields: tuple[tuple[str, str], ...]
    _values: dict[str, str] = attrs.field(
        default=attrs.Factory(_values_by_name, takes_self=True), init=False, repr=False, eq=False
    )

    def get(self, name: str) -> str:
        """Give the trimmed value of *name* in any case of letters, or the empty text."""
        return self._values.get(name.lower(), "").strip()

    @property
    def repeats_names(self) -> bool:
        """Whether a name occurs twice, in any case of letters: such a form has no one meaning."""
        return len(self._values) < len(self.fields)

    @property
    def amount(self) -> Money:
        """
        What is to be paid.

        Raises:
            AmountError: it is none; see `flaw_of`.
        """
        return Money.parse(self.get("amount").replace(",", "."), self.get("currency"))

    @property
    def callback_url(self) -> str | None:
        """Where to call back, or None when the merchant did not switch the callback on."""
        wanted = self.get("CallbackResponse").lower() == "true"
        return (self.get("callbackUrl") or None) if wanted else None

    @property
    def redirects_itself(self) -> bool:
        """Whether the result page posts without a click: any case of ``true``, but this spelling of the name only."""
        return dict(self.fields).get("AutoRedirect", "").strip().lower() == "true"

    @property
    def session_seconds(self) -> int:
        """How long the card page stays usable."""
        return int(self.get("SessionTimeout") or DEFAULT_SESSION_SECONDS)

    @property
    def lines(self) -> tuple[OrderLine, ...]:
        """The order lines that were sent, in the order of their numbers."""
        return tuple(self._lines())

    @property
    def custom(self) -> tuple[tuple[str, str], ...]:
        """The merchant's own fields, such as ``NUM_CONTRAT`` (rule R38 of the guide)."""
        return tuple((name, value) for name, value in self.fields if not is_reserved(name))

    def _lines(self) -> Iterator[OrderLine]:
        for number in range(1, _MOST_LINES + 1):
            reference = self.get(f"ProductCode{number}") or self.get(f"ItemNumber{number}")
            line = OrderLine(reference, self.get(f"Desc{number}"), self.get(f"Total{number}"))
            if line != OrderLine("", "", ""):
                yield line


def read_request(pairs: Iterable[tuple[str, str]]) -> HostedRequest:
    """Take the posted fields as they came."""
    return HostedRequest(tuple(pairs))


def flaw_of(request: HostedRequest) -> str | None:
    """Say in French what the gateway would not accept in a signed request; None when it may go on."""
    missing = [name for name in _REQUIRED if not request.get(name)]
    if missing:
        return f"Champs obligatoires absents : {', '.join(missing)}"
    broken = [name for name, sound in _checks(request) if not sound]
    return f"Champs invalides : {', '.join(broken)}" if broken else None


def _checks(request: HostedRequest) -> Iterator[tuple[str, bool]]:
    yield "storetype", request.get("storetype").lower().replace("_", "").replace(" ", "") == "3dpayhosting"
    yield "TranType", request.get("TranType").lower() == "preauth"
    yield "amount", _is_amount(request.get("amount"))
    yield "currency", request.get("currency") == "504"
    yield "oid", _ORDER_ID.fullmatch(request.get("oid")) is not None
    yield "lang", request.get("lang") in ("fr", "ar", "en")
    yield "email", request.get("email").count("@") == 1
    yield "SessionTimeout", _is_session_length(request.get("SessionTimeout"))
    for name in _URLS:
        url = request.get(name)
        yield name, not url or split_web_address(url) is not None


def _is_amount(text: str) -> bool:
    if not _AMOUNT.fullmatch(text):
        return False
    try:
        return 0 < Money.parse(text.replace(",", ".")).centimes <= MAX_CENTIMES
    except AmountError:
        return False


def _is_session_length(text: str) -> bool:
    if not text:
        return True
    return text.isascii() and text.isdigit() and len(text) < len("99999") and int(text) in _SESSION_SECONDS
