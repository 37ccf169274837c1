"""What the fee commands take from the command line: a tariff, and amounts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import click

from cmi_gateway.errors import MoneyError
from cmi_gateway.money import Money
from rak_billing.errors import FeeScheduleError
from rak_billing.fees.tariff import Tariff

__all__ = ["AMOUNT", "TARIFF", "tariff_argument"]

_GROUPS: Final = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))")


class _AmountType(click.ParamType):  # type: ignore[type-arg]  # only the newest click is generic here
    """An amount as it is written here, « 1 234,56 », or as machines do, « 1234.56 »."""

    name = "montant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Money:
        try:
            return Money.parse(_GROUPS.sub("", str(value)).replace(",", ".", 1))
        except MoneyError:
            return self.fail(f"{value!r:.40} n'est pas un montant ; exemple : 218,83", param, ctx)


class _TariffType(click.ParamType):  # type: ignore[type-arg]  # as above
    """A file, or the name of a packaged schedule."""

    name = "barème"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Tariff:
        try:
            return Tariff.from_toml(Path(value)) if str(value).endswith(".toml") else Tariff.preset(value)
        except FeeScheduleError as error:
            # A file that will not do is an answer, not a wrong use of the command.
            place = f"{error.source}, clé « {error.key} »"
            raise click.ClickException(f"barème refusé : {place} : {error.reason}") from None
        except OSError as error:
            return self.fail(f"{value} ne peut être lu : {error.strerror}", param, ctx)


AMOUNT: Final = _AmountType()
TARIFF: Final = _TariffType()

tariff_argument = click.argument("tariff", metavar="BAREME", type=TARIFF)
