"""``cmi capture``: take the money that was authorized."""

from __future__ import annotations

from typing import Any

import click

from cmi_gateway.cli.moving_money import money_options, move_money
from cmi_gateway.money import Money


@click.command("capture", short_help="Take authorized money, all or a part.")
@click.argument("order_id")
@click.argument("amount")
@money_options
@click.pass_context
def command(context: click.Context, /, *, order_id: str, amount: str, **options: Any) -> None:
    """
    Take the money that was authorized for an order, all or a part, once.

    AMOUNT is in units of the currency, such as 114.26. The order's history is read first and has to allow it. Status 3
    means that money may have moved: do not repeat it, ask `cmi resolve`.
    """
    move_money(context, "capture", order_id, amount=Money.parse(amount), **options)
