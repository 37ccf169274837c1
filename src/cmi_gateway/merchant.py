"""A merchant's account with the gateway: who signs, with which key, for which host."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs

from cmi_gateway import payment, verification
from cmi_gateway.callback_policy import CallbackPolicy
from cmi_gateway.errors import CallbackError, ConfigurationError, FieldError, without_frames
from cmi_gateway.events import EventName, GatewayEvent, tell
from cmi_gateway.field_checks import check_service_url
from cmi_gateway.secret import Secret, hide_keys

if TYPE_CHECKING:
    from cmi_gateway.callback import Callback
    from cmi_gateway.callback_body import RawBody
    from cmi_gateway.events import Observer
    from cmi_gateway.payment import SignedForm
    from cmi_gateway.request import PaymentRequest

_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9]{1,15}")
#: The digest is keyed by nothing else: a key that can be tried through protects nothing.
_SHORTEST_KEY: Final = 6


def _gateway_url(_instance: object, field: attrs.Attribute[str], url: str) -> None:
    check_service_url(field.name, url)


@attrs.frozen
class Gateway:
    """
    Where the gateway answers. A setting, since hosts differ between acquirers.

    Attributes:
        url: The payment page, to which the payer's browser posts the form.
        api_url: The XML API.

    Raises:
        ConfigurationError: an URL is not https; plain http is accepted for this machine only.
    """

    url: str = attrs.field(validator=_gateway_url)
    api_url: str = attrs.field(validator=_gateway_url)

    @property
    def origin(self) -> str:
        """Scheme, host and port of the payment page, for ``form-action`` of a Content-Security-Policy."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


#: CMI's test platform.
TEST: Final = Gateway("https://testpayment.cmi.co.ma/fim/est3Dgate", "https://testpayment.cmi.co.ma/fim/api")
#: CMI's production platform. The host of its API follows from the test platform's and is confirmed by no public source.
PRODUCTION: Final = Gateway("https://payment.cmi.co.ma/fim/est3Dgate", "https://payment.cmi.co.ma/fim/api")


