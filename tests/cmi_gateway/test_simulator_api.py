"""The XML API of the simulated gateway: every rule of capture, void and refund, through documents."""

import re
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway import Reply, codes
from cmi_gateway.api.history import LineState
from cmi_gateway.simulator.orders import OrderState
from support.api_kit import fixture
from support.simulator_api_kit import ORDER_ID, desk, form, read, request
from support.simulator_kit import DECLINED_51, MASTERCARD, REFUSED_3DS, card_form, client

DATES = "2018-09-10 10:48:56.000"


def refused(answer, code):
    """Tell whether an answer is the gateway's refusal with *code*, its text taken from the catalogue."""
    return (
        answer.verdict == ("Error", "99", code)
        and answer.top["ErrMsg"] == codes.look_up(code).meaning
        and answer.extra["NUMCODE"] == f"99{code[-4:]}"
    )


def approved(answer):
    """Tell whether an operation was carried out, by the one safe test."""
    return answer.verdict == ("Approved", "00", "") and answer.top["OrderId"] == ORDER_ID


def states(books):
    """Give kind and state of each history line, newest first."""
    return [tuple(line[:2]) for line in books.ask("ORDERHISTORY").lines]


def test_an_order_whose_page_was_only_opened_is_not_found():
    """No record exists until a card is submitted: the not-found shape, without ORD_ID and ERRORCODE."""
    books = desk()
    books.state.open(form().fields)
    answer = books.ask("ORDERSTATUS")
    assert answer.verdict == ("Declined", "99", "")
    assert answer.top["ErrMsg"] == f"No record found for {ORDER_ID}"
    assert (answer.top["OrderId"], answer.top["TransId"]) == ("", "")
    assert answer.extra == {
        "NUMCODE": "0",
        "ORDERSTATUS": "ORD_ID:\tCHARGE_TYPE_CD:\tORIG_TRANS_AMT:\tCAPTURE_AMT:\tTRANS_STAT:\t"
        "AUTH_DTTM:\tCAPTURE_DTTM:\tAUTH_CODE:",
    }


def test_the_history_of_an_unknown_order_is_declined_05():
    """It echoes the order and counts no transaction, unlike the status of the same order."""
    answer = desk().ask("ORDERHISTORY")
    assert answer.verdict == ("Declined", "05", "")
    assert answer.top["OrderId"] == ORDER_ID
    assert answer.extra == {"NUMCODE": "0", "TRXCOUNT": "0"}


def test_a_refused_authentication_leaves_no_record():
    """The bank was never asked, so that there is nothing to find."""
    books = desk()
    books.pay(card=REFUSED_3DS)
    assert books.ask("ORDERSTATUS").verdict == ("Declined", "99", "")
    assert len(books.order().attempts) == 1


def test_an_authorization_is_a_and_not_captured():
    """Status F10 and the first history line of F17: state A, the amount in minor units, nothing captured."""
    books = desk()
    attempt = books.pay(amount="2.05", card=MASTERCARD)
    answer = books.ask("ORDERSTATUS")
    assert list(answer.top) == ["ErrMsg", "ProcReturnCode", "Response", "OrderId", "TransId"]
    assert answer.top["ErrMsg"] == f"Record(s) found for {ORDER_ID}"
    trans_id, auth, host = (attempt.value(name) for name in ("TransId", "AuthCode", "HostRefNum"))
    assert answer.extra == {
        "AUTH_CODE": auth,
        "AUTH_DTTM": DATES,
        "CAPTURE_AMT": "",
        "CAPTURE_DTTM": "",
        "CAVV_3D": attempt.value("cavv"),
        "CHARGE_TYPE_CD": "S",
        "ECI_3D": "02",
        "HOSTDATE": "0910-104856",
        "HOST_REF_NUM": host,
        "MDSTATUS": "1",
        "NUMCODE": "0",
        "ORDERSTATUS": f"ORD_ID:{ORDER_ID}\tCHARGE_TYPE_CD:S\tORIG_TRANS_AMT:205\tCAPTURE_AMT:\tTRANS_STAT:A\t"
        f"AUTH_DTTM:{DATES}\tCAPTURE_DTTM:\tAUTH_CODE:{auth}\tTRANS_ID:{trans_id}",
        "ORD_ID": ORDER_ID,
        "ORIG_TRANS_AMT": "205",
        "PAN": "5453 01** **** 6100",
        "PROC_RET_CD": "00",
        "SETTLEID": "",
        "TRANS_ID": trans_id,
        "TRANS_STAT": "A",
        "XID_3D": attempt.value("xid"),
    }
    assert books.ask("ORDERHISTORY").lines == [
        ["S", "A", "205", "", DATES, "", "", host, auth, "00", trans_id],
    ]


