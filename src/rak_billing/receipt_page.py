"""A receipt as one HTML page: it prints on A4, fits a phone, and needs no other file."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

from rak_billing.display import amount_text
from rak_billing.errors import ReceiptError
from rak_billing.receipt_text import KEEP, STATUS, TITLE, Rows, lines_of, promise_of, sections_of

if TYPE_CHECKING:
    from rak_billing.receipt import Receipt

__all__ = ["page_of"]

_BACK: Final = "Cliquez ici pour retourner au site marchand"
_PRINT: Final = "Imprimer"
_HOW_TO_PRINT: Final = f'<p class="ecran">{_PRINT} : Ctrl + P, ou le menu de votre navigateur.</p>'
_SAFE_URL: Final = re.compile(r"(https?:/)?/[^\s\\]*")

_STYLE: Final = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:#fff;color:#111;font:1rem/1.5 system-ui,sans-serif}
main{max-width:48rem;margin:0 auto;padding:1rem}
tbody th{font-weight:400}
h1{font-size:1.5rem;margin:.5rem 0}
h2{font-size:1rem;margin:1.25rem 0 .25rem;border-bottom:1px solid #767676}
.etat{font-weight:700}
.operateur{white-space:pre-line}
dl{margin:0}
dl div{display:flex;flex-wrap:wrap;gap:0 .5rem;padding:.125rem 0}
dt{flex:0 1 18rem;color:#555}
dt::after{content:" :"}
dd{margin:0;flex:1 1 12rem;overflow-wrap:anywhere}
table{width:100%;border-collapse:collapse;margin:.75rem 0}
th,td{padding:.375rem .25rem;border-bottom:1px solid #767676;text-align:start;vertical-align:top}
.description{overflow-wrap:anywhere}
.montant{text-align:end;white-space:nowrap}
@media screen and (max-width:36rem){
thead{display:none}
tr{display:grid;grid-template-columns:1fr auto;border-bottom:1px solid #767676}
th,td{border:0;overflow-wrap:anywhere}
.description{grid-row:2;grid-column:1/-1}
}
footer{margin-top:1.5rem;font-size:.875rem;white-space:pre-line}
a,button{min-height:2.75rem}
button{font:inherit;padding:.5rem 1.5rem}
@page{size:A4;margin:15mm}
@media print{.ecran{display:none}main{max-width:none;padding:0}body{font-size:10pt}tr,dl div{break-inside:avoid}}
"""

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>{title} {number}</title>
<style{nonce}>{style}</style>{script}
</head>
<body>
<main>
<p class="operateur">{operator}</p>
<h1>{title}</h1>
<p class="etat">{status}</p>
{back}{sections}
<table role="table">
<thead role="rowgroup">
<tr role="row">
<th role="columnheader" scope="col">Référence</th>
<th role="columnheader" scope="col">Description</th>
<th role="columnheader" scope="col" class="montant">Montant</th>
</tr>
</thead>
<tbody role="rowgroup">
{lines}
</tbody>
<tfoot role="rowgroup">
<tr role="row">
<th role="rowheader" scope="row" colspan="2">Total</th>
<td role="cell" class="montant"><strong>{total}</strong></td>
</tr>
</tfoot>
</table>
<p>{promise}</p>
<p class="ecran">{keep}</p>
{print}<footer>{footer}</footer>
</main>
</body>
</html>
"""


def page_of(
    receipt: Receipt, *, return_url: str | None, print_script_url: str | None, nonce: str | None
) -> str:
    """Write a receipt as one HTML page; see `Receipt.html`."""
    permit = f' nonce="{html.escape(nonce)}"' if nonce else ""
    script = (
        f'\n<script src="{_link("print_script_url", print_script_url)}"{permit} defer></script>'
        if print_script_url
        else ""
    )
    back = (
        f'<p class="ecran"><a href="{_link("return_url", return_url)}">{_BACK}</a></p>\n'
        if return_url
        else ""
    )
    return _PAGE.format(
        title=TITLE,
        number=html.escape(receipt.number),
        nonce=permit,
        style=_STYLE,
        script=script,
        operator=html.escape(receipt.operator_name),
        status=STATUS,
        back=back,
        sections="\n".join(_section(heading, rows) for heading, rows in sections_of(receipt)),
        lines="\n".join(_row(*line) for line in lines_of(receipt)),
        total=html.escape(amount_text(receipt.total)),
        promise=html.escape(promise_of(receipt)),
        keep=KEEP,
        print=_print_hint(has_script=bool(print_script_url)),
        footer=html.escape(receipt.operator_footer),
    )


def _section(heading: str, rows: Rows) -> str:
    # <bdi>: a name in Arabic must not turn its neighbours round.
    facts = "\n".join(
        f"<div><dt>{html.escape(label)}</dt><dd><bdi>{html.escape(value)}</bdi></dd></div>"
        for label, value in rows
    )
    return f"<h2>{heading}</h2>\n<dl>\n{facts}\n</dl>"


def _row(reference: str, description: str, amount: str) -> str:
    # The roles outlive the style that stacks the cells on a phone, where browsers would forget the table.
    return (
        f'<tr role="row"><th role="rowheader" scope="row">{html.escape(reference)}</th>'
        f'<td role="cell" class="description">{html.escape(description)}</td>'
        f'<td role="cell" class="montant">{html.escape(amount)}</td></tr>'
    )


def _print_hint(*, has_script: bool) -> str:
    if has_script:
        # Hidden until the script is there to make it work.
        button = f'<p class="ecran"><button type="button" id="imprimer" hidden>{_PRINT}</button></p>'
        return f"{button}\n<noscript>{_HOW_TO_PRINT}</noscript>\n"
    return f"{_HOW_TO_PRINT}\n"


def _link(field: str, url: str) -> str:
    # Escaping does not stop "javascript:".
    if not _SAFE_URL.fullmatch(url):
        raise ReceiptError(field, "expected an http(s) URL, or a path that starts with /")
    return html.escape(url)
