"""A fee explains itself so that a treasurer can follow."""

import re
from fractions import Fraction

import attrs
import pytest
from hypothesis import given

from cmi_gateway.money import Money
from rak_billing.fees.explanation_texts import MODES, STEPS
from rak_billing.fees.parts import PerBlock, PerIncrement
from rak_billing.fees.rounding import Rounding, RoundingMode, half_up, round_exact
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.tiers import Tier, Tiers
from rak_billing.testing.fees import fee_rules, selected_amounts
from support.bills import PAYMENT_DAY, guide_fee
from support.fees import ADDED, EXEMPT, changed, fee_of, rule, schedule


def explained(language, **changes):
    schedule = changed(FeeSchedule.preset("rak-2018"), **changes)
    return schedule.fee(Money(21883), invoices=2, on=PAYMENT_DAY).explain(language)


def test_the_steps_in_french():
    """Every figure between the invoices and the parts of the fee is shown."""
    assert (
        "Barème rak-2018, version 1.",
        "Total des factures choisies : 218,83 DH.",
        "Part proportionnelle : 218,83 × 1,1 ÷ 100 = 2,40713",
        "Arrondi à 0,01 DH près, au plus proche, la moitié vers le haut : 2,41 DH.",
        "Hors taxe : 2,41 ÷ 1,1 = 2,190909…, arrondi au centime le plus proche : 2,19 DH.",
        "TVA 10 %, par différence : 2,41 − 2,19 = 0,22 DH.",
    ) == guide_fee("218.83").explain()


def test_the_steps_in_english():
    """The same steps, with English points."""
    assert (
        "Schedule rak-2018, version 1.",
        "Total of the chosen invoices: 218.83 DH.",
        "Proportional part: 218.83 × 1.1 ÷ 100 = 2.40713",
        "Rounded to 0.01 DH, to the nearest, halves up: 2.41 DH.",
        "Without VAT: 2.41 ÷ 1.1 = 2.190909…, rounded to the nearest centime: 2.19 DH.",
        "VAT 10%, by difference: 2.41 − 2.19 = 0.22 DH.",
    ) == explained("en")


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fr", "Ces frais de 2,41 DH sont à la charge de l'opérateur : le client paie 0,00 DH."),
        ("en", "The operator bears this fee of 2.41 DH: the customer pays 0.00 DH."),
    ],
)
def test_a_fee_that_the_merchant_bears_says_so(language, expected):
    """Who pays is the last word."""
    assert expected == explained(language, bearer="utility")[-1]


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("mode", RoundingMode)
def test_every_rounding_has_words(language, mode):
    """No mode is left without an explanation, and the quantum is shown."""
    step = explained(language, rounding=Rounding(mode, 5))[3]
    assert "0,05 DH" in step or "0.05 DH" in step


def test_an_endless_fraction_is_shown_cut():
    """Six decimals and a sign that more follow; a rate is written as the division that it is, to be typed in."""
    assert (
        "Part proportionnelle : 218,83 × 1 ÷ 3 ÷ 100 = 0,729433…"
        == explained("fr", percent=Fraction(1, 3))[2]
    )


def test_another_currency_is_named():
    """« DH » stands for dirhams only."""
    schedule = attrs.evolve(FeeSchedule.preset("rak-2018"), currency="EUR")
    assert "100,00 EUR" in schedule.fee(Money(10000, "EUR"), invoices=1, on=PAYMENT_DAY).explain()[1]


#: « 218.83 × 1.1 ÷ 100 = 2.40713 », anywhere in a step.
OPERATION = re.compile(r"((?:[\d.…]+ [×÷+−] )+[\d.…]+) = ([\d.…]+)")
ROUNDED = re.compile(r"Rounded (?:first )?to ([\d.]+) \w+, (.+): ([\d.]+) \w+\.")
BOUND = re.compile(r"([\d.…]+) is (below|above) the (?:minimum|maximum): ([\d.]+) DH\.")
NET = re.compile(r"rounded to the nearest centime: ([\d.]+) DH\.")
WORDS = {words["en"]: mode for mode, words in MODES.items()}


def number(shown):
    """Give the number and whether it was cut."""
    return Fraction(shown.rstrip("…").rstrip(".")), shown.endswith("…")


def recomputed(operation):
    """Work an operation out as a pocket calculator with precedence does; tell whether an operand was cut."""
    total, sign, product, is_cut = Fraction(0), 1, Fraction(0), False
    tokens = operation.split(" ")
    for operator, operand in zip(["+", *tokens[1::2]], tokens[::2], strict=True):
        value, cut = number(operand)
        is_cut |= cut
        if operator in "+−":
            total += sign * product
            sign, product = (1 if operator == "+" else -1), value
        else:
            product = product * value if operator == "×" else product / value
    return total + sign * product, is_cut