def test_the_reply_to_the_callback_captures_into_the_same_line():
    """F11: after ACTION=POSTAUTH the line is C with both amounts, its batch still open."""
    extra = desk().paid(amount="1.01").ask("ORDERSTATUS").extra
    assert (extra["TRANS_STAT"], extra["ORIG_TRANS_AMT"], extra["CAPTURE_AMT"]) == ("C", "101", "101")
    assert (extra["CAPTURE_DTTM"], extra["SETTLEID"]) == (DATES, "")


def test_a_capture_repeats_the_references_of_its_authorization():
    """F1: children in the platform's order, the open batch, and the authorization's codes."""
    books = desk()
    attempt = books.pay()
    books.clock.advance(hours=1)
    answer = books.ask("PostAuth", Total="100.00", Currency="504")
    assert answer.raw.startswith(b'<?xml version="1.0" encoding="ISO-8859-9"?>\n<CC5Response><OrderId>')
    assert answer.top == {
        "OrderId": ORDER_ID,
        "GroupId": ORDER_ID,
        "Response": "Approved",
        "AuthCode": attempt.value("AuthCode"),
        "HostRefNum": attempt.value("HostRefNum"),
        "ProcReturnCode": "00",
        "TransId": attempt.value("TransId"),
        "ErrMsg": "",
    }
    assert list(answer.top)[:3] == ["OrderId", "GroupId", "Response"]
    assert answer.extra["SETTLEID"] == "1"
    assert answer.extra["TRXDATE"] == "20180910 11:48:56"
    assert states(books) == [("S", "C")]


def test_a_partial_capture_is_the_only_one():
    """Part of the authorization is taken, once; F2: then there is nothing left to capture."""
    books = desk()
    books.pay()
    assert approved(books.ask("PostAuth", Total="40,5"))
    assert refused(books.ask("PostAuth", Total="1.00"), "CORE-2509")
    assert books.ask("ORDERHISTORY").lines[0][2:4] == ["10000", "4050"]
    assert books.order().state is OrderState.CAPTURED


@pytest.mark.parametrize(
    ("total", "code"),
    [
        ("100.01", "CORE-2512"),
        ("0.00", "CORE-2009"),
        ("-5.00", "CORE-1024"),
        ("123456789012345.67", "CORE-1018"),
        ("10000000.00", "CORE-1018"),
        ("1.234", "CORE-2007"),
        ("1,234.00", "CORE-2007"),
        ("٣", "CORE-2007"),
    ],
)
def test_an_amount_that_cannot_be_captured_is_refused(total, code):
    """Too large, zero, negative, too long or unreadable: each has its code, and nothing changes."""
    books = desk()
    books.pay()
    assert refused(books.ask("PostAuth", Total=total), code)
    assert states(books) == [("S", "A")]


@pytest.mark.parametrize(("currency", "code"), [("978", "CORE-2119"), ("MAD", "CORE-1010")])
def test_another_currency_is_refused(currency, code):
    """Neither a capture nor a refund converts."""
    books = desk()
    books.pay()
    assert refused(books.ask("PostAuth", Total="1.00", Currency=currency), code)
    books = desk().settled()
    assert refused(books.ask("Credit", Total="1.00", Currency=currency), code)


