"""``cmi certify``: does this endpoint answer the gateway's callbacks as it should, and nobody else's?"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from cmi_gateway.cli.documents import read_json_or_toml
from cmi_gateway.cli.keys import read_store_keys, store_key_option
from cmi_gateway.cli.printing import ANSWER_IS_NO, json_option, plain, print_json

if TYPE_CHECKING:
    from cmi_gateway.certify.certifying import Stage
    from cmi_gateway.certify.judging import Judgement
    from cmi_gateway.certify.order_sources import OrderSource
    from cmi_gateway.certify.probe import Probe
    from cmi_gateway.certify.sheet import ScoreSheet


def _list_rows(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if not value:
        return
    from cmi_gateway.certify.cases import ROWS  # noqa: PLC0415 - loaded where it is needed

    for row in ROWS.values():
        click.echo(f"{row.id:<26} {'' if row.is_mandatory else '(advisory) '}{row.rule}")
    context.exit()


@click.command("certify", short_help="Score a callback endpoint with legal and hostile callbacks.")
@click.argument("url")
@click.option(
    "--order-command", help="Makes an unpaid order and prints it as JSON: order_id, amount, fields."
)
@click.option("--orders", "order_file", type=click.File("rb"), help="File of unpaid orders, in JSON or TOML.")
@click.option("--order-page", help="Address that answers with the signed form, as a customer gets it.")
@click.option(
    "--order-data", default="", help="Form body to post to --order-page, such as 'name=A&email=a@b.ma'."
)
@click.option(
    "--state-command", help="Prints the state of {order_id}: whether it is paid, and how many times."
)
@click.option("--state-url", help="Address of the state of {order_id}.")
@click.option("--client-id", default="", envvar="CMI_CLIENT_ID", help="Where orders come without their form.")
@click.option(
    "--row", "rows", multiple=True, help="Play this row only; may be repeated. The opening is always played."
)
@click.option(
    "--captures-later", is_flag=True, help="The shop answers approvals APPROVED and captures by hand."
)
@click.option(
    "--limit", type=click.FloatRange(0.1, 60), default=5.0, help="Seconds for one answer; 5 by default."
)
@click.option(
    "--deadline",
    type=click.FloatRange(1, 3600),
    default=300.0,
    help="Seconds for the whole play; 300 by default.",
)
@click.option("--strict", is_flag=True, help="Advisory rows count too.")
@click.option(
    "--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write the sheet as a page too."
)
@click.option(
    "--i-own-this-host", is_flag=True, help="Allow hosts other than this machine. Hostile callbacks are sent."
)
@click.option(
    "--list", is_flag=True, is_eager=True, expose_value=False, callback=_list_rows, help="List the rows."
)
@store_key_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    url: str,
    rows: tuple[str, ...],
    page: Path | None,
    strict: bool,
    store_key_file: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """
    Play legal and hostile callbacks to the endpoint at URL, in whatever language it is written, and print its score.

    Every row needs a fresh unpaid order of the shop: from --order-command, --orders or --order-page. The store key
    must be the shop's, of a test merchant: orders are paid, as far as the shop can tell.

    Status: 0 for full marks (every mandatory row passed, with --strict every row), 1 otherwise, 2 when something is
    missing to play at all.
    """
    from cmi_gateway.certify.certifying import certify  # noqa: PLC0415 - loaded where it is needed

    key = read_store_keys(store_key_file)[0]
    sheet = certify(_stage(url, key, options), rows, tell=None if as_json else _tell)
    _print(sheet, page, as_json=as_json)
    is_good = sheet.has_full_marks and (sheet.has_all_advice or not strict)
    context.exit(0 if is_good else ANSWER_IS_NO)


def _stage(url: str, key: Any, options: dict[str, Any]) -> Stage:
    from cmi_gateway.certify.addresses import allowed_address  # noqa: PLC0415 - as in command
    from cmi_gateway.certify.certifying import Stage  # noqa: PLC0415 - as in command
    from cmi_gateway.certify.judging import Judge  # noqa: PLC0415 - as in command
    from cmi_gateway.certify.player import HttpEndpoint  # noqa: PLC0415 - as in command

    address = allowed_address(url, is_own_host=options["i_own_this_host"])
    return Stage(
        endpoint=HttpEndpoint(address, patience=2 * options["limit"]),
        url=address.shown,
        orders=_orders(options),
        key=key,
        client_id=options["client_id"],
        probe=_probe(options),
        judge=Judge(captures_later=options["captures_later"], limit=options["limit"]),
        seconds=options["deadline"],
    )


def _orders(options: dict[str, Any]) -> OrderSource:
    from cmi_gateway.certify.addresses import allowed_address  # noqa: PLC0415 - as in command
    from cmi_gateway.certify.order_sources import CommandOrders, ListedOrders, PageOrders  # noqa: PLC0415 - as above

    given = [name for name in ("order_command", "order_file", "order_page") if options[name]]
    if len(given) != 1:
        raise click.UsageError(
            "say where orders come from: one of --order-command, --orders and --order-page"
        )
    if options["order_command"]:
        return CommandOrders(_words(options["order_command"], "--order-command"))
    if options["order_page"]:
        address = allowed_address(options["order_page"], is_own_host=options["i_own_this_host"])
        return PageOrders(address, options["order_data"])
    return ListedOrders(_listed(options["order_file"]))


def _listed(file: BinaryIO) -> list[object]:
    document = read_json_or_toml(file)
    listed = document.get("orders") if isinstance(document, dict) else document
    if not isinstance(listed, list) or not listed:
        raise click.UsageError("--orders must hold a list of orders, in TOML as [[orders]]")
    return listed


def _probe(options: dict[str, Any]) -> Probe | None:
    from cmi_gateway.certify.probe import CommandProbe, PageProbe  # noqa: PLC0415 - as above

    if options["state_command"] and options["state_url"]:
        raise click.UsageError("--state-command and --state-url exclude each other")
    if options["state_command"]:
        return CommandProbe(_words(options["state_command"], "--state-command"))
    if options["state_url"]:
        return PageProbe(options["state_url"], is_own_host=options["i_own_this_host"])
    return None


def _words(text: str, option: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise click.UsageError(f"{option} is no command line: {error}") from None
    if not words:
        raise click.UsageError(f"{option} is empty")
    return words


def _tell(judged: Judgement) -> None:
    from cmi_gateway.certify.sheet import line_of  # noqa: PLC0415 - as above

    click.echo(plain(line_of(judged)), err=True)


def _print(sheet: ScoreSheet, page: Path | None, *, as_json: bool) -> None:
    from cmi_gateway.certify.sheet import as_table, as_text  # noqa: PLC0415 - as above
    from cmi_gateway.certify.sheet_page import as_html  # noqa: PLC0415 - as above

    if as_json:
        print_json(as_table(sheet))
    else:
        for line in as_text(sheet).splitlines():
            click.echo(plain(line))
    if page is None:
        return
    # Last, so that a file that cannot be written costs nobody the play.
    try:
        page.write_text(as_html(sheet), encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{page} cannot be written: {error.strerror}") from None
