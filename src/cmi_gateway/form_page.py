"""The page that takes the payer to the gateway: a form that posts itself, and a button where it cannot."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Title, sentence and button by language of the payment page.
_TEXTS: Final = {
    "fr": (
        "Redirection vers le paiement",
        "Vous allez être redirigé vers la plateforme sécurisée du CMI.",
        "Continuer vers le paiement",
    ),
    "ar": (
        "التحويل إلى صفحة الأداء",
        "سيتم تحويلكم إلى منصة الأداء الآمنة لمركز النقديات.",
        "المتابعة إلى الأداء",
    ),
    "en": (
        "Redirecting to payment",
        "You are being redirected to CMI's secure platform.",
        "Continue to payment",
    ),
}

# submit() is taken from the prototype: a field of the merchant's that is called "submit" would hide the form's own.
_PAGE: Final = """<!DOCTYPE html>
<html lang="{lang}" dir="{direction}">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{sentence}</p>
<form id="cmi" method="post" action="{action}" accept-charset="UTF-8">
{inputs}
<button type="submit">{button}</button>
</form>
</main>
<script{nonce}>HTMLFormElement.prototype.submit.call(document.getElementById("cmi"));</script>
</body>
</html>
"""


def render(action: str, fields: Iterable[tuple[str, str]], *, language: str, nonce: str | None) -> str:
    """
    Write the page; serve it as UTF-8, since other bytes would not match the hash.

    Args:
        action: The gateway's address.

        fields: Names and values, posted exactly as given. Every input with a name is posted and therefore
            hashed, so the button has none.

        language: ``fr``, ``ar`` or ``en``.

        nonce: For the script, where the page is served under a Content-Security-Policy. Without script
            the payer presses the button.
    """
    title, sentence, button = _TEXTS[language]
    inputs = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields
    )
    return _PAGE.format(
        lang=language,
        direction="rtl" if language == "ar" else "ltr",
        title=escape(title),
        sentence=escape(sentence),
        button=escape(button),
        action=escape(action),
        inputs=inputs,
        nonce="" if nonce is None else f' nonce="{escape(nonce)}"',
    )
