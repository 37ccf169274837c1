"""Answers of the XML API, read from bytes: every published fixture, and every bend of them."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.api.answers import read_history, read_status, read_transaction
from cmi_gateway.api.history import LineKind, LineState
from cmi_gateway.api.safe_xml import LARGEST_DOCUMENT, MalformedDocumentError
from cmi_gateway.money import Money
from support.api_kit import DOCUMENTS, fixture, history_of, line

READERS = [read_transaction, read_status, read_history]
TRANSACTIONS = {
    "F1": ("Approved", "00", "", "20230910AF6A", "23253WkfD10806", "P18552"),
    "F2": ("Error", "99", "CORE-2509", "TEST-CAP-1", "26001OXqJ17006", ""),
    "F3": ("Error", "99", "CORE-2507", "", "26001RFwC00131207", ""),
    "F4": ("Approved", "00", "", "20221030B3FF", "22303MzZG10851", "P43467"),
    "F5": ("Error", "99", "CORE-2008", "", "22303M5IA11121", ""),
    "F6": ("Declined", "99", "CORE-2008", "a1a7d184", "", ""),
    "F7": ("Error", "99", "CORE-2508", "20221030B3FF", "22303M8rC11328", ""),
    "F8": ("Declined", "", "215021", "2c544d", "24082", ""),
    "F9": ("Declined", "05", "", "00265733", "3f99061f-1701-3000-0002-0003ba16ddc0", ""),
    "F19": ("Error", "99", "2100", "", "26001MtsF00100005", ""),
    "F20": ("Declined", "82", "ISO8583-82", "4c4", "24001AAAA10001", ""),
}
STATUSES = {
    "F10": ("202401032AF3", "S", "A", 205, None, "24003VqkA14152"),
    "F11": ("2024010354F1", "S", "C", 101, 101, "24003Vl7F13152"),
    "F12": ("20240103BBF9", "S", "V", 101, 101, "24003VxrB15662"),
    "F13": ("20240128C0B7", "C", "C", 201, 201, "24028T8xG11980"),
    "F14": ("TEST-REF-1", "C", "S", 1200, 1200, "20316JqxE10001"),
}
HISTORIES = {
    "F16": [("S", "V", 101, 101, "00"), ("C", "D", 100, 100, "99")],
    "F17a": [("S", "A", 205, None, "00")],
    "F17b": [("S", "C", 101, 101, "00")],
    "F17c": [("S", "C", 200, 200, "00")],
    "F17d": [("S", "V", 101, 101, "00")],
    "F18": [],
}


def centimes(money):
    return money and money.centimes


@pytest.mark.parametrize("name", TRANSACTIONS)
def test_answers_to_operations(name):
    """F1 to F9, F19 and F20 read as published, with fields missing or in other places."""
    answer = read_transaction(fixture(name))
    head = answer.head
    assert TRANSACTIONS[name] == (
        head.response, head.return_code, head.error_code, head.order_id, answer.transaction_id, answer.authorization_code,
    )  # fmt: skip


@pytest.mark.parametrize("name", STATUSES)
def test_statuses(name):
    """F10 to F14 show one transaction each, with amounts in minor units."""
    answer = read_status(fixture(name))
    shown = answer.transaction
    assert STATUSES[name] == (
        answer.order_id, shown.kind.value, shown.state.value, centimes(shown.original), centimes(shown.captured),
        shown.transaction_id,
    )  # fmt: skip


def test_an_unknown_order_shows_no_transaction():
    """F15: its composite field is a template of empty values."""
    answer = read_status(fixture("F15"))
    assert (None, "", "Declined", "99") == (
        answer.transaction, answer.order_id, answer.head.response, answer.head.return_code,
    )  # fmt: skip


@pytest.mark.parametrize("name", HISTORIES)
def test_histories(name):
    """F16 to F18: lines the oldest first, though the gateway begins with the newest."""
    lines = read_history(fixture(name)).lines
    assert HISTORIES[name] == [
        (at.kind.value, at.state.value, centimes(at.original), centimes(at.captured), at.return_code)
        for at in lines
    ]


def test_all_fixtures_are_read():
    """No published answer is left out."""
    assert {*DOCUMENTS} == {*TRANSACTIONS, *STATUSES, *HISTORIES, "F15"}


def test_times_are_instants():
    """Local times become UTC; a voided sale tells when it was voided."""
    voided = read_history(fixture("F17d")).lines[0]
    assert datetime(2024, 1, 2, 20, 47, 28, 785000, tzinfo=UTC) == voided.authorized_at
    assert datetime(2024, 1, 2, 20, 47, 40, 156000, tzinfo=UTC) == voided.voided_at
    assert read_history(fixture("F17a")).lines[0].captured_at is None


@pytest.mark.parametrize(("units", "text"), [("101", "1.01"), ("2750000", "27500.00"), ("0", "0.00")])
def test_amounts_are_minor_units(units, text):
    """``101`` is 1.01 and ``2750000`` is 27,500.00: never a hundred times too much."""
    document = fixture("F11", (">101<", f">{units}<"), ("AMT:101", f"AMT:{units}"))
    assert Money.parse(text) == read_status(document).transaction.captured


@pytest.mark.parametrize("amount", ["1.01", "-101", "1e3", "١٠١", "999999999999", "1000000000000000", "S"])
def test_what_is_no_amount_is_refused(amount):
    """An amount that is not whole minor units, or larger than any payment, makes the answer unreadable."""
    for document, read in (
        (fixture("F11", (">101<", f">{amount}<"), ("AMT:101", f"AMT:{amount}")), read_status),
        (history_of("A-1", line("S", "C", amount, "T1")), read_history),
    ):
        with pytest.raises(MalformedDocumentError, match="an amount is"):
            read(document)


def test_a_status_may_come_in_the_composite_field_only():
    """Where the separate elements are missing, the one field with all of them is read; likewise without its TABs."""
    whole = DOCUMENTS["F10"]
    composite = whole[whole.index("<ORDERSTATUS>") : whole.index("</ORDERSTATUS>") + len("</ORDERSTATUS>")]
    for field in (composite, composite.replace("\t", "  ")):
        answer = read_status(f"<CC5Response><Extra>{field}</Extra></CC5Response>".encode())
        shown = answer.transaction
        assert ("202401032AF3", LineState.AUTHORIZED, Money(205), None, "24003VqkA14152") == (
            answer.order_id, shown.state, shown.original, shown.captured, shown.transaction_id,
        )  # fmt: skip
        assert datetime(2024, 1, 3, 20, 42, 35, 902000, tzinfo=UTC) == shown.authorized_at


def test_names_that_nobody_knows_are_passed_over_in_the_composite_field():
    """A gateway may add facts to it."""
    raw = b"<CC5Response><Extra><ORDERSTATUS>ORD_ID:A-1\tODD:1\tTRANS_STAT:C\tplain</ORDERSTATUS></Extra></CC5Response>"
    answer = read_status(raw)
    assert ("A-1", LineState.CAPTURED) == (answer.order_id, answer.transaction.state)


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (("TRANS_STAT:A", "TRANS_STAT:C"), "TRANS_STAT has two values"),
        (("ORD_ID:202401032AF3", "ORD_ID:OTHER"), "ORD_ID has two values"),
        (("CAPTURE_AMT:\t", "CAPTURE_AMT:\tTRANS_STAT:A\t"), "TRANS_STAT stands more than once"),
        (("CAPTURE_AMT:\t", "CAPTURE_AMT:205\t"), "CAPTURE_AMT has two values"),
    ],
)
def test_a_status_that_contradicts_itself_is_refused(pair, words):
    """Element and composite field must say the same."""
    with pytest.raises(MalformedDocumentError, match=words):
        read_status(fixture("F10", pair))


@pytest.mark.parametrize("columns", [11, 12, 16, 20])
def test_a_line_may_have_further_columns(columns):
    """Eleven columns are enough and more are harmless; the twelfth is the batch."""
    text = line("S", "S", 101, "T1") + "|2589|xid|cavv|05|1|a|b|c|d"
    read = read_history(history_of("A-1", "|".join(text.split("|")[:columns]))).lines[0]
    assert ("T1", "2589" if columns > 11 else "") == (read.transaction_id, read.batch)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (history_of("A-1", line("S", "C", 101, "T1"), count="2"), "another number of lines"),
        (history_of("A-1", line("S", "C", 101, "T1"), count=""), "another number of lines"),
        (history_of("A-1", count="1"), "another number of lines"),
        (history_of("A-1"), "holds no line"),
        (history_of("A-1", "S|C|101|101"), "4 columns"),
        (history_of("A-1", line("S", "C", 101, "")), "no transaction id"),
        (history_of("A-1", line("S", "C", 101, "T1")).replace(b"TRX1>", b"TRX2>"), "not numbered in a row"),
        (history_of("A-1", *[line("S", "C", 101, "T1")] * 2).replace(b"TRX2>", b"TRX1>"), "not numbered|more than once|another"),
        (b"<CC5Response><Response>Approved</Response></CC5Response>", "not numbered"),
    ],
)  # fmt: skip
def test_a_history_that_may_lack_a_line_is_refused(document, words):
    """A lost line could be a refund, so that only a history that is whole is one."""
    with pytest.raises(MalformedDocumentError, match=words):
        read_history(document)


def test_where_the_count_stands_does_not_matter():
    """``TRXCOUNT`` may stand between the lines."""
    lines = read_history(
        history_of("A-1", line("S", "C", 101, "T2"), line("S", "D", 101, "T1", code="51"))
        .replace(b"<TRXCOUNT>2</TRXCOUNT>", b"")
        .replace(b"<TRX2>", b"<TRXCOUNT>2</TRXCOUNT><TRX2>")
    ).lines
    assert ["T1", "T2"] == [at.transaction_id for at in lines]


def test_letters_that_are_not_known_are_unknown():
    """A state or kind that nobody described counts as neither."""
    read = read_history(history_of("A-1", line("P", "Z", 101, "T1"))).lines[0]
    assert (LineKind.UNKNOWN, LineState.UNKNOWN) == (read.kind, read.state)


def test_an_error_code_may_stand_outside():
    """Some acquirers put ``ERRORCODE`` beside ``Extra``."""
    raw = b"<CC5Response><Response>Error</Response><ERRORCODE>CORE-2201</ERRORCODE></CC5Response>"
    assert "CORE-2201" == read_transaction(raw).head.error_code


def test_a_recurring_answer_is_tolerated():
    """A series has its fields numbered and no ``Response``; it is told, and not read."""
    raw = (
        b"<CC5Response><ErrMsg>Record(s) found</ErrMsg><Extra><RECURRINGCOUNT>2</RECURRINGCOUNT><RECURRINGID>24240A</RECURRINGID>"
        b"<TRANS_STAT_1>S</TRANS_STAT_1><TRANS_STAT_2>PN</TRANS_STAT_2></Extra></CC5Response>"
    )
    answer = read_status(raw)
    assert (True, None, "") == (answer.is_recurring, answer.transaction, answer.head.response)


def test_messages_are_made_fit_for_operators():
    """Control characters are dropped, a card number keeps six and four digits, and 255 characters are enough."""
    raw = f"<CC5Response><ErrMsg>No\t4546711234567894\n{'x' * 300}</ErrMsg></CC5Response>".encode()
    message = read_transaction(raw).head.message
    assert message.startswith("No 454671******7894 xxx")
    assert 255 == len(message)
    assert message not in repr(read_transaction(raw))


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("4546711234567894", "454671******7894"),
        ("4546 7112 3456 7894", "4546 71** **** 7894"),
        ("4546-7112-3456-7894", "4546-71**-****-7894"),
        ("4546711234567", "454671***4567"),
        ("454671123456", "454671123456"),
        ("400300744237", "400300744237"),
    ],
)
def test_card_numbers_in_messages_are_masked_however_they_are_grouped(number, shown):
    """13 to 19 digits keep six and four, with their spaces; shorter references stay legible."""
    raw = f"<CC5Response><ErrMsg>carte {number} refus</ErrMsg></CC5Response>".encode()
    assert f"carte {shown} refus" == read_transaction(raw).head.message


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html><head><title>502 Bad Gateway</title></head></html>",
        b"<!DOCTYPE CC5Response><CC5Response/>",
        b"<CC5Request/>",
        fixture("F1", ("<Response>", "<Response>Approved</Response><Response>")),
        fixture("F1", ("<Extra>", "<Extra></Extra><Extra>")),
        fixture("F1", ("<ERRORCODE></ERRORCODE>", "<ERRORCODE></ERRORCODE><ERRORCODE>CORE-2508</ERRORCODE>")),
        fixture("F1") + b" " * LARGEST_DOCUMENT,
        fixture("F1", ("Approved", "App<b/>roved")),
    ],
)
def test_what_is_no_answer_is_refused(read, raw):
    """Wrong root, DOCTYPE, repeated elements, 300 KiB, HTML: one error, whoever reads."""
    with pytest.raises(MalformedDocumentError):
        read(raw)


PIECES = st.lists(
    st.sampled_from(
        [
            "<CC5Response>", "</CC5Response>", "<Extra>", "</Extra>", "<Response>Approved</Response>", "<TRX1>", "</TRX1>",
            "S\tC\t101\t101\t\t\t\t\t\t00\tT1", "<TRXCOUNT>1</TRXCOUNT>", "<TRANS_STAT>S</TRANS_STAT>",
            "<ORD_ID>A</ORD_ID>", "<ORDERSTATUS>ORD_ID:A\tTRANS_STAT:C</ORDERSTATUS>", "&#x130;", "x", "\t",
        ]
    ),
    max_size=14,
).map(lambda pieces: "".join(pieces).encode())  # fmt: skip


@given(
    st.one_of(
        st.binary(max_size=80), PIECES, PIECES.map(lambda raw: b"<CC5Response>" + raw + b"</CC5Response>")
    )
)
def test_any_bytes_are_an_answer_or_one_error(raw):
    """Whatever comes in, a reader gives an answer or raises `MalformedDocumentError`."""
    for read in READERS:
        with suppress(MalformedDocumentError):
            assert read(raw).head.response in ("Approved", "Declined", "Error", "")
