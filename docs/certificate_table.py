"""
Write what `cmi certify` plays, as tables, from the rows that it plays.

``python docs/certificate_table.py`` writes ``docs/generated/certificate.md``; a test fails when what stands there is
out of date.
"""

from collections.abc import Iterator
from pathlib import Path

from cmi_gateway.certify.cases import GROUPS
from cmi_gateway.certify.rows import Row

PAGE = Path(__file__).parent / "generated" / "certificate.md"


def document() -> str:
    """Give the whole file: a heading and a table for each group."""
    return (
        "\n".join(line for heading, rows in GROUPS.items() for line in group(heading, rows)).rstrip("\n")
        + "\n"
    )


def group(heading: str, rows: tuple[Row, ...]) -> Iterator[str]:
    """Give the table of one group."""
    yield from (f"### {heading}", "")
    head = ["Row", "Rule", "Sent", "Expected", "Why, and how to mend"]
    yield from (line(cells) for cells in [head, ["---"] * len(head), *map(cells_of, rows)])
    yield ""


def cells_of(row: Row) -> list[str]:
    """Give the cells of one row."""
    kind = "mandatory" if row.is_mandatory else "advisory"
    return [
        f"`{row.id}`, {kind}",
        f"{row.rule} ({row.source})",
        row.sent,
        row.expected,
        f"{row.why} {row.mend}",
    ]


def line(cells: list[str]) -> str:
    """Give one line of Markdown; what would mean something to it is written out."""
    written = [escaped(cell) for cell in cells]
    return f"| {' | '.join(written)} |"


def escaped(text: str) -> str:
    """Write backslashes, bars, ampersands and stars so that they are shown."""
    for character in "\\|&*":
        text = text.replace(character, f"\\{character}")
    return text


if __name__ == "__main__":
    PAGE.write_text(document(), encoding="utf-8")
    print("wrote docs/generated/certificate.md")
