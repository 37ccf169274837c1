"""The client: questions that change nothing, and operations that are sent once."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Event

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmi_gateway as cmi
from cmi_gateway.api.operation import Operation
from cmi_gateway.api.transport import RawAnswer
from support.api_kit import (
    DOCUMENTS,
    NOW,
    OPEN,
    ORDER,
    PASSWORD,
    SALE,
    SETTLED,
    Clock,
    client,
    done,
    fixture,
    history,
    line,
    refusal,
)
from support.gateway_kit import MERCHANT

HUNDRED = cmi.Money(10000)
LOST = cmi.OutcomeUnknownError("ReadTimeout")


def test_status_asks_and_judges():
    """A status is asked with user, password and client id, and compared with what was expected."""
    api, transport = client(fixture("F11"), fixture("F11"))
    assert api.status("2024010354F1", expected=cmi.Money(101)).is_paid
    assert cmi.OrderState.CAPTURED is api.status("2024010354F1").state
    assert {
        "Name": "API_USER",
        "Password": PASSWORD,
        "ClientId": "600000099",
        "OrderId": "2024010354F1",
    } == transport.asked[0]


def test_history_tells_the_totals():
    """All lines, the oldest first, and what they add up to."""
    api, _ = client(history(line("C", "C", 4000, "T-REF"), SETTLED))
    found = api.history(ORDER)
    assert (["T-SALE", "T-REF"], cmi.Money(6000)) == (
        [at.transaction_id for at in found.lines],
        found.totals.net,
    )


def test_a_wrong_password_is_told_from_an_unknown_order():
    """Both come with 99: one is an answer, the other a refused question."""
    api, _ = client(fixture("F15"), refusal("CORE-2201"))
    assert cmi.OrderState.NOT_FOUND is api.status("2022103088D22").state
    with pytest.raises(cmi.RequestRefusedError) as caught:
        api.status("2022103088D22")
    assert ("CORE-2201", "status", "2022103088D22", "refus") == (
        caught.value.code, caught.value.operation, caught.value.order_id, caught.value.message,
    )  # fmt: skip
    assert not caught.value.safe_to_retry


@pytest.mark.parametrize(
    "answer",
    [
        LOST,
        RawAnswer(500, b"<html>"),
        RawAnswer(302, b""),
        b"<html>",
        b"",
        b"\xff",
        KeyError("a bug of the transport"),
        history(),
        fixture("F18", ("20221030B3FF2</Ord", "OTHER</Ord")),
    ],
)
def test_a_question_without_a_readable_answer_changes_nothing(answer):
    """It raises the error that says so, and may be asked again."""
    api, _ = client(answer)
    with pytest.raises(cmi.QueryFailedError) as caught:
        api.history(ORDER)
    assert caught.value.safe_to_retry
    api, _ = client(cmi.RequestNotSentError("refused"))
    with pytest.raises(cmi.RequestNotSentError) as caught:
        api.status(ORDER)
    assert (True, "status", ORDER) == (
        caught.value.safe_to_retry,
        caught.value.operation,
        caught.value.order_id,
    )


def test_a_status_that_cannot_be_read_raises():
    """A status whose answer repeats an element is no answer."""
    api, _ = client(fixture("F11", ("<Response>", "<Response>x</Response><Response>")))
    with pytest.raises(cmi.QueryFailedError, match="stands more than once"):
        api.status("2024010354F1")


def test_a_transport_that_gives_something_else_learnt_nothing():
    """Whatever a transport of the caller's own gives back, it is not taken for an answer."""
    api, _ = client(transport=lambda *_a, **_o: "200 OK")
    with pytest.raises(cmi.QueryFailedError, match="gave str instead of RawAnswer"):
        api.status(ORDER)


