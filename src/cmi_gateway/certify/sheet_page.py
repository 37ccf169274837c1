"""The score sheet as one HTML page: without scripts, for screens, phones, readers and paper."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from cmi_gateway.certify.judging import Judgement, Verdict
from cmi_gateway.certify.sheet import ScoreSheet

_STYLE: Final = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: #1c1c28; background: #f4f1ea; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin-top: 2rem; }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
article { background: #fff; border: 1px solid #c9c3b5; border-inline-start-width: .5rem; border-radius: .3rem;
  padding: .75rem 1rem; margin: 0 0 .75rem; break-inside: avoid; }
.passed { border-inline-start-color: #1c6b3c; }
.failed { border-inline-start-color: #a1121b; }
.verdict { font-weight: 700; margin: 0; }
.passed .verdict { color: #1c6b3c; }
.failed .verdict { color: #a1121b; }
.rule { margin: .25rem 0 .5rem; }
summary { cursor: pointer; min-height: 1.5rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1rem; margin: 0; font-size: .95rem; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 30rem) { dl { grid-template-columns: minmax(0, 1fr); } dd { margin-bottom: .4rem; } }
@media print { body { background: #fff; } main { max-width: none; padding: 0; } }
"""
_CLASSES: Final = {Verdict.PASSED: "passed", Verdict.FAILED: "failed"}


def as_html(sheet: ScoreSheet) -> str:
    """Give the page; every verdict stands there in words, whatever its colour."""
    title = f"Score sheet of {escape(sheet.url)}"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en" dir="ltr">',
            "<head>",
            '<meta charset="UTF-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="robots" content="noindex">',
            f"<title>{title}</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            "<main>",
            f"<h1>{title}</h1>",
            *(f"<p>{escape(sentence)}</p>" for sentence in sheet.summary),
            *_to_mend(sheet),
            *_groups(sheet),
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _to_mend(sheet: ScoreSheet) -> Iterator[str]:
    """List what failed before everything else: whoever opens the page wants to know what to do."""
    failed = [one for _, judged in sheet.groups for one in judged if one.verdict is Verdict.FAILED]
    if not failed:
        return
    yield '<nav aria-labelledby="to-mend"><h2 id="to-mend">What to mend</h2><ul>'
    for judged in failed:
        row = judged.row
        kind = "" if row.is_mandatory else " (advisory)"
        yield f'<li><a href="#row-{row.id}">{row.id}</a>{kind}: {escape(row.mend)}</li>'
    yield "</ul></nav>"


def _groups(sheet: ScoreSheet) -> Iterator[str]:
    for number, (heading, judged) in enumerate(sheet.groups):
        yield f'<section aria-labelledby="group-{number}">'
        yield f'<h2 id="group-{number}">{escape(heading)}</h2>'
        for one in judged:
            yield from _article(one)
        yield "</section>"


def _article(judged: Judgement) -> Iterator[str]:
    row = judged.row
    kind = "" if row.is_mandatory else " (advisory)"
    yield f'<article class="{_CLASSES.get(judged.verdict, "open")}" aria-labelledby="row-{row.id}">'
    yield f'<h3 id="row-{row.id}">{row.id}</h3>'
    yield f'<p class="verdict">{escape(judged.verdict.value.capitalize())}{kind}</p>'
    yield f'<p class="rule">{escape(row.rule)}</p>'
    # What passed is folded up, so that what did not stands out.
    is_folded = judged.verdict is Verdict.PASSED
    yield "<details><summary>What was sent and what came</summary><dl>" if is_folded else "<dl>"
    for name, text in _facts(judged):
        yield f"<dt>{name}</dt><dd>{escape(text)}</dd>"
    yield "</dl></details>" if is_folded else "</dl>"
    yield "</article>"


def _facts(judged: Judgement) -> Iterator[tuple[str, str]]:
    row = judged.row
    yield "Source", row.source.value
    yield "Sent", row.sent
    yield "Expected", row.expected
    yield from ((name, text) for name, text in (("Came", judged.came), ("Note", judged.note)) if text)
    if judged.verdict is not Verdict.PASSED:
        yield "Why it matters", row.why
        yield "How to mend it", row.mend
