"""Fault plans as data: documents in, values out, and whom a rule strikes."""

import json
import re
from contextlib import suppress
from pathlib import Path
from random import Random

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway import Money
from cmi_gateway.errors import FaultPlanError
from cmi_gateway.simulator.fault_book import FaultBook
from cmi_gateway.simulator.fault_plans import KINDS, parse_plan, plan_document, plan_of
from cmi_gateway.simulator.faults import (
    Always,
    ApiCutAfter,
    ApiHtmlError,
    CallbackLate,
    CallbackLost,
    CallbackTampered,
    CallbackTwice,
    FaultPlan,
    FaultRule,
    Next,
    OfAmount,
    OfOrder,
    ReplyLost,
    Sometimes,
)
from cmi_gateway.testing.fault_strategies import fault_plans

TOML = """
seed = 7
[[fault]]
kind = "callback-late"
seconds = 2.5
next = 2
[[fault]]
kind = "callback-tampered"
field = "oid"
value = "X"
order_id = "A-1"
[[fault]]
kind = "reply-lost"
amount = "66.01"
[[fault]]
kind = "api-html-error"
done = true
percent = 20
[[fault]]
kind = "callback-lost"
"""
PLAN = FaultPlan(
    (
        FaultRule(CallbackLate(2.5), Next(2)),
        FaultRule(CallbackTampered("oid", "X"), OfOrder("A-1")),
        FaultRule(ReplyLost(), OfAmount(Money(6601))),
        FaultRule(ApiHtmlError(done=True), Sometimes(20)),
        FaultRule(CallbackLost(), Always()),
    ),
    seed=7,
)


def test_a_toml_plan_is_read():
    """Every selector and setting of the documentation is understood."""
    assert PLAN == parse_plan(TOML)
    assert PLAN == parse_plan(b"\xef\xbb\xbf" + TOML.encode())


def test_every_fault_has_its_own_name():
    """The kinds are words with hyphens, none twice, and each has sound settings by default."""
    assert 21 == len(KINDS)
    assert all(kind.islower() and " " not in kind for kind in KINDS)
    assert list(KINDS) == [fault().kind for fault in KINDS.values()]


@given(fault_plans(most=8))
def test_a_plan_survives_its_document(plan):
    """Written as JSON and read again, a plan is the same."""
    assert plan == parse_plan(json.dumps(plan_document(plan)))


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([], "document"),
        ({"faults": []}, "document: 'faults'"),
        ({"fault": {}}, "fault"),
        ({"fault": [1]}, "fault 1"),
        ({"fault": [{}]}, "fault 1: kind"),
        ({"fault": [{"kind": ["x"]}]}, "fault 1: kind"),
        ({"fault": [{"kind": "callback-early"}]}, "fault 1: kind"),
        ({"fault": [{"kind": "callback-lost", "seconds": 1}]}, "fault 1: 'seconds'"),
        ({"fault": [{"kind": "callback-late", "seconds": -1}]}, "fault 1: seconds"),
        ({"fault": [{"kind": "callback-late", "seconds": True}]}, "fault 1: seconds"),
        ({"fault": [{"kind": "callback-late", "seconds": float("nan")}]}, "fault 1: seconds"),
        ({"fault": [{"kind": "callback-late", "seconds": 1e9}]}, "fault 1: seconds"),
        ({"fault": [{"kind": "declines-before", "times": 0}]}, "fault 1: times"),
        ({"fault": [{"kind": "declines-before", "times": 2.0}]}, "fault 1: times"),
        ({"fault": [{"kind": "callback-truncated", "size": -1}]}, "fault 1: size"),
        ({"fault": [{"kind": "callback-tampered", "field": ""}]}, "fault 1: field"),
        ({"fault": [{"kind": "callback-tampered", "value": "a\r\nb"}]}, "fault 1: value"),
        ({"fault": [{"kind": "api-html-error", "done": "yes"}]}, "fault 1: done"),
        ({"fault": [{"kind": "api-gzip", "on": "captures"}]}, "fault 1: on"),
        ({"fault": [{"kind": "callback-lost", "next": 0}]}, "fault 1: next"),
        ({"fault": [{"kind": "callback-lost", "percent": 101}]}, "fault 1: percent"),
        ({"fault": [{"kind": "callback-lost", "order_id": 5}]}, "fault 1: order_id"),
        ({"fault": [{"kind": "callback-lost", "amount": 66.01}]}, "fault 1: amount"),
        ({"fault": [{"kind": "callback-lost", "amount": "66,01"}]}, "fault 1: amount"),
        ({"fault": [{"kind": "callback-lost", "next": 1, "percent": 5}]}, "fault 1: next, percent"),
        ({"fault": [{"kind": "callback-lost"}] * 101}, "fault"),
        ({"seed": "x"}, "seed"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused(document, place):
    """The error names the place, and no plan comes out."""
    with pytest.raises(FaultPlanError) as caught:
        plan_of(document)
    assert place == caught.value.place
    assert caught.value.reason


@pytest.mark.parametrize("raw", [b"\xff\xfe", "{", "[[fault", "{" + '"a":' * 30_000, b"x" * 70_000, "\x00"])
def test_a_text_that_is_no_document_is_refused(raw):
    """Neither TOML nor JSON, too deep or too large: one error, which quotes nothing of it."""
    with pytest.raises(FaultPlanError) as caught:
        parse_plan(raw)
    assert "document" == caught.value.place


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_any_text_is_a_plan_or_an_error(raw):
    """Whatever stands in a file, reading it ends in a plan or a `FaultPlanError`."""
    with suppress(FaultPlanError):
        assert isinstance(parse_plan(raw), FaultPlan)


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.sampled_from(list(KINDS)),
    st.dictionaries(
        st.sampled_from(
            [
                "seconds",
                "size",
                "times",
                "field",
                "value",
                "done",
                "declared",
                "next",
                "order_id",
                "amount",
                "percent",
            ]
        ),
        JSON_VALUES,
        max_size=3,
    ),
)
def test_any_settings_are_taken_or_refused(kind, settings):
    """Values of any type under known names give a rule or a `FaultPlanError`, nothing else."""
    with suppress(FaultPlanError):
        assert 1 == len(plan_of({"fault": [{"kind": kind, **settings}]}).rules)


