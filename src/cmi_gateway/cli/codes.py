"""``cmi codes``: what the gateway's codes mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from cmi_gateway.cli.printing import ANSWER_IS_NO, json_option, plain, print_json, print_table
from cmi_gateway.codes import CodeEntry, catalogue, customer_message, find_code, look_up
from cmi_gateway.customer_messages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_SUGGESTED: Final = 5


@click.command("codes", short_help="Say what codes mean and what to do.")
@click.argument("codes", nargs=-1, metavar="[CODE]...")
@json_option
@click.pass_context
def command(context: click.Context, *, codes: tuple[str, ...], as_json: bool) -> None:
    """
    Say what codes mean, what to do, and what to tell the customer; without a code, list all.

    A code is a ProcReturnCode such as 05, an error such as CORE-2507 or 3D-1004, or mdStatus=0.
    An error text that holds a code will do. An unknown code ends with status 1.
    """
    entries = [_entry(code) for code in codes] or list(catalogue().values())
    if as_json:
        print_json([_facts(entry) for entry in entries])
    elif not codes:
        for entry in entries:
            click.echo(f"{entry.code:<11} {entry.code_class:<14} {entry.meaning}")
    else:
        for number, (code, entry) in enumerate(zip(codes, entries, strict=True)):
            click.echo("" if number else None, nl=bool(number))
            _describe(code, entry)
    context.exit(0 if all(entry.is_listed for entry in entries) else ANSWER_IS_NO)


def _entry(code: str) -> CodeEntry:
    entry = look_up(code.strip())
    return entry if entry.is_listed else look_up(find_code(code) or code.strip())


def _describe(code: str, entry: CodeEntry) -> None:
    if not entry.is_listed:
        near = list(_similar(code.strip()))
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        click.echo(f"{plain(code.strip()[:40])} is not in the catalogue.{hint}")
    print_table(
        [
            ("Code", entry.code or None),
            ("From", entry.family),
            (
                "Meaning",
                entry.meaning
                + ("" if entry.is_confirmed or not entry.is_listed else " (known to one source only)"),
            ),
            ("Class", entry.code_class),
            ("Class for a capture, void or refund", _if_other(entry)),
            ("May the customer try again", entry.customer_retry),
            ("May the server repeat", entry.server_repeat),
            ("Message", entry.message_key),
            *((f"  {language}", customer_message(entry.message_key, language)) for language in LANGUAGES),
        ]
    )


def _if_other(entry: CodeEntry) -> str | None:
    return None if entry.operation_class is entry.code_class else entry.operation_class


def _similar(code: str) -> Iterator[str]:
    """Give listed codes that end like what was typed, such as CORE-2507 for 2507 or 992507."""
    if len(code) == 1 and code.isascii() and code.isdigit():
        # Not 00 for 0: the one is success and the other is not, whatever some table prints.
        yield from [
            near for near in (f"0{code}", f"mdStatus={code}") if look_up(near).is_listed and near != "00"
        ]
    ending = f"-{code[-4:]}"
    found = [entry.code for entry in catalogue().values() if len(code) > 3 and entry.code.endswith(ending)]  # noqa: PLR2004 - error codes have four digits
    yield from found[:_MOST_SUGGESTED]


def _facts(entry: CodeEntry) -> dict[str, Any]:
    return {
        "code": entry.code,
        "listed": entry.is_listed,
        "confirmed": entry.is_confirmed,
        "family": entry.family,
        "meaning": entry.meaning,
        "class": entry.code_class,
        "operation_class": entry.operation_class,
        "customer_may_try_again": entry.customer_retry,
        "server_may_repeat": entry.server_repeat,
        "message_key": entry.message_key,
        "messages": {language: customer_message(entry.message_key, language) for language in LANGUAGES},
    }
