"""What one payment costs, with its parts and a trace that can be checked with a pocket calculator."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal

import attrs

from cmi_gateway.money import Money
from rak_billing.fees.rounding import RoundingMode

if TYPE_CHECKING:
    from rak_billing.fees.schedule import FeeSchedule

__all__ = ["Fee"]

_Language = Literal["fr", "en"]

_DIGITS_SHOWN: Final = 6
_POINT: Final = {"fr": ",", "en": "."}

_OPENING: Final = {
    "fr": (
        "Barème {id}, version {version} : {percent} % du total des factures choisies.",
        "Total des factures choisies : {base} {unit}.",
    ),
    "en": (
        "Schedule {id}, version {version}: {percent}% of the total of the chosen invoices.",
        "Total of the chosen invoices: {base} {unit}.",
    ),
}
_BORNE_BY_CUSTOMER: Final = {
    "fr": (
        "{base} × {percent} ÷ 100 = {exact}",
        "Arrondi une seule fois, à {quantum} {unit} près, {mode} : {gross} {unit}.",
        "Hors taxe : {gross} ÷ {vat_factor} = {exact_net}, arrondi au centime le plus proche : {net} {unit}.",
        "TVA {vat_rate} %, par différence : {gross} − {net} = {vat} {unit}.",
    ),
    "en": (
        "{base} × {percent} ÷ 100 = {exact}",
        "Rounded once, to {quantum} {unit}, {mode}: {gross} {unit}.",
        "Without VAT: {gross} ÷ {vat_factor} = {exact_net}, rounded to the nearest centime: {net} {unit}.",
        "VAT {vat_rate}%, by difference: {gross} − {net} = {vat} {unit}.",
    ),
}
_BORNE_BY_MERCHANT: Final = {
    "fr": ("Ces frais sont à la charge de l'opérateur : le client paie {gross} {unit}.",),
    "en": ("The operator bears this fee: the customer pays {gross} {unit}.",),
}
_MODES: Final = {
    RoundingMode.CEILING: {"fr": "par excès", "en": "upwards"},
    RoundingMode.DOWN: {"fr": "vers zéro", "en": "towards zero"},
    RoundingMode.FLOOR: {"fr": "par défaut", "en": "downwards"},
    RoundingMode.HALF_DOWN: {
        "fr": "au plus proche, la moitié vers zéro",
        "en": "to the nearest, halves towards zero",
    },
    RoundingMode.HALF_EVEN: {
        "fr": "au plus proche, la moitié au pair",
        "en": "to the nearest, halves to the even",
    },
    RoundingMode.HALF_UP: {"fr": "au plus proche, la moitié vers le haut", "en": "to the nearest, halves up"},
    RoundingMode.UP: {"fr": "en s'éloignant de zéro", "en": "away from zero"},
    RoundingMode.ZERO_FIVE_UP: {
        "fr": "vers zéro, mais en s'en éloignant après un 0 ou un 5",
        "en": "towards zero, but away from it after a 0 or a 5",
    },
}


@attrs.frozen
class Fee:
    """
    The fee of one payment; made by `FeeSchedule.fee`, and kept with the order as it was computed.

    Attributes:
        base: The total of the invoices that it was computed for.
        gross: What the customer pays for the service, VAT included; zero where the merchant bears it.
        net: Its part without VAT.
        vat: Its VAT; net and VAT add up to the gross.
        card: The kind of card that was announced.
        schedule: The rules that were followed.
    """

    base: Money
    gross: Money
    net: Money
    vat: Money
    card: str
    schedule: FeeSchedule = attrs.field(repr=False)

    @property
    def schedule_id(self) -> str:
        """Identifier of the schedule, such as ``rak-2018``."""
        return self.schedule.id

    @property
    def schedule_version(self) -> str:
        """Version of the schedule: its text may be corrected under the same identifier."""
        return self.schedule.version

    def explain(self, language: _Language = "fr") -> tuple[str, ...]:
        """
        Give the steps from the invoices to the fee, each one an operation of a pocket calculator.

        Args:
            language: ``fr``, or ``en``.
        """
        bearer = _BORNE_BY_MERCHANT if self.schedule.bearer == "merchant" else _BORNE_BY_CUSTOMER
        figures = self._figures(language)
        return tuple(step.format_map(figures) for step in (*_OPENING[language], *bearer[language]))

    def _figures(self, language: _Language) -> dict[str, str]:
        schedule, point = self.schedule, _POINT[language]
        amounts = {"base": self.base, "gross": self.gross, "net": self.net, "vat": self.vat}
        numbers = {
            "percent": schedule.percent,
            "exact": schedule.exact_centimes(self.base) / 100,
            "quantum": Fraction(schedule.rounding.quantum, 100),
            "vat_rate": schedule.vat_rate,
            "vat_factor": schedule.vat_factor,
            "exact_net": Fraction(self.gross.centimes, 100) / schedule.vat_factor,
        }
        return {
            "id": schedule.id,
            "version": schedule.version,
            "unit": "DH" if self.base.currency == "MAD" else self.base.currency,
            "mode": _MODES[schedule.rounding.mode][language],
            # As they are typed into a calculator: without a mark between thousands.
            **{name: str(amount).replace(".", point) for name, amount in amounts.items()},
            **{name: _decimal(number, point) for name, number in numbers.items()},
        }


def _decimal(number: Fraction, point: str) -> str:
    """Write a positive number to six decimals at most, with « … » where more follow."""
    scaled = number * 10**_DIGITS_SHOWN
    units, decimals = divmod(scaled.numerator // scaled.denominator, 10**_DIGITS_SHOWN)
    shown = f"{decimals:0{_DIGITS_SHOWN}d}"
    shown = shown.rstrip("0") if scaled.denominator == 1 else f"{shown}…"
    return f"{units}{point}{shown}" if shown else str(units)
