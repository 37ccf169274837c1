"""What the answer to a capture, void or refund proves: done, refused, or neither."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from cmi_gateway.codes import CodeClass, look_up

if TYPE_CHECKING:
    from cmi_gateway.api.answers import Head


class Verdict(Enum):
    """What is proved."""

    DONE = "done"
    REFUSED = "refused"
    #: Neither: the history has to tell.
    UNCERTAIN = "uncertain"


#: Only these prove that nothing was done. A passing trouble, a system failure or a code that nobody lists does not.
_PROVES_NOTHING_DONE: Final = frozenset(
    {CodeClass.CARD, CodeClass.BANK, CodeClass.CONFIGURATION, CodeClass.REQUEST, CodeClass.STATE}
)
_NO: Final = frozenset({"Declined", "Error"})


def verdict_of(head: Head, order_id: str) -> Verdict:
    """
    Judge the answer to an operation on *order_id*.

    An approval counts only for this very order. A refusal may come without an order id, as the platform's own do, but
    not with another's, nor beside a sign of success.
    """
    if head.is_success and head.order_id == order_id:
        return Verdict.DONE
    if head.response not in _NO or head.return_code == "00" or head.order_id not in ("", order_id):
        return Verdict.UNCERTAIN
    is_proved = look_up(head.code).operation_class in _PROVES_NOTHING_DONE
    return Verdict.REFUSED if is_proved else Verdict.UNCERTAIN
