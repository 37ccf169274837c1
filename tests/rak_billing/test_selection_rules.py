"""Each rule of selection, alone and together: what it refuses, which invoices it names, and why."""

from datetime import date

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.errors import SelectionError, SelectionRulesError
from rak_billing.invoices import Invoice, InvoiceKind, InvoiceStatus
from rak_billing.selection import SelectionRule as Why
from rak_billing.selection import select
from rak_billing.selection.refusals import REASONS
from rak_billing.selection.rules import (
    GUIDE_RULES,
    RULES,
    AllOrNothing,
    AmountWithin,
    AtMostInvoices,
    GroupsTogether,
    MandatoryIncluded,
    NoCreditNotes,
    NotDisputed,
    NotUnderDirectDebit,
    NotUnderPayment,
    OldestFirst,
    PartialMode,
    PartialPayments,
    SelectionRules,
)
from rak_billing.testing.invoices import bills, choices, selection_rules
from support.bills import PAYMENT_DAY

JAN = Invoice("jan", "EAU", "2018-01", date(2018, 3, 1), Money(1000), contract="C1")
FEB = Invoice("feb", "EAU", "2018-02", date(2018, 4, 1), Money(2000), contract="C2")
MAR = Invoice("mar", "TRAVAUX", "2018-03", date(2018, 5, 1), Money(4000), contract="C1")
BILL = (JAN, FEB, MAR)
NAMES = ("jan", "feb", "mar")


def ruled(*rules, **settings):
    return SelectionRules("test", "1", rules, **settings)


def refused(bill, chosen, rules, **arguments):
    with pytest.raises(SelectionError) as caught:
        select(bill, chosen, on=PAYMENT_DAY, rules=rules, **arguments)
    return caught.value.refusals


def why(bill, chosen, *rules, **arguments):
    return [(r.rule, r.references) for r in refused(bill, chosen, ruled(*rules), **arguments)]


def total(bill, chosen, *rules, **arguments):
    return select(bill, chosen, on=PAYMENT_DAY, rules=ruled(*rules), **arguments).total


def outcome(bill, ticked, rules):
    try:
        return select(bill, ticked, on=PAYMENT_DAY, rules=rules), ()
    except SelectionError as error:
        return None, error.refusals


def test_without_a_rule_any_invoice_may_be_chosen():
    """Mandatory is a demand of a rule, not of the flag alone."""
    bill = (JAN, attrs.evolve(FEB, is_mandatory=True))
    assert Money(1000) == total(bill, ["jan"])


def test_the_mandatory_one_is_demanded_by_its_rule():
    """Rule R23, as data."""
    bill = (JAN, attrs.evolve(FEB, is_mandatory=True))
    assert [(Why.MANDATORY_LEFT_OUT, ("feb",))] == why(bill, ["jan"], MandatoryIncluded())


@pytest.mark.parametrize(
    ("changes", "rule", "reason"),
    [
        ({"kind": "credit-note"}, NoCreditNotes(), Why.CREDIT_NOTE),
        ({"is_direct_debit": True}, NotUnderDirectDebit(), Why.UNDER_DIRECT_DEBIT),
        ({"is_disputed": True}, NotDisputed(), Why.DISPUTED),
    ],
)
def test_what_a_flag_bars_is_neither_selected_nor_demanded(changes, rule, reason):
    """The invoice is refused by name, and a mandatory one that is barred locks nobody out."""
    bill = (JAN, attrs.evolve(FEB, is_mandatory=True, **changes))
    assert [(reason, ("feb",))] == why(bill, ["jan", "feb"], MandatoryIncluded(), rule)
    assert Money(1000) == total(bill, ["jan"], MandatoryIncluded(), rule)
    assert Money(3000) == total(bill, ["jan", "feb"], MandatoryIncluded())


def test_what_a_payment_under_way_holds_is_not_selected_again():
    """The caller knows which; the rule decides what follows."""
    assert [(Why.UNDER_PAYMENT, ("feb",))] == why(BILL, ["feb"], NotUnderPayment(), under_payment={"feb"})
    assert Money(2000) == total(BILL, ["feb"], under_payment={"feb"})


