"""Whether an operation is allowed, and whether it was carried out: judged by the order's history alone."""

import pickle
from datetime import timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmi_gateway as cmi
from cmi_gateway.api.answers import read_history
from cmi_gateway.api.documents import ApiRequest, RequestKind
from cmi_gateway.api.guard import Guard
from cmi_gateway.api.history import HistoryLine, LineKind, LineState
from cmi_gateway.api.order import order_history
from cmi_gateway.api.preconditions import target_of
from cmi_gateway.api.resolving import resolution_of
from support.api_kit import NOW, OPEN, ORDER, SALE, SETTLED, fixture, history, line

HUNDRED = cmi.Money(10000)
VOIDED = line("S", "V", 10000, "T-SALE")
DECLINED = line("S", "D", 10000, "T-DEC", code="51")


def held(*lines):
    return order_history(read_history(history(*lines)), ORDER)


@pytest.mark.parametrize(
    ("kind", "lines", "options", "target"),
    [
        ("capture", [OPEN], {"amount": HUNDRED}, "T-AUTH"),
        ("capture", [OPEN, DECLINED], {"amount": cmi.Money(1)}, "T-AUTH"),
        ("void", [OPEN], {}, "T-AUTH"),
        ("void", [SALE, DECLINED], {}, "T-SALE"),
        ("void", [line("C", "C", 1, "T-REF"), SETTLED], {"transaction_id": "T-REF"}, "T-REF"),
        ("void", [SALE, line("S", "C", 1, "T-2")], {"transaction_id": "T-2"}, "T-2"),
        ("refund", [SETTLED], {"amount": HUNDRED}, ""),
        ("refund", [line("C", "C", 4000, "T-REF"), SETTLED], {"amount": cmi.Money(6000)}, ""),
        ("refund", [line("C", "D", 4000, "T-REF", code="99"), SETTLED], {"amount": HUNDRED}, ""),
    ],
)  # fmt: skip
def test_what_the_history_allows(kind, lines, options, target):
    """The one transaction that fits is found; nothing else is touched."""
    assert target == target_of(RequestKind(kind), held(*lines), **options)


@pytest.mark.parametrize(
    ("kind", "lines", "options", "instead", "words"),
    [
        ("capture", [SALE], {"amount": HUNDRED}, "nothing", "already captured: 100.00"),
        ("capture", [VOIDED], {"amount": HUNDRED}, "", "no open authorization"),
        ("capture", [OPEN], {"amount": cmi.Money(10001)}, "", "only 100.00 was authorized"),
        ("capture", [OPEN, line("S", "A", 1, "T-2")], {"amount": HUNDRED}, "", "several open"),
        # The card was authorized twice under one order id, and charged once.
        ("capture", [OPEN, SALE], {"amount": HUNDRED}, "", "another authorization of the order was captured"),
        ("capture", [line("S", "A", "", "T-1")], {"amount": HUNDRED}, "", "unknown amount"),
        ("capture", [line("S", "A", 10000, "T-1", code="05")], {"amount": HUNDRED}, "", "no open"),
        ("capture", [line("S", "PN", 10000, "T-1"), OPEN], {"amount": HUNDRED}, "wait", "on its way"),
        ("void", [SETTLED], {}, "refund", "batch is closed"),
        ("void", [line("C", "S", 1, "T-REF"), SETTLED], {"transaction_id": "T-REF"}, "", "batch is closed"),
        ("void", [VOIDED], {}, "nothing", "voided already"),
        ("void", [VOIDED], {"transaction_id": "T-SALE"}, "nothing", "voided already"),
        ("void", [DECLINED], {}, "", "no payment"),
        ("void", [DECLINED], {"transaction_id": "T-DEC"}, "", "state declined cannot"),
        ("void", [SALE, line("S", "C", 1, "T-2")], {}, "", "name the transaction"),
        ("void", [SALE], {"transaction_id": "OTHER"}, "", "no such transaction"),
        # The trap: by the order alone, the gateway would void the refund.
        ("void", [line("C", "C", 1, "T-REF"), SETTLED], {}, "refund", "batch is closed"),
        ("refund", [SALE], {"amount": HUNDRED}, "void", "batch is still open"),
        ("refund", [SALE], {"amount": cmi.Money(1)}, "wait", "batch is still open"),
        ("refund", [line("C", "C", 10000, "T-REF"), SETTLED], {"amount": HUNDRED}, "nothing", "only 0.00"),
        ("refund", [line("C", "C", 1, "T-REF"), SETTLED], {"amount": HUNDRED}, "", "only 99.99"),
        ("refund", [OPEN], {"amount": HUNDRED}, "void", "nothing was captured"),
        ("refund", [OPEN], {"amount": cmi.Money(1)}, "", "nothing was captured"),
        ("refund", [DECLINED], {"amount": HUNDRED}, "", "nothing was captured"),
        ("refund", [line("S", "C", 5000, "T-2"), line("S", "S", 5000, "T-1")], {"amount": cmi.Money(6000)}, "wait", "open"),
    ],
)  # fmt: skip
def test_what_the_history_forbids(kind, lines, options, instead, words):
    """Each refusal says what would be right instead, where something would."""
    with pytest.raises(cmi.OperationNotPossibleError, match=words) as caught:
        target_of(RequestKind(kind), held(*lines), **options)
    assert (instead, kind, ORDER) == (caught.value.instead, caught.value.operation, caught.value.order_id)


