"""``cmi void``: cancel a transaction before its batch is closed."""

from __future__ import annotations

from typing import Any

import click

from cmi_gateway.cli.moving_money import money_options, move_money


@click.command("void", short_help="Cancel a transaction before its batch is closed.")
@click.argument("order_id")
@click.option("--transaction", "transaction_id", help="Which one; by default the order's only payment.")
@money_options
@click.pass_context
def command(context: click.Context, /, *, order_id: str, transaction_id: str | None, **options: Any) -> None:
    """
    Cancel a whole transaction before its batch is closed: an authorization, a capture, or with --transaction a refund.

    The order's history is read first and has to allow it. Status 3 means that money may have moved: do not repeat it,
    ask `cmi resolve`.
    """
    move_money(context, "void", order_id, transaction_id=transaction_id, **options)
