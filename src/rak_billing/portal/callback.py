"""
The gateway's own notice, from server to server: raw bytes in, one word out.

It is signed, so it needs no session and no form token; what it says is judged by `Checkout.settle` alone.
What the payment sets in motion (mail, posting) is done after the answer has left, because the gateway waits for it.
"""

from __future__ import annotations

import logging
from typing import Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from cmi_gateway.callback import Reply
from rak_billing.checkout import Checkout
from rak_billing.portal.context import portal

__all__ = ["blueprint", "notice"]

blueprint = Blueprint("callback", __name__)
_log: Final = logging.getLogger(__name__)
#: This payment's messages, and some that waited; a thread of the web server is not the place for a backlog.
_AT_A_TIME: Final = 5


@blueprint.post("/cmi/callback")
def notice() -> Response:
    """Take a notice of the gateway and answer the word it expects, as plain text."""
    checkout = portal().checkout
    response = Response(_reply(checkout), mimetype="text/plain")
    response.call_on_close(lambda: _deliver(checkout))
    return response


def _reply(checkout: Checkout) -> str:
    try:
        return checkout.settle(request.get_data(cache=False)).value
    except RequestEntityTooLarge:
        _log.warning("a callback was over the size that is read")
        return Reply.FAILURE.value
    except Exception:  # noqa: BLE001 - any other answer would be a syntax error to the gateway
        # This word is its "not captured, a person looks".
        _log.exception("a callback could not be settled")
        return Reply.FAILURE.value


def _deliver(checkout: Checkout) -> None:
    try:
        checkout.deliver(limit=_AT_A_TIME)
    except Exception:  # noqa: BLE001 - the answer has left; nobody is there to be told
        # The outbox keeps what was not delivered; the next payment or the next sweep tries again.
        _log.exception("the outbox could not be delivered")
