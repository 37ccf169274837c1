"""``cmi refund``: give money back."""

from __future__ import annotations

from typing import Any

import click

from cmi_gateway.cli.moving_money import money_options, move_money
from cmi_gateway.money import Money


@click.command("refund", short_help="Give money back after its batch was closed.")
@click.argument("order_id")
@click.argument("amount")
@money_options
@click.pass_context
def command(context: click.Context, /, *, order_id: str, amount: str, **options: Any) -> None:
    """
    Give money back after its batch was closed, all or a part. It is sent once and never repeated by itself.

    AMOUNT is in units of the currency, such as 114.26. The order's history is read first and has to allow it. Status 3
    means that money may have moved: do not repeat it, ask `cmi resolve`.
    """
    move_money(context, "refund", order_id, amount=Money.parse(amount), **options)
