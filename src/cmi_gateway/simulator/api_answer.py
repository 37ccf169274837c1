"""
CC5Response documents, written as the gateway writes them: ISO-8859-9 bytes, children in its order.

What ISO-8859-9 cannot hold becomes a character reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Final, TypeAlias

from cmi_gateway import codes
from cmi_gateway.api.history import LineState
from cmi_gateway.moroccan_time import casablanca
from cmi_gateway.simulator.account_rules import AnswerShape
from cmi_gateway.simulator.operations import ABOVE_AUTHORIZED, NOTHING_TO_REFUND
from cmi_gateway.simulator.orders import Order
from cmi_gateway.simulator.transaction_line import APPROVED_CODE, TransactionLine

ENCODING: Final = "ISO-8859-9"
CONTENT_TYPE: Final = f"text/xml;charset={ENCODING}"
_DECLARATION: Final = f'<?xml version="1.0" encoding="{ENCODING}"?>\n'
_TERMINAL_ID: Final = "00600099"
_ISSUER: Final = "SIMULATEUR"
_NOT_FOUND: Final = "No record found for {}"
_FOUND: Final = "Record(s) found for {}"
_REFUSED_CODE: Final = "99"
_TRACE_ID: Final = "0f" * 16
#: Orders that these codes are about are not named in the answer; published captures show it.
_NAMELESS: Final = frozenset({"CORE-2008", "CORE-2507"})
#: The names in the composite field ORDERSTATUS; one that is not found has all but the last.
_COMPOSITE: Final = (
    "ORD_ID",
    "CHARGE_TYPE_CD",
    "ORIG_TRANS_AMT",
    "CAPTURE_AMT",
    "TRANS_STAT",
    "AUTH_DTTM",
    "CAPTURE_DTTM",
    "AUTH_CODE",
    "TRANS_ID",
)

Elements: TypeAlias = Iterable[tuple[str, str]]


def approval(
    order_id: str, client_id: str, line: TransactionLine, *, batch: int, started_at: datetime, at: datetime
) -> bytes:
    """
    Say that an operation was carried out.

    Args:
        order_id: The order.

        client_id: The merchant.

        line: The transaction that was captured, voided or made. A capture and a void repeat the references of the
            payment they are about.

        batch: The open batch.

        started_at: ``TRXDATE``: for a void the time of what it voids.

        at: ``HOSTDATE``: the time of the operation.
    """
    extra = (
        ("SETTLEID", str(batch)),
        ("TRXDATE", _compact(started_at)),
        ("ERRORCODE", ""),
        ("TERMINALID", _TERMINAL_ID),
        ("MERCHANTID", client_id),
        ("CARDBRAND", line.card.brand),
        ("CARDISSUER", _ISSUER),
        ("HOSTDATE", _host_date(at)),
        ("NUMCODE", APPROVED_CODE),
    )
    return _document(
        ("OrderId", order_id),
        ("GroupId", order_id),
        ("Response", "Approved"),
        ("AuthCode", line.auth_code),
        ("HostRefNum", line.host_ref_num),
        ("ProcReturnCode", APPROVED_CODE),
        ("TransId", line.trans_id),
        ("ErrMsg", ""),
        extra=extra,
    )


def refusal(
    code: str, order_id: str, *, trans_id: str, at: datetime, shape: AnswerShape = AnswerShape.PLATFORM
) -> bytes:
    """Say that a request was not carried out, and why: *code* such as ``CORE-2508``."""
    if shape is AnswerShape.OTHER:
        return _other_refusal(code, order_id, at)
    named = "" if code in _NAMELESS else order_id
    digits = code.rpartition("-")[2]
    extra = (
        ("SETTLEID", ""),
        ("TRXDATE", _compact(at)),
        ("ERRORCODE", code),
        ("NUMCODE", f"{_REFUSED_CODE}{digits}"),
    )
    return _document(
        ("OrderId", named),
        ("GroupId", named),
        ("Response", "Error"),
        ("AuthCode", ""),
        ("HostRefNum", ""),
        ("ProcReturnCode", _REFUSED_CODE),
        ("TransId", trans_id),
        ("ErrMsg", codes.look_up(code).meaning),
        extra=extra,
    )


def _other_refusal(code: str, order_id: str, at: datetime) -> bytes:
    """
    Say no as another acquirer of the platform does, in two published captures.

    ``Declined`` instead of ``Error``, no authorization code, no transaction id; a refund of nothing that is left has not
    even a ``ProcReturnCode``, and a bare number for a code.
    """
    message, trace = ("ErrMsg", codes.look_up(code).meaning), ("TRACEID", _TRACE_ID)
    if code == NOTHING_TO_REFUND:
        return _document(
            ("OrderId", order_id),
            ("Response", "Declined"),
            ("HostRefNum", ""),
            ("TransId", ""),
            message,
            extra=(("TRXDATE", _compact(at)), trace, ("ERRORCODE", "215021")),
        )
    return _document(
        ("OrderId", order_id),
        ("GroupId", order_id),
        ("Response", "Declined"),
        ("HostRefNum", ""),
        ("ProcReturnCode", _REFUSED_CODE),
        ("TransId", ""),
        message,
        extra=(
            ("TRXDATE", _compact(at)),
            ("EXTENDED_ERROR_CODE", "215001"),
            trace,
            ("NUMCODE", _REFUSED_CODE),
            # Both codes are listed for a capture of too much; sources name one or the other.
            ("ERRORCODE", "CORE-2505" if code == ABOVE_AUTHORIZED else code),
        ),
    )


def failure(at: datetime) -> bytes:
    """Say that the gateway itself failed: a bare code, and nothing of the order; whether anything was done stays open."""
    return _document(
        ("OrderId", ""),
        ("GroupId", ""),
        ("Response", "Error"),
        ("AuthCode", ""),
        ("HostRefNum", ""),
        ("ProcReturnCode", _REFUSED_CODE),
        ("TransId", ""),
        ("ErrMsg", "System based initialization problem."),
        extra=(("SETTLEID", ""), ("TRXDATE", _compact(at)), ("ERRORCODE", "2100"), ("NUMCODE", "992104")),
    )


def status(order: Order) -> bytes:
    """Tell the order's last successful transaction, else its last one."""
    successful = [line for line in order.transactions if line.is_successful]
    line = (successful or order.transactions)[-1]
    facts = _facts(order.order_id, line)
    composite = "\t".join(f"{name}:{facts[name]}" for name in _COMPOSITE)
    return _document(
        ("ErrMsg", _FOUND.format(order.order_id)),
        ("ProcReturnCode", APPROVED_CODE),
        ("Response", "Approved"),
        ("OrderId", order.order_id),
        ("TransId", line.trans_id),
        extra=sorted({**facts, "ORDERSTATUS": composite}.items()),
    )


