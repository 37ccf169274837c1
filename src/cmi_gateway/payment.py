"""From one attempt at a payment to the signed form that takes the payer to the gateway."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import attrs

from cmi_gateway import form_page
from cmi_gateway.callback_policy import CallbackPolicy
from cmi_gateway.errors import ConfigurationError, FieldError
from cmi_gateway.field_checks import check_text
from cmi_gateway.field_names import SEAL_FIELD
from cmi_gateway.request import BillTo, OrderLine, PaymentRequest
from cmi_gateway.request_fields import request_fields
from cmi_gateway.seal import ALWAYS_SEALED, seal_of
from cmi_gateway.signature import NameOrder, hash_ver3, orders_agree

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmi_gateway.secret import Secret

#: What any source shows of a merchant's random text.
_LONGEST_RND: Final = 64

__all__ = ["BillTo", "OrderLine", "PaymentRequest", "SignedForm", "random_text", "sign"]


def random_text() -> str:
    """Draw the 20 letters and digits of a fresh ``rnd``, about 119 bits."""
    # One draw of 120 bits instead of twenty; two of its 64 characters are no letters or digits, and are told as two others.
    return secrets.token_urlsafe(15).replace("-", "a").replace("_", "b")


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
            nonce: The nonce of your Content-Security-Policy, where you have one: for ``script-src``, and for
                ``style-src``, without which the page works and looks plain.
        """
        if not (nonce is None or isinstance(nonce, str)):
            raise ConfigurationError("nonce must be text, or None for a page without a policy")
        return form_page.render(self.action, self.fields, language=self._value("lang"), nonce=nonce)

    def _value(self, wanted: str) -> str:
        return next(value for name, value in self.fields if name == wanted)


def sign(
    request: PaymentRequest,
    *,
    client_id: str,
    action: str,
    store_key: Secret,
    policy: CallbackPolicy | None = None,
    random: Callable[[], str] = random_text,
) -> SignedForm:
    """
    Check and sign *request*; `cmi_gateway.Merchant.sign` is the usual door.

    With *policy* a seal goes along that covers what it requires back; see `cmi_gateway.seal`.

    Raises:
        FieldError: a value cannot be signed; names the field and the reason.
    """
    rnd = check_text("rnd", random(), _LONGEST_RND, required=True)  # first: it may raise what is not ours
    fields = (*request_fields(request, client_id), ("hashAlgorithm", "ver3"))
    if policy is not None:
        fields += ((SEAL_FIELD, seal_of(_to_be_sealed(fields, policy), store_key)),)
    fields += (("rnd", rnd),)
    names = tuple([name for name, _ in fields])
    if not orders_agree(names):
        raise FieldError(
            "custom",
            "numbered names such as X2 and X10 sort differently at CMI's kits; use at most nine of a kind",
        )
    digest = hash_ver3(fields, store_key, NameOrder.PLAIN)
    return SignedForm(action, (*fields, ("encoding", "UTF-8"), ("hash", digest)))


def _to_be_sealed(fields: tuple[tuple[str, str], ...], policy: CallbackPolicy) -> list[tuple[str, str]]:
    """Give all that must come back; what need not, such as what is only shown, would break the seal where it changes."""
    return [(name, value) for name, value in fields if name in ALWAYS_SEALED or policy.is_required_back(name)]