@pytest.mark.parametrize(
    ("call", "before", "expected"),
    [
        (lambda api: api.capture(ORDER, HUNDRED), history(OPEN), {"Type": "PostAuth", "Total": "100.00", "Currency": "504"}),
        (lambda api: api.capture(ORDER, cmi.Money(40)), history(OPEN), {"Type": "PostAuth", "Total": "0.40", "Currency": "504"}),
        (lambda api: api.void(ORDER), history(SALE), {"Type": "Void", "TransId": "T-SALE"}),
        (lambda api: api.void(ORDER), history(OPEN), {"Type": "Void", "TransId": "T-AUTH"}),
        (
            lambda api: api.void(ORDER, "T-SALE"),
            history(line("C", "C", 40, "T-REF"), SALE),
            {"Type": "Void", "TransId": "T-SALE"},
        ),
        (
            lambda api: api.void(ORDER, "T-REF"),
            history(line("C", "C", 40, "T-REF"), SETTLED),
            {"Type": "Void", "TransId": "T-REF"},
        ),
        (lambda api: api.refund(ORDER, HUNDRED), history(SETTLED), {"Type": "Credit", "Total": "100.00", "Currency": "504"}),
        (
            lambda api: api.refund(ORDER, cmi.Money(6000)),
            history(line("C", "S", 4000, "T-REF"), SETTLED),
            {"Type": "Credit", "Total": "60.00", "Currency": "504"},
        ),
    ],
)  # fmt: skip
def test_an_operation_looks_first_and_is_sent_once(call, before, expected):
    """The history allows it, one request goes out, and voids always name their transaction."""
    api, transport = client(before, done())
    result = call(api)
    assert ("T-NEW", "P14578", False) == (
        result.transaction_id,
        result.authorization_code,
        result.found_in_history,
    )
    assert 2 == len(transport.asked)
    sent = transport.asked[1]
    assert expected == {name: sent[name] for name in ("Type", "TransId", "Total", "Currency") if name in sent}


@pytest.mark.parametrize("kind", ["capture", "void", "refund"])
def test_operations_are_switched_on_one_by_one(kind):
    """Without being named, an operation is not even looked at."""
    others = {"capture", "void", "refund"} - {kind}
    api, transport = client(operations=others)
    calls = {"capture": (ORDER, HUNDRED), "void": (ORDER,), "refund": (ORDER, HUNDRED)}
    with pytest.raises(cmi.OperationBlockedError, match="not switched on"):
        getattr(api, kind)(*calls[kind])
    assert [] == transport.asked


def test_a_double_click_on_refund_sends_one():
    """The second click gets the first one's result; a key of one's own makes a second refund on purpose."""
    api, transport = client(
        history(SETTLED), done("T-R1"), history(line("C", "C", 4000, "T-R1"), SETTLED), done("T-R2")
    )
    first = api.refund(ORDER, cmi.Money(4000))
    assert first is api.refund(ORDER, cmi.Money(4000))
    assert ["Credit"] == transport.sent
    assert "T-R2" == api.refund(ORDER, cmi.Money(4000), key="second").transaction_id
    assert ["Credit", "Credit"] == transport.sent


def test_two_clicks_at_once_send_one():
    """While the first refund is under way, the second sends nothing and says that one runs."""
    arrived, answer_now = Event(), Event()

    def slow():
        arrived.set()
        assert answer_now.wait(10)
        return done()

    api, transport = client(history(SETTLED), slow)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(api.refund, ORDER, HUNDRED)
        assert arrived.wait(10)
        with pytest.raises(cmi.OperationPendingError):
            api.refund(ORDER, HUNDRED)
        with pytest.raises(cmi.OperationPendingError):
            api.void(ORDER, "T-SALE")
        answer_now.set()
        assert "T-NEW" == first.result().transaction_id
    assert ["Credit"] == transport.sent


