"""What a status and a history mean: paid only on proof, and not found only in its precise shape."""

import pytest

from cmi_gateway.api.answers import read_history, read_status
from cmi_gateway.api.history import OrderHistory
from cmi_gateway.api.order import OrderState, order_history, order_status
from cmi_gateway.money import Money
from support.api_kit import fixture, history_of, line


def state(name, order_id, *pairs, expected=None):
    return order_status(read_status(fixture(name, *pairs)), order_id, expected).state


@pytest.mark.parametrize(
    ("name", "order_id", "expected"),
    [
        ("F10", "202401032AF3", OrderState.AUTHORIZED),
        ("F11", "2024010354F1", OrderState.CAPTURED),
        ("F12", "20240103BBF9", OrderState.VOIDED),
        ("F13", "20240128C0B7", OrderState.REFUND),
        ("F14", "TEST-REF-1", OrderState.REFUND),
        ("F15", "2022103088D22", OrderState.NOT_FOUND),
    ],
)
def test_the_published_statuses(name, order_id, expected):
    """An authorization and a void are not paid, though both come with ``Approved`` and ``00``."""
    assert expected is state(name, order_id)


def test_paid_is_said_of_the_expected_amount_only():
    """One centime less or another currency is a case for a person."""
    asked = read_status(fixture("F11"))
    assert OrderState.PAID is order_status(asked, "2024010354F1", Money(101)).state
    assert order_status(asked, "2024010354F1", Money(101)).is_paid
    assert not order_status(asked, "2024010354F1").is_paid
    for other in (Money(102), Money(101, "EUR"), Money(10100)):
        assert OrderState.AMOUNT_MISMATCH is order_status(asked, "2024010354F1", other).state


def stated(letter):
    return (("<TRANS_STAT>C", f"<TRANS_STAT>{letter}"), ("TRANS_STAT:C", f"TRANS_STAT:{letter}"))


@pytest.mark.parametrize(
    ("letter", "expected"),
    [
        ("C", OrderState.PAID),
        ("S", OrderState.PAID),
        ("A", OrderState.AUTHORIZED),
        ("V", OrderState.VOIDED),
        ("D", OrderState.FAILED),
        ("NW", OrderState.PENDING),
        ("PN", OrderState.PENDING),
        ("R", OrderState.PENDING),
        ("ERR", OrderState.UNKNOWN),
        ("CNCL", OrderState.UNKNOWN),
        ("Z", OrderState.UNKNOWN),
        ("c", OrderState.UNKNOWN),
    ],
)
def test_each_letter(letter, expected):
    """Each known letter has its meaning; any other proves nothing."""
    assert expected is state("F11", "2024010354F1", *stated(letter), expected=Money(101))


@pytest.mark.parametrize(
    "pairs",
    [
        [("<PROC_RET_CD>00", "<PROC_RET_CD>05")],
        [("<PROC_RET_CD>00", "<PROC_RET_CD>")],
        [("<Response>Approved", "<Response>Declined")],
        [("<Response>Approved", "<Response>approved")],
        [("<ProcReturnCode>00", "<ProcReturnCode>99")],
        [("<Extra>", "<Extra><ERRORCODE>CORE-2201</ERRORCODE>")],
        [("<Response>Approved", "<Response>Error")],
        [("<CAPTURE_AMT>101", "<CAPTURE_AMT>"), ("CAPTURE_AMT:101", "CAPTURE_AMT:")],
        [("<CHARGE_TYPE_CD>S", "<CHARGE_TYPE_CD>P"), ("CHARGE_TYPE_CD:S", "CHARGE_TYPE_CD:P")],
        [("<OrderId>2024010354F1", "<OrderId>OTHER")],
        [("<ORD_ID>2024010354F1", "<ORD_ID>OTHER"), ("ORD_ID:2024010354F1", "ORD_ID:OTHER")],
        [("<ORD_ID>2024010354F1", "<ORD_ID>"), ("ORD_ID:2024010354F1", "ORD_ID:")],
        [("<TRANS_STAT>C", "<TRANS_STAT>"), ("TRANS_STAT:C", "TRANS_STAT:")],
    ],
)
def test_whatever_is_odd_is_never_paid(pairs):
    """A contradiction, a missing proof or another order leaves the state unknown, and says why."""
    judged = order_status(read_status(fixture("F11", *pairs)), "2024010354F1", Money(101))
    assert OrderState.UNKNOWN is judged.state
    assert judged.reason


