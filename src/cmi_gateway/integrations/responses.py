"""What goes out: the page that hands the payer over, the word for the gateway, the way on for a returning browser."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Final

from cmi_gateway.callback import Reply
from cmi_gateway.errors import ConfigurationError
from cmi_gateway.merchant import Gateway, Merchant
from cmi_gateway.payment import SignedForm

__all__ = ["HTML", "NEVER_KEPT", "PLAIN", "SEE_OTHER", "hand_over", "word"]

HTML: Final = "text/html; charset=utf-8"
PLAIN: Final = "text/plain; charset=utf-8"
#: A browser follows this one with GET, whatever it posted.
SEE_OTHER: Final = 303
#: For answers that must not be kept by anybody, nor tell another site where the payer was.
NEVER_KEPT: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def hand_over(
    form: SignedForm, merchant: Merchant, other_origins: Iterable[str]
) -> tuple[str, dict[str, str]]:
    """
    Give the page that posts *form* to the gateway, and its headers with a fresh nonce.

    Raises:
        ConfigurationError: *form* goes elsewhere than to *merchant*'s gateway, or an origin is none.
    """
    if form.action != merchant.gateway.url:
        # The browser would refuse to post it, and tell nobody but its console.
        raise ConfigurationError("the form was signed for another gateway than this merchant's")
    targets = " ".join([merchant.gateway.origin, *map(_origin, other_origins)])
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; form-action {targets}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {"Content-Security-Policy": policy, "Cross-Origin-Opener-Policy": "same-origin"}
    return form.html(nonce), NEVER_KEPT | headers


def word(answer: Reply) -> str:
    """
    Give the text of *answer*, to be sent as it is: no line end, no layout, status 200.

    Raises:
        ConfigurationError: *answer* is none of the three, such as the True or None of a function that forgot it.
    """
    if not isinstance(answer, Reply):
        raise ConfigurationError(
            f"a callback is answered with a Reply, such as callback.reply, not with {type(answer).__name__}"
        )
    return answer.value


def _origin(text: str) -> str:
    # What is true of a gateway's address is true here: https, or this machine, and nothing that ends the directive.
    if Gateway(url=text, api_url=text).origin != text:
        raise ConfigurationError(
            "an origin is scheme, host and port only, such as 'https://payment.cmi.co.ma'"
        )
    return text
