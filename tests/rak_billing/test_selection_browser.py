"""The rules as JSON, and the script that judges by them: the browser's refusals are the server's, word for word."""

import json
from datetime import date
from importlib import resources
from pathlib import Path

import attrs
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.selection import SelectionRule
from rak_billing.selection.browser import bill_for_browser, rules_for_browser
from rak_billing.selection.judging import bill_of, judge
from rak_billing.selection.rules import (
    GUIDE_RULES,
    AllOrNothing,
    AmountWithin,
    AtMostInvoices,
    GroupsTogether,
    OldestFirst,
    PartialMode,
    PartialPayments,
    SelectionRules,
)
from rak_billing.testing.invoices import bills, choices, selection_rules
from support.bills import INVOICE_A, INVOICE_B
from support.counts import count
from support.node import needs_node, run_node

SCRIPT = Path(str(resources.files("rak_billing.selection") / "selection.js"))
CALL = (
    "({rules, bill, ticked, amounts}) => {"
    " try { return rakSelection.refusals(rules, bill, ticked, amounts && new Map(amounts)); }"
    " catch (error) { return error.message; } }"
)


def plain(limit):
    return {"centimes": limit.centimes, "currency": limit.currency} if isinstance(limit, Money) else limit


def case(bill, ticked, rules, *, under_payment=(), amounts=None):
    """Give one question to the script, and the answer that the server gives."""
    verdict = judge(bill_of(bill, rules, under_payment), ticked, amounts)
    question = {
        "rules": rules_for_browser(rules),
        "bill": bill_for_browser(bill, under_payment),
        "ticked": list(ticked),
        "amounts": None if amounts is None else [[name, plain(amount)] for name, amount in amounts.items()],
    }
    answer = [attrs.asdict(refusal, recurse=False) for refusal in verdict.refusals]
    return question, [a | {"limit": plain(a["limit"]), "references": [*a["references"]]} for a in answer]


@st.composite
def cases(draw):
    """Draw a bill, with one invoice twice now and then, other currencies, ticks, rules and parts."""
    money = st.builds(Money, st.integers(-500, 500_000), st.sampled_from(["MAD", "MAD", "MAD", "EUR"]))
    bill = draw(bills(max_size=6, amount=money))
    if bill and draw(st.integers(0, 4)) == 0:
        bill = (*bill, bill[0])
    ticked = draw(choices(bill))
    held = draw(st.lists(st.sampled_from([i.reference for i in bill]), max_size=1)) if bill else []
    some = st.sampled_from([*ticked, "stranger"])
    amounts = draw(st.none() | st.dictionaries(some, money, max_size=3))
    return case(bill, ticked, draw(selection_rules()), under_payment=held, amounts=amounts)


def month(number, **changes):
    return attrs.evolve(INVOICE_A, reference=f"m{number}", due_date=date(2018, number, 1), **changes)


def every_reason():
    """Give questions that together are refused for every reason there is."""
    odd = [
        month(1, is_mandatory=True),
        month(2, kind="credit-note"),
        month(3, is_direct_debit=True),
        month(4, is_disputed=True, group="G"),
        month(5, group="G"),
        month(6, status="paid"),
        month(7, group="H"),
        month(8, group="H"),
        month(9),
    ]
    strict = (OldestFirst(), GroupsTogether(), AllOrNothing(), AtMostInvoices(1))
    rules = SelectionRules("a", "1", (*GUIDE_RULES.rules, *strict, AmountWithin(maximum=Money(1))))
    names = [*(invoice.reference for invoice in odd[1:7]), "m9", "m9", "strange"]
    free = PartialPayments(PartialMode.FREE, Money(500), Money(900))
    few = SelectionRules("a", "1", (AmountWithin(minimum=Money(10**6)),), free)
    parts = {"m1": Money(1), "m2": Money(10**5), "m3": Money(600)}
    yield case(odd, names, rules, under_payment=["m9"])
    yield case(odd, ["m7", "m9"], rules)
    yield case([month(1), month(2), month(3)], ["m1", "m2"], few, amounts=parts)
    yield case([month(1)], ["m1"], GUIDE_RULES, amounts={"m1": Money(1)})
    yield case([month(1), month(2, amount=Money(1, "EUR"))], ["m1", "m2"], GUIDE_RULES)
    yield case([month(1)], [], GUIDE_RULES)


@needs_node
def test_the_browser_gives_every_reason_as_the_server_does():
    """No rule is left out of the comparison by chance."""
    questions, expected = zip(*every_reason(), strict=True)
    assert set(SelectionRule) == {refusal["rule"] for answer in expected for refusal in answer}
    assert list(expected) == run_node(SCRIPT, CALL, questions)


@needs_node
def test_the_browser_refuses_what_the_server_refuses():
    """Rule by rule, invoice by invoice, in the same order and the same words, for random rules, bills and ticks."""
    drawn = []

    @settings(max_examples=count(100, 2000), phases=[Phase.generate], database=None)
    @given(cases())
    def draw(one):
        drawn.append(one)

    draw()
    questions, expected = zip(*drawn, strict=True)
    assert list(expected) == run_node(SCRIPT, CALL, questions)


@needs_node
def test_the_browser_leaves_unknown_rules_to_the_server():
    """A page that is older than the rules must not say that all is well."""
    rules = rules_for_browser(GUIDE_RULES)
    bill = bill_for_browser([INVOICE_A])
    questions = [
        {"rules": rules | {"format": 2}, "bill": bill, "ticked": [], "amounts": None},
        {"rules": rules | {"rules": [{"rule": "toString"}]}, "bill": bill, "ticked": [], "amounts": None},
    ]
    assert ["expected rules of format 1, not 2", "unknown rule toString"] == run_node(SCRIPT, CALL, questions)


def test_the_json_is_the_documented_one():
    """Settings beside the rule's name, amounts in whole centimes, the reasons to be filled in."""
    limits = AmountWithin(minimum=Money(100), maximum=None)
    rules = SelectionRules("rak", "2026-1", (OldestFirst("service"), AtMostInvoices(4), limits))
    made = rules_for_browser(rules)
    assert made == json.loads(json.dumps(made))
    assert [
        {"rule": "oldest-first", "within": "service"},
        {"rule": "at-most-invoices", "count": 4},
        {"rule": "amount-within", "minimum": {"centimes": 100, "currency": "MAD"}, "maximum": None},
    ] == made["rules"]
    assert {"mode": "exact", "minimum": None, "maximum": None} == made["partial"]
    assert "{limit}" in made["reasons"]["too-many"]["fr"]


def test_the_bill_tells_a_browser_no_more_than_the_rules_need():
    """No name, no address, no text of the back end."""
    (facts,) = bill_for_browser(
        [attrs.evolve(INVOICE_B, text="secret", is_disputed=True)], {INVOICE_B.reference}
    )
    assert "secret" not in json.dumps(facts)
    assert {
        "centimes": 10581,
        "disputed": True,
        "underPayment": True,
        "due": "2018-05-14",
    }.items() <= facts.items()


@pytest.mark.parametrize("name", ["mode", "rules", "id", "version", "format", "most", "reasons"])
def test_the_script_and_the_page_speak_of_the_same_keys(name):
    """A key is renamed on both sides or on neither."""
    assert name in json.dumps(rules_for_browser(GUIDE_RULES))
