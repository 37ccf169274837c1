"""
What the gateway's codes mean: class, who may try again, and what to tell the customer.

::

    from cmi_gateway import codes

    entry = codes.look_up("51")
    entry.code_class  # CodeClass.LIMIT
    codes.customer_message(entry.message_key, "fr")

A code never proves a payment: only the outcome `cmi_gateway.Approved` of a checked callback does. A code that is
not in the catalogue is of class `CodeClass.UNKNOWN`: money may have moved, nobody may pay again, and a query decides.
"""

from __future__ import annotations

import re
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import attrs

from cmi_gateway import code_table
from cmi_gateway.code_classes import CodeClass, CodeFamily, ServerRepeat, server_repeat
from cmi_gateway.customer_messages import (
    CustomerRetry,
    MessageKey,
    MessageLanguage,
    customer_message,
    customer_retry,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "CodeClass",
    "CodeEntry",
    "CodeFamily",
    "CustomerRetry",
    "MessageKey",
    "MessageLanguage",
    "ServerRepeat",
    "catalogue",
    "customer_message",
    "find_code",
    "look_up",
    "look_up_md_status",
]

_TABLES: Final = {
    CodeFamily.PROC_RETURN_CODE: code_table.PROC_RETURN_CODES,
    CodeFamily.CORE: code_table.CORE_CODES,
    CodeFamily.THREE_D: code_table.THREE_D_CODES,
    CodeFamily.BANK_MESSAGE: code_table.BANK_MESSAGE_CODES,
    CodeFamily.HOSTED_PAGE: code_table.HOSTED_PAGE_CODES,
    CodeFamily.ACQUIRER: code_table.ACQUIRER_CODES,
    CodeFamily.MD_STATUS: code_table.MD_STATUSES,
}
#: What can be a code. Shorter than any card number, so that none is ever kept as one.
_SHAPE: Final = re.compile(r"[A-Z0-9]{1,8}(?:[-=][A-Z0-9]{1,6})?")
_ISSUER_PREFIX: Final = "ISO8583-"
_IN_TEXT: Final = re.compile(r"(?<![A-Za-z0-9])(?:CORE|3D|BM|HPP)-[0-9]{4}(?![0-9])")
#: An error text holds its code near the beginning; more of a stranger's text is not searched.
_LONGEST_TEXT: Final = 255


@attrs.frozen(kw_only=True)
class CodeEntry:
    """
    What one code means.

    Attributes:
        code: As the gateway writes it, such as ``05`` or ``CORE-2507``; empty when what came is no code.
        family: Where it comes from.
        meaning: For operators, in English; never for customers, since it may name a suspicion.
        code_class: What it says of a payment.
        operation_class: What it says of a capture, void or refund; mostly the same.
        message_key: What to tell the customer.
        server_repeat: Whether a capture, void or refund that was answered so may be sent again.
        is_listed: Whether it is in the catalogue.
        is_confirmed: Whether two independent public sources know it.
    """

    code: str
    family: CodeFamily
    meaning: str
    code_class: CodeClass
    operation_class: CodeClass
    message_key: MessageKey
    server_repeat: ServerRepeat
    is_listed: bool = True
    is_confirmed: bool = True

    @property
    def customer_retry(self) -> CustomerRetry:
        """Whether the customer may try again, and how."""
        return customer_retry(self.message_key)

    @property
    def may_try_again(self) -> bool:
        """Whether the customer may try again at all."""
        return self.customer_retry is not CustomerRetry.NO


def look_up(code: str | None) -> CodeEntry:
    """
    Give what a code means; one that is not in the catalogue is of class unknown.

    Args:
        code: ``ProcReturnCode`` or an error code, such as ``05``, ``ISO8583-05``, ``CORE-2507`` or ``3D-1004``; a
            3-D Secure status as ``mdStatus=0``. Only the case of letters is forgiven: ``0`` is not ``00``.
    """
    folded = _folded(code)
    return catalogue().get(folded.removeprefix(_ISSUER_PREFIX)) or _unlisted(folded)


def look_up_md_status(status: str | None) -> CodeEntry:
    """Give what a 3-D Secure status (``mdStatus``) means; ``1`` to ``4`` let a payment go on, and prove none."""
    return look_up(f"{CodeFamily.MD_STATUS}={status}")


def find_code(text: str | None) -> str:
    """
    Give the first error code in the gateway's text, as in ``3D-1004 Code de sécurité erronné``; else nothing.

    Args:
        text: ``ErrMsg``, or a field that holds a code alone.
    """
    if not isinstance(text, str):
        return ""
    match = _IN_TEXT.search(text[:_LONGEST_TEXT])
    return match[0] if match else ""


@cache
def catalogue() -> Mapping[str, CodeEntry]:
    """Give every listed code with its meaning, family by family; keys are in capital letters."""
    entries = (entry for family, rows in _TABLES.items() for row in rows for entry in _entries(family, row))
    return MappingProxyType({entry.code.upper(): entry for entry in entries})


def _entries(family: CodeFamily, row: code_table.Row) -> Iterator[CodeEntry]:
    operation = row.operation or row.kind
    for code in _spelt_out(row.codes):
        yield CodeEntry(
            code=code,
            family=family,
            meaning=row.meaning,
            code_class=row.kind,
            operation_class=operation,
            message_key=row.message,
            server_repeat=row.repeat or server_repeat(operation),
            is_confirmed=row.confirmed,
        )


def _spelt_out(codes: str) -> Iterator[str]:
    """Give each code of ``CORE-1011..1017 CORE-1020``."""
    for item in codes.split():
        first, _, last = item.partition("..")
        if not last:
            yield first
            continue
        prefix, _, start = first.partition("-")
        for number in range(int(start), int(last) + 1):
            yield f"{prefix}-{number}"


def _folded(code: str | None) -> str:
    """Give *code* in capital letters if it can be one; else nothing, so that no stranger's text is kept."""
    if not isinstance(code, str) or not code.isascii():
        return ""
    folded = code.upper()
    return folded if _SHAPE.fullmatch(folded) else ""


def _unlisted(folded: str) -> CodeEntry:
    return CodeEntry(
        code=folded,
        family=_family_of(folded),
        meaning="Not in the catalogue" if folded else "Not a code",
        code_class=CodeClass.UNKNOWN,
        operation_class=CodeClass.UNKNOWN,
        message_key=MessageKey.CHECKING,
        server_repeat=server_repeat(CodeClass.UNKNOWN),
        is_listed=False,
        is_confirmed=False,
    )


def _family_of(folded: str) -> CodeFamily:
    prefixed = (CodeFamily.CORE, CodeFamily.THREE_D, CodeFamily.BANK_MESSAGE, CodeFamily.HOSTED_PAGE)
    families = [family for family in prefixed if folded.startswith(family)]
    if families:
        return families[0]
    if folded.startswith(CodeFamily.MD_STATUS.upper()):
        return CodeFamily.MD_STATUS
    return CodeFamily.PROC_RETURN_CODE if folded else CodeFamily.NONE
