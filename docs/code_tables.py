"""
Write what the gateway's codes mean, and what customers are told, as tables, from the data that the library reads.

``python docs/code_tables.py`` writes ``docs/generated/codes.md``; a test fails when what stands there is out of date.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from cmi_gateway.code_classes import CodeClass, CodeFamily, server_repeat
from cmi_gateway.codes import CodeEntry, MessageKey, catalogue, customer_message
from cmi_gateway.customer_messages import LANGUAGES, customer_retry

PAGE = Path(__file__).parent / "generated" / "codes.md"

HEADINGS = {
    CodeFamily.PROC_RETURN_CODE: "`ProcReturnCode`: the issuer's answer (`ISO8583-` in the XML API)",
    CodeFamily.CORE: "`CORE-`: the gateway's errors",
    CodeFamily.THREE_D: "`3D-`: the payment page's errors",
    CodeFamily.BANK_MESSAGE: "`BM-`: between gateway and bank",
    CodeFamily.HOSTED_PAGE: "`HPP-`: the card form",
    CodeFamily.ACQUIRER: "Bare digits: the acquirer's own",
    CodeFamily.MD_STATUS: "`mdStatus`: the result of 3-D Secure",
}


def document() -> str:
    """Give the whole file."""
    return "\n".join([*classes(), *messages(), *families()]).rstrip("\n") + "\n"


def classes() -> Iterator[str]:
    """Give a row for each class and what it lets a server do."""
    yield from ("## Classes", "")
    yield from table(
        ["Class", "May a server send a capture, void or refund again?"],
        ([f"**{kind}**", server_repeat(kind)] for kind in CodeClass),
    )


def messages() -> Iterator[str]:
    """Give a row for each message in all languages."""
    yield from ("## Messages", "")
    yield from table(
        ["Key", "May the customer try again?", "Français", "العربية", "English"],
        (
            [f"`{key}`", customer_retry(key), *(customer_message(key, language) for language in LANGUAGES)]
            for key in MessageKey
        ),
    )


def families() -> Iterator[str]:
    """Give a table for each family of codes; codes that mean the same share a row."""
    for family, entries in groupby(catalogue().values(), key=lambda entry: entry.family):
        yield from (f"## {HEADINGS[family]}", "")
        yield from table(
            ["Code", "Meaning", "Class", "Customer may try again", "Server may repeat", "Message"],
            (row(list(alike)) for _, alike in groupby(entries, key=facts)),
        )


def row(entries: list[CodeEntry]) -> list[str]:
    """Give one row for codes that mean the same."""
    codes = ", ".join(f"`{entry.code}`" for entry in entries)
    return [codes, *facts(entries[0])]


def facts(entry: CodeEntry) -> tuple[str, ...]:
    """Give what the page says of a code."""
    kind = entry.code_class.value
    if entry.operation_class is not entry.code_class:
        kind += f"; of a capture, void or refund: {entry.operation_class}"
    note = "" if entry.is_confirmed else " ¹"
    return entry.meaning + note, kind, entry.customer_retry, entry.server_repeat, f"`{entry.message_key}`"


def table(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """Give the lines of a Markdown table and an empty one."""
    yield from (f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])
    yield ""


if __name__ == "__main__":
    PAGE.write_text(document(), encoding="utf-8")
    print("wrote docs/generated/codes.md")
