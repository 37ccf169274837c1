"""Several dated schedules that follow one another without overlap or gap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, Self

import attrs

from cmi_gateway.money import Money
from rak_billing.errors import FeeError, FeeScheduleError
from rak_billing.fees import reader
from rak_billing.fees.checks import refused, refused_key
from rak_billing.fees.fee import Fee
from rak_billing.fees.schedule import Card, FeeSchedule

__all__ = ["Tariff"]


def _as_tuple(schedules: Iterable[FeeSchedule]) -> tuple[FeeSchedule, ...]:
    return tuple(schedules)


@attrs.frozen
class Tariff:
    """
    What an operator charges over the years; each day is priced by the one schedule that holds on it.

    Attributes:
        schedules: In the order of their days; each begins on the day after the one before it ends.

    Raises:
        FeeScheduleError: two overlap, or a day between two has none.
    """

    schedules: tuple[FeeSchedule, ...] = attrs.field(converter=_as_tuple)

    @schedules.validator
    def _follow_one_another(self, field: attrs.Attribute[Any], schedules: tuple[FeeSchedule, ...]) -> None:
        if not schedules or not all(isinstance(schedule, FeeSchedule) for schedule in schedules):
            raise refused(field, "expected one schedule or more")
        for number, (before, after) in enumerate(pairwise(schedules), 2):
            _check_seam(before, after, f"schedules[{number}].valid_from")

    @classmethod
    def of(cls, *schedules: FeeSchedule) -> Self:
        """
        Put schedules in the order of their days.

        Raises:
            FeeScheduleError: as `Tariff`.
        """
        return cls(sorted(schedules, key=lambda schedule: schedule.valid_from))

    @classmethod
    def from_toml(cls, path: str | PathLike[str]) -> Self:
        """
        Read a tariff from a file: its ``[[schedules]]`` in the order of their days, or a single schedule.

        Raises:
            FeeScheduleError: as `FeeSchedule.from_toml`, and when two schedules overlap or leave a day out.
            OSError: the file cannot be read.
        """
        return cls._read(Path(path).read_bytes(), str(path))

    @classmethod
    def preset(cls, name: str) -> Self:
        """
        Give a packaged schedule as a tariff.

        Raises:
            FeeScheduleError: there is no preset of this name.
        """
        return cls._read(reader.preset_text(name), f"preset {name}")

    @classmethod
    def _read(cls, text: bytes, source: str) -> Self:
        schedules = reader.read_schedules(FeeSchedule, text, source)
        try:
            return cls(schedules)
        except FeeScheduleError as error:
            raise FeeScheduleError(source, error.key, error.reason) from None

    def in_force(self, on: date) -> FeeSchedule:
        """
        Give the schedule that holds on a day.

        Raises:
            FeeError: none does.
        """
        if type(on) is not date:
            raise FeeError(f"expected the day of the payment as a date, not {type(on).__name__}")
        for schedule in self.schedules:
            if schedule.valid_from <= on and (schedule.valid_until is None or on <= schedule.valid_until):
                return schedule
        first, last = self.schedules[0], self.schedules[-1]
        until = last.valid_until or "further notice"
        raise FeeError(f"the tariff holds from {first.valid_from} until {until}, not on {on}")

    def fee(
        self,
        total: Money,
        *,
        invoices: int | Sequence[Money],
        card: Card = "moroccan",
        on: date,
        brand: str | None = None,
        channel: str | None = None,
        customer_class: str | None = None,
    ) -> Fee:
        """
        Compute the fee by the schedule that holds on the day of the payment.

        Raises:
            FeeError: no schedule holds on that day; and as `FeeSchedule.fee`, whose arguments these are.
        """
        return self.in_force(on).fee(
            total,
            invoices=invoices,
            card=card,
            on=on,
            brand=brand,
            channel=channel,
            customer_class=customer_class,
        )


def _check_seam(before: FeeSchedule, after: FeeSchedule, key: str) -> None:
    names = (
        f"{before.id} ends on {before.valid_until or 'no known day'}, {after.id} begins on {after.valid_from}"
    )
    if before.valid_until is None or after.valid_from <= before.valid_until:
        raise refused_key(key, f"overlap: {names}")
    if after.valid_from != before.valid_until + timedelta(days=1):
        raise refused_key(key, f"gap: {names}")
