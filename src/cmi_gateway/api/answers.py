"""
The gateway's ``CC5Response``, read from bytes into one of three answers.

Reading is strict where money hangs on it: a known element may stand once, an amount is whole minor units, and a
history must hold as many lines as it says. Whatever else an acquirer adds is passed over.

What is read here is what the gateway wrote, not yet what it means: `order` and `operation` judge.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

import attrs

from cmi_gateway.api.history import HistoryLine, LineKind, LineState, OrderTransaction
from cmi_gateway.api.safe_xml import MalformedDocumentError, only_child, parse_xml, read_texts
from cmi_gateway.api.status_fields import STATUS_FIELDS, status_facts
from cmi_gateway.errors import MoneyError
from cmi_gateway.money import Money
from cmi_gateway.moroccan_time import parse_api_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

_ROOT: Final = "CC5Response"
_TOP: Final = frozenset(
    {"OrderId", "Response", "ProcReturnCode", "TransId", "AuthCode", "HostRefNum", "ErrMsg", "ERRORCODE"}
)
_EXTRA: Final = frozenset({"ERRORCODE", "SETTLEID", "ORDERSTATUS", "TRXCOUNT", "RECURRINGID", *STATUS_FIELDS})
_LINE_NAME: Final = re.compile(r"TRX([1-9][0-9]{0,3})")
_LEAST_COLUMNS: Final = 11
_RESPONSES: Final = frozenset({"Approved", "Declined", "Error"})
_MINOR_UNITS: Final = re.compile(r"[0-9]{1,12}")
_LONGEST_MESSAGE: Final = 255
#: 13 to 19 digits, together or in groups.
_CARD_NUMBER: Final = re.compile(r"(?<![0-9])((?:[0-9][ -]?){6})((?:[0-9][ -]?){3,9})([0-9]{4})(?![0-9])")
_DIGIT: Final = re.compile(r"[0-9]")


@attrs.frozen(kw_only=True)
class Head:
    """
    What every answer begins with.

    Attributes:
        response: ``Approved``, ``Declined`` or ``Error``; empty for anything else.
        return_code: ``ProcReturnCode``; empty where it is missing.
        error_code: ``ERRORCODE``, in ``Extra`` or, at some acquirers, beside it.
        order_id: As echoed; some errors echo nothing.
        message: For operators; card numbers are masked.
    """

    response: str
    return_code: str
    error_code: str
    order_id: str
    message: str = attrs.field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the gateway reports success and no error beside it."""
        return self.response == "Approved" and self.return_code == "00" and not self.error_code

    @property
    def code(self) -> str:
        """The code that says most: the gateway's own, or the host's."""
        return self.error_code or self.return_code


@attrs.frozen(kw_only=True)
class TransactionAnswer:
    """
    The answer to a capture, void or refund.

    Attributes:
        transaction_id: The gateway's reference; a void repeats that of the voided transaction, so it is no key of
            operations.
        authorization_code: The issuer's.
        host_reference: The bank's reference (RRN).
    """

    head: Head
    transaction_id: str
    authorization_code: str
    host_reference: str


@attrs.frozen(kw_only=True)
class StatusAnswer:
    """
    The answer to a status query.

    Attributes:
        transaction: The one transaction that the gateway shows of the order; None where it shows none.
        order_id: The order that it is of; empty where there is none.
        is_recurring: Whether the answer is about a series of payments, which is read no further.
    """

    head: Head
    order_id: str
    transaction: OrderTransaction | None
    is_recurring: bool


@attrs.frozen(kw_only=True)
class HistoryAnswer:
    """
    The answer to a history query.

    Attributes:
        lines: The oldest first.
    """

    head: Head
    lines: tuple[HistoryLine, ...]


def read_transaction(raw: bytes) -> TransactionAnswer:
    """Read the answer to an operation, or raise `MalformedDocumentError`."""
    root = parse_xml(raw, root=_ROOT)
    top = read_texts(root, _TOP)
    return TransactionAnswer(
        head=_head(top, _extra_texts(root)),
        transaction_id=top.get("TransId", ""),
        authorization_code=top.get("AuthCode", ""),
        host_reference=top.get("HostRefNum", ""),
    )


def read_status(raw: bytes, currency: str = "MAD") -> StatusAnswer:
    """
    Read the answer to a status query, or raise `MalformedDocumentError`.

    Args:
        raw: As it came.
        currency: Of the merchant's orders; the answer names none.
    """
    root = parse_xml(raw, root=_ROOT)
    extra = _extra_texts(root)
    facts = status_facts(extra)
    return StatusAnswer(
        head=_head(read_texts(root, _TOP), extra),
        order_id=facts.get("ORD_ID", ""),
        transaction=_transaction(facts, currency) if facts.get("TRANS_STAT") else None,
        is_recurring=bool(extra.get("RECURRINGID")),
    )