@pytest.mark.parametrize("kind", ["PostAuth", "Void", "Credit"])
def test_an_operation_on_an_unknown_order_is_refused(kind):
    """Nothing to capture, nothing to void, nothing to refund: three codes, no trace in the books."""
    code = {"PostAuth": "CORE-2509", "Void": "CORE-2008", "Credit": "CORE-2116"}[kind]
    books = desk()
    assert refused(books.ask(kind), code)
    assert books.state.orders == ()


def test_a_declined_payment_cannot_be_captured_voided_or_refunded():
    """F9's order: status shows the failure, PROC_RET_CD is the bank's, and no operation fits."""
    books = desk()
    books.pay(card=DECLINED_51)
    extra = books.ask("ORDERSTATUS").extra
    assert (extra["TRANS_STAT"], extra["PROC_RET_CD"], extra["AUTH_CODE"]) == ("D", "51", "")
    assert refused(books.ask("PostAuth"), "CORE-2509")
    assert refused(books.ask("Void"), "CORE-2008")
    assert refused(books.ask("Void", TransId=extra["TRANS_ID"]), "CORE-2120")
    assert refused(books.ask("Credit"), "CORE-2116")


def test_status_prefers_the_success_to_a_later_or_earlier_failure():
    """A declined try does not hide the paid one, and history tells both, newest first."""
    books = desk()
    books.pay(card=DECLINED_51)
    books.paid()
    assert books.ask("ORDERSTATUS").extra["TRANS_STAT"] == "C"
    assert states(books) == [("S", "C"), ("S", "D")]


@pytest.mark.parametrize(("days", "lost"), [(15, False), (15.001, True)])
def test_an_authorization_is_lost_after_fifteen_days(days, lost):
    """CORE-2513; its status stays A, since the bank releases the money by itself."""
    books = desk()
    books.pay()
    books.clock.advance(days=days)
    answer = books.ask("PostAuth")
    assert refused(answer, "CORE-2513") if lost else approved(answer)
    assert states(books) == [("S", "A" if lost else "C")]


def test_a_void_cancels_the_whole_and_only_once():
    """F4, F5 and F12: V with the amounts still filled; the second time there is nothing to void, without a name."""
    books = desk().paid(amount="1.01")
    paid = books.ask("ORDERSTATUS")
    books.clock.advance(seconds=2)
    answer = books.ask("Void")
    assert approved(answer)
    assert answer.top["TransId"] == paid.top["TransId"]
    assert (answer.extra["TRXDATE"], answer.extra["HOSTDATE"]) == ("20180910 10:48:56", "0910-104858")
    again = books.ask("Void")
    assert refused(again, "CORE-2008")
    assert again.top["OrderId"] == ""
    extra = books.ask("ORDERSTATUS").extra
    assert (extra["TRANS_STAT"], extra["CAPTURE_AMT"], extra["PROC_RET_CD"]) == ("V", "101", "00")
    assert extra["VOID_DTTM"] == "2018-09-10 10:48:58.000"
    assert books.order().totals.net.centimes == 0


def test_an_authorization_can_be_voided():
    """The money that was held is let go, and cannot be captured any more."""
    books = desk()
    books.pay()
    assert approved(books.ask("Void", TransId=books.order().payment.trans_id))
    assert refused(books.ask("PostAuth"), "CORE-2509")
    assert books.order().state is OrderState.VOIDED


def test_a_settled_payment_is_refunded_and_not_voided():
    """CORE-2511: after the batch a void comes too late."""
    books = desk().settled()
    assert refused(books.ask("Void"), "CORE-2511")
    assert refused(books.ask("Void", TransId=books.order().payment.trans_id), "CORE-2511")


def test_a_void_of_a_transaction_of_another_order_is_refused():
    """A transaction id is looked for in its order only."""
    books = desk().paid()
    books.paid(order_id="RAK-2")
    assert refused(books.ask("Void", "RAK-2", TransId=books.order().payment.trans_id), "CORE-2008")
    assert books.order().state is OrderState.CAPTURED


