"""Answers of the platform's XML API as public test data shows them, and ways to bend them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

import cmi_gateway as cmi
from cmi_gateway.api.safe_xml import parse_xml
from cmi_gateway.api.transport import RawAnswer
from cmi_gateway.testing import captured_answers
from support.gateway_kit import MERCHANT

#: Fixture → document, as text.
DOCUMENTS: dict[str, str] = {answer.name: answer.document for answer in captured_answers()}


def fixture(name: str, *pairs: tuple[str, str]) -> bytes:
    """Give a fixture as bytes, with pieces replaced; every piece must be there."""
    text = DOCUMENTS[name]
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text.encode("utf-8")


def history_of(order_id: str, *lines: str, count: str | None = None) -> bytes:
    """Give a history with *lines*, the newest first, each with ``|`` for a TAB."""
    rows = "".join(
        f"<TRX{number}>{line.replace('|', chr(9))}</TRX{number}>" for number, line in enumerate(lines, 1)
    )
    return (
        f"<CC5Response><ErrMsg></ErrMsg><ProcReturnCode>00</ProcReturnCode><Response>Approved</Response>"
        f"<OrderId>{order_id}</OrderId><Extra>{rows}<TRXCOUNT>{len(lines) if count is None else count}</TRXCOUNT>"
        f"<NUMCODE>0</NUMCODE></Extra></CC5Response>"
    ).encode()


def line(
    kind: str,
    state: str,
    centimes: int | str,
    transaction_id: str,
    *,
    captured: int | str | None = None,
    code: str = "00",
) -> str:
    """Give one line of a history, with ``|`` between its columns."""
    taken = ("" if state == "A" else centimes) if captured is None else captured
    when = "2024-01-01 22:15:27.511"
    voided = when if state == "V" else ""
    return f"{kind}|{state}|{centimes}|{taken}|{when}|{when if taken != '' else ''}|{voided}|400100743898|P14578|{code}|{transaction_id}"


ORDER = "FAC-2026-000123-1"
PASSWORD = "Api-P4ssw0rd-That-Must-Not-Show"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SALE = line("S", "C", 10000, "T-SALE")
SETTLED = line("S", "S", 10000, "T-SALE")
OPEN = line("S", "A", 10000, "T-AUTH")


@attrs.define
class Clock:
    """A clock that a test moves, and that sleeping moves too."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@attrs.define
class ScriptedTransport:
    """Gives the answers of a list, one for each request, and keeps what was asked. Errors in the list are raised."""

    answers: list[Any]
    asked: list[dict[str, str]] = attrs.Factory(list)

    def __call__(self, body: bytes, /, *, content_type: str, is_query: bool, seconds: float) -> RawAnswer:
        root = parse_xml(body, root="CC5Request")
        self.asked.append({child.tag: child.text or "" for child in root if child.tag != "Extra"})
        answer = self.answers.pop(0)
        if callable(answer):
            answer = answer()
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, RawAnswer) else RawAnswer(200, answer)

    @property
    def sent(self) -> list[str]:
        """The types of the operations that were sent; queries have none."""
        return [asked["Type"] for asked in self.asked if "Type" in asked]


def history(*lines: str) -> bytes:
    """Give a history of `ORDER`, the newest line first."""
    return history_of(ORDER, *lines)


def done(transaction_id: str = "T-NEW", order_id: str = ORDER) -> bytes:
    """Give the gateway's yes to an operation."""
    return (
        f"<CC5Response><OrderId>{order_id}</OrderId><Response>Approved</Response><AuthCode>P14578</AuthCode>"
        f"<ProcReturnCode>00</ProcReturnCode><TransId>{transaction_id}</TransId><Extra><ERRORCODE></ERRORCODE></Extra></CC5Response>"
    ).encode()


def refusal(code: str, response: str = "Error", return_code: str = "99", order_id: str = "") -> bytes:
    """Give the gateway's no."""
    return (
        f"<CC5Response><OrderId>{order_id}</OrderId><Response>{response}</Response><ProcReturnCode>{return_code}</ProcReturnCode>"
        f"<ErrMsg>refus</ErrMsg><Extra><ERRORCODE>{code}</ERRORCODE></Extra></CC5Response>"
    ).encode()


def client(*answers: Any, **options: Any) -> tuple[cmi.ApiClient, ScriptedTransport]:
    """Make a client with everything switched on, and the transport with its script."""
    transport = ScriptedTransport(list(answers))
    clock = options.pop("clock", Clock())
    defaults = {
        "operations": ["capture", "void", "refund"],
        "transport": transport,
        "clock": clock,
        "sleep": clock.sleep,
    }
    merchant = options.pop("merchant", MERCHANT)
    return cmi.ApiClient(merchant, user="API_USER", password=PASSWORD, **(defaults | options)), transport
