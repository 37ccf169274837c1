"""The figures of a computation as steps for a pocket calculator: read from it, not computed again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final, Literal

import attrs

from rak_billing.fees.allocation import Allocation
from rak_billing.fees.checks import HUNDRED, ZERO
from rak_billing.fees.evaluation import Computation, Part, Unit, commission
from rak_billing.fees.explanation_texts import MODES, POINTS, SHARING, STEPS
from rak_billing.fees.gross_up import GrossUp
from rak_billing.fees.rounding import RoundingPoint
from rak_billing.fees.rule import Bearer, FeeRule
from rak_billing.fees.vat import VatMode

__all__ = ["explain"]

_Language = Literal["fr", "en"]
_DIGITS_SHOWN: Final = 6


def explain(
    rule: FeeRule, figures: Computation, heading: tuple[str, str], currency: str, language: _Language
) -> tuple[str, ...]:
    """
    Give the steps of *figures*, in their order.

    Args:
        rule: That was followed.
        figures: What came of it.
        heading: Identifier and version of the schedule.
        currency: Of the amounts.
        language: ``fr``, or ``en``.
    """
    return tuple(_Explanation(rule, figures, currency, language).steps(heading))


@attrs.frozen
class _Explanation:
    rule: FeeRule
    figures: Computation
    currency: str
    language: _Language

    def steps(self, heading: tuple[str, str]) -> Iterator[str]:
        yield self._say("heading", id=heading[0], version=heading[1])
        for number, unit in enumerate(self.figures.units):
            yield from self._start(number, unit)
            yield from self._parts(unit)
            yield from self._bounds(unit)
            yield from self._rounding(number, unit)
        yield from self._together()
        yield from self._bearer()
        yield from self._shares()

    def _start(self, number: int, unit: Unit) -> Iterator[str]:
        if self.rule.rounding.is_per_invoice:
            yield self._say("invoice", number=number + 1, amount=self._money(unit.amount))
        else:
            yield self._say("total", amount=self._money(unit.amount))
            if self.rule.per_invoice or self.rule.per_block:
                yield self._say("count", count=unit.count)
        rounding = self.rule.rounding
        if rounding.base_quantum != 1:
            yield self._say(
                "base",
                amount=self._money(unit.amount),
                quantum=self._exact(rounding.base_quantum),
                mode=MODES[rounding.base_mode][self.language],
                base=self._money(unit.base),
            )

    def _parts(self, unit: Unit) -> Iterator[str]:
        for part in unit.parts:
            yield from self._part(part, unit)
        if len(unit.parts) > 1:
            yield self._sum("sum", [part.exact for part in unit.parts], unit.stated)
        if self.rule.gross_up is not GrossUp.NONE:
            yield from self._grossing(unit)

    def _part(self, part: Part, unit: Unit) -> Iterator[str]:
        rule, base = self.rule, self._money(unit.base)
        exact = self._exact(part.exact)
        if part.key == "percent":
            yield self._say("percent", base=base, percent=self._percent(rule.percent or ZERO), exact=exact)
        elif part.key == "fixed":
            yield self._say("fixed", exact=exact)
        elif rule.per_invoice and part.key == "per_invoice":
            amount = self._money(rule.per_invoice.centimes)
            yield self._say("per_invoice", count=unit.count, amount=amount, exact=exact)
        elif rule.per_block and part.key == "per_block":
            times, size = rule.per_block.blocks(unit.count), rule.per_block.invoices
            quotient = self._number(Fraction(unit.count, size))
            yield self._say("blocks", size=size, count=unit.count, quotient=quotient, times=times)
            yield self._say(
                "times", times=times, amount=self._money(rule.per_block.amount.centimes), exact=exact
            )
        elif rule.per_increment and part.key == "per_increment":
            times, step = rule.per_increment.steps(unit.base), rule.per_increment.step.centimes
            quotient = self._number(Fraction(unit.base, step))
            yield self._say("increments", size=self._money(step), base=base, quotient=quotient, times=times)
            amount = self._money(rule.per_increment.amount.centimes)
            yield self._say("times", times=times, amount=amount, exact=exact)
        else:
            yield from self._tiers(part, unit)

    def _tiers(self, part: Part, unit: Unit) -> Iterator[str]:
        assert self.rule.tiers is not None  # it is the last kind of part
        slices = self.rule.tiers.slices(unit.base)
        for piece in slices:
            end = piece.tier.up_to
            yield self._say(
                "slice",
                end=self._say("end", amount=self._money(end.centimes)) if end else self._say("endless"),
                amount=self._money(piece.amount),
                percent=self._percent(piece.tier.percent),
                fixed=self._money(piece.tier.fixed.centimes),
                exact=self._exact(piece.exact),
            )
        if len(slices) > 1:
            yield self._sum("sum", [piece.exact for piece in slices], part.exact)

    def _grossing(self, unit: Unit) -> Iterator[str]:
        rate = self.rule.charge_rate * HUNDRED
        if self.rule.vat.mode is VatMode.ADDED:
            yield self._say(
                "rate_with_vat",
                percent=self._percent(self.rule.percent or ZERO),
                factor=self._number(self.rule.vat.factor),
                rate=self._percent(rate),
            )
        divisor = self._number(1 - self.rule.charge_rate)
        yield self._say("divisor", rate=self._percent(rate), divisor=divisor)
        yield self._say(
            "grossed", stated=self._exact(unit.stated), divisor=divisor, exact=self._exact(unit.grossed)
        )

    def _bounds(self, unit: Unit) -> Iterator[str]:
        yield from self._bound(unit.grossed, unit.bounded)

    def _bound(self, exact: Fraction, bounded: Fraction) -> Iterator[str]:
        if bounded != exact:
            key = "minimum" if bounded > exact else "maximum"
            yield self._say(key, exact=self._exact(exact), bound=self._money(bounded))

    def _rounding(self, number: int, unit: Unit) -> Iterator[str]:
        figures = self.figures
        if figures.grosses:
            yield from self._with_vat(unit.bounded, unit.gross)
            if self.rule.gross_up is GrossUp.EXACT_SEARCH:
                yield from self._search(unit, figures.grosses[0])
            else:
                yield from self._round(unit.gross, figures.grosses[number])
            return
        if self.rule.vat.mode is VatMode.INCLUDED:
            factor = self._number(self.rule.vat.factor)
            exact = self._exact(unit.bounded)
            yield self._say("vat_taken_off", exact=exact, factor=factor, net=self._exact(unit.net))
        net = figures.nets[number]
        yield from self._round(unit.net, net)
        if self.rule.rounding.point is RoundingPoint.NET_PER_INVOICE or self.rule.vat.mode is VatMode.EXEMPT:
            return
        taxed = unit.net if self.rule.rounding.point is RoundingPoint.NET_AND_VAT else Fraction(net)
        yield from self._tax(taxed, figures.vats[number])
        yield self._gross_sum(net, figures.vats[number])

    def _with_vat(self, exact: Fraction, gross: Fraction) -> Iterator[str]:
        if self.rule.vat.mode is VatMode.ADDED:
            factor = self._number(self.rule.vat.factor)
            yield self._say("vat_added", exact=self._exact(exact), factor=factor, gross=self._exact(gross))

    def _search(self, unit: Unit, found: int) -> Iterator[str]:
        yield self._say("search", exact=self._exact(unit.gross))
        for fee in (found - 1, found) if found else (found,):
            exact, taken, rounded = commission(self.rule, unit, fee)
            yield self._say(
                "commission",
                fee=self._money(fee),
                stated=self._exact(unit.stated),
                percent=self._percent(self.rule.percent or ZERO),
                exact=self._exact(exact),
            )
            bounded = taken / self.rule.vat.factor_on_stated
            yield from self._bound(exact, bounded)
            yield from self._with_vat(bounded, taken)
            yield from self._round(taken, rounded)
            key = "covered" if rounded <= fee else "short"
            yield self._say(key, commission=self._money(rounded), fee=self._money(fee))

    def _round(self, exact: Fraction, rounded: int) -> Iterator[str]:
        rounding = self.rule.rounding
        mode = MODES[rounding.mode][self.language]
        if rounding.intermediate_quantum is not None:
            through = self._exact(rounding.through(exact))
            quantum = self._exact(rounding.intermediate_quantum)
            yield self._say("through", quantum=quantum, mode=mode, rounded=through)
        yield self._say(
            "rounded", quantum=self._exact(rounding.quantum), mode=mode, rounded=self._money(rounded)
        )

    def _tax(self, net: Fraction, vat: int) -> Iterator[str]:
        rate = self.rule.vat.rate
        exact = self._exact(net * rate / HUNDRED)
        yield self._say("vat_of_net", rate=self._percent(rate), net=self._exact(net), vat=exact)
        yield from self._round(net * rate / HUNDRED, vat)

    def _gross_sum(self, net: int, vat: int) -> str:
        return self._say(
            "gross_sum", net=self._money(net), vat=self._money(vat), gross=self._money(net + vat)
        )

    def _together(self) -> Iterator[str]:
        figures = self.figures
        if len(figures.units) > 1:
            yield from self._sums()
        if self.rule.vat.mode is VatMode.EXEMPT:
            yield self._say("exempt")
        elif figures.grosses:
            yield from self._net_and_vat(figures.gross, figures.net)
        elif self.rule.rounding.point is RoundingPoint.NET_PER_INVOICE:
            yield from self._tax(Fraction(figures.net), figures.vat)
            yield self._gross_sum(figures.net, figures.vat)
        elif len(figures.units) > 1:
            yield self._gross_sum(figures.net, figures.vat)

    def _sums(self) -> Iterator[str]:
        figures = self.figures
        for key, terms in (("sum_of_grosses", figures.grosses), ("sum_of_nets", figures.nets)):
            if terms:
                yield self._money_sum(key, terms)
        if len(figures.vats) > 1 and self.rule.vat.mode is not VatMode.EXEMPT:
            yield self._money_sum("sum_of_vats", figures.vats)

    def _net_and_vat(self, gross: int, net: int) -> Iterator[str]:
        vat = self.rule.vat
        shown_gross, shown_net = self._money(gross), self._money(net)
        yield self._say(
            "net",
            gross=shown_gross,
            factor=self._number(vat.factor),
            exact=self._exact(gross / vat.factor),
            net=shown_net,
        )
        rate = self._number(vat.rate)
        yield self._say("vat", rate=rate, gross=shown_gross, net=shown_net, vat=self._money(gross - net))

    def _bearer(self) -> Iterator[str]:
        figures = self.figures
        if self.rule.bearer is Bearer.UTILITY:
            point = POINTS[self.language]
            yield self._say("utility", merchant=self._money(figures.merchant_gross), point=point)
        if self.rule.bearer is Bearer.SHARED:
            percent = self.rule.customer_share or ZERO
            exact = figures.gross * percent / HUNDRED
            gross, customer = self._money(figures.gross), self._money(figures.customer_gross)
            yield self._say(
                "customer_share", gross=gross, percent=self._percent(percent), exact=self._exact(exact)
            )
            yield from self._round(exact, figures.customer_gross)
            merchant = self._money(figures.merchant_gross)
            yield self._say("merchant_share", gross=gross, customer=customer, merchant=merchant)
            if self.rule.vat.mode is not VatMode.EXEMPT:
                yield from self._net_and_vat(figures.customer_gross, figures.customer_net)

    def _shares(self) -> Iterator[str]:
        how, weights = self.rule.allocation, self.figures.weights
        if how is Allocation.NONE or not self.figures.customer_gross:
            return
        yield SHARING[how][self.language]
        if not sum(weights):
            weights = (HUNDRED,) * len(weights)
        gross, total = self.figures.customer_gross, sum(weights)
        for number, (weight, share) in enumerate(zip(weights, self.figures.shares, strict=True), 1):
            yield self._say(
                "share",
                number=number,
                gross=self._money(gross),
                weight=self._money(weight),
                weights=self._money(total),
                exact=self._exact(Fraction(gross * weight, total)),
                share=self._money(share),
            )

    def _sum(self, key: str, terms: Sequence[Fraction], total: Fraction) -> str:
        return self._say(key, terms=" + ".join(map(self._exact, terms)), exact=self._exact(total))

    def _money_sum(self, key: str, terms: Sequence[int]) -> str:
        return self._say(key, terms=" + ".join(map(self._money, terms)), sum=self._money(sum(terms)))

    def _say(self, key: str, **figures: object) -> str:
        unit = "DH" if self.currency == "MAD" else self.currency
        return STEPS[key][self.language].format(unit=unit, **figures)

    def _money(self, centimes: int | Fraction) -> str:
        """Write whole centimes as they are typed into a calculator: without a mark between thousands."""
        units, cents = divmod(int(centimes), HUNDRED)
        return f"{units}{POINTS[self.language]}{cents:02d}"

    def _exact(self, centimes: int | Fraction) -> str:
        return self._number(Fraction(centimes) / HUNDRED)

    def _percent(self, number: Fraction) -> str:
        """Write a rate; one whose decimals do not end as a division, which a calculator does exactly enough."""
        shown = self._number(number)
        return f"{number.numerator} ÷ {number.denominator}" if shown.endswith("…") else shown

    def _number(self, number: Fraction) -> str:
        """Write a positive number to six decimals at most, with « … » where more follow."""
        scaled = number * 10**_DIGITS_SHOWN
        units, decimals = divmod(scaled.numerator // scaled.denominator, 10**_DIGITS_SHOWN)
        shown = f"{decimals:0{_DIGITS_SHOWN}d}"
        shown = shown.rstrip("0") if scaled.denominator == 1 else f"{shown}…"
        return f"{units}{POINTS[self.language]}{shown}" if shown else str(units)