@pytest.mark.parametrize("status", [InvoiceStatus.PAID, InvoiceStatus.POSTING, InvoiceStatus.CANCELLED])
def test_only_an_unpaid_invoice_has_something_to_pay(status):
    """Paid, being posted or cancelled: whatever the rules, it is not paid (rule R16)."""
    assert [(Why.NOT_PAYABLE, ("jan",))] == why((attrs.evolve(JAN, status=status), FEB), ["jan", "feb"])


def test_the_guides_rules_bar_what_other_flags_say():
    """Nobody pays by mistake what the bank collects, what is contested or what is owed to them."""
    flagged = [
        attrs.evolve(JAN, is_disputed=True),
        attrs.evolve(FEB, is_direct_debit=True),
        attrs.evolve(MAR, kind=InvoiceKind.CREDIT_NOTE),
    ]
    refusals = refused(flagged, NAMES, GUIDE_RULES)
    assert [Why.DISPUTED, Why.UNDER_DIRECT_DEBIT, Why.CREDIT_NOTE] == [r.rule for r in refusals]


@pytest.mark.parametrize(
    ("within", "chosen", "left_out"),
    [("bill", ["mar"], ["jan", "feb"]), ("service", ["feb"], ["jan"]), ("contract", ["mar"], ["jan"])],
)
def test_the_oldest_comes_first(within, chosen, left_out):
    """Every older invoice of the same bill, service or contract that is left out is named."""
    expected = [(Why.OLDER_LEFT_OUT, (name,)) for name in left_out]
    assert expected == why(BILL, chosen, OldestFirst(within))
    assert total(BILL, [*chosen, *left_out], OldestFirst(within))


def test_invoices_of_one_day_are_free_among_themselves():
    """Neither is older."""
    twin = attrs.evolve(JAN, reference="twin")
    assert Money(1000) == total((JAN, twin), ["twin"], OldestFirst())


def test_an_older_invoice_that_is_barred_is_not_waited_for():
    """What cannot be paid holds nothing up."""
    bill = (attrs.evolve(JAN, is_disputed=True), FEB)
    assert Money(2000) == total(bill, ["feb"], OldestFirst(), NotDisputed())


def test_all_or_nothing_names_what_is_missing():
    """One refusal, with every invoice that was left out."""
    assert [(Why.SOME_LEFT_OUT, ("feb", "mar"))] == why(BILL, ["jan"], AllOrNothing())
    assert Money(7000) == total(BILL, NAMES, AllOrNothing())


def test_no_more_invoices_than_allowed():
    """The limit is part of the refusal."""
    (refusal,) = refused(BILL, NAMES, ruled(AtMostInvoices(2)))
    assert (Why.TOO_MANY, NAMES, 2) == (refusal.rule, refusal.references, refusal.limit)
    assert "2 facture(s) au plus" in refusal.message
    assert Money(3000) == total(BILL, ["jan", "feb"], AtMostInvoices(2))


@pytest.mark.parametrize(
    ("chosen", "reason", "limit"),
    [(["jan"], Why.AMOUNT_TOO_SMALL, Money(2000)), (["feb", "mar"], Why.AMOUNT_TOO_LARGE, Money(5000))],
)
def test_the_total_lies_within_its_bounds(chosen, reason, limit):
    """Both ends count as within; the bound that is broken is named."""
    rule = AmountWithin(Money(2000), Money(5000))
    (refusal,) = refused(BILL, chosen, ruled(rule))
    assert (reason, limit) == (refusal.rule, refusal.limit)
    assert Money(2000) == total(BILL, ["feb"], rule)
    assert Money(5000) == total(BILL, ["jan", "mar"], rule)


def test_a_bound_in_another_currency_lets_nothing_pass():
    """What cannot be compared is refused, not ignored."""
    assert [(Why.NOT_ONE_PAYMENT, ())] == why(BILL, ["jan"], AmountWithin(maximum=Money(10**6, "EUR")))


def test_a_group_goes_together():
    """The members that were left out are named, group by group."""
    bill = (attrs.evolve(JAN, group="G"), attrs.evolve(FEB, group="G"), MAR)
    assert [(Why.GROUP_SPLIT, ("feb",))] == why(bill, ["jan", "mar"], GroupsTogether())
    assert Money(3000) == total(bill, ["jan", "feb"], GroupsTogether())
    assert Money(4000) == total(bill, ["mar"], GroupsTogether())