def test_a_refund_before_settlement_is_refused_and_leaves_a_line():
    """F7 and F16: CORE-2508 and a line C D with code 99, without authorization code and reference."""
    books = desk().paid(amount="1.01")
    answer = books.ask("Credit", Total="1.00", Currency="504")
    assert refused(answer, "CORE-2508")
    assert answer.top["OrderId"] == ORDER_ID
    line = books.ask("ORDERHISTORY").lines[0]
    assert line == ["C", "D", "100", "100", DATES, DATES, "", "", "", "99", answer.top["TransId"]]
    assert books.ask("ORDERSTATUS").extra["CHARGE_TYPE_CD"] == "S"


def test_a_refund_of_a_voided_payment_is_refused_as_not_settled():
    """F4 and F7 are of one order: the published capture answers CORE-2508 after a void."""
    books = desk().paid()
    assert approved(books.ask("Void"))
    assert refused(books.ask("Credit"), "CORE-2508")
    assert states(books) == [("C", "D"), ("S", "V")]


def test_a_refund_of_an_authorization_is_refused():
    """Nothing was taken yet: CORE-2117."""
    books = desk()
    books.pay()
    assert refused(books.ask("Credit"), "CORE-2117")


def test_partial_refunds_go_on_until_nothing_is_left():
    """F13 and F14: each is a line of its own; above the net CORE-2503, on zero net CORE-2504."""
    books = desk().settled()
    assert approved(books.ask("Credit", Total="30.00", Currency="504"))
    assert books.order().state is OrderState.PARTLY_REFUNDED
    assert refused(books.ask("Credit", Total="70.01"), "CORE-2503")
    assert refused(books.ask("Credit", Total="0"), "CORE-2009")
    assert approved(books.ask("Credit"))
    assert refused(books.ask("Credit", Total="0.01"), "CORE-2504")
    assert books.order().state is OrderState.REFUNDED
    extra = books.ask("ORDERSTATUS").extra
    assert (extra["CHARGE_TYPE_CD"], extra["TRANS_STAT"], extra["CAPTURE_AMT"]) == ("C", "C", "7000")
    books.state.close_batch()
    extra = books.ask("ORDERSTATUS").extra
    assert (extra["TRANS_STAT"], extra["SETTLEID"]) == ("S", "2")


def test_a_repeated_partial_refund_is_paid_twice():
    """The gateway has no idempotency key: sending a refund again gives the money again."""
    books = desk().settled()
    for _ in range(2):
        assert approved(books.ask("Credit", Total="30.00"))
    assert books.order().totals.refunded.centimes == 6000


def test_voiding_by_order_after_a_refund_hits_the_refund():
    """The trap: what comes back is the refund's transaction, and the customer's money is gone again."""
    books = desk().settled()
    refund = books.ask("Credit", Total="30.00")
    void = books.ask("Void")
    assert approved(void)
    assert void.top["TransId"] == refund.top["TransId"]
    assert states(books) == [("C", "V"), ("S", "S")]
    assert books.order().totals.net.centimes == 10000


def test_several_voidable_transactions_must_be_named():
    """CORE-2133 by order; by transaction the chosen refund alone is cancelled."""
    books = desk().settled()
    first = books.ask("Credit", Total="30.00").top["TransId"]
    books.ask("Credit", Total="20.00")
    assert refused(books.ask("Void"), "CORE-2133")
    assert approved(books.ask("Void", TransId=first))
    assert states(books) == [("C", "C"), ("C", "V"), ("S", "S")]


def test_some_banks_refund_before_settlement():
    """With the rule on, captured money goes back the same day; the payment is then not voided over the refund."""
    books = desk(refunds_before_settlement=True).paid()
    assert approved(books.ask("Credit", Total="30.00"))
    assert refused(books.ask("Void", TransId=books.order().payment.trans_id), "CORE-2008")
    assert approved(books.ask("Void"))
    assert states(books) == [("C", "V"), ("S", "C")]