def status_not_found(order_id: str) -> bytes:
    """Tell that there is no transaction under this order id."""
    composite = "\t".join(f"{name}:" for name in _COMPOSITE[:-1])
    return _document(
        ("ErrMsg", _NOT_FOUND.format(order_id)),
        ("ProcReturnCode", _REFUSED_CODE),
        ("Response", "Declined"),
        ("OrderId", ""),
        ("TransId", ""),
        extra=(("NUMCODE", "0"), ("ORDERSTATUS", composite)),
    )


def history(order: Order) -> bytes:
    """Tell every transaction of the order, the newest first."""
    lines = [_tabbed(line) for line in reversed(order.transactions)]
    return _document(
        ("ErrMsg", ""),
        ("ProcReturnCode", APPROVED_CODE),
        ("Response", "Approved"),
        ("OrderId", order.order_id),
        extra=(
            ("TERMINALID", _TERMINAL_ID),
            ("MERCHANTID", order.client_id),
            *((f"TRX{number}", line) for number, line in enumerate(lines, 1)),
            ("TRXCOUNT", str(len(lines))),
            ("NUMCODE", "0"),
        ),
    )


def history_not_found(order_id: str) -> bytes:
    """Tell that there is no transaction under this order id; other words than for its status, as published."""
    return _document(
        ("ErrMsg", _NOT_FOUND.format(order_id)),
        ("ProcReturnCode", "05"),
        ("Response", "Declined"),
        ("OrderId", order_id),
        extra=(("NUMCODE", "0"), ("TRXCOUNT", "0")),
    )


def _facts(order_id: str, line: TransactionLine) -> dict[str, str]:
    voided = {"VOID_DTTM": _precise(line.voided_at)} if line.state is LineState.VOIDED else {}
    return voided | {
        "AUTH_CODE": line.auth_code,
        "AUTH_DTTM": _precise(line.authorized_at),
        "CAPTURE_AMT": _minor_units(line),
        "CAPTURE_DTTM": _precise(line.captured_at),
        "CAVV_3D": line.card.cavv,
        "CHARGE_TYPE_CD": line.kind,
        "ECI_3D": line.card.eci,
        "HOSTDATE": _host_date(line.authorized_at),
        "HOST_REF_NUM": line.host_ref_num,
        "MDSTATUS": line.card.md_status,
        "NUMCODE": "0",
        "ORD_ID": order_id,
        "ORIG_TRANS_AMT": str(line.amount.centimes),
        "PAN": line.card.masked_number,
        "PROC_RET_CD": line.code,
        "SETTLEID": "" if line.settle_id is None else str(line.settle_id),
        "TRANS_ID": line.trans_id,
        "TRANS_STAT": line.shown_state,
        "XID_3D": line.card.xid,
    }


def _tabbed(line: TransactionLine) -> str:
    return "\t".join(
        (
            line.kind,
            line.shown_state,
            str(line.amount.centimes),
            _minor_units(line),
            _precise(line.authorized_at),
            _precise(line.captured_at),
            _precise(line.voided_at),
            line.host_ref_num,
            line.auth_code,
            line.code,
            line.trans_id,
        )
    )


def _minor_units(line: TransactionLine) -> str:
    return "" if line.captured is None else str(line.captured.centimes)


def _precise(instant: datetime | None) -> str:
    """Write ``2024-01-03 21:42:35.902``, Moroccan time; nothing for what did not happen."""
    if instant is None:
        return ""
    return instant.astimezone(casablanca()).replace(tzinfo=None).isoformat(" ", "milliseconds")


def _compact(instant: datetime) -> str:
    return f"{instant.astimezone(casablanca()):%Y%m%d %H:%M:%S}"


def _host_date(instant: datetime) -> str:
    return f"{instant.astimezone(casablanca()):%m%d-%H%M%S}"


def _document(*children: tuple[str, str], extra: Elements) -> bytes:
    inner = _written(children) + f"<Extra>{_written(extra)}</Extra>"
    text = f"{_DECLARATION}<CC5Response>{inner}</CC5Response>"
    return text.encode(ENCODING, "xmlcharrefreplace")


def _written(elements: Elements) -> str:
    return "".join(f"<{name}>{escape(value, quote=False)}</{name}>" for name, value in elements)