def test_an_unknown_order_allows_nothing():
    """What the gateway does not know cannot be refunded."""
    unknown = order_history(read_history(fixture("F18")), "20221030B3FF2")
    with pytest.raises(cmi.OperationNotPossibleError, match="does not know"):
        target_of(RequestKind.REFUND, unknown, amount=HUNDRED)


def operation(kind, *before, amount=HUNDRED, target=""):
    is_void = kind == "void"
    request = ApiRequest(
        kind=RequestKind(kind),
        order_id=ORDER,
        amount=None if is_void else amount,
        transaction_id=target if is_void else None,
    )
    return cmi.Operation(key="k", request=request, before=held(*before), prepared_at=NOW, target=target)


CAPTURE = operation("capture", OPEN, target="T-AUTH")
VOID = operation("void", SALE, target="T-SALE")
REFUND = operation("refund", SETTLED)


@pytest.mark.parametrize(
    ("record", "after", "transaction"),
    [
        (CAPTURE, [line("S", "C", 10000, "T-AUTH")], "T-AUTH"),
        (CAPTURE, [line("S", "S", 10000, "T-AUTH")], "T-AUTH"),
        (CAPTURE, [line("S", "C", 10000, "T-NEW"), OPEN], "T-NEW"),
        (VOID, [VOIDED], "T-SALE"),
        (REFUND, [line("C", "C", 10000, "T-R"), SETTLED], "T-R"),
        (REFUND, [line("C", "S", 10000, "T-R"), SETTLED], "T-R"),
        (operation("refund", line("C", "C", 10000, "T-R0"), line("S", "S", 30000, "T-1")),
         [line("C", "C", 10000, "T-R"), line("C", "S", 10000, "T-R0"), line("S", "S", 30000, "T-1")], "T-R"),
    ],
)  # fmt: skip
def test_what_shows_in_the_history_was_done(record, after, transaction):
    """A new line of the kind and amount, or the target in its new state, is proof at any time."""
    for elapsed in (timedelta(), timedelta(days=3)):
        resolution = resolution_of(record, held(*after), NOW + elapsed)
        assert isinstance(resolution, cmi.OperationDone)
        assert (transaction, True) == (resolution.transaction_id, resolution.found_in_history)


@pytest.mark.parametrize(
    ("record", "after"),
    [
        (CAPTURE, [OPEN]),
        (CAPTURE, [DECLINED, OPEN]),
        (VOID, [SALE]),
        (VOID, [SETTLED]),
        (REFUND, [SETTLED]),
        (REFUND, [line("C", "D", 10000, "T-R", code="99"), SETTLED]),
    ],
)
def test_what_does_not_show_was_not_done_after_a_quarter_of_an_hour(record, after):
    """Before, it may still show; a decline, and the batch that closed, are no sign of it."""
    early = resolution_of(record, held(*after), NOW + timedelta(minutes=14))
    assert NOW + timedelta(minutes=15) == early.ask_again_at
    assert isinstance(resolution_of(record, held(*after), NOW + timedelta(minutes=15)), cmi.OperationNotDone)