@pytest.mark.parametrize(
    "answer",
    [LOST, b"", b"<html>", RawAnswer(502, b"<html>"), refusal("2100"), refusal("CORE-2304"), refusal("BM-9102"), refusal(""),
     done(order_id="OTHER"), done(order_id=""), refusal("CORE-2508", order_id="OTHER"), refusal("CORE-2508", "Approved", "00"),
     refusal("CORE-2508", "Declined", "00"), refusal("215021", "Declined", ""), refusal("CORE-2508", "Odd"), KeyError("x")],
)  # fmt: skip
def test_a_lost_answer_is_never_repeated(answer):
    """Whatever proves neither yes nor no is unknown; the order stays closed until it is resolved."""
    api, transport = client(history(SETTLED), answer)
    with pytest.raises(cmi.OutcomeUnknownError) as caught:
        api.refund(ORDER, HUNDRED)
    record = caught.value.record
    assert ("refund", HUNDRED, ORDER, NOW) == (
        record.kind,
        record.amount,
        record.order_id,
        record.prepared_at,
    )
    assert not caught.value.safe_to_retry
    with pytest.raises(cmi.OperationPendingError) as pending:
        api.refund(ORDER, HUNDRED)
    assert record == pending.value.record
    assert ["Credit"] == transport.sent


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refusal("CORE-2508"), "CORE-2508"),
        (refusal("CORE-2503", order_id=ORDER), "CORE-2503"),
        (refusal("", "Declined", "05"), "05"),
        (refusal("ISO8583-82", "Declined", "82"), "82"),
        (refusal("CORE-2202"), "CORE-2202"),
    ],
)
def test_a_clear_no_is_a_refusal(answer, code):
    """Nothing was done, the code says why, and the order is open again."""
    api, transport = client(history(SETTLED), answer, history(SETTLED), done())
    with pytest.raises(cmi.RequestRefusedError) as caught:
        api.refund(ORDER, HUNDRED)
    assert code == caught.value.code
    if code != "CORE-2202":
        assert api.refund(ORDER, HUNDRED)
        assert ["Credit", "Credit"] == transport.sent


def test_what_was_not_sent_may_be_sent_again():
    """No connection: the order is open, and the same call may be repeated."""
    api, _ = client(history(SETTLED), cmi.RequestNotSentError("refused"), history(SETTLED), done())
    with pytest.raises(cmi.RequestNotSentError):
        api.refund(ORDER, HUNDRED)
    assert "T-NEW" == api.refund(ORDER, HUNDRED).transaction_id


def test_the_record_is_kept_before_anything_is_sent():
    """The caller writes it down first, and what writing raises stops the sending."""
    kept = []
    api, transport = client(history(SETTLED), history(SETTLED), done())

    def full(operation):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        api.refund(ORDER, HUNDRED, remember=full)
    assert [] == transport.sent
    api.refund(
        ORDER, HUNDRED, key="R-1", remember=lambda operation: kept.append((operation, list(transport.sent)))
    )
    assert [("R-1", [])] == [(operation.key, sent) for operation, sent in kept]
    assert ["Credit"] == transport.sent


@pytest.mark.parametrize("code", ["CORE-2201", "CORE-2254"])
def test_a_shut_door_stops_everything(code):
    """After a wrong password or address nothing more is asked, until somebody says that it is mended."""
    api, transport = client(refusal(code), fixture("F15"))
    for _ in range(3):
        with pytest.raises(cmi.ApiError):
            api.status("2022103088D22")
    with pytest.raises(cmi.OperationBlockedError, match=code):
        api.refund(ORDER, HUNDRED)
    assert 1 == len(transport.asked)
    api.resume()
    assert cmi.OrderState.NOT_FOUND is api.status("2022103088D22").state


def test_a_missing_permission_stops_that_operation_only():
    """CORE-2202 is of one operation: the others and the questions go on."""
    api, transport = client(history(SETTLED), refusal("CORE-2202"), history(SETTLED), history(SETTLED))
    with pytest.raises(cmi.RequestRefusedError):
        api.refund(ORDER, HUNDRED)
    with pytest.raises(cmi.OperationBlockedError, match="CORE-2202"):
        api.refund(ORDER, HUNDRED)
    assert api.history(ORDER).is_found
    assert ["Credit"] == transport.sent


def lost_refund(*later, clock=None):
    """Give a client whose refund of a hundred was lost, with its record, and the answers that follow."""
    clock = clock or Clock()
    api, transport = client(history(SETTLED), LOST, *later, clock=clock)
    with pytest.raises(cmi.OutcomeUnknownError) as caught:
        api.refund(ORDER, HUNDRED)
    return api, caught.value.record, clock, transport


def test_an_operation_that_was_kept_as_text_opens_the_order_again():
    """Read back it lacks the history's finer facts; it is the same operation all the same, by its key."""
    api, record, clock, _ = lost_refund(history(SETTLED), history(SETTLED), done("T-R2"))
    clock.now += timedelta(minutes=15)
    kept = Operation.from_text(record.to_text())
    assert kept != record
    assert isinstance(api.resolve(kept), cmi.OperationNotDone)
    assert "T-R2" == api.refund(ORDER, HUNDRED, key="again").transaction_id


