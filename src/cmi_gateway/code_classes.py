"""What kinds of codes there are, and what each kind lets a server do."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class CodeFamily(StrEnum):
    """Where a code comes from; the value is how the gateway names the field or begins the code."""

    PROC_RETURN_CODE = "ProcReturnCode"
    CORE = "CORE-"
    THREE_D = "3D-"
    BANK_MESSAGE = "BM-"
    HOSTED_PAGE = "HPP-"
    #: Bare digits of the acquirer in ``ErrorCode``.
    ACQUIRER = "acquirer"
    MD_STATUS = "mdStatus"
    #: Nothing that looks like a code.
    NONE = "none"


class CodeClass(StrEnum):
    """What a code says about the payment or operation that it answers."""

    #: No objection. By itself no proof of payment: only `cmi_gateway.Approved` is.
    OK = "ok"
    #: The customer's card or what was typed of it.
    CARD = "card"
    #: Funds or limits.
    LIMIT = "limit"
    #: The issuer says no and keeps the reason.
    BANK = "bank"
    #: Lost, stolen, suspected, or 3-D Secure data that do not fit: never repeated, and never explained to the customer.
    SECURITY = "security"
    #: Proven not executed, and likely to work later.
    TEMPORARY = "temporary"
    #: Whether money moved is not known. Also the class of every code that is not in the catalogue.
    UNKNOWN = "unknown"
    #: The merchant's account or rights; somebody has to change them.
    CONFIGURATION = "configuration"
    #: Our request is wrong; the software has to change.
    REQUEST = "request"
    #: The order stands otherwise: already done, not settled, nothing to void.
    STATE = "state"


class ServerRepeat(StrEnum):
    """Whether a server may send a capture, void or refund again that was answered so."""

    NOT_NEEDED = "not needed"
    NO = "no"
    #: Not even after a while: repeating makes it worse, up to a locked account.
    NEVER = "never"
    #: Read the order's history; what it says decides, never a blind repeat.
    QUERY_FIRST = "query first"
    #: Read the order's history, wait 60 seconds or more, and try three times at most.
    AFTER_QUERY = "after query"


_REPEAT: Final = {
    CodeClass.OK: ServerRepeat.NOT_NEEDED,
    CodeClass.CARD: ServerRepeat.NO,
    CodeClass.LIMIT: ServerRepeat.NO,
    CodeClass.BANK: ServerRepeat.NO,
    CodeClass.SECURITY: ServerRepeat.NEVER,
    CodeClass.TEMPORARY: ServerRepeat.AFTER_QUERY,
    CodeClass.UNKNOWN: ServerRepeat.QUERY_FIRST,
    CodeClass.CONFIGURATION: ServerRepeat.NO,
    CodeClass.REQUEST: ServerRepeat.NO,
    CodeClass.STATE: ServerRepeat.QUERY_FIRST,
}


def server_repeat(kind: CodeClass) -> ServerRepeat:
    """Say whether an operation that was answered with a code of this class may be sent again."""
    return _REPEAT[kind]