def test_one_barred_member_bars_its_group():
    """They go together, and it cannot go: paying the rest alone would split the group."""
    bill = (attrs.evolve(JAN, group="G"), attrs.evolve(FEB, group="G", is_disputed=True), MAR)
    (refusal,) = refused(bill, ["jan"], ruled(GroupsTogether(), NotDisputed()))
    assert (Why.GROUP_BARRED, "jan", ("jan", "feb")) == (refusal.rule, refusal.reference, refusal.references)
    assert Money(4000) == total(bill, ["mar"], GroupsTogether(), NotDisputed(), OldestFirst())


def test_every_refusal_comes_at_once():
    """Ticks first, then what is barred, then each rule in its turn."""
    bill = (attrs.evolve(JAN, is_mandatory=True), attrs.evolve(FEB, is_disputed=True), MAR)
    rules = ruled(AmountWithin(maximum=Money(100)), NotDisputed(), OldestFirst(), MandatoryIncluded())
    assert [
        (Why.UNKNOWN_REFERENCE, "999"),
        (Why.DISPUTED, "feb"),
        (Why.AMOUNT_TOO_LARGE, None),
        (Why.OLDER_LEFT_OUT, "jan"),
        (Why.MANDATORY_LEFT_OUT, "jan"),
    ] == [(r.rule, r.reference) for r in refused(bill, ["999", "mar", "feb"], rules)]


def test_every_reason_is_given_in_french_and_in_english():
    """No rule refuses without words, and both languages name the same things."""
    assert set(Why) == set(REASONS)
    for french, english in REASONS.values():
        assert french != english
        for field in ("{reference}", "{references}", "{limit}"):
            assert (field in french) == (field in english)


@given(st.data())
def test_a_selection_keeps_every_rule_and_a_refusal_names_the_bill(data):
    """For any bill, rules and ticks: whole invoices of the bill that can be paid, or reasons in two languages."""
    bill = data.draw(bills())
    ticked, rules = data.draw(choices(bill)), data.draw(selection_rules())
    selection, refusals = outcome(bill, ticked, rules)
    if selection is None:
        known = {invoice.reference for invoice in bill}
        assert refusals
        assert all(refusal.message and refusal.message_en for refusal in refusals)
        assert all({*refusal.references} <= known | {*ticked} for refusal in refusals)
    else:
        assert {*ticked} == {invoice.reference for invoice in selection.invoices}
        assert all(invoice.is_payable for invoice in selection.invoices)
        assert selection.total == sum(selection.amounts)


HALF = {"jan": Money(500)}
TWICE = {"jan": Money(2000)}


@pytest.mark.parametrize(
    ("mode", "amounts", "reason", "limit"),
    [
        (PartialMode.EXACT, HALF, Why.PART_NOT_ALLOWED, Money(1000)),
        (PartialMode.EXACT, TWICE, Why.PART_NOT_ALLOWED, Money(1000)),
        (PartialMode.AT_LEAST, HALF, Why.PART_TOO_SMALL, Money(1000)),
        (PartialMode.AT_MOST, TWICE, Why.PART_TOO_LARGE, Money(1000)),
        (PartialMode.AT_MOST, {"jan": Money(0)}, Why.PART_TOO_SMALL, Money(1)),
        (PartialMode.FREE, {"jan": Money(-5)}, Why.PART_TOO_SMALL, Money(1)),
        (PartialMode.FREE, {"jan": Money(5, "EUR")}, Why.PART_NOT_ALLOWED, Money(1000)),
    ],
)
def test_parts_are_refused_where_nobody_opted_in(mode, amounts, reason, limit):
    """Each mode refuses what it does not name, and says how much may be paid."""
    (refusal, *_) = refused(BILL, ["jan"], ruled(partial=PartialPayments(mode)), amounts=amounts)
    assert (reason, "jan", limit) == (refusal.rule, refusal.reference, refusal.limit)