@pytest.mark.parametrize(
    ("record", "after", "is_for_a_person"),
    [
        (REFUND, [line("C", "PN", 10000, "T-R"), SETTLED], False),
        (VOID, [line("S", "R", 10000, "T-SALE")], False),
        (REFUND, [line("C", "C", 10000, "T-R"), line("C", "C", 10000, "T-R2"), line("S", "S", 30000, "T-SALE")], True),
        (REFUND, [line("C", "C", 9999, "T-R"), SETTLED], True),
        (CAPTURE, [line("S", "C", 9999, "T-AUTH")], True),
        (CAPTURE, [line("S", "V", 10000, "T-AUTH")], True),
        (VOID, [line("S", "D", 10000, "T-SALE", code="51")], True),
        (REFUND, [line("C", "C", 10000, "T-R")], True),
    ],
)  # fmt: skip
def test_what_does_not_fit_stays_unresolved(record, after, is_for_a_person):
    """What is on its way is asked again; what nothing explains is for a person, and never called not done."""
    for elapsed in (timedelta(), timedelta(days=1)):
        resolution = resolution_of(record, held(*after), NOW + elapsed)
        assert isinstance(resolution, cmi.OperationUnresolved)
        assert is_for_a_person is (resolution.ask_again_at is None)
    assert resolution.reason


def test_an_order_that_vanished_proves_nothing():
    """The gateway knew it before: that it is not found now is no proof."""
    gone = order_history(read_history(fixture("F18")), "20221030B3FF2")
    assert resolution_of(REFUND, gone, NOW + timedelta(days=1)).ask_again_at is None


LINES = st.builds(
    HistoryLine,
    kind=st.sampled_from(LineKind),
    state=st.sampled_from(LineState),
    transaction_id=st.text("AB-1", min_size=1, max_size=4),
    return_code=st.sampled_from(["00", "05", ""]),
    original=st.none() | st.integers(0, 10**8).map(cmi.Money),
    captured=st.none() | st.integers(0, 10**8).map(cmi.Money),
)
HISTORIES = st.lists(LINES, max_size=5).map(
    lambda lines: cmi.OrderHistory(order_id=ORDER, is_found=True, lines=tuple(lines))
)


@given(before=HISTORIES, record=st.sampled_from([CAPTURE, VOID, REFUND]))
def test_a_record_survives_as_text(before, record):
    """What was kept is what was sent, with the history before; and it pickles."""
    kept = attrs.evolve(record, before=before)
    assert kept == cmi.Operation.from_text(kept.to_text())
    assert kept == pickle.loads(pickle.dumps(kept))


@given(before=HISTORIES, after=HISTORIES, minutes=st.integers(0, 100))
def test_not_done_is_never_said_of_money_that_shows(before, after, minutes):
    """Whatever the two histories hold: where a new refund of the amount stands, it is not called not done."""
    record = attrs.evolve(REFUND, before=before)
    resolution = resolution_of(record, after, NOW + timedelta(minutes=minutes))
    known = {at.transaction_id for at in before.lines}
    shown = [
        at
        for at in after.lines
        if at.kind is LineKind.REFUND
        and at.state.is_taken
        and at.captured == HUNDRED
        and at.transaction_id not in known
    ]
    assert not (shown and isinstance(resolution, cmi.OperationNotDone))
    assert minutes >= 15 or not isinstance(resolution, cmi.OperationNotDone)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"version": 2}', '{"version": 1}', VOID.to_text().replace("void", "status").replace('"transaction_id": "T-SALE"', '"transaction_id": null'),
             REFUND.to_text().replace("+00:00", ""), REFUND.to_text().replace('"S"', '"Q"')],
)  # fmt: skip
def test_what_is_no_record_is_refused(text):
    """A record of another kind or version is said to be none."""
    with pytest.raises(cmi.ConfigurationError, match="no operation"):
        cmi.Operation.from_text(text)


def test_a_record_says_what_money_it_moves():
    """A void moves the whole of its target, taken or only reserved; an unknown target nothing that is known."""
    assert HUNDRED == VOID.amount
    assert HUNDRED == operation("void", OPEN, target="T-AUTH").amount
    assert cmi.Money(0) == operation("void", OPEN, target="OTHER").amount


def test_the_guard_forgets_the_oldest():
    """Finished operations are remembered up to a number, so that a client can run for years."""
    guard = Guard(most_remembered=2)
    for name in ("a", "b", "c"):
        assert guard.enter(name, REFUND.request) is None
        guard.finish(cmi.OperationDone(operation=attrs.evolve(REFUND, key=name), transaction_id="T"))
    assert guard.enter("c", REFUND.request)
    assert guard.enter("a", REFUND.request) is None
