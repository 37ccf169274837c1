"""What ``cmi capture``, ``cmi void`` and ``cmi refund`` share: dry run, confirmation, record, sending."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cmi_gateway.api.documents import Credentials, build_request
from cmi_gateway.cli.api_options import api_options, client_of
from cmi_gateway.cli.api_results import operation_facts, show_resolution, told_failures
from cmi_gateway.cli.printing import json_option, print_json, print_table
from cmi_gateway.secret import Secret

if TYPE_CHECKING:
    from cmi_gateway.api.operation import Operation
    from cmi_gateway.money import Money

_Command = TypeVar("_Command", bound=Callable[..., Any])


def money_options(function: _Command) -> _Command:
    """Add the options of every command that moves money."""
    for option in (
        json_option,
        api_options,
        click.option(
            "--record",
            type=click.Path(dir_okay=False, path_type=Path),
            help="New file for the record, written before anything is sent; `cmi resolve` reads it.",
        ),
        click.option("--yes", is_flag=True, help="Do not ask before sending, for scripts."),
        click.option("--dry-run", is_flag=True, help="Check, and show what would be sent; send nothing."),
    ):
        function = option(function)
    return function


def move_money(
    context: click.Context,
    operation: str,
    order_id: str,
    *,
    amount: Money | None = None,
    transaction_id: str | None = None,
    dry_run: bool,
    yes: bool,
    record: Path | None,
    as_json: bool,
    **account: Any,
) -> None:
    """
    Look, ask the person, send once, and say what became of it.

    Raises:
        click.UsageError: JSON is wished without --yes: a question would break it.
    """
    if as_json and not (yes or dry_run):
        raise click.UsageError("--json needs --yes or --dry-run: there is nobody to ask")
    client = client_of(context.obj, operations=[operation], **account)

    def remember(prepared: Operation) -> None:
        if record is not None:
            _write(record, prepared)

    with told_failures(context, as_json=as_json):
        if dry_run or not yes:
            prepared = client.prepare(operation, order_id, amount, transaction_id=transaction_id)
            if dry_run:
                _show(prepared, client.merchant.client_id, as_json=as_json)
                return
            # Asked before the history is read for good: a person may take any time.
            _confirm(prepared)
        if operation == "void":
            done = client.void(order_id, transaction_id, remember=remember)
        else:
            assert amount is not None
            send = client.capture if operation == "capture" else client.refund
            done = send(order_id, amount, remember=remember)
    show_resolution(context, done, as_json=as_json)


def _confirm(prepared: Operation) -> None:
    facts = operation_facts(prepared)
    about = f"{facts['operation']} {facts['amount']} {facts['currency']} of order {facts['order_id']}"
    target = f", transaction {prepared.target}" if prepared.target else ""
    click.confirm(f"{about}{target}: send it?", abort=True, err=True)


def _write(file: Path, prepared: Operation) -> None:
    try:
        # Never over another one: a record may be all that tells what became of money.
        with file.open("x", encoding="utf-8") as record:
            record.write(prepared.to_text())
    except OSError as error:
        raise click.UsageError(
            f"nothing was sent: the record {file} cannot be written: {error.strerror}"
        ) from None


def _show(prepared: Operation, client_id: str, *, as_json: bool) -> None:
    """Show what would be sent, with stars for user and password."""
    facts = operation_facts(prepared)
    document = build_request(prepared.request, Credentials("***", Secret("***"), client_id)).decode("ascii")
    totals = prepared.before.totals
    checked = {
        "captured": str(totals.captured),
        "refunded": str(totals.refunded),
        "authorized": str(totals.authorized),
    }
    if as_json:
        print_json({"ok": True, "dry_run": True, **facts, "before": checked, "request": document})
        return
    print_table([*facts.items(), *((f"before: {name}", text) for name, text in checked.items())])
    click.echo(f"Would be sent:\n{document}\nNothing was sent.")
