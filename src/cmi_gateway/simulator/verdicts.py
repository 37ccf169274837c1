"""What the gateway answers to one try at paying: from how it is to end, and from what the order's books allow."""

from __future__ import annotations

from typing import Final

import attrs

from cmi_gateway.simulator.endings import MESSAGES, Ending, EndingKind
from cmi_gateway.simulator.orders import AttemptResult, Order, OrderState

DUPLICATE_ERROR: Final = "CORE-2507"
GATEWAY_ERROR: Final = "99"
NOT_AUTHENTICATED_MESSAGE: Final = "Authentification 3-D Secure refusée"


@attrs.frozen(kw_only=True)
class Verdict:
    """
    One answer.

    Attributes:
        result: How the try ended.
        code: ``ProcReturnCode``; empty after a refusal by 3-D Secure.
        message: ``ErrMsg``, empty on success.
        error: ``ErrCode``, empty unless the gateway reports an error.
    """

    result: AttemptResult
    code: str
    message: str = ""
    error: str = ""

    @property
    def response(self) -> str:
        """What ``Response`` says."""
        if self.result is AttemptResult.APPROVED:
            return "Approved"
        return "Error" if self.error else "Declined"


def give_verdict(order: Order, ending: Ending, *, authenticated: bool) -> Verdict:
    """Say how the gateway answers; an order that was ever paid is not paid again, even after a void."""
    if not authenticated or ending.kind is EndingKind.NOT_AUTHENTICATED:
        return Verdict(result=AttemptResult.NOT_AUTHENTICATED, code="", message=NOT_AUTHENTICATED_MESSAGE)
    if order.state is not OrderState.UNPAID or ending.kind is EndingKind.DUPLICATE:
        return _error(AttemptResult.DUPLICATE, DUPLICATE_ERROR)
    if ending.kind is EndingKind.ERROR:
        return _error(AttemptResult.ERROR, ending.code)
    if ending.kind is EndingKind.DECLINED:
        return decline(ending.code)
    return Verdict(result=AttemptResult.APPROVED, code="00")


def decline(code: str) -> Verdict:
    """Give the issuer's no with *code*."""
    return Verdict(result=AttemptResult.DECLINED, code=code, message=MESSAGES[code])


def _error(result: AttemptResult, code: str) -> Verdict:
    return Verdict(result=result, code=GATEWAY_ERROR, message=MESSAGES[code], error=code)
