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

#: Phone first: one column in the middle, and a button as wide as a thumb likes it.
_STYLE: Final = """
:root{color-scheme:light}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:#fff;color:#111;font:1.125rem/1.5 system-ui,sans-serif;text-align:center}
main{max-width:32rem;padding:1rem}
h1{margin:0 0 .5rem;font-size:1.5rem;line-height:1.25}
p{margin:0 0 1.5rem}
button{width:100%;min-height:3rem;padding:.75rem 1.5rem;border:0;border-radius:.25rem;background:#0b4f8a;color:#fff;font:inherit;font-weight:600;cursor:pointer}
button:focus-visible{outline:3px solid #111;outline-offset:3px}
@media (min-width:36rem){button{width:auto}}
"""

# submit() is taken from the prototype: a field of the merchant's that is called "submit" would hide the form's own.
_PAGE: Final = """<!DOCTYPE html>
<html lang="{lang}" dir="{direction}">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style{nonce}>{style}</style>
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

        nonce: For script and style, where the page is served under a Content-Security-Policy. Without script
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
        style=_STYLE,
        nonce="" if nonce is None else f' nonce="{escape(nonce)}"',
    )
