"""``cmi check-config``: what is wrong with a merchant configuration before going live."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import BinaryIO, Final

import click

from cmi_gateway.cli.documents import read_document
from cmi_gateway.cli.findings import Finding, Level, check
from cmi_gateway.cli.keys import has_store_keys, read_store_keys, store_key_option
from cmi_gateway.cli.printing import ANSWER_IS_NO, json_option, plain, print_json
from cmi_gateway.cli.root import Surroundings

_READABLE_BY_OTHERS: Final = 0o077


@click.command("check-config", short_help="Check a configuration before going live.")
@click.argument("file", type=click.File("rb"))
@store_key_option
@json_option
@click.pass_context
def command(context: click.Context, *, file: BinaryIO, store_key_file: Path | None, as_json: bool) -> None:
    """
    Say what is wrong with a merchant configuration: URLs, ports, key shape, language, clock, time zone data.

    FILE is TOML or JSON ("-" for standard input) with client_id, name, gateway ("test", "production", or a table with
    url and api_url), ok_url, fail_url, shop_url, callback_url, and where wished language, session_timeout,
    refresh_time and auto_redirect. The store key does not belong into it.

    Nothing is sent anywhere, so whether CMI reaches the callback, and whether the clock is right to the second,
    cannot be seen. Errors end with status 1; warnings do not.
    """
    surroundings: Surroundings = context.obj
    keys = read_store_keys(store_key_file, judge=False) if has_store_keys(store_key_file) else ()
    findings = (*check(read_document(file), keys, surroundings.now()), *_file_findings(store_key_file))
    if as_json:
        print_json(
            {"ok": not _has_errors(findings), "findings": [_as_table(finding) for finding in findings]}
        )
    else:
        for finding in findings:
            click.echo(f"{finding.level:<8} {plain(finding.about)}: {plain(finding.problem)}")
        click.echo(_summary(findings))
    context.exit(ANSWER_IS_NO if _has_errors(findings) else 0)


def _file_findings(store_key_file: Path | None) -> list[Finding]:
    # Other systems have no such bits.
    if (
        store_key_file is None
        or os.name != "posix"
        or not store_key_file.stat().st_mode & _READABLE_BY_OTHERS
    ):
        return []
    problem = "can be read by other users of this machine; make it your own: chmod 600"
    return [Finding(Level.WARNING, "store_key_file", problem)]


def _has_errors(findings: tuple[Finding, ...]) -> bool:
    return any(finding.level is Level.ERROR for finding in findings)


def _as_table(finding: Finding) -> dict[str, str]:
    return {"level": finding.level, "about": finding.about, "problem": finding.problem}


def _summary(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return "Nothing wrong was found."
    count = Counter(finding.level for finding in findings)
    return ", ".join(f"{count[level]} {level}{'s' if count[level] != 1 else ''}" for level in Level)
