"""Answers of the platform's XML API as public test data shows them, and ways to bend them."""

from __future__ import annotations

import json

from support.gateway_kit import VECTORS

_FILE = json.loads((VECTORS / "cc5.json").read_text(encoding="utf-8"))
#: Fixture → document, as text; see the file for where each comes from.
DOCUMENTS: dict[str, str] = {entry["id"]: entry["document"] for entry in _FILE["answers"]}


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
