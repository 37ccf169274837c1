"""
The e-mail that confirms a payment: the receipt in words, the posting date, and the link to the receipt.

Sent once per paid order. Its ``Message-ID`` is derived from the order, so that whatever delivers it can recognise
a repeat. Of the card it holds brand and last four digits, as the receipt does, and nothing else.
"""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from html import escape
from typing import Final
from urllib.parse import urlsplit

from rak_billing.display import amount_text, date_text
from rak_billing.receipt import Receipt
from rak_billing.receipt_text import lines_of, sections_of
from rak_billing.tenant import Tenant

_OPENING: Final = (
    "Bonjour,",
    "Nous confirmons votre paiement en ligne de {total}, effectué le {day}.",
    "Il sera constaté au niveau de votre agence {agency} le {posting_day}.",
)
_LINK: Final = "Votre reçu, à imprimer et à garder comme preuve de paiement :"
_PERSONAL: Final = "Ce lien est personnel : toute personne qui le détient peut voir le reçu."
_NO_REPLY: Final = (
    "Ce message est envoyé automatiquement, merci de ne pas y répondre. Une question : {contact}."
)

_HTML: Final = """\
<!doctype html>
<html lang="fr">
<head><meta charset="utf-8"><title>{subject}</title></head>
<body style="font-family: sans-serif; color: #1a1a1a; max-width: 40em">
{opening}
<p>{link_text}<br><a href="{link}">{link}</a><br>{personal}</p>
{facts}
<table style="border-collapse: collapse" role="presentation">
{lines}
</table>
<p>{no_reply}</p>
<p style="color: #595959">{footer}</p>
</body>
</html>
"""


def confirmation_mail(
    receipt: Receipt, *, order_reference: str, link: str, tenant: Tenant, at: datetime
) -> EmailMessage:
    """
    Write the confirmation of a paid order, in French, as text and HTML.

    Args:
        receipt: Of the order.

        order_reference: Of the order; gives the stable ``Message-ID``.

        link: The receipt's secret link.

        tenant: Whose customer it goes to.

        at: When it is sent.
    """
    message = EmailMessage()
    message["Subject"] = f"{tenant.short_name} : confirmation de votre paiement, reçu n° {receipt.number}"
    message["From"] = formataddr((tenant.short_name, tenant.mail_from))
    message["To"] = receipt.email
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id(order_reference, tenant)
    # Neither holiday notices nor mailing lists should answer.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(receipt, link, tenant))
    message.add_alternative(_html(receipt, link, tenant, str(message["Subject"])), subtype="html")
    return message


def message_id(order_reference: str, tenant: Tenant) -> str:
    """Return the ``Message-ID`` of an order's confirmation, the same every time."""
    return f"<recu.{order_reference}@{urlsplit(tenant.portal_url).hostname}>"


def _opening(receipt: Receipt, tenant: Tenant) -> list[str]:
    words = {
        "total": amount_text(receipt.total),
        "day": f"{date_text(receipt.paid_at_local)} à {receipt.paid_at_local:%H:%M}",
        "agency": tenant.short_name,
        "posting_day": date_text(receipt.posting_date),
    }
    return [line.format_map(words) for line in _OPENING]


def _text(receipt: Receipt, link: str, tenant: Tenant) -> str:
    no_reply = _NO_REPLY.format(contact=tenant.support_contact)
    parts = (*_opening(receipt, tenant), f"{_LINK}\n{link}\n{_PERSONAL}", receipt.text(), no_reply)
    return "\n\n".join(parts) + "\n"


def _html(receipt: Receipt, link: str, tenant: Tenant, subject: str) -> str:
    return _HTML.format(
        subject=escape(subject),
        opening="\n".join(f"<p>{escape(line)}</p>" for line in _opening(receipt, tenant)),
        link_text=escape(_LINK),
        link=escape(link),
        personal=escape(_PERSONAL),
        facts="\n".join(_section(heading, rows) for heading, rows in sections_of(receipt)),
        lines="\n".join(_row(line) for line in lines_of(receipt)),
        no_reply=escape(_NO_REPLY.format(contact=tenant.support_contact)),
        footer=escape(tenant.legal_footer),
    )


def _section(heading: str, rows: tuple[tuple[str, str], ...]) -> str:
    facts = "<br>\n".join(f"{escape(label)} : {escape(value)}" for label, value in rows)
    return f"<p><strong>{escape(heading)}</strong><br>\n{facts}</p>"


def _row(cells: tuple[str, str, str]) -> str:
    reference, description, amount = (escape(cell) for cell in cells)
    style = 'style="padding: 2px 12px 2px 0"'
    return (
        f'<tr><td {style}>{reference}</td><td {style}>{description}</td><td align="right">{amount}</td></tr>'
    )
