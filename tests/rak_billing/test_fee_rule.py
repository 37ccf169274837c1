"""What a rule refuses: values that are not allowed, and values that do not go together."""

from fractions import Fraction

import attrs
import pytest

from cmi_gateway.money import Money
from rak_billing.errors import FeeError, FeeScheduleError
from rak_billing.fees.parts import PerBlock, PerIncrement
from rak_billing.fees.rounding import Rounding
from rak_billing.fees.selectors import Circumstances, Selector
from rak_billing.fees.tiers import Tier, Tiers
from rak_billing.fees.vat import Vat
from support.fees import ADDED, DAY, money, rule, schedule

PERCENT = {"percent": Fraction("1.1")}
TIERS = Tiers("slab", [Tier(percent=Fraction(1))])


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        ({}, "percent"),
        ({"percent": 1.1}, "percent"),
        ({"percent": Fraction(-1)}, "percent"),
        ({"percent": Fraction(101)}, "percent"),
        ({"fixed": 3.6}, "fixed"),
        ({"fixed": Money(-1)}, "fixed"),
        ({**PERCENT, "bearer": "nobody"}, "bearer"),
        ({**PERCENT, "bearer": "merchant"}, "bearer"),
        ({**PERCENT, "bearer": "shared"}, "customer_share"),
        ({**PERCENT, "bearer": "shared", "customer_share": Fraction(0)}, "customer_share"),
        ({**PERCENT, "bearer": "shared", "customer_share": Fraction(100)}, "customer_share"),
        ({**PERCENT, "customer_share": Fraction(50)}, "customer_share"),
        ({**PERCENT, "minimum": Money(2), "maximum": Money(1)}, "maximum"),
        ({**PERCENT, "when": ["moroccan"]}, "when"),
        ({**PERCENT, "vat": "10"}, "vat"),
        ({**PERCENT, "gross_up": "yes"}, "gross_up"),
        ({**PERCENT, "gross_up": None}, "gross_up"),
        ({**PERCENT, "allocation": "even"}, "allocation"),
        ({**PERCENT, "rounding": "half-up"}, "rounding"),
        ({"per_block": 4}, "per_block"),
        ({"fixed": Money(1), "rounding": {"point": "gross-per-invoice"}}, "fixed"),
        (
            {
                "per_block": PerBlock(invoices=4, amount=Money(1)),
                "rounding": {"point": "net-per-invoice"},
            },
            "per_block",
        ),
        ({**PERCENT, "gross_up": "closed-form", "bearer": "utility"}, "gross_up"),
        ({**PERCENT, "gross_up": "closed-form", "tiers": TIERS}, "gross_up"),
        (
            {
                **PERCENT,
                "gross_up": "closed-form",
                "per_increment": PerIncrement(step=Money(1), amount=Money(1)),
            },
            "gross_up",
        ),
        ({"percent": Fraction(51), "gross_up": "closed-form"}, "gross_up"),
        ({"percent": Fraction(46), "gross_up": "closed-form", "vat": ADDED}, "gross_up"),
        ({**PERCENT, "gross_up": "exact-search", "rounding": {"quantum": 5}}, "gross_up"),
        ({**PERCENT, "gross_up": "exact-search", "rounding": {"base_quantum": 5}}, "gross_up"),
        ({**PERCENT, "gross_up": "exact-search", "rounding": {"point": "net-then-vat"}}, "gross_up"),
        (
            {
                **PERCENT,
                "gross_up": "exact-search",
                "rounding": {"intermediate_quantum": Fraction(1, 10)},
            },
            "gross_up",
        ),
    ],
)
def test_a_rule_refuses_what_does_not_hold(facts, key):
    """A rule made in code is checked like one from a file, and names the key."""
    with pytest.raises(FeeScheduleError) as caught:
        rule(**facts)
    assert key == caught.value.key


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: Rounding("nearest"), "mode"),
        (lambda: Rounding(point="once"), "point"),
        (lambda: Rounding(base_mode="nearest"), "base_mode"),
        (lambda: Rounding(base_quantum=0), "base_quantum"),
        (lambda: Rounding(intermediate_quantum=0.1), "intermediate_quantum"),
        (lambda: Rounding(intermediate_quantum=Fraction(0)), "intermediate_quantum"),
        (lambda: Rounding(intermediate_quantum=Fraction(3, 10)), "intermediate_quantum"),
        (lambda: Vat(mode="ttc"), "mode"),
        (lambda: Vat(mode="included"), "rate"),
        (lambda: Vat(mode="exempt", rate=Fraction(10)), "rate"),
        (lambda: Tiers("bands", [Tier()]), "kind"),
        (lambda: Tiers("slab", []), "bands"),
        (lambda: Tiers("slab", ["1"]), "bands"),
        (lambda: Tiers("slab", [Tier(up_to=Money(1))]), "bands"),
        (lambda: Tiers("slab", [Tier(), Tier()]), "bands"),
        (lambda: Tiers("slab", [Tier(up_to=Money(2)), Tier(up_to=Money(2)), Tier()]), "bands"),
        (lambda: Tier(up_to=Money(0)), "up_to"),
        (lambda: PerBlock(invoices=True, amount=Money(1)), "invoices"),
        (lambda: PerIncrement(step=Money(0), amount=Money(1)), "step"),
        (lambda: Selector(cards="moroccan"), "cards"),
        (lambda: Selector(cards=[]), "cards"),
        (lambda: Selector(cards=["visa"]), "cards"),
        (lambda: Selector(cards=["moroccan", "moroccan"]), "cards"),
        (lambda: Selector(brands="visa"), "brands"),
        (lambda: Selector(brands=["Visa"]), "brands"),
        (lambda: Selector(channels=[]), "channels"),
        (lambda: Selector(customer_classes=["residential", "residential"]), "customer_classes"),
        (lambda: Selector(customer_classes=[1]), "customer_classes"),
    ],
)
def test_the_values_of_a_rule_refuse_what_does_not_hold(make, key):
    """Each names its own key."""
    with pytest.raises(FeeScheduleError) as caught:
        make()
    assert key == caught.value.key