def read_history(raw: bytes, currency: str = "MAD") -> HistoryAnswer:
    """Read the answer to a history query, or raise `MalformedDocumentError`; see `read_status`."""
    root = parse_xml(raw, root=_ROOT)
    extra = _extra_texts(root)
    texts = _line_texts(root)
    count = extra.get("TRXCOUNT", "")
    # A line that got lost on the way could be a refund: totals without it would allow another one.
    if count != str(len(texts)) and (texts or count):
        raise MalformedDocumentError("the history holds another number of lines than it says")
    head = _head(read_texts(root, _TOP), extra)
    if head.response == "Approved" and not texts:
        raise MalformedDocumentError("the history was found, and holds no line")
    return HistoryAnswer(head=head, lines=tuple([_line(text, currency) for text in texts]))


def _extra_texts(root: Element) -> dict[str, str]:
    extra = only_child(root, "Extra")
    return {} if extra is None else read_texts(extra, _EXTRA)


def _head(top: Mapping[str, str], extra: Mapping[str, str]) -> Head:
    response = top.get("Response", "")
    return Head(
        response=response if response in _RESPONSES else "",
        return_code=top.get("ProcReturnCode", ""),
        error_code=extra.get("ERRORCODE") or top.get("ERRORCODE", ""),
        order_id=top.get("OrderId", ""),
        message=_fit_for_operators(top.get("ErrMsg", "")),
    )


def _fit_for_operators(message: str) -> str:
    """Cut a stranger's text, without control characters, and with the middle of card numbers hidden."""
    text = "".join([c if c.isprintable() else " " for c in message[:_LONGEST_MESSAGE]])
    return _CARD_NUMBER.sub(lambda match: f"{match[1]}{_DIGIT.sub('*', match[2])}{match[3]}", text)


def _transaction(facts: Mapping[str, str], currency: str) -> OrderTransaction:
    return OrderTransaction(
        kind=_member(LineKind, facts.get("CHARGE_TYPE_CD", "")),
        state=_member(LineState, facts.get("TRANS_STAT", "")),
        original=_money(facts.get("ORIG_TRANS_AMT", ""), currency),
        captured=_money(facts.get("CAPTURE_AMT", ""), currency),
        authorized_at=parse_api_time(facts.get("AUTH_DTTM", "")),
        captured_at=parse_api_time(facts.get("CAPTURE_DTTM", "")),
        voided_at=parse_api_time(facts.get("VOID_DTTM", "")),
        host_reference=facts.get("HOST_REF_NUM", ""),
        authorization_code=facts.get("AUTH_CODE", ""),
        return_code=facts.get("PROC_RET_CD", ""),
        transaction_id=facts.get("TRANS_ID", ""),
        batch=facts.get("SETTLEID", ""),
    )


def _line_texts(root: Element) -> list[str]:
    """Give the texts of ``TRX1`` to ``TRXn``, the oldest first; the gateway begins with the newest."""
    extra = only_child(root, "Extra")
    names = {child.tag for child in extra if _LINE_NAME.fullmatch(child.tag)} if extra is not None else set()
    expected = [f"TRX{number}" for number in range(len(names), 0, -1)]
    if extra is None or names != set(expected):
        raise MalformedDocumentError("the lines of the history are not numbered in a row")
    texts = read_texts(extra, names)
    return [texts[name] for name in expected]


def _line(text: str, currency: str) -> HistoryLine:
    columns = [column.strip() for column in text.split("\t")]
    if len(columns) < _LEAST_COLUMNS:
        raise MalformedDocumentError(
            f"a line of the history has {len(columns)} columns, expected {_LEAST_COLUMNS} or more"
        )
    if not columns[10]:
        raise MalformedDocumentError("a line of the history has no transaction id")
    return HistoryLine(
        kind=_member(LineKind, columns[0]),
        state=_member(LineState, columns[1]),
        original=_money(columns[2], currency),
        captured=_money(columns[3], currency),
        authorized_at=parse_api_time(columns[4]),
        captured_at=parse_api_time(columns[5]),
        voided_at=parse_api_time(columns[6]),
        host_reference=columns[7],
        authorization_code=columns[8],
        return_code=columns[9],
        transaction_id=columns[10],
        # The manual has it here; the captures that were published end before.
        batch=columns[11] if len(columns) > _LEAST_COLUMNS else "",
    )


_Member = TypeVar("_Member", LineKind, LineState)


def _member(choices: type[_Member], letter: str) -> _Member:
    """Give what a letter stands for; what is not listed is unknown, and never counts as money."""
    try:
        return choices(letter)
    except ValueError:
        return choices.UNKNOWN


def _money(text: str, currency: str) -> Money | None:
    """Read minor units: ``101`` is 1.01. Nothing where the gateway says nothing."""
    if not text:
        return None
    if not _MINOR_UNITS.fullmatch(text):
        raise MalformedDocumentError("an amount is not whole minor units")
    try:
        return Money(int(text), currency)
    except MoneyError:
        problem = "an amount is larger than any payment"
    raise MalformedDocumentError(problem)
