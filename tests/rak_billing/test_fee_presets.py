"""The packaged schedules, each with the text that it follows."""

from datetime import date

import pytest

from cmi_gateway.money import Money
from rak_billing.errors import FeeError
from rak_billing.fees.law import legal_findings
from rak_billing.fees.reader import preset_names
from rak_billing.fees.schedule import FeeSchedule

TODAY = date(2026, 11, 23)


def test_these_are_packaged():
    """Six, by name."""
    assert ("fixed", "gross-up", "ma-2024", "per-4-invoices", "percent-min", "rak-2018") == preset_names()


@pytest.mark.parametrize("name", preset_names())
def test_each_bears_its_name_and_its_source(name):
    """A figure without a source is a rumour."""
    schedule = FeeSchedule.preset(name)
    assert name == schedule.id
    assert len(schedule.follows) > 20


@pytest.mark.parametrize(
    ("name", "total", "facts", "paid", "borne"),
    [
        ("rak-2018", "113.02", (1, "moroccan", TODAY), "1.24", "0.00"),
        ("rak-2018", "218.83", (2, "international", TODAY), "2.41", "0.00"),
        ("ma-2024", "218.83", (2, "moroccan", TODAY), "0.00", "1.81"),
        ("per-4-invoices", "218.83", (4, "moroccan", TODAY), "0.00", "1.80"),
        ("per-4-invoices", "218.83", (5, "moroccan", TODAY), "0.00", "3.60"),
        ("percent-min", "113.02", (1, "international", TODAY), "3.30", "0.00"),
        ("percent-min", "1000.00", (1, "international", TODAY), "11.00", "0.00"),
        ("fixed", "218.83", (2, "moroccan", date(2020, 9, 1)), "3.60", "0.00"),
        ("gross-up", "113.02", (1, "international", TODAY), "1.26", "0.00"),
        ("gross-up", "218.83", (2, "international", TODAY), "2.43", "0.00"),
    ],
)
def test_what_they_charge(name, total, facts, paid, borne):
    """What the customer pays and what the operator bears, for known amounts."""
    count, card, day = facts
    fee = FeeSchedule.preset(name).fee(Money.parse(total), invoices=count, card=card, on=day)
    assert (paid, borne) == (str(fee.gross), str(fee.merchant_cost))


def test_international_cards_are_the_operators_choice_since_2024():
    """The schedule of 2024 does not price them until a rule of one's own does."""
    with pytest.raises(FeeError, match="prices moroccan cards"):
        FeeSchedule.preset("ma-2024").fee(Money(100), invoices=1, card="international", on=TODAY)


def test_a_fixed_fee_of_2020_ended():
    """It holds until the circulars, and no longer."""
    with pytest.raises(FeeError, match="until 2023-12-31"):
        FeeSchedule.preset("fixed").fee(Money(100), invoices=1, on=TODAY)


def test_only_the_guides_tariff_runs_into_the_law():
    """It is kept open-ended for the demo; every other one respects the texts."""
    assert ["rak-2018"] == [name for name in preset_names() if legal_findings(FeeSchedule.preset(name))]