FOR_ALL = rule(**PERCENT)


def rule_for(**words):
    return rule(**PERCENT, when=Selector(**words))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (FOR_ALL, rule_for(cards=["moroccan"])),
        (rule_for(cards=["moroccan", "international"]), FOR_ALL),
        (rule_for(cards=["moroccan"]), rule_for(cards=["moroccan"], brands=["visa"])),
        (rule_for(brands=["visa", "cmi"]), rule_for(brands=["cmi"], channels=["web"])),
    ],
)
def test_a_rule_that_is_never_reached_is_refused(first, second):
    """The order of the rules decides, so one behind a wider one is a slip."""
    with pytest.raises(FeeScheduleError, match="never reached: rule 1 comes first") as caught:
        schedule(first, second)
    assert "rules[2].when" == caught.value.key


def test_the_first_rule_for_a_payment_is_followed():
    """Card, brand, channel and class select; what is not known fits no list."""
    rules = [
        rule(percent=Fraction(1), when=Selector(brands=["visa"])),
        rule(percent=Fraction(2), when=Selector(channels=["counter"])),
        rule(percent=Fraction(3), when=Selector(customer_classes=["business"])),
        rule(percent=Fraction(4), when=Selector(cards=["moroccan"])),
    ]

    def number(**words):
        return schedule(*rules).fee(Money(10000), invoices=1, on=DAY, **words).rule_number

    assert [1, 2, 3, 4] == [
        number(brand="visa", channel="counter"),
        number(channel="counter"),
        number(customer_class="business", card="international"),
        number(brand="mastercard"),
    ]
    with pytest.raises(FeeError, match="no rule is for card 'international', brand 'cmi'"):
        number(card="international", brand="cmi")


def test_all_amounts_are_in_the_currency_of_the_schedule():
    """Dirhams do not price euros; a zero has no currency of its own."""
    euros = Money.parse("1.00", "EUR")
    parts = {
        "per_block": PerBlock(invoices=2, amount=euros),
        "per_increment": PerIncrement(step=euros, amount=euros),
    }
    mixed = [{"fixed": euros}, {"tiers": Tiers("slab", [Tier(up_to=euros), Tier()])}, parts]
    for facts in mixed:
        with pytest.raises(FeeScheduleError, match="is in EUR, not MAD"):
            schedule(rule(**facts))
        assert "EUR" == schedule(rule(**facts), currency="EUR").currency
    with pytest.raises(FeeError, match="prices amounts in EUR, not in MAD"):
        schedule(rule(fixed=euros), currency="EUR").fee(money("1.00"), invoices=1, on=DAY)


@pytest.mark.parametrize(
    ("facts", "is_free"),
    [
        ({"percent": Fraction(0)}, True),
        (PERCENT, False),
        ({"percent": Fraction(0), "minimum": Money(1)}, False),
        ({**PERCENT, "maximum": Money(0)}, True),
        ({"tiers": Tiers("slab", [Tier(up_to=Money(9)), Tier(fixed=Money(1))])}, False),
        ({"tiers": TIERS}, False),
        ({"per_block": PerBlock(invoices=2, amount=Money(0))}, True),
        ({"per_increment": PerIncrement(step=Money(1), amount=Money(1))}, False),
    ],
)
def test_a_rule_knows_whether_it_is_free(facts, is_free):
    """A percentage of nothing is no fee."""
    assert is_free == rule(**facts).is_free


def test_a_schedule_lists_the_cards_that_it_prices():
    """The portal offers these and no others."""
    assert ("moroccan", "international") == schedule(FOR_ALL).cards
    assert ("international",) == schedule(rule_for(cards=["international"])).cards


def test_circumstances_say_what_is_known():
    """Nothing but the card has to be."""
    assert Circumstances("moroccan", None, None, None) == Circumstances("moroccan")
    assert FOR_ALL == attrs.evolve(FOR_ALL)
