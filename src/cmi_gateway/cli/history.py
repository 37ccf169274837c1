"""``cmi history``: all transactions of an order, and what they add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cmi_gateway.cli.api_options import api_options, client_of
from cmi_gateway.cli.api_results import told_failures, transaction_facts
from cmi_gateway.cli.printing import ANSWER_IS_NO, json_option, plain, print_json

if TYPE_CHECKING:
    from cmi_gateway.api.history import OrderHistory


@click.command("history", short_help="List all transactions of an order.")
@click.argument("order_id")
@api_options
@json_option
@click.pass_context
def command(context: click.Context, /, *, order_id: str, as_json: bool, **account: Any) -> None:
    """
    List all transactions that the gateway holds of an order, the oldest first, and their totals. It changes nothing.

    An order that the gateway does not know ends with status 1.
    """
    client = client_of(context.obj, **account)
    with told_failures(context, as_json=as_json):
        history = client.history(order_id)
    if as_json:
        print_json(_facts(history))
    else:
        _describe(history)
    context.exit(0 if history.is_found else ANSWER_IS_NO)


def _facts(history: OrderHistory) -> dict[str, Any]:
    totals = history.totals
    return {
        "order_id": history.order_id,
        "is_found": history.is_found,
        "transactions": [transaction_facts(line) for line in history.lines],
        "captured": str(totals.captured),
        "refunded": str(totals.refunded),
        "authorized": str(totals.authorized),
        "net": str(totals.net),
        "is_provisional": totals.is_provisional,
    }


def _describe(history: OrderHistory) -> None:
    if not history.is_found:
        click.echo(f"The gateway does not know {history.order_id}.")
        return
    for line in history.lines:
        at = line.authorized_at.isoformat(sep=" ", timespec="seconds") if line.authorized_at else "-"
        amount = line.captured or line.original
        click.echo(
            f"{at:<26} {line.kind.name.lower():<8} {line.state.name.lower():<10} {amount or '-'!s:>12}  "
            f"{plain(line.transaction_id)}"
        )
    totals = history.totals
    click.echo(
        f"Captured {totals.captured}, refunded {totals.refunded}, left {totals.net} {history.currency}; "
        f"authorized and not captured {totals.authorized}."
    )
    if totals.is_provisional:
        click.echo("A transaction is still on its way: these sums may change.")
