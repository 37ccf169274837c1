"""A fee explains itself so that a treasurer can follow."""

from fractions import Fraction

import attrs
import pytest

from cmi_gateway.money import Money
from rak_billing.fees.rounding import Rounding, RoundingMode
from rak_billing.fees.schedule import FeeSchedule
from support.bills import PAYMENT_DAY, guide_fee
from support.fees import changed


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
    """Six decimals and a sign that more follow."""
    assert (
        "Part proportionnelle : 218,83 × 0,333333… ÷ 100 = 0,729433…"
        == explained("fr", percent=Fraction(1, 3))[2]
    )


def test_another_currency_is_named():
    """« DH » stands for dirhams only."""
    schedule = attrs.evolve(FeeSchedule.preset("rak-2018"), currency="EUR")
    assert "100,00 EUR" in schedule.fee(Money(10000, "EUR"), invoices=1, on=PAYMENT_DAY).explain()[1]