def test_resolve_finds_what_was_done():
    """A new line of the kind and amount is the refund; a later double click gets it."""
    api, record, _, transport = lost_refund(history(line("C", "C", 10000, "T-R"), SETTLED))
    resolution = api.resolve(record)
    assert ("T-R", True) == (resolution.transaction_id, resolution.found_in_history)
    assert resolution is api.refund(ORDER, HUNDRED)
    assert ["Credit"] == transport.sent


def test_resolve_says_when_to_look_again():
    """Nothing shows yet: the next look is due, and until then the order stays closed."""
    api, record, clock, _ = lost_refund(*[history(SETTLED)] * 5)
    for elapsed, due in [(0, 30), (30, 120), (120, 300), (300, 900)]:
        clock.now = NOW + timedelta(seconds=elapsed)
        assert NOW + timedelta(seconds=due) == api.resolve(record).ask_again_at
    with pytest.raises(cmi.OperationPendingError):
        api.refund(ORDER, HUNDRED)
    clock.now = NOW + timedelta(minutes=15)
    assert isinstance(api.resolve(record), cmi.OperationNotDone)


def test_after_a_quarter_of_an_hour_a_person_may_try_again():
    """Not done is said once it is proved, and then the order is open; nothing is sent by itself."""
    api, record, _, transport = lost_refund(*[history(SETTLED)] * 6, done())
    assert isinstance(api.resolve(record, wait=True), cmi.OperationNotDone)
    assert ["Credit"] == transport.sent
    assert "T-NEW" == api.refund(ORDER, HUNDRED).transaction_id


def test_waiting_goes_on_over_failed_questions():
    """While waiting, a question that failed is asked at the next look; the last failure is raised."""
    api, record, clock, _ = lost_refund(LOST, LOST, history(line("C", "C", 10000, "T-R"), SETTLED))
    assert "T-R" == api.resolve(record, wait=True).transaction_id
    assert NOW + timedelta(minutes=2) == clock.now
    api, record, clock, _ = lost_refund(*[LOST] * 5)
    with pytest.raises(cmi.QueryFailedError):
        api.resolve(record, wait=True)
    assert NOW + timedelta(minutes=15) == clock.now


def test_waiting_goes_on_over_a_gateway_in_trouble_and_ends_at_a_shut_door():
    """A failure of the gateway's own passes; a wrong password does not, and is raised at once."""
    shows = history(line("C", "C", 10000, "T-R"), SETTLED)
    api, record, clock, _ = lost_refund(fixture("F19"), refusal("CORE-2304"), shows)
    assert ("T-R", NOW + timedelta(minutes=2)) == (api.resolve(record, wait=True).transaction_id, clock.now)
    api, record, clock, _ = lost_refund(refusal("CORE-2201"))
    with pytest.raises(cmi.RequestRefusedError):
        api.resolve(record, wait=True)
    assert NOW == clock.now


def test_waiting_ends_where_only_a_person_can_tell():
    """What stays on its way, or does not fit, is given back unresolved after a quarter of an hour at most."""
    moving = history(line("C", "PN", 10000, "T-R"), SETTLED)
    api, record, clock, _ = lost_refund(*[moving] * 5)
    resolution = api.resolve(record, wait=True)
    assert (NOW + timedelta(minutes=15), NOW + timedelta(minutes=20)) == (clock.now, resolution.ask_again_at)
    api, record, clock, _ = lost_refund(history(line("C", "C", 1, "T-R"), SETTLED))
    assert (None, NOW) == (api.resolve(record, wait=True).ask_again_at, clock.now)


def test_another_process_resolves_from_the_kept_record():
    """The record survives as text; an unresolved one closes the order in the new process too."""
    _, record, _, _ = lost_refund()
    again = cmi.Operation.from_text(record.to_text())
    api, transport = client(history(SETTLED), history(line("C", "C", 10000, "T-R"), SETTLED))
    assert isinstance(api.resolve(again), cmi.OperationUnresolved)
    with pytest.raises(cmi.OperationPendingError) as caught:
        api.refund(ORDER, HUNDRED)
    assert again == caught.value.record
    assert "T-R" == api.resolve(again).transaction_id
    assert [] == transport.sent


