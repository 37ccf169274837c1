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
    "form_signed", "form_refused", "callback_verified", "callback_refused", "callback_matched"
]

_LOG: Final = logging.getLogger("cmi_gateway")
#: Refusals are news for operators; the rest is for whoever debugs.
_LEVELS: Final = {"form_refused": logging.INFO, "callback_refused": logging.WARNING}


@attrs.frozen(kw_only=True)
class GatewayEvent:
    """
    One thing that happened.

    Attributes:
        name: ``form_signed``, ``form_refused``, ``callback_verified``, ``callback_refused`` or ``callback_matched``.
        client_id: The merchant account.
        order_id: The order, where it is known and was checked; the text of a stranger never stands here.
        reason: Class of the error for refusals, such as ``InvalidSignatureError``; class of the outcome for a match.
        field: The field at fault, where the error names one of ours.
    """

    name: EventName
    client_id: str
    order_id: str = ""
    reason: str = ""
    field: str = ""


Observer = Callable[[GatewayEvent], None]


def tell(event: GatewayEvent, observer: Observer | None) -> None:
    """Log *event* and hand it to *observer*; an observer that fails is logged and changes nothing."""
    level = _LEVELS.get(event.name, logging.DEBUG)
    if _LOG.isEnabledFor(level):
        # Names of classes and of fields only, none of which a stranger writes: nothing can forge a second line.
        _LOG.log(level, "%s %s %s", event.name, event.reason, event.field, extra={"cmi": attrs.asdict(event)})
    if observer is None:
        return
    try:
        observer(event)
    except Exception:  # noqa: BLE001 - whatever a metrics hook raises, it must not refuse a payment
        _LOG.exception("observer_failed")
