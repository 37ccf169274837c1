"""``cmi resolve``: was the operation carried out whose answer was lost?"""

from __future__ import annotations

from typing import Any, BinaryIO

import click

from cmi_gateway.api.operation import Operation
from cmi_gateway.cli.api_options import api_options, client_of
from cmi_gateway.cli.api_results import show_resolution, told_failures
from cmi_gateway.cli.documents import read_all
from cmi_gateway.cli.printing import json_option


@click.command("resolve", short_help="Find out whether a lost operation was carried out.")
@click.argument("record", type=click.File("rb"), default="-")
@click.option("--wait", is_flag=True, help="Look again until it is known, a quarter of an hour at most.")
@api_options
@json_option
@click.pass_context
def command(
    context: click.Context, /, *, record: BinaryIO, wait: bool, as_json: bool, **account: Any
) -> None:
    """
    Find out whether a capture, void or refund was carried out whose answer was lost. It only reads the history.

    RECORD is what the command wrote with --record, or printed. Status 0: done; 1: not done; 3: not known yet.
    """
    operation = Operation.from_text(read_all(record).decode("utf-8", "replace"))
    client = client_of(context.obj, **account)
    with told_failures(context, as_json=as_json):
        resolution = client.resolve(operation, wait=wait)
    show_resolution(context, resolution, as_json=as_json)
