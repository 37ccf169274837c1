"""``cmi status``: what became of an order?"""

from __future__ import annotations

from typing import Any

import click

from cmi_gateway.api.order import OrderState
from cmi_gateway.cli.api_options import api_options, client_of
from cmi_gateway.cli.api_results import told_failures, transaction_facts
from cmi_gateway.cli.printing import ANSWER_IS_NO, json_option, plain, print_json, print_table
from cmi_gateway.money import Money


@click.command("status", short_help="Ask the gateway what became of an order.")
@click.argument("order_id")
@click.option("--expected", help="What it should have been paid with, such as 114.26.")
@api_options
@json_option
@click.pass_context
def command(
    context: click.Context, /, *, order_id: str, expected: str | None, as_json: bool, **account: Any
) -> None:
    """
    Ask the gateway what became of an order. It changes nothing.

    With --expected, status 0 means that exactly this was taken, and 1 anything else. Without, 0 means that an answer
    came, whatever it says, and 1 that it proves nothing.
    """
    amount = None if expected is None else Money.parse(expected)
    client = client_of(context.obj, **account)
    with told_failures(context, as_json=as_json):
        status = client.status(order_id, expected=amount)
    shown = transaction_facts(status.transaction) if status.transaction else None
    if as_json:
        print_json(
            {
                "order_id": order_id,
                "state": status.state,
                "is_paid": status.is_paid,
                "reason": status.reason,
                "transaction": shown,
            }
        )
    else:
        rows = {name: plain(str(text)) for name, text in (shown or {}).items() if text}
        print_table(
            [
                ("order", order_id),
                ("answer", status.state),
                ("why", status.reason or None),
                *((name.replace("_", " "), text) for name, text in rows.items()),
            ]
        )
    is_good = status.is_paid if amount is not None else status.state is not OrderState.UNKNOWN
    context.exit(0 if is_good else ANSWER_IS_NO)