def test_refunds_may_end_some_days_after_the_capture():
    """CORE-2514 where the account's rules set an age, and never otherwise."""
    limited, free = desk(refund_days=30).settled(), desk().settled()
    for books in (limited, free):
        books.clock.advance(days=31)
    assert refused(limited.ask("Credit"), "CORE-2514")
    assert approved(free.ask("Credit"))


@pytest.mark.parametrize("state", ["PN", "NW", "R"])
def test_an_open_outcome_stops_every_operation(state):
    """While the bank has not made up its mind, queries show it and captures, voids, refunds and batches wait."""
    books = desk().paid()
    books.state.suspend("600000099", ORDER_ID, LineState(state))
    assert books.ask("ORDERSTATUS").extra["TRANS_STAT"] == state
    books.state.close_batch()
    for kind in ("PostAuth", "Void", "Credit"):
        assert refused(books.ask(kind), "CORE-2304")
    books.state.suspend("600000099", ORDER_ID, None)
    assert states(books)[-1] == ("S", "C")


def test_only_what_has_a_transaction_can_be_suspended():
    """An order that is not known, or a state that is final, is the tester's mistake."""
    books = desk()
    with pytest.raises(KeyError):
        books.state.suspend("600000099", ORDER_ID, LineState.PENDING)
    books.paid()
    with pytest.raises(ValueError, match="transient"):
        books.state.suspend("600000099", ORDER_ID, LineState.VOIDED)


@pytest.mark.parametrize(
    "wrong",
    [{"password": "other"}, {"user": "other"}, {"client_id": "600000001"}, {"password": ""}, {"user": ""}],
)
def test_wrong_credentials_are_an_error_and_never_a_missing_order(wrong):
    """Whatever of them is wrong, one answer: Error, 99, CORE-2201, the order not named."""
    books = desk().paid()
    for kind in ("ORDERSTATUS", "Void"):
        answer = books.ask(kind, **wrong)
        assert refused(answer, "CORE-2201")
        assert answer.top["OrderId"] == ""
    assert books.order().state is OrderState.CAPTURED


def test_each_operation_can_be_switched_off():
    """CORE-2202 for what the user has no right to, queries included."""
    books = desk(operations=["status", "capture"])
    books.pay()
    assert refused(books.ask("Credit"), "CORE-2202")
    assert refused(books.ask("ORDERHISTORY"), "CORE-2202")
    assert approved(books.ask("PostAuth"))


def test_another_acquirer_refuses_in_other_shapes():
    """By a switch of the account, refusals have the elements of the published captures F6 and F8, and their codes."""
    books = desk(answers="other").settled()
    void = books.ask("Void")
    captured = read(fixture("F6"))
    assert ([*captured.top], [*captured.extra]) == ([*void.top], [*void.extra])
    assert ("Declined", "99", "CORE-2511", ORDER_ID) == (*void.verdict, void.top["OrderId"])
    assert approved(books.ask("Credit"))
    spent = books.ask("Credit")
    captured = read(fixture("F8"))
    assert ([*captured.top], [*captured.extra]) == ([*spent.top], [*spent.extra])
    assert ("Declined", "215021") == (spent.top["Response"], spent.extra["ERRORCODE"])


def test_another_acquirer_has_another_code_for_a_capture_of_too_much():
    """CORE-2505 and CORE-2512 are both listed for it; the money is safe under either."""
    books = desk(answers="other")
    books.pay()
    assert "CORE-2505" == books.ask("PostAuth", Total="100.01").extra["ERRORCODE"]
    assert OrderState.AUTHORIZED is books.order().state


def test_addresses_can_be_limited():
    """CORE-2254 from elsewhere; a request whose address is not known passes."""
    state = desk(addresses=["192.0.2.7"]).state
    query = request(extra="ORDERSTATUS")
    assert refused(read(state.answer_api(query, address="192.0.2.8")), "CORE-2254")
    assert read(state.answer_api(query, address="192.0.2.7")).top["Response"] == "Declined"
    assert read(state.answer_api(query)).top["Response"] == "Declined"


