"""``cmi doctor``: why does this hash not match?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, assert_never

import click

from cmi_gateway.cli.documents import fields_of, read_all, read_form
from cmi_gateway.cli.keys import read_store_keys, store_key_option
from cmi_gateway.cli.printing import ANSWER_IS_NO, json_option, plain, print_json

if TYPE_CHECKING:
    from cmi_gateway.doctor import Cause, Diagnosis


@click.command("doctor", short_help="Find out why a hash does not match.")
@click.argument("body", type=click.File("rb"), default="-")
@click.option(
    "--sent", type=click.File("rb"), help="The signed form that was sent, to find lost and changed fields."
)
@click.option(
    "--other-key-file",
    "other_key_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Further keys that may have been used by mistake, such as those of the other platform. May be repeated.",
)
@store_key_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    *,
    body: BinaryIO,
    sent: BinaryIO | None,
    other_key_files: tuple[Path, ...],
    store_key_file: Path | None,
    as_json: bool,
) -> None:
    """
    Find the smallest change that makes a hash match, who makes that change, and how to mend it.

    BODY is a raw callback as it arrived, or a form as JSON, by default from standard input. Neither key nor hash nor
    any value is printed. A hash that nothing explains ends with status 1, as does a body without a hash.

    What the doctor says makes no message trustworthy: only `cmi verify` does.
    """
    from cmi_gateway.doctor import Unexplained, Unreadable, diagnose  # noqa: PLC0415 - loaded where it is needed

    # White space in a key is one of the things to be found, so keys are not judged here.
    key, *older = read_store_keys(store_key_file, judge=False)
    others = {f"older key {number}": secret for number, secret in enumerate(older, start=1)}
    for file in other_key_files:
        secrets = read_store_keys(file, judge=False)
        others |= {f"{file.name}, key {number}": secret for number, secret in enumerate(secrets, start=1)}
    diagnosis = diagnose(
        _body(read_all(body)), key, other_keys=others, sent=read_form(sent) if sent else None
    )
    if as_json:
        print_json(_as_table(diagnosis))
    else:
        for line in str(diagnosis).splitlines():
            click.echo(plain(line))
    context.exit(ANSWER_IS_NO if isinstance(diagnosis, (Unexplained, Unreadable)) else 0)


def _body(raw: bytes) -> bytes | dict[str, str]:
    """Give the fields where the body is a form in JSON; no form-encoded body starts with a brace or bracket."""
    if raw.lstrip()[:1] not in (b"{", b"["):
        return raw
    try:
        return fields_of(json.loads(raw)) or raw
    except (ValueError, RecursionError):
        return raw


def _as_table(diagnosis: Diagnosis) -> dict[str, Any]:
    from cmi_gateway.doctor import Explained, Healthy, Unexplained, Unreadable  # noqa: PLC0415 - as in command

    facts: dict[str, Any]
    match diagnosis:
        case Healthy():
            facts = {"remarks": [_cause(cause) for cause in diagnosis.remarks]}
        case Explained():
            facts = {
                "causes": [_cause(cause) for cause in diagnosis.causes],
                "alternatives": [[_cause(cause) for cause in causes] for causes in diagnosis.alternatives],
            }
        case Unexplained():
            facts = {
                "excluded": list(diagnosis.excluded),
                "hints": list(diagnosis.hints),
                "is_complete": diagnosis.is_complete,
            }
        case Unreadable():
            facts = {"reason": diagnosis.reason}
        case _:
            assert_never(diagnosis)
    return {"verdict": diagnosis.verdict, **facts}


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "kind": cause.kind,
        "detail": cause.detail,
        "fields": list(cause.fields),
        "what": cause.what,
        "who": cause.who,
        "remedy": cause.remedy,
    }