def check(steps):
    """Follow the steps with a calculator: every operation and every rounding must come out as shown."""
    exact = None
    for step in steps:
        for operation, result in OPERATION.findall(step):
            found, is_cut = recomputed(operation)
            shown, is_open = number(result)
            if is_cut:
                assert abs(found - shown) < Fraction(1, 10)
            else:
                assert (found > shown) == is_open
                assert 0 <= found - shown < Fraction(1, 10**6)
            # Any value within the cut rounds alike: no border has so many decimals.
            exact = shown + (Fraction(1, 2 * 10**6) if is_open else 0)
        if match := re.fullmatch(r"Fixed part: ([\d.]+)", step):
            exact = Fraction(match[1])
        if match := BOUND.fullmatch(step):
            assert (number(match[1])[0] < Fraction(match[3])) == (match[2] == "below")
            exact = Fraction(match[3])
        if match := NET.search(step):
            assert half_up((exact * 100).numerator, (exact * 100).denominator) == Fraction(match[1]) * 100
        if match := ROUNDED.fullmatch(step):
            quantum, mode, shown = Fraction(match[1]), WORDS[match[2]], Fraction(match[3])
            steps_of_quantum = exact / quantum
            rounded = round_exact(steps_of_quantum.numerator, steps_of_quantum.denominator, mode) * quantum
            assert (rounded, step) == (shown, step)
            exact = shown


@given(fee_rules(), selected_amounts(most_invoices=4))
def test_the_steps_can_be_followed_with_a_calculator(drawn, amounts):
    """Whatever the rule: every operation shown comes out, and leads to the fee."""
    fee = schedule(drawn).fee(sum(amounts), invoices=amounts, on=PAYMENT_DAY)
    steps = fee.explain("en")
    check(steps)
    paid = fee.computation.gross
    assert any(f"{Money(paid)}" in step for step in steps)


@given(fee_rules(), selected_amounts(most_invoices=4))
def test_both_languages_say_the_same(drawn, amounts):
    """As many steps, with the same figures."""
    fee = schedule(drawn).fee(sum(amounts), invoices=amounts, on=PAYMENT_DAY)

    def figures(steps):
        # Words hold figures too: « 05up » names two of them.
        for words in MODES.values():
            steps = [step.replace(words["fr"], "").replace(words["en"], "") for step in steps]
        return [re.findall(r"\d+(?:[.,]\d+)?…?", step.replace(",", ".")) for step in steps]

    assert figures(fee.explain("fr")) == figures(fee.explain("en"))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_word_is_in_both_languages(language):
    """No step lacks a translation."""
    for texts in (*STEPS.values(), *MODES.values()):
        assert texts[language]


def test_invoices_of_nothing_share_a_fixed_fee_alike():
    """Where no amount weighs anything, each invoice has an equal part, and the step says so."""
    fee = fee_of(rule(fixed=Money(100), allocation="last-line"), "0.00", "0.00", "0.00")
    assert "Part of invoice 3: 1.00 × 1.00 ÷ 3.00 = 0.333333…; taken: 0.34 DH." == fee.explain("en")[-1]


@pytest.mark.parametrize(
    "facts",
    [
        {"percent": Fraction("1.1"), "gross_up": "exact-search"},
        {"percent": Fraction("1.1"), "gross_up": "exact-search", "vat": ADDED, "minimum": Money(300)},
        {"percent": Fraction(0), "gross_up": "exact-search"},
        {"percent": Fraction("1.0875"), "gross_up": "closed-form", "vat": ADDED},
        {"percent": Fraction(1), "rounding": {"point": "net-then-vat"}},
        {"percent": Fraction(1), "vat": ADDED, "rounding": {"point": "net-per-invoice"}},
        {"percent": Fraction(1), "vat": EXEMPT, "rounding": {"point": "net-and-vat-per-invoice"}},
        {"per_block": PerBlock(invoices=4, amount=Money(150)), "maximum": Money(100)},
        {"per_increment": PerIncrement(step=Money(10000), amount=Money(375)), "fixed": Money(1)},
        {"tiers": Tiers("marginal", [Tier(up_to=Money(9999), percent=Fraction(1)), Tier()])},
        {"percent": Fraction(1), "bearer": "shared", "customer_share": Fraction(50)},
        {"percent": Fraction(1), "bearer": "shared", "customer_share": Fraction(50), "vat": EXEMPT},
        {"percent": Fraction(1), "bearer": "utility", "allocation": "last-line"},
        {"percent": Fraction(1), "allocation": "largest-remainder"},
        {"per_invoice": Money(50), "vat": EXEMPT},
        {"tiers": Tiers("slab", [Tier(percent=Fraction(1), fixed=Money(50))])},
        {"percent": Fraction(1), "vat": ADDED, "rounding": {"point": "gross-per-invoice"}},
        {"percent": Fraction(1), "vat": ADDED, "rounding": {"point": "net-and-vat-per-invoice"}},
        {"percent": Fraction(1), "vat": ADDED, "rounding": {"point": "net-and-vat"}},
        {"percent": Fraction(1), "rounding": {"base_quantum": 100, "intermediate_quantum": Fraction(1, 10)}},
    ],
)
def test_every_kind_of_step_can_be_followed(facts):
    """Each kind of rule once, whatever chance draws."""
    fee = fee_of(rule(**facts), "113.02", "105.81")
    check(fee.explain("en"))
    assert len(fee.explain("en")) == len(fee.explain("fr"))