def test_resolving_an_old_record_does_not_open_what_runs_by_now():
    """An order stays closed for the operation that is open now, whatever an older record resolves to."""
    api, record, _, _ = lost_refund(history(SETTLED))
    older = attrs.evolve(record, key="older", prepared_at=NOW - timedelta(hours=1))
    assert isinstance(api.resolve(older), cmi.OperationNotDone)
    with pytest.raises(cmi.OperationPendingError):
        api.refund(ORDER, HUNDRED)


def test_one_key_is_one_operation():
    """A key that another operation had is a mistake of the caller's."""
    api, _ = client(history(SETTLED), done())
    api.refund(ORDER, HUNDRED, key="K")
    for other in (("OTHER-1", HUNDRED), (ORDER, cmi.Money(9999))):
        with pytest.raises(cmi.ConfigurationError, match="its own"):
            api.refund(*other, key="K")


def test_a_void_is_repeated_by_name_or_without():
    """The same key is the same void, whether or not its transaction is named; another transaction is another void."""
    api, transport = client(history(SALE), done("T-SALE"))
    first = api.void(ORDER, key="K")
    assert first is api.void(ORDER, key="K")
    assert first is api.void(ORDER, "T-SALE", key="K")
    with pytest.raises(cmi.ConfigurationError, match="its own"):
        api.void(ORDER, "T-OTHER", key="K")
    assert ["Void"] == transport.sent


def test_the_kept_record_opens_the_order_where_it_was_sent():
    """The record as text lacks times of its history, and is the operation all the same: once resolved, the order is open."""
    api, record, clock, transport = lost_refund(history(SETTLED), history(SETTLED), done())
    clock.now = NOW + timedelta(minutes=15)
    assert isinstance(api.resolve(cmi.Operation.from_text(record.to_text())), cmi.OperationNotDone)
    assert "T-NEW" == api.refund(ORDER, HUNDRED).transaction_id
    assert ["Credit", "Credit"] == transport.sent


@pytest.mark.parametrize("kind", ["capture", "void", "refund"])
def test_preparing_sends_nothing(kind):
    """A dry run reads the history and gives the record, also of what is not switched on."""
    api, transport = client(history({"capture": OPEN, "void": SALE, "refund": SETTLED}[kind]), operations=())
    operation = api.prepare(kind, ORDER, None if kind == "void" else HUNDRED)
    assert (kind, HUNDRED) == (operation.kind, operation.amount)
    assert [] == transport.sent
    with pytest.raises(cmi.QueryFailedError):
        client(LOST)[0].prepare("void", ORDER)


@pytest.mark.parametrize(
    "options",
    [
        {"user": ""},
        {"user": None},
        {"user": "a\nb"},
        {"user": "x" * 256},
        {"password": ""},
        {"password": None},
        {"password": "a b"},
        {"operations": "refund"},
        {"operations": ["refunds"]},
        {"operations": 3},
        {"operations": [["refund"]]},
        {"body_mode": "json"},
        {"merchant": "600000099"},
    ],
)
def test_what_no_client_can_be_made_of(options):
    """A flaw is named where the client is made, without the password."""
    facts = {"merchant": MERCHANT, "user": "API_USER", "password": PASSWORD} | options
    with pytest.raises(cmi.ConfigurationError) as caught:
        cmi.ApiClient(facts.pop("merchant"), **facts)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda api: api.refund(ORDER, cmi.Money(1, "EUR")),
        lambda api: api.refund(ORDER, 1),
        lambda api: api.refund(ORDER, cmi.Money(0)),
        lambda api: api.capture("no order", HUNDRED),
        lambda api: api.void(ORDER, "a b"),
        lambda api: api.prepare("sale", ORDER),
        lambda api: api.status(""),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(call):
    """A wrong amount, order or transaction never leaves this machine."""
    api, transport = client()
    with pytest.raises(cmi.ConfigurationError):
        call(api)
    assert [] == transport.asked