@pytest.mark.parametrize("kind", ["Auth", "PreAuth"])
def test_payments_with_card_data_are_nobodys_right(kind):
    """No card number belongs here, so that nobody may send one."""
    books = desk()
    assert refused(books.ask(kind, Number="4000000000000010", Total="1.00"), "CORE-2202")
    assert books.state.orders == ()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "CORE-2014"),
        (b"<html><body>404</body></html>", "CORE-2014"),
        (b"<!DOCTYPE CC5Request>" + request(extra="ORDERSTATUS").partition(b"\n")[2], "CORE-2014"),
        (b"=" * 9000 + b"&" * 9000, "CORE-2014"),
        (request(), "CORE-2014"),
        (request(extra="ORDERSTATUS", GroupId="1").replace(b"GroupId", b"OrderId"), "CORE-2014"),
        (request(kind="Refund"), "CORE-2001"),
        (request("", "Void"), "CORE-2301"),
        (request("x" * 65, "Void"), "CORE-2301"),
        (request(kind="Credit", TransId="18253Kw4H12730"), "CORE-1028"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(raw, code):
    """What is no CC5Request, asks for nothing, or names no order has its code and changes nothing."""
    assert refused(read(desk().state.answer_api(raw)), code)


def test_raw_documents_and_form_fields_are_both_read():
    """The document itself, after noise too, or as the form field DATA, in any of the platform's encodings."""
    state = desk().paid().state
    query = request(extra="ORDERSTATUS")
    turkish = query.replace(b"UTF-8", b"ISO-8859-9").replace(b"</CC5Request>", b"<X>\xfd</X></CC5Request>")
    bodies = [query, b"\xef\xbb\xbf" + query, b"\n" + query, turkish]
    bodies += [urlencode({"DATA": raw}).encode() for raw in (query, turkish)]
    for body in bodies:
        assert read(state.answer_api(body)).extra["TRANS_STAT"] == "C"


def test_what_iso_8859_9_cannot_hold_becomes_a_reference():
    """An order id in any script comes back as it went, in bytes of the platform's own encoding."""
    answer = desk().ask("ORDERSTATUS", "Édf-ع&<")
    assert "No record found for Édf-&#1593;&amp;&lt;".encode("iso-8859-9") in answer.raw
    assert answer.top["ErrMsg"] == "No record found for Édf-ع&<"


def test_the_api_has_its_address_on_the_server():
    """POST /fim/api answers 200 with XML in ISO-8859-9, also when it refuses."""
    response = client(desk().state).post("/fim/api", data=request(kind="Void"), content_type="text/plain")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/xml;charset=ISO-8859-9"
    assert refused(read(response.data), "CORE-2008")


@given(st.binary(max_size=300))
def test_any_bytes_are_answered_with_a_document(raw):
    """Whatever comes, the answer is a well-formed CC5Response."""
    assert read(desk().state.answer_api(raw)).top["Response"] == "Error"


@given(
    st.sampled_from(["Type", "OrderId", "TransId", "Total", "Currency", "ClientId", "Password"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=70),
)
def test_any_text_in_any_element_is_answered_with_a_document(name, text):
    """A stranger's text in an otherwise sound request never breaks the answer."""
    sound = request(kind="Void").decode().partition("</CC5Request>")[0]
    without = re.sub(f"<{name}>.*</{name}>", "", sound)
    raw = f"{without}<{name}>{escape(text)}</{name}></CC5Request>".encode()
    books = desk()
    books.pay()
    assert read(books.state.answer_api(raw)).top["Response"] in ("Approved", "Error", "Declined")


def test_a_late_capture_reply_does_not_undo_a_void():
    """ACTION=POSTAUTH after the API voided the authorization captures nothing."""
    books = desk()
    session = books.state.open(form().fields)
    attempt = books.state.pay(session.token, card_form())
    assert attempt.is_approved
    assert approved(books.ask("Void"))
    books.state.record_reply(session.token, Reply.CAPTURE)
    assert books.order().state is OrderState.VOIDED
