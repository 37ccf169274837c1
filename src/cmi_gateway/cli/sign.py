"""``cmi sign``: a payment request into the signed form, as fields or as the page that posts itself."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from cmi_gateway.cli.documents import read_document
from cmi_gateway.cli.keys import read_store_keys, store_key_option
from cmi_gateway.cli.merchant_options import merchant_options, settings_of
from cmi_gateway.cli.printing import json_option, print_json, print_table
from cmi_gateway.cli.requests import payment_request
from cmi_gateway.cli.settings import merchant_of


@click.command("sign", short_help="Turn a payment request into the signed form.")
@click.argument("request", type=click.File("rb"), default="-")
@click.option("--page", is_flag=True, help="Print the HTML page that posts the form by itself.")
@click.option("--seal", is_flag=True, help="Add a seal, for a merchant who cannot keep the form.")
@merchant_options
@store_key_option
@json_option
def command(
    *,
    request: BinaryIO,
    page: bool,
    seal: bool,
    config: BinaryIO | None,
    client_id: str | None,
    gateway: str | None,
    store_key_file: Path | None,
    as_json: bool,
) -> None:
    """
    Sign a payment request.

    REQUEST is TOML or JSON, by default from standard input: order_id, amount (as text: "114.26"), email, a table
    bill_to with name, and the URLs, unless the configuration has them. Further: lines, custom, language, and whatever
    else a payment request takes.

    The fields, one on each line or as JSON, are what `cmi verify --sent` compares the answer with: keep them.
    """
    if page and as_json:
        raise click.UsageError("--page prints HTML and --json prints JSON: choose one")
    settings = settings_of(config)
    # The merchant comes first: what it lacks is missing for every request.
    merchant = merchant_of(settings, read_store_keys(store_key_file), client_id=client_id, gateway=gateway)
    form = merchant.sign(payment_request(read_document(request), settings), seal=seal)
    if page:
        # As bytes: the page says that it is UTF-8, whatever the terminal speaks.
        click.echo(form.html().encode("utf-8"), nl=False)
    elif as_json:
        print_json({"action": form.action, "fields": dict(form.fields)})
    else:
        click.echo(f"POST {form.action}")
        print_table(form.fields)
