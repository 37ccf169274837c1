"""Findings about who bears the fee."""

from datetime import date
from fractions import Fraction

import attrs
import pytest

from cmi_gateway.money import Money
from rak_billing.fees.law import CUSTOMER_FREE_SINCE, TEXTS, legal_findings
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.selectors import Selector
from rak_billing.fees.tariff import Tariff
from support.fees import changed, rule, schedule

RAK_2018 = FeeSchedule.preset("rak-2018")


def test_the_guides_tariff_is_a_finding_from_2024_on():
    """It names schedule, rule, day and every text, in both languages."""
    (finding,) = legal_findings(RAK_2018)
    assert ("rak-2018", 1, CUSTOMER_FREE_SINCE) == (finding.schedule, finding.rule_number, finding.since)
    for words in (finding.french, finding.english):
        assert "16263/2/15" in words
        assert "1017" in words
        assert "Bank Al-Maghrib" in words
        assert "ma-2024" in words
    assert "01/01/2024" in finding.french
    assert "Ask counsel" in finding.english
    assert TEXTS == finding.texts


@pytest.mark.parametrize(
    "lawful",
    [
        attrs.evolve(RAK_2018, valid_until=date(2023, 12, 31)),
        changed(RAK_2018, bearer="utility"),
        changed(RAK_2018, percent=Fraction(0)),
        changed(RAK_2018, when=Selector(cards=["international"])),
        FeeSchedule.preset("ma-2024"),
        schedule(
            rule(percent=Fraction(1), when=Selector(cards=["moroccan"]), bearer="utility"),
            rule(percent=Fraction(1)),
        ),
    ],
)
def test_what_the_texts_allow_is_no_finding(lawful):
    """Before 2024, at the operator's expense, free of charge, or for cards from abroad, also as what an earlier rule leaves."""
    assert () == legal_findings(lawful)


@pytest.mark.parametrize(
    "unlawful",
    [
        changed(RAK_2018, when=Selector()),
        changed(RAK_2018, bearer="shared", customer_share=Fraction(1)),
        attrs.evolve(RAK_2018, valid_until=date(2024, 1, 1)),
        changed(RAK_2018, percent=None, fixed=Money(1)),
        schedule(
            rule(
                percent=Fraction(1),
                when=Selector(cards=["moroccan"], channels=["counter"]),
                bearer="utility",
            ),
            rule(percent=Fraction(1)),
        ),
    ],
)
def test_any_part_that_the_customer_bears_is_a_finding(unlawful):
    """A centime, or a single day."""
    assert 1 == len(legal_findings(unlawful))


@pytest.mark.parametrize(
    ("last_day", "texts"),
    [(date(2024, 9, 30), TEXTS[:-1]), (date(2024, 10, 1), TEXTS), (None, TEXTS)],
)
def test_a_text_of_later_is_not_held_against_a_schedule_that_was_over(last_day, texts):
    """Bank Al-Maghrib's holds from 1 October 2024 on."""
    (finding,) = legal_findings(attrs.evolve(RAK_2018, valid_until=last_day))
    assert texts == finding.texts


def test_every_schedule_and_rule_of_a_tariff_is_looked_at():
    """Each is reported by itself, from its own first day on."""
    two = schedule(
        rule(percent=Fraction(1), when=Selector(cards=["international"])),
        rule(percent=Fraction(1)),
        valid_from=date(2025, 5, 1),
    )
    tariff = Tariff.of(attrs.evolve(RAK_2018, valid_until=date(2025, 4, 30)), two)
    assert [("rak-2018", 1, date(2024, 1, 1)), ("test", 2, date(2025, 5, 1))] == [
        (finding.schedule, finding.rule_number, finding.since) for finding in legal_findings(tariff)
    ]
