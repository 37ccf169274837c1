"""
Make billing text fit for the gateway, which refuses or alters what billing systems freely hold.

The gateway's firewall rewrites the word "document", its pages decode HTML entities, and its fields have
limits: any of these would break the hash or the payment. The receipt keeps the original text.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from typing import Final

__all__ = ["NAME_LIMIT", "fit", "fit_apart", "fit_name"]

#: Characters that the gateway's field for the customer's name takes.
NAME_LIMIT: Final = 255

_DOCUMENT: Final = re.compile("document", re.IGNORECASE)
_ENTITY: Final = re.compile(r"&#?[0-9A-Za-z]+;")


def fit(text: str, limit: int) -> str:
    """
    Give *text* as the gateway takes it, of at most *limit* characters.

    Spaces are folded, control and invisible characters dropped, HTML entities read, and the word
    "document" becomes "doc.". Accents, apostrophes and Arabic stay. Fitting twice changes nothing more.
    """
    fitted = _fit_once(text)
    # What one pass drops or decodes may leave a new entity or word behind: "&amp;amp;", "docu\x00ment".
    while fitted != (again := _fit_once(fitted)):
        fitted = again
    return fitted[:limit].rstrip()


def fit_apart(text: str, limit: int, *, label: str, is_result: Callable[[str], bool]) -> str:
    """
    Give *text* as `fit` does, and behind *label* where it would read as a result of the gateway.

    The gateway client refuses payers' text that equals a code, a currency, the client id or the amount; a customer
    may be called so all the same.

    Args:
        text: Of the billing system.
        limit: The most characters.
        label: What it is, in a word that is no result itself.
        is_result: Says which texts read as a result.
    """
    fitted = fit(text, limit)
    return fit(f"{label} {fitted}", limit) if is_result(fitted) else fitted


def fit_name(name: str, customer_ref: str, limit: int = NAME_LIMIT) -> str:
    """
    Give the customer's name as the gateway takes it; without a letter, the customer reference instead.

    The reference stands behind the word « Client »: figures alone are refused for a name, since they could
    be read as a result of the gateway.
    """
    fitted = fit(name, limit)
    if any(character.isalpha() for character in fitted):
        return fitted
    return fit(f"Client {customer_ref}", limit)


def _fit_once(text: str) -> str:
    decoded = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    visible = "".join(
        character for character in " ".join(decoded.split()) if unicodedata.category(character)[0] != "C"
    )
    return _DOCUMENT.sub("doc.", visible)
