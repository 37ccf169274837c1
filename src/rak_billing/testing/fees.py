"""
Random fee rules, schedules and tariffs: all of them valid, and all the kinds there are; and amounts to be paid.

docs/tariff-format.md shows an operator's test of its own fee file.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final

from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.fees.allocation import Allocation
from rak_billing.fees.gross_up import GrossUp
from rak_billing.fees.parts import PerBlock, PerIncrement
from rak_billing.fees.rounding import PER_INVOICE_POINTS, Rounding, RoundingMode, RoundingPoint
from rak_billing.fees.rule import Bearer, FeeRule
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.selectors import Selector
from rak_billing.fees.tariff import Tariff
from rak_billing.fees.tiers import Tier, TierKind, Tiers
from rak_billing.fees.vat import Vat, VatMode

__all__ = [
    "amounts",
    "exact_percents",
    "fee_rules",
    "fee_schedules",
    "roundings",
    "selected_amounts",
    "tariffs",
]

# A large customer's invoice; many of them still fit into one payment.
_LARGEST_AMOUNT: Final = 5_000_000
_ROUND_STEP: Final = 500
_LARGEST_FIXED: Final = 2_000
_LARGEST_TIER: Final = 1_000_000
# A smaller one would charge more than an amount may be.
_SMALLEST_STEP: Final = 10_000
_DAYS: Final = 2_000
_FIRST_DAY: Final = date(2018, 1, 1)

#: Selectors of one, two and three rules, of which none hides another.
_SELECTORS: Final[tuple[tuple[Selector, ...], ...]] = (
    (Selector(),),
    (Selector(cards=("moroccan",)), Selector(cards=("international",))),
    (Selector(brands=("visa",), channels=("web",)), Selector(cards=("moroccan",)), Selector()),
)


def amounts(least: int = 1, most: int = _LARGEST_AMOUNT, currency: str = "MAD") -> st.SearchStrategy[Money]:
    """
    Draw amounts; multiples of five units come often, since roundings differ there.

    Args:
        least: In centimes.
        most: Likewise.
        currency: Of all of them.
    """
    # The multiple at or below; near the least it may be less than that.
    rounded = st.integers(least, most).map(lambda number: max(least, number - number % _ROUND_STEP))
    return (st.integers(least, most) | rounded).map(lambda number: Money(number, currency))


def selected_amounts(
    most_invoices: int = 12, least: int = 1, currency: str = "MAD"
) -> st.SearchStrategy[list[Money]]:
    """Draw the amounts of the invoices that a customer ticks: one or more."""
    return st.lists(amounts(least, currency=currency), min_size=1, max_size=most_invoices)


def exact_percents(least: str = "0", most: str = "10") -> st.SearchStrategy[Fraction]:
    """
    Draw percentages: with up to three decimals as contracts state them, and sometimes a fraction that never ends.

    Args:
        least: In percent, as text.
        most: Likewise.
    """
    low, high = Fraction(least), Fraction(most)
    decimals = st.integers(int(low * 1000), int(high * 1000)).map(lambda number: Fraction(number, 1000))
    return decimals | st.fractions(low, high, max_denominator=9)


@st.composite
def roundings(draw: st.DrawFn, points: Collection[RoundingPoint] = tuple(RoundingPoint)) -> Rounding:
    """Draw a rounding with its point among *points*; usually to the centime."""
    quantum = draw(st.sampled_from([1, 1, 1, 5, 10, 100]))
    return Rounding(
        mode=draw(st.sampled_from(RoundingMode)),
        quantum=quantum,
        point=draw(st.sampled_from(sorted(points))),
        base_quantum=draw(st.sampled_from([1, 1, 1, 10, 100])),
        base_mode=draw(st.sampled_from(RoundingMode)),
        intermediate_quantum=draw(st.sampled_from([None, None, Fraction(1, 10), Fraction(quantum, 2)])),
    )


@st.composite
def _tiers(draw: st.DrawFn, currency: str) -> Tiers:
    ends = draw(st.lists(st.integers(1, _LARGEST_TIER), max_size=3, unique=True).map(sorted))
    bands = [
        Tier(
            up_to=None if end is None else Money(end, currency),
            percent=draw(exact_percents()),
            fixed=draw(amounts(0, _LARGEST_FIXED, currency)),
        )
        for end in (*ends, None)
    ]
    return Tiers(draw(st.sampled_from(TierKind)), bands)


@st.composite
def fee_rules(
    draw: st.DrawFn,
    *,
    when: Selector | None = None,
    bearers: Sequence[Bearer] = tuple(Bearer),
    points: Collection[RoundingPoint] = tuple(RoundingPoint),
    currency: str = "MAD",
) -> FeeRule:
    """
    Draw a valid rule of any kind.

    Args:
        draw: Hypothesis gives it.
        when: The payments that it is for; all when None.
        bearers: Who may bear the fee.
        points: Where the fee may be rounded.
        currency: Of its amounts.
    """
    rounding = draw(roundings(points))
    facts: dict[str, Any] = {
        "when": when or Selector(),
        "bearer": draw(st.sampled_from(bearers)),
        "vat": draw(_vats()),
        "rounding": rounding,
        "allocation": draw(st.sampled_from(Allocation)),
        **draw(_bounds(currency)),
    }
    if facts["bearer"] is Bearer.SHARED:
        facts["customer_share"] = Fraction(draw(st.integers(1, 99)))
    if facts["bearer"] is Bearer.CUSTOMER and draw(st.integers(0, 3)) == 0:
        return FeeRule(**{**facts, **draw(_grossed_up(rounding, currency))})
    return FeeRule(**{**facts, **draw(_parts(currency, per_invoice=rounding.is_per_invoice))})


@st.composite
def _vats(draw: st.DrawFn) -> Vat:
    mode = draw(st.sampled_from(VatMode))
    rate = Fraction(0) if mode is VatMode.EXEMPT else draw(st.sampled_from([7, 10, 14, 20]).map(Fraction))
    return Vat(mode=mode, rate=rate)


@st.composite
def _bounds(draw: st.DrawFn, currency: str) -> dict[str, Money]:
    low, high = sorted(draw(st.tuples(*[st.integers(0, 3 * _LARGEST_FIXED)] * 2)))
    bounds = {"minimum": Money(low, currency), "maximum": Money(high, currency)}
    return {key: bound for key, bound in bounds.items() if draw(st.integers(0, 2)) == 0}


@st.composite
def _parts(draw: st.DrawFn, currency: str, *, per_invoice: bool) -> dict[str, Any]:
    fixed = amounts(0, _LARGEST_FIXED, currency)
    strategies: dict[str, st.SearchStrategy[Any]] = {
        "percent": exact_percents(),
        "per_invoice": fixed,
        "per_increment": st.builds(
            PerIncrement, step=amounts(_SMALLEST_STEP, _LARGEST_TIER, currency), amount=fixed
        ),
        "tiers": _tiers(currency),
    }
    if not per_invoice:
        strategies["fixed"] = fixed
        strategies["per_block"] = st.builds(PerBlock, invoices=st.integers(1, 6), amount=fixed)
    keys = draw(st.lists(st.sampled_from(sorted(strategies)), min_size=1, max_size=3, unique=True))
    return {key: draw(strategies[key]) for key in keys}


@st.composite
def _grossed_up(draw: st.DrawFn, rounding: Rounding, currency: str) -> dict[str, Any]:
    facts: dict[str, Any] = {"gross_up": GrossUp.CLOSED_FORM, "percent": draw(exact_percents())}
    if rounding.point not in PER_INVOICE_POINTS and draw(st.booleans()):
        facts["fixed"] = draw(amounts(0, _LARGEST_FIXED, currency))
    if rounding.point is RoundingPoint.GROSS and draw(st.booleans()):
        # It rounds once, to the centime.
        facts["gross_up"], facts["rounding"] = GrossUp.EXACT_SEARCH, Rounding(rounding.mode)
    return facts


@st.composite
def fee_schedules(
    draw: st.DrawFn,
    *,
    valid_from: date = _FIRST_DAY,
    valid_until: date | None = None,
    bearers: Sequence[Bearer] = tuple(Bearer),
    points: Collection[RoundingPoint] = tuple(RoundingPoint),
    currency: str = "MAD",
) -> FeeSchedule:
    """
    Draw a valid schedule of one to three rules, which together are for every payment.

    Args:
        draw: Hypothesis gives it.
        valid_from: Its first day.
        valid_until: Its last, or None.
        bearers: As `fee_rules`.
        points: As `fee_rules`.
        currency: Of its amounts.
    """
    selectors = draw(st.sampled_from(_SELECTORS))
    rules = [
        draw(fee_rules(when=when, bearers=bearers, points=points, currency=currency)) for when in selectors
    ]
    return FeeSchedule(
        id=f"drawn-{valid_from.isoformat()}",
        version="1",
        follows="a random draw",
        valid_from=valid_from,
        valid_until=valid_until,
        currency=currency,
        rules=rules,
    )


@st.composite
def tariffs(draw: st.DrawFn, most_schedules: int = 3) -> Tariff:
    """Draw a tariff of one schedule or more, the last of them without an end."""
    begin, schedules = _FIRST_DAY, []
    for _ in range(draw(st.integers(0, most_schedules - 1))):
        end = begin + timedelta(days=draw(st.integers(0, _DAYS)))
        schedules.append(draw(fee_schedules(valid_from=begin, valid_until=end)))
        begin = end + timedelta(days=1)
    return Tariff.of(*schedules, draw(fee_schedules(valid_from=begin)))
