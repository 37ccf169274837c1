"""
What Moroccan texts say about who bears the fee, as findings about a tariff.

Known as of November 2026, from the press and from communiqués, not from the texts themselves; docs/fee-law.md has the
sources. A finding is no verdict: it names the rule, the day and the texts, and a lawyer decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

import attrs

from rak_billing.fees.rule import Bearer
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.tariff import Tariff

__all__ = ["CUSTOMER_FREE_SINCE", "TEXTS", "LegalFinding", "legal_findings"]

#: From this day on the distributor bears the commission of Moroccan cards.
CUSTOMER_FREE_SINCE: Final = date(2024, 1, 1)

#: From this day on commissions of Moroccan cards may not be billed on to consumers.
_NOT_BILLED_ON_SINCE: Final = date(2024, 10, 1)

#: The texts that a fee borne by the customer runs into, in French, as they would be cited; the last is in force last.
TEXTS: Final = (
    "Conseil de la concurrence, 16 mai 2023 : frais de paiement en ligne mis à la charge du client jugés injustifiés",
    "Circulaire du ministère de l'Intérieur n° 16263/2/15 du 19 septembre 2023",
    "Circulaire du ministère de l'Intérieur n° 1017 du 26 décembre 2023, en vigueur le 1er janvier 2024",
    "Bank Al-Maghrib, communiqué du 25 septembre 2024 : commissions non refacturables au consommateur dès le 1er octobre",
)


@attrs.frozen
class LegalFinding:
    """
    A rule that makes the customer bear a fee on a Moroccan card on days when the texts put it on the distributor.

    Attributes:
        schedule: Identifier of the schedule.
        rule_number: Of the rule in it, from 1.
        since: The first day on which the rule and the texts meet.
        texts: That it runs into.
    """

    schedule: str
    rule_number: int
    since: date
    texts: tuple[str, ...] = TEXTS

    @property
    def french(self) -> str:
        """The finding for operators."""
        return (
            f"barème {self.schedule}, règle {self.rule_number} : le client supporte des frais sur carte marocaine "
            f"depuis le {self.since:%d/%m/%Y}, alors que les textes les mettent à la charge du distributeur "
            f"({' ; '.join(self.texts)}). Consultez un juriste, ou prenez le barème ma-2024."
        )

    @property
    def english(self) -> str:
        """The finding for developers."""
        return (
            f"schedule {self.schedule}, rule {self.rule_number}: the customer bears a fee on Moroccan cards from "
            f"{self.since} on, which the texts put on the distributor ({'; '.join(self.texts)}). "
            "Ask counsel, or take the schedule ma-2024."
        )


def legal_findings(tariff: FeeSchedule | Tariff) -> tuple[LegalFinding, ...]:
    """Give every rule of *tariff* that makes customers bear a fee on Moroccan cards from 2024 on."""
    schedules = tariff.schedules if isinstance(tariff, Tariff) else (tariff,)
    return tuple(finding for schedule in schedules for finding in _findings(schedule))


def _findings(schedule: FeeSchedule) -> Iterable[LegalFinding]:
    if schedule.valid_until is not None and schedule.valid_until < CUSTOMER_FREE_SINCE:
        return
    since = max(schedule.valid_from, CUSTOMER_FREE_SINCE)
    is_over = schedule.valid_until is not None and schedule.valid_until < _NOT_BILLED_ON_SINCE
    texts = TEXTS[:-1] if is_over else TEXTS
    for number, rule in enumerate(schedule.rules, 1):
        if _meets_moroccan_cards(schedule, number) and rule.bearer is not Bearer.UTILITY and not rule.is_free:
            yield LegalFinding(schedule.id, number, since, texts)


def _meets_moroccan_cards(schedule: FeeSchedule, number: int) -> bool:
    """Tell whether a payment by Moroccan card can reach a rule: one before it may be for all that this one is for."""
    *earlier, rule = schedule.rules[:number]
    if rule.when.cards is not None and "moroccan" not in rule.when.cards:
        return False
    payments = attrs.evolve(rule.when, cards=("moroccan",))
    return not any(other.when.covers(payments) for other in earlier)