@pytest.mark.parametrize(
    "pairs",
    [
        [("<Response>Declined", "<Response>Error")],
        [("<Response>Declined", "<Response>Approved")],
        [("<Response>Declined</Response>", "")],
        [("<Extra>", "<Extra><ERRORCODE>CORE-2201</ERRORCODE>")],
        [("<OrderId>", "<OrderId>ANOTHER")],
    ],
)
def test_only_the_precise_shape_is_not_found(pairs):
    """A wrong password comes with 99 as well: it, and anything like it, is a failed query."""
    assert OrderState.UNKNOWN is state("F15", "2022103088D22", *pairs)


def test_a_series_is_unknown():
    """A recurring answer is tolerated and proves nothing."""
    raw = b"<CC5Response><Extra><RECURRINGID>1</RECURRINGID><TRANS_STAT_1>S</TRANS_STAT_1></Extra></CC5Response>"
    assert OrderState.UNKNOWN is order_status(read_status(raw), "A-1").state


def history(*lines):
    return order_history(read_history(history_of("A-1", *lines)), "A-1")


def totals(*lines):
    found = history(*lines).totals
    return found.captured.centimes, found.refunded.centimes, found.authorized.centimes, found.is_provisional


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line("S", "C", 101, "T1")], (101, 0, 0, False)),
        ([line("S", "S", 101, "T1")], (101, 0, 0, False)),
        ([line("S", "A", 205, "T1")], (0, 0, 205, False)),
        ([line("S", "V", 101, "T1")], (0, 0, 0, False)),
        ([line("S", "D", 101, "T1", code="51")], (0, 0, 0, False)),
        ([line("C", "C", 40, "T2"), line("S", "S", 101, "T1")], (101, 40, 0, False)),
        ([line("C", "S", 40, "T2"), line("C", "D", 40, "T3", code="99"), line("S", "S", 101, "T1")], (101, 40, 0, False)),
        ([line("S", "C", 200, "T1", captured=150)], (150, 0, 0, False)),
        ([line("S", "PN", 101, "T1")], (0, 0, 0, True)),
        ([line("S", "NW", 101, "T1")], (0, 0, 0, True)),
        ([line("S", "R", 101, "T1")], (0, 0, 0, True)),
        ([line("S", "Q", 101, "T1")], (0, 0, 0, True)),
        ([line("P", "C", 101, "T1")], (0, 0, 0, True)),
        ([line("S", "C", 101, "T1", captured="")], (0, 0, 0, True)),
        ([line("S", "C", 101, "T1", code="05")], (0, 0, 0, True)),
    ],
)  # fmt: skip
def test_totals(lines, expected):
    """Approved lines add up; voids and declines count for nothing; what is on its way makes the sums provisional."""
    assert expected == totals(*lines)


def test_the_net_is_what_is_left():
    """Captured less refunded, in whole centimes."""
    assert Money(61) == history(line("C", "C", 40, "T2"), line("S", "S", 101, "T1")).totals.net


def test_a_line_is_found_by_its_transaction():
    """Only where exactly one has that id."""
    two = history(line("S", "S", 101, "T1"), line("S", "D", 101, "T1", code="51"), line("S", "C", 5, "T2"))
    assert Money(5) == two.line("T2").captured
    assert two.line("T1") is None
    assert two.line("T3") is None


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (fixture("F18"), OrderHistory(order_id="20221030B3FF2", is_found=False)),
        (fixture("F18", ("<OrderId>20221030B3FF2", "<OrderId>")), OrderHistory(order_id="20221030B3FF2", is_found=False)),
        (fixture("F18", ("<OrderId>20221030B3FF2", "<OrderId>OTHER")), None),
        (fixture("F18", ("<Response>Declined", "<Response>Error")), None),
        (fixture("F18", ("<Extra>", "<Extra><ERRORCODE>CORE-2201</ERRORCODE>")), None),
        (fixture("F18", ("<Response>Declined", "<Response>Odd")), None),
        (history_of("OTHER", line("S", "C", 101, "T1")), None),
        (history_of("", line("S", "C", 101, "T1")), None),
        (history_of("20221030B3FF2", *[line("S", "C", 999_999_999, f"T{n}") for n in range(2)]), None),
    ],
)  # fmt: skip
def test_a_history_is_found_or_not_or_nothing(raw, found):
    """F18 is an order that the gateway does not know; anything else without a clear yes tells nothing."""
    assert found == order_history(read_history(raw), "20221030B3FF2")