@pytest.mark.parametrize(
    ("mode", "amounts"),
    [
        (PartialMode.EXACT, {"jan": Money(1000)}),
        (PartialMode.AT_LEAST, TWICE),
        (PartialMode.AT_MOST, HALF),
        (PartialMode.FREE, HALF),
        (PartialMode.FREE, TWICE),
    ],
)
def test_parts_are_taken_where_the_operator_opted_in(mode, amounts):
    """The total is what is paid, and the selection says how much of each."""
    rules = ruled(partial=PartialPayments(mode))
    selection = select(BILL, ["jan", "feb"], on=PAYMENT_DAY, rules=rules, amounts=amounts)
    assert (amounts["jan"], Money(2000)) == selection.amounts
    assert amounts["jan"] + Money(2000) == selection.total


def test_parts_have_bounds_of_their_own():
    """A minimum for each invoice, which one with less left pays whole, and a maximum."""
    for mode in (PartialMode.AT_MOST, PartialMode.FREE):
        rules = ruled(partial=PartialPayments(mode, Money(1500), Money(3000)))
        part = {"mar": Money(1499)}
        (refusal,) = refused(BILL, ["mar"], rules, amounts=part)
        assert (Why.PART_TOO_SMALL, Money(1500)) == (refusal.rule, refusal.limit)
        (refusal,) = refused(BILL, ["jan"], rules, amounts=HALF)
        assert (Why.PART_TOO_SMALL, Money(1000)) == (refusal.rule, refusal.limit)
        (refusal,) = refused(BILL, ["mar"], rules, amounts={"mar": Money(3001)})
        assert (Why.PART_TOO_LARGE, Money(3000)) == (refusal.rule, refusal.limit)


def test_an_amount_for_what_is_not_chosen_is_refused():
    """It would be forgotten silently."""
    rules = ruled(partial=PartialPayments(PartialMode.FREE))
    (refusal,) = refused(BILL, ["feb"], rules, amounts=HALF)
    assert (Why.PART_NOT_CHOSEN, "jan") == (refusal.rule, refusal.reference)


def test_an_amount_is_money():
    """A float is a caller's slip."""
    with pytest.raises(TypeError, match="Money"):
        select(BILL, ["jan"], on=PAYMENT_DAY, amounts={"jan": 5.0})


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: ruled("mandatory-included"), "rules"),
        (lambda: ruled(AllOrNothing(), AllOrNothing()), "rules"),
        (lambda: SelectionRules("", "1", ()), "id"),
        (lambda: SelectionRules("a", 1, ()), "version"),
        (lambda: ruled(partial="exact"), "partial"),
        (lambda: OldestFirst("year"), "within"),
        (lambda: AtMostInvoices(0), "count"),
        (lambda: AtMostInvoices(True), "count"),
        (lambda: AmountWithin(Money(0)), "minimum"),
        (lambda: AmountWithin(maximum=10.5), "maximum"),
        (lambda: AmountWithin(Money(2), Money(1)), "maximum"),
        (lambda: AmountWithin(Money(2), Money(3, "EUR")), "maximum"),
        (lambda: PartialPayments("free"), "mode"),
        (lambda: PartialPayments(minimum=Money(5)), "minimum"),
        (lambda: PartialPayments(maximum=Money(5)), "maximum"),
    ],
)
def test_rules_that_mean_nothing_are_refused_where_they_are_made(make, key):
    """The error names the key."""
    with pytest.raises(SelectionRulesError) as caught:
        make()
    assert key == caught.value.key


def test_rules_that_differ_have_another_fingerprint():
    """Whatever their version says: a forgotten version hides no change."""
    variants = [
        ruled(),
        ruled(AllOrNothing()),
        ruled(AtMostInvoices(2)),
        ruled(AtMostInvoices(3)),
        GUIDE_RULES,
    ]
    variants += [ruled(partial=PartialPayments(PartialMode.FREE)), ruled(AmountWithin(Money(1)))]
    assert len(variants) == len({rules.fingerprint for rules in variants})
    assert ruled().fingerprint == SelectionRules("other", "2", ()).fingerprint


def test_every_rule_has_a_name_for_files():
    """The table of names is complete."""
    assert all(kind == rule.kind for kind, rule in RULES.items())
    assert 10 == len(RULES)
