"""A comparison as one HTML page: sentences, a chart of our own drawing, and the table that says all it shows."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from rak_billing.bulk.comparison import Comparison, Group
from rak_billing.bulk.comparison_text import (
    HEADINGS,
    bracket_text,
    change_text,
    class_text,
    rows_of,
    summary_of,
)

__all__ = ["comparison_page"]

_STYLE: Final = """
:root{color-scheme:light}
body{margin:0;background:#fff;color:#111;font:1rem/1.5 system-ui,sans-serif}
main{max-width:72rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem}h2{font-size:1.125rem}
figure{margin:1rem 0}
svg{width:100%;min-width:52rem;height:auto;max-width:60rem}
svg text{font:14px system-ui,sans-serif;fill:#111}
.client{fill:#0b5394;stroke:#0b5394}.operateur{fill:#fff;stroke:#b45f06;stroke-width:2}.zero{stroke:#111}
.scroll{overflow-x:auto}
.scroll:focus-visible{outline:3px solid #0b5394}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
caption{text-align:start;font-weight:700;padding:.5rem 0}
th,td{padding:.375rem .5rem;border-bottom:1px solid #767676;text-align:end;white-space:nowrap}
th[scope=row],thead th:nth-child(-n+2),td.word{text-align:start}
tbody tr:last-child{font-weight:700}
@page{size:A4 landscape;margin:12mm}
@media print{.scroll{overflow:visible}svg{min-width:0}body{font-size:9pt}}
"""
_TITLE: Final = "Ce que change le barème"
_ABOUT: Final = "Chaque montant du graphique figure dans le tableau qui suit."

_BAR: Final = 18
_ROW: Final = 52
_TOP: Final = 34
_WIDTH: Final = 960
#: Where bars may lie: names to the left, amounts at both ends.
_LEFT: Final = 430
_HALF: Final = 190
_MIDDLE: Final = _LEFT + _HALF + 60


def comparison_page(comparison: Comparison, before: str, after: str) -> str:
    """
    Lay the report out.

    Args:
        comparison: The figures.
        before: What to call the first tariff.
        after: The second.
    """
    heading = f"{_TITLE}\u00a0: de {escape(before)} à {escape(after)}"
    lines = [
        "<!DOCTYPE html>",
        '<html lang="fr">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{heading}</title>",
        f"<style>{_STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1>{heading}</h1>",
        *(f"<p>{escape(sentence)}</p>" for sentence in summary_of(comparison)),
        *_figure(comparison),
        *_table(comparison),
        "</main>",
        "</body>",
        "</html>",
        "",
    ]
    return "\n".join(lines)


def _figure(comparison: Comparison) -> Iterator[str]:
    groups = comparison.groups
    if not groups:
        return
    largest = max(
        abs(change) for group in groups for change in (group.customer_change, group.merchant_change)
    )
    height = _TOP + _ROW * len(groups) + 8
    yield '<h2 id="graphique">Écart par clientèle et par total du paiement</h2>'
    yield "<figure>"
    # Focusable, so that a keyboard can scroll it on a narrow screen.
    yield '<div class="scroll" tabindex="0" role="region" aria-labelledby="graphique">'
    yield f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="graphique" aria-describedby="legende">'
    yield '<rect class="client" x="0" y="4" width="14" height="14"/><text x="22" y="16">clients (plein)</text>'
    yield '<rect class="operateur" x="160" y="4" width="14" height="14"/><text x="182" y="16">opérateur (vide)</text>'
    for place, group in enumerate(groups):
        yield from _bars(group, _TOP + _ROW * place, largest, comparison.currency)
    yield f'<line class="zero" x1="{_MIDDLE}" x2="{_MIDDLE}" y1="{_TOP - 6}" y2="{height}"/>'
    yield "</svg></div>"
    yield f'<figcaption id="legende">À droite du trait : payé en plus ; à gauche : payé en moins. {_ABOUT}</figcaption>'
    yield "</figure>"


def _bars(group: Group, top: int, largest: int, currency: str) -> Iterator[str]:
    name = f"{class_text(group)}, {bracket_text(group, currency)}"
    yield f'<text x="0" y="{top + _BAR + 5}">{escape(_shortened(name))}</text>'
    for place, (kind, change) in enumerate(
        (("client", group.customer_change), ("operateur", group.merchant_change))
    ):
        # Whole pixels: a chart is looked at, and the table beside it is what one reads.
        length = abs(change) * _HALF // largest if largest else 0
        y = top + place * (_BAR + 2)
        start = _MIDDLE - length if change < 0 else _MIDDLE
        anchor, at = ("end", start - 5) if change < 0 else ("start", start + length + 5)
        yield f'<rect class="{kind}" x="{start}" y="{y}" width="{length}" height="{_BAR}"/>'
        yield f'<text x="{at}" y="{y + 14}" text-anchor="{anchor}">{change_text(change, currency)}</text>'


_LONGEST_NAME: Final = 52


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _table(comparison: Comparison) -> Iterator[str]:
    yield '<div class="scroll" tabindex="0" role="region" aria-labelledby="tableau">'
    yield '<table><caption id="tableau">Frais payés en ligne, TVA comprise, avant et après</caption>'
    heads = "".join(f'<th scope="col">{heading}</th>' for heading in HEADINGS)
    yield f"<thead><tr>{heads}</tr></thead>"
    yield "<tbody>"
    for name, bracket, *figures in rows_of(comparison):
        cells = "".join(f"<td>{figure}</td>" for figure in figures)
        yield f'<tr><th scope="row">{escape(name)}</th><td class="word">{escape(bracket)}</td>{cells}</tr>'
    yield "</tbody></table></div>"
