"""How a receipt reads: the labels of the guide (rules R44 to R53), as plain text and as a page that prints."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

from rak_billing.display import amount_text, date_text
from rak_billing.errors import ReceiptError
from rak_billing.invoices import FEE_REFERENCE

if TYPE_CHECKING:
    from rak_billing.receipt import Receipt

__all__ = ["page_of", "text_of"]

TITLE: Final = "REÇU DE PAIEMENT"
STATUS: Final = "Votre paiement a été accepté"
BACK: Final = "Cliquez ici pour retourner au site marchand"
PRINT: Final = "Imprimer"
KEEP: Final = "Vous pouvez imprimer le reçu et le garder comme preuve de paiement."

_PROMISE: Final = (
    "Votre paiement sera constaté au niveau de votre agence {agency} le jour J+1 "
    "(ou J+2 si le paiement est effectué après 22h) après le paiement."
)
_UNKNOWN: Final = "—"
_SAFE_URL: Final = re.compile(r"(https?:/)?/[^\s\\]*")

_Rows = tuple[tuple[str, str], ...]


def _sections(receipt: Receipt) -> tuple[tuple[str, _Rows], ...]:
    """Give the facts under their headings, in the order of the guide."""
    card = receipt.last_four and f"**** **** **** {receipt.last_four}"
    address = (("Adresse", receipt.customer_address),) if receipt.customer_address else ()
    paid_at = receipt.paid_at_local
    return (
        (
            "DÉTAIL DE PAIEMENT",
            (
                ("Date de paiement", f"{date_text(paid_at)} {paid_at:%H:%M:%S}"),
                ("N° de paiement", receipt.payment_number or _UNKNOWN),
                ("Code d'autorisation", receipt.authorization_code or _UNKNOWN),
                ("Méthode de paiement", receipt.method or _UNKNOWN),
                ("N° de carte de paiement", card or _UNKNOWN),
                ("N° transaction", receipt.transaction_id or _UNKNOWN),
            ),
        ),
        (
            "INFORMATIONS DU CLIENT",
            (
                ("Nom", receipt.customer_name or _UNKNOWN),
                *address,
                ("Email", receipt.email),
                ("Nom du marchand", receipt.merchant),
            ),
        ),
        (
            "DÉTAIL DE LA COMMANDE",
            (
                (receipt.contract_label, receipt.contract),
                ("Numéro de reçu de paiement", receipt.number),
                ("Paiement constaté en agence le", date_text(receipt.posting_date)),
            ),
        ),
    )


def _lines(receipt: Receipt) -> tuple[tuple[str, str, str], ...]:
    """Give reference, description and amount of each line; the fee says its VAT where it is known."""
    vat = receipt.fee_vat and f" (dont TVA {amount_text(receipt.fee_vat)})"
    return tuple(
        (
            line.reference,
            line.description + (vat or "" if line.reference == FEE_REFERENCE else ""),
            amount_text(line.amount),
        )
        for line in receipt.lines
    )


def _promise(receipt: Receipt) -> str:
    return _PROMISE.format(agency=receipt.merchant_name)


# --- plain text -------------------------------------------------------------------------------------------


def text_of(receipt: Receipt) -> str:
    """Write a receipt in lines that hold nothing but printable characters and ordinary spaces."""
    sections = _sections(receipt)
    width = max(len(label) for _, rows in sections for label, _ in rows)
    blocks = [
        [receipt.operator_name, TITLE, STATUS],
        *([heading, *(f"{label:<{width}} : {value}" for label, value in rows)] for heading, rows in sections),
        _table(receipt),
        [_promise(receipt), KEEP],
        receipt.operator_footer.splitlines(),
    ]
    return (
        "\n\n".join("\n".join(_printable(line) for line in block if line) for block in blocks if block) + "\n"
    )


def _table(receipt: Receipt) -> list[str]:
    total = amount_text(receipt.total)
    rows = [("Référence", "Description", "Montant"), *_lines(receipt), ("Total", "", total)]
    left = max(len(reference) for reference, _, _ in rows)
    right = max(len(amount) for _, _, amount in rows)
    written = (
        (f"{reference:<{left}}  {amount:>{right}}", description) for reference, description, amount in rows
    )
    return [line for first, second in written for line in (first, second and f"    {second}")]


def _printable(line: str) -> str:
    """Keep the layout, and drop what a terminal or a mail would obey rather than show."""
    return "".join(character if character.isprintable() else " " for character in line).rstrip()


# --- the page ---------------------------------------------------------------------------------------------

_STYLE: Final = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:#fff;color:#111;font:1rem/1.5 system-ui,sans-serif}
main{max-width:48rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;margin:.5rem 0}
h2{font-size:1rem;margin:1.25rem 0 .25rem;border-bottom:1px solid #767676}
.etat{font-weight:700}
.operateur{white-space:pre-line}
dl{margin:0}
dl div{display:flex;flex-wrap:wrap;gap:0 .5rem}
dt{flex:0 1 16rem}
dt::after{content:" :"}
dd{margin:0;flex:1 1 12rem;overflow-wrap:anywhere}
table{width:100%;border-collapse:collapse;margin:.75rem 0}
th,td{padding:.375rem .25rem;border-bottom:1px solid #767676;text-align:start;vertical-align:top;overflow-wrap:anywhere}
.montant{text-align:end;white-space:nowrap;overflow-wrap:normal}
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
<table>
<thead><tr><th scope="col">Référence</th><th scope="col">Description</th><th scope="col" class="montant">Montant</th></tr></thead>
<tbody>
{lines}
</tbody>
<tfoot><tr><th scope="row" colspan="2">Total</th><td class="montant"><strong>{total}</strong></td></tr></tfoot>
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
    lines = "\n".join(
        f"<tr><td>{html.escape(reference)}</td><td>{html.escape(description)}</td>"
        f'<td class="montant">{html.escape(amount)}</td></tr>'
        for reference, description, amount in _lines(receipt)
    )
    script = (
        f'\n<script src="{_link("print_script_url", print_script_url)}" defer></script>'
        if print_script_url
        else ""
    )
    back = (
        f'<p class="ecran"><a href="{_link("return_url", return_url)}">{BACK}</a></p>\n' if return_url else ""
    )
    return _PAGE.format(
        title=TITLE,
        number=html.escape(receipt.number),
        nonce=f' nonce="{html.escape(nonce)}"' if nonce else "",
        style=_STYLE,
        script=script,
        operator=html.escape(receipt.operator_name),
        status=STATUS,
        back=back,
        sections="\n".join(_section(heading, rows) for heading, rows in _sections(receipt)),
        lines=lines,
        total=html.escape(amount_text(receipt.total)),
        promise=html.escape(_promise(receipt)),
        keep=KEEP,
        print=_print_hint(has_script=bool(print_script_url)),
        footer=html.escape(receipt.operator_footer),
    )


def _section(heading: str, rows: _Rows) -> str:
    # <bdi>: a name in Arabic must not turn its neighbours round.
    facts = "\n".join(
        f"<div><dt>{html.escape(label)}</dt><dd><bdi>{html.escape(value)}</bdi></dd></div>"
        for label, value in rows
    )
    return f"<h2>{heading}</h2>\n<dl>\n{facts}\n</dl>"


def _print_hint(*, has_script: bool) -> str:
    if has_script:
        # Hidden until the script is there to make it work.
        return f'<p class="ecran"><button type="button" id="imprimer" hidden>{PRINT}</button></p>\n'
    return f'<p class="ecran">{PRINT} : Ctrl + P, ou le menu de votre navigateur.</p>\n'


def _link(field: str, url: str) -> str:
    # Escaping does not stop "javascript:".
    if not _SAFE_URL.fullmatch(url):
        raise ReceiptError(field, "expected an http(s) URL, or a path that starts with /")
    return html.escape(url)
