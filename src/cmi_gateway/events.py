"""
What happened, for logs and metrics: fixed names, no personal data, no secrets.

Every event goes to the logger ``cmi_gateway`` under its name, with its facts as ``extra``, and to the observer
that the merchant was given, if any. Count them in your own metrics; none is needed for correctness.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, Literal

import attrs

EventName = Literal[
    "form_signed",
    "form_refused",
    "callback_verified",
    "callback_refused",
    "callback_matched",
    "api_asked",
    "api_answered",
    "api_failed",
    "api_blocked",
]

_LOG: Final = logging.getLogger("cmi_gateway")
#: Refusals are news for operators; the rest is for whoever debugs.
_LEVELS: Final = {
    "form_refused": logging.INFO,
    "callback_refused": logging.WARNING,
    "api_failed": logging.WARNING,
    # Nothing more is asked until a person has mended the set-up.
    "api_blocked": logging.ERROR,
}


@attrs.frozen(kw_only=True)
class GatewayEvent:
    """
    One thing that happened.

    Attributes:
        name: ``form_signed``, ``form_refused``, ``callback_verified``, ``callback_refused``, ``callback_matched``;
            ``api_asked`` and ``api_answered`` for each request to the XML API, ``api_failed`` where no readable answer
            came, ``api_blocked`` where the answer shuts us out.
        client_id: The merchant account.
        order_id: The order, where it is known and was checked; the text of a stranger never stands here.
        reason: Class of the error for refusals, such as ``InvalidSignatureError``; class of the outcome for a match.
        field: The field at fault, where the error names one of ours.
        operation: What was asked of the XML API: ``status``, ``history``, ``capture``, ``void`` or ``refund``.
        response, return_code, error_code, state, transaction_id: What it answered (``Response``, ``ProcReturnCode``,
            ``ERRORCODE``, ``TRANS_STAT``, ``TransId``), where it has the shape of such a fact.
    """

    name: EventName
    client_id: str
    order_id: str = ""
    reason: str = ""
    field: str = ""
    operation: str = ""
    response: str = ""
    return_code: str = ""
    error_code: str = ""
    state: str = ""
    transaction_id: str = ""


Observer = Callable[[GatewayEvent], None]


def tell(event: GatewayEvent, observer: Observer | None) -> None:
    """Log *event* and hand it to *observer*; an observer that fails is logged and changes nothing."""
    level = _LEVELS.get(event.name, logging.DEBUG)
    if _LOG.isEnabledFor(level):
        # Names of classes and of fields only, none of which a stranger writes: nothing can forge a second line.
        _LOG.log(
            level,
            "%s %s %s",
            event.name,
            event.reason or event.operation,
            event.field or event.error_code,
            extra={"cmi": attrs.asdict(event)},
        )
    if observer is None:
        return
    try:
        observer(event)
    except Exception:  # noqa: BLE001 - whatever a metrics hook raises, it must not refuse a payment
        _LOG.exception("observer_failed")