def test_next_counts_down_and_stops():
    """The next two payments are struck; a third is not, and a request of another family never was."""
    book = FaultBook(FaultPlan.of(CallbackLost(), when=Next(2)))
    assert () == book.for_request("A")
    struck = [bool(book.for_payment(order, "1.00")) for order in "ABC"]
    assert [True, True, False] == struck
    assert 0 == book.left[0][1]


def test_a_fault_of_operations_spares_queries():
    """The question before an operation uses nothing up."""
    book = FaultBook(FaultPlan.of(ApiCutAfter(on="operations"), when=Next(1)))
    assert () == book.for_request("A", is_query=True)
    assert (ApiCutAfter(on="operations"),) == book.for_request("A", is_query=False)
    assert (ApiCutAfter(on="queries"),) == FaultBook(FaultPlan.of(ApiCutAfter(on="queries"))).for_request("A")


def test_setting_a_plan_begins_anew():
    """Counts are those of the new plan."""
    book = FaultBook(FaultPlan.of(CallbackLost(), when=Next(1)))
    book.for_payment("A", "1.00")
    book.set(book.plan)
    assert (CallbackLost(),) == book.for_payment("A", "1.00")


def test_an_order_and_a_magic_amount_are_singled_out():
    """A rule for an order or an amount strikes it every time, and no other; amounts are compared as money."""
    book = FaultBook(
        FaultPlan(
            (FaultRule(CallbackLost(), OfOrder("A")), FaultRule(CallbackTwice(), OfAmount(Money(6600))))
        )
    )
    assert (CallbackLost(),) == book.for_payment("A", "1.00")
    assert (CallbackTwice(),) == book.for_payment("B", "66")
    assert (CallbackLost(), CallbackTwice()) == book.for_payment("A", "66,00")
    assert () == book.for_payment("B", "66.01")
    assert () == book.for_payment("B", "not an amount")


def test_sometimes_is_repeatable():
    """One seed, one sequence; about the share that was asked for."""
    plan = FaultPlan.of(ApiCutAfter(), when=Sometimes(25))
    first, second = FaultBook(plan), FaultBook(plan)
    struck = [bool(first.for_request("A")) for _ in range(400)]
    assert struck == [bool(second.for_request("A")) for _ in range(400)]
    assert 60 < sum(struck) < 140
    expected = Random(0)
    assert struck == [expected.randrange(100) < 25 for _ in range(400)]


DOCS = Path(__file__).parents[2] / "docs"


def test_the_documented_plan_is_one():
    """The example of the documentation is read without a word."""
    assert 4 == len(parse_plan((DOCS / "examples" / "faults.toml").read_bytes()).rules)


def test_every_fault_and_setting_is_documented():
    """The page's table has a row for each kind, which names its settings and no others."""
    page = (DOCS / "test-without-cmi.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \|([^|]*)\|", page, re.MULTILINE))
    assert ["kind", *KINDS] == list(rows)
    for kind, fault in KINDS.items():
        assert {field.name for field in attrs.fields(fault)} == set(re.findall(r"`(\w+)`", rows[kind])), kind