def test_a_client_shows_no_password():
    """What is printed by mistake says which merchant, and no more."""
    api, _ = client()
    assert (f"ApiClient({MERCHANT!r})", MERCHANT) == (repr(api), api.merchant)


def test_a_form_field_carries_the_document_where_wished():
    """With ``body_mode="data_field"`` the body is ``DATA=`` and says so."""
    seen = []

    def transport(body, /, **options):
        seen.append((body[:5], options["content_type"], options["is_query"], options["seconds"]))
        return RawAnswer(200, fixture("F15"))

    client(transport=transport, body_mode="data_field")[0].status("2022103088D22")
    assert [(b"DATA=", "application/x-www-form-urlencoded", True, 20.0)] == seen


def test_operations_may_take_longer_than_questions():
    """Sixty seconds for what goes to the bank and back."""
    seen = []

    def transport(body, /, **options):
        seen.append((options["is_query"], options["seconds"]))
        return RawAnswer(200, history(SETTLED) if options["is_query"] else done())

    client(transport=transport)[0].refund(ORDER, HUNDRED)
    assert [(True, 20.0), (False, 60.0)] == seen


def test_events_tell_codes_and_nothing_personal():
    """Each request is told with its kind and what it was answered; a stranger's text never is."""
    told = []
    merchant = attrs.evolve(MERCHANT, observer=told.append)
    odd = fixture(
        "F11",
        ("<NUMCODE>0", "<ERRORCODE>a\nforged line</ERRORCODE><NUMCODE>0"),
    )
    api, _ = client(fixture("F11"), odd, RawAnswer(500, b""), refusal("CORE-2201"), merchant=merchant)
    api.status("2024010354F1")
    for error in (cmi.RequestRefusedError, cmi.QueryFailedError, cmi.RequestRefusedError):
        with pytest.raises(error):
            api.status("2024010354F1")
    assert ["api_asked", "api_answered"] * 2 + [
        "api_asked",
        "api_failed",
        "api_asked",
        "api_answered",
        "api_blocked",
    ] == [event.name for event in told]
    assert ("status", "2024010354F1", "Approved", "00", "", "C", "24003Vl7F13152") == (
        told[1].operation, told[1].order_id, told[1].response, told[1].return_code, told[1].error_code, told[1].state,
        told[1].transaction_id,
    )  # fmt: skip
    assert ("QueryFailedError", "CORE-2201") == (told[5].reason, told[-1].error_code)
    assert "forged" not in repr(told)


ANSWERS = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([*DOCUMENTS]).map(fixture),
    st.tuples(st.sampled_from([*DOCUMENTS]), st.integers(0, 2000), st.binary(max_size=3)).map(
        lambda cut: fixture(cut[0])[: cut[1]] + cut[2] + fixture(cut[0])[cut[1] + len(cut[2]) :]
    ),
    st.lists(st.sampled_from([SALE, SETTLED, OPEN, "S|C", "C|C|1|1||||||00|T"]), max_size=3).map(
        lambda lines: history(*lines)
    ),
)


@given(first=ANSWERS, second=ANSWERS, status=st.sampled_from([200, 200, 200, 204, 301, 500]))
def test_whatever_the_gateway_answers_is_a_value_or_an_error_of_ours(first, second, status):
    """Any bytes, bent fixtures and broken histories: nothing else escapes, and nothing is sent twice."""
    for call in (
        lambda api: api.status("2024010354F1", expected=cmi.Money(101)),
        lambda api: api.history(ORDER),
        lambda api: api.refund(ORDER, HUNDRED),
        lambda api: api.void(ORDER),
        lambda api: api.capture(ORDER, HUNDRED),
    ):
        api, transport = client(first, RawAnswer(status, second))
        with suppress(cmi.ApiError):
            assert call(api) is not None
        assert len(transport.sent) <= 1


def test_errors_keep_their_record_through_a_queue():
    """An unknown outcome that was queued can still be resolved."""
    _, record, _, _ = lost_refund()
    error = cmi.OutcomeUnknownError("lost", "refund", ORDER, record)
    assert record == pickle.loads(pickle.dumps(error)).record
    assert "refund FAC-2026-000123-1: lost" == str(error)