@attrs.frozen(init=False)
class Merchant:
    """
    One merchant account: signs payments and verifies callbacks.

    Args:
        client_id: CMI's merchant id, such as ``600000099``.

        store_key: The key set in CMI's back office. During a rotation several, newest first: the first signs,
            all verify. From a vault or the environment, never from source code.

        gateway: `TEST`, `PRODUCTION` or your own.

        name: The merchant's name as CMI shows it, such as ``RAK``.

        valid_from, valid_until: First and last day of the contract, where it is dated; see
            `cmi_gateway.AccountBook`.

        callback_policy: How strictly callbacks are read; the defaults accept what any source tells of CMI.

        observer: Is told each `cmi_gateway.GatewayEvent`, for metrics.

    Raises:
        ConfigurationError: the client id, a key or the dates cannot be right. The message never shows a key.
    """

    client_id: str
    store_keys: tuple[Secret, ...] = attrs.field(repr=False, alias="store_key")
    gateway: Gateway
    name: str
    valid_from: date | None
    valid_until: date | None
    callback_policy: CallbackPolicy
    observer: Observer | None = attrs.field(repr=False)

    def __init__(
        self,
        client_id: str,
        store_key: str | Sequence[str],
        gateway: Gateway,
        name: str = "",
        *,
        valid_from: date | None = None,
        valid_until: date | None = None,
        callback_policy: CallbackPolicy | None = None,
        observer: Observer | None = None,
    ) -> None:
        # The argument is dropped at once: tracebacks can print local variables, and a key must not be among them.
        keys, key_flaw = hide_keys(store_key, shortest=_SHORTEST_KEY)
        del store_key
        # Filled before it is judged, so that a traceback can show it: Python 3.11 fails on half-made objects.
        policy = CallbackPolicy() if callback_policy is None else callback_policy
        self.__attrs_init__(client_id, keys, gateway, name, valid_from, valid_until, policy, observer)
        if key_flaw:
            raise ConfigurationError(f"store_key {key_flaw}")
        flaw = _flaw_of_account(client_id, gateway, name, valid_from, valid_until)
        if flaw is None and not isinstance(policy, CallbackPolicy):
            flaw = "callback_policy must be a CallbackPolicy"
        if flaw is None and not (observer is None or callable(observer)):
            flaw = "observer must be a function that takes a GatewayEvent"
        if flaw:
            raise ConfigurationError(flaw)

    def sign(
        self,
        request: PaymentRequest,
        *,
        seal: bool = False,
        random: Callable[[], str] = payment.random_text,
    ) -> SignedForm:
        """
        Check and sign *request*.

        Keep the form's fields and amount with your order before the payer leaves.

        Args:
            request: The attempt.

            seal: Whether to send a seal along, for a merchant who cannot keep the form: `Callback.must_match`
                then takes ``sent=None``. Keeping the form is better.

            random: Gives the 20 letters and digits of ``rnd``; replace it only to repeat a test.

        Raises:
            FieldError: a value cannot be signed; names the field and the reason.
        """
        try:
            form = payment.sign(
                request,
                client_id=self.client_id,
                action=self.gateway.url,
                store_key=self.store_keys[0],
                policy=self.callback_policy if seal else None,
                random=random,
            )
        except FieldError as error:
            # Before it is told: what an observer raises is logged together with what was being handled.
            bare = without_frames(error)
            del request
            self._tell("form_refused", reason=type(error).__name__, field=error.field)
            raise bare from None
        self._tell("form_signed", order_id=form.order_id)
        return form

    def verify(self, raw_body: RawBody) -> Callback:
        """
        Check the signature of a callback, or of the browser's return, which is signed alike.

        Call `Callback.must_match` on the result; a signature alone proves too little.

        Args:
            raw_body: The body as it arrived, in bytes. Pairs of name and value are accepted where a framework
                gives nothing else.

        Raises:
            CallbackError: do not trust it, change nothing and answer `Reply.FAILURE`.
        """
        try:
            callback = verification.verify(
                raw_body,
                client_id=self.client_id,
                store_keys=self.store_keys,
                policy=self.callback_policy,
                observer=self.observer,
            )
        except CallbackError as error:
            bare = without_frames(error)  # first, as in `sign`
            self._tell("callback_refused", reason=type(error).__name__)
            del raw_body
            raise bare from None
        self._tell("callback_verified")
        return callback

    def derive_key(self, purpose: str) -> bytes:
        """
        Derive a key of 32 bytes for one *purpose* of your own from the newest store key (HKDF with SHA-256).

        The same in every process, so that nothing more has to be kept secret. It changes when a new store key is
        put first: what is made with it then, such as the links shown for receipts issued before, no longer matches what
        was made earlier. Whatever must outlive a rotation needs a key of its own.

        Args:
            purpose: Tells the derived keys apart; never reuse one for something else.

        Raises:
            ConfigurationError: *purpose* is empty, or no text.
        """
        return self.derive_keys(purpose)[0]

    def derive_keys(self, purpose: str) -> tuple[bytes, ...]:
        """
        Derive the key of `derive_key` from every store key, the newest first: the others open what was made earlier.

        Args:
            purpose: As for `derive_key`.

        Raises:
            ConfigurationError: *purpose* is empty, or no text.
        """
        if not isinstance(purpose, str) or not purpose:
            raise ConfigurationError("purpose must be a text that says what the key is for")
        # The prefix keeps these apart from the keys that this package derives for itself.
        return tuple(key.derive(f"merchant {purpose}") for key in self.store_keys)

    def _tell(self, name: EventName, *, order_id: str = "", reason: str = "", field: str = "") -> None:
        event = GatewayEvent(
            name=name, client_id=self.client_id, order_id=order_id, reason=reason, field=field
        )
        tell(event, self.observer)


def _flaw_of_account(
    client_id: str, gateway: Gateway, name: str, first: date | None, last: date | None
) -> str | None:
    if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id):
        return "client_id must be 1 to 15 letters and digits, such as '600000099'"
    if not isinstance(gateway, Gateway):
        return "gateway must be a Gateway: cmi_gateway.TEST, PRODUCTION or your own"
    if not isinstance(name, str):
        return "name must be text"
    if not all(limit is None or type(limit) is date for limit in (first, last)):
        return "valid_from and valid_until must be dates without a time of day"
    if first and last and first > last:
        return "valid_from must not lie after valid_until"
    return None
