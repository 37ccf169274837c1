"""How a receipt reads: its labels in the words and order of the guide (rules R44 to R53), and plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rak_billing.display import amount_text, date_text
from rak_billing.invoices import FEE_REFERENCE

if TYPE_CHECKING:
    from rak_billing.receipt import Receipt

__all__ = ["KEEP", "STATUS", "TITLE", "Rows", "lines_of", "promise_of", "sections_of", "text_of"]

TITLE: Final = "REÇU DE PAIEMENT"
STATUS: Final = "Votre paiement a été accepté"
KEEP: Final = "Vous pouvez imprimer le reçu et le garder comme preuve de paiement."

_PROMISE: Final = (
    "Votre paiement sera constaté au niveau de votre agence {agency} le jour J+1 "
    "(ou J+2 si le paiement est effectué après 22h) après le paiement."
)
_UNKNOWN: Final = "—"

Rows = tuple[tuple[str, str], ...]


def sections_of(receipt: Receipt) -> tuple[tuple[str, Rows], ...]:
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


def lines_of(receipt: Receipt) -> tuple[tuple[str, str, str], ...]:
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


def promise_of(receipt: Receipt) -> str:
    """Give the guide's promise of when the payment shows at the agency (rule R42)."""
    return _PROMISE.format(agency=receipt.merchant_name)


def text_of(receipt: Receipt) -> str:
    """Write a receipt in lines that hold nothing but printable characters and ordinary spaces."""
    sections = sections_of(receipt)
    width = max(len(label) for _, rows in sections for label, _ in rows)
    blocks = [
        [receipt.operator_name, TITLE, STATUS],
        *([heading, *(f"{label:<{width}} : {value}" for label, value in rows)] for heading, rows in sections),
        _table(receipt),
        [promise_of(receipt), KEEP],
        receipt.operator_footer.splitlines(),
    ]
    return (
        "\n\n".join("\n".join(_printable(line) for line in block if line) for block in blocks if block) + "\n"
    )


def _table(receipt: Receipt) -> list[str]:
    total = amount_text(receipt.total)
    rows = [("Référence", "Description", "Montant"), *lines_of(receipt), ("Total", "", total)]
    left = max(len(reference) for reference, _, _ in rows)
    right = max(len(amount) for _, _, amount in rows)
    written = (
        (f"{reference:<{left}}  {amount:>{right}}", description) for reference, description, amount in rows
    )
    return [line for first, second in written for line in (first, second and f"    {second}")]


def _printable(line: str) -> str:
    """Keep the layout, and drop what a terminal or a mail would obey rather than show."""
    return "".join(character if character.isprintable() else " " for character in line).rstrip()
