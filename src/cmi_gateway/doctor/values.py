"""What programs do to values: each mistake as a function, performed or taken back, on every value at once."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from html.entities import codepoint2name, html5
from typing import Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from cmi_gateway.doctor.cause_kinds import CauseKind
from cmi_gateway.entities import decode_entities

Edit = Callable[[str], str]
#: Cause, detail, and the function that turns what came into what was hashed.
ValueEdit = tuple[CauseKind, str, Edit]

_CONTROL_AND_SPACE: Final = "".join(map(chr, range(0x21)))
_UNICODE_SPACE: Final = "\u200b\u200e\ufeff"
#: Digests and random texts in base64 (``xid``, ``cavv``, ``rnd``): a plus in them is one.
_BASE64: Final = re.compile(r"(?:[A-Za-z0-9+/]{4}){5,}(?:[A-Za-z0-9+/]{2}(?:==|[A-Za-z0-9+/]=))?")
_DOCUMENT: Final = re.compile(r"document(.)", re.IGNORECASE)
_ONE_BYTE_CHARSETS: Final = ("windows-1252", "iso-8859-1", "iso-8859-9")
#: Signs that HTML 5 decodes without a semicolon and HTML 4.01 does not; letters are left out, they are text.
_SIGNS_OF_HTML5: Final = str.maketrans(
    {
        sign: f"&{name}"
        for name, sign in html5.items()
        if not name.endswith(";")
        and len(sign) == 1
        and not sign.isalpha()
        and sign not in '&<>"\u00a0'
        and name.islower()
    }
)
_NAMED_LETTERS: Final = str.maketrans(
    {chr(point): f"&{name};" for point, name in codepoint2name.items() if chr(point) != "'"}
)


def _marks(ampersand: str, quote: str, apostrophe: str) -> dict[int, str]:
    return str.maketrans({"&": ampersand, "<": "&lt;", ">": "&gt;", '"': quote, "'": apostrophe})


_ENTITY_STYLES: Final = {
    "htmlspecialchars with ENT_QUOTES": _marks("&amp;", "&quot;", "&#039;"),
    "htmlspecialchars with ENT_COMPAT": _marks("&amp;", "&quot;", "'"),
    "Python's html.escape": _marks("&amp;", "&quot;", "&#x27;"),
    "Jinja": _marks("&amp;", "&#34;", "&#39;"),
    "Django, Ruby and lodash": _marks("&amp;", "&quot;", "&#39;"),
    "XML": _marks("&amp;", "&quot;", "&apos;"),
    "htmlentities": _NAMED_LETTERS,
    "numbers for quotes only": str.maketrans({'"': "&#34;", "'": "&#39;"}),
    "PHP's FILTER_SANITIZE_STRING": str.maketrans({'"': "&#34;", "'": "&#39;", "<": "", ">": ""}),
}


def _translator(table: dict[int, str]) -> Edit:
    return lambda value: value.translate(table)


def _replacer(old: str, new: str) -> Edit:
    return lambda value: value.replace(old, new)


def _whole(old: str, new: str) -> Edit:
    return lambda value: new if value == old else value


def _misread(charset: str) -> Edit:
    return lambda value: value.encode().decode(charset, "replace")


def _read_again(charset: str) -> Edit:
    def edit(value: str) -> str:
        try:
            return value.encode(charset).decode()
        except UnicodeError:
            return value

    return edit


def _stripped_of_unicode(value: str) -> str:
    before, after = None, value
    while after != before:
        before, after = after, after.strip().strip(_UNICODE_SPACE)
    return after


def _without_accents(value: str) -> str:
    return "".join([c for c in unicodedata.normalize("NFD", value) if not unicodedata.combining(c)])


def _without_slashes(value: str) -> str:
    return re.sub(r"\\(.?)", r"\1", value, flags=re.DOTALL)


def _with_slashes(value: str) -> str:
    return re.sub(r"(['\"\\])", r"\\\1", value)


def _leading_plus(value: str) -> str:
    return "+" + value[1:] if value.startswith(" ") else value


def _spaces_of_text(value: str) -> str:
    """Read each plus as a space but those that a telephone number and base64 hold."""
    return value if _BASE64.fullmatch(value) else value[:1] + value[1:].replace("+", " ")


def _entity_edits() -> Iterator[ValueEdit]:
    yield CauseKind.ENTITIES_ENCODED_TWICE, "", lambda value: decode_entities(decode_entities(value))
    yield CauseKind.ENTITIES_HTML5, "decoded before the hash", html.unescape
    yield CauseKind.ENTITIES_HTML5, "decoded after the hash", _translator(_SIGNS_OF_HTML5)
    for style, table in _ENTITY_STYLES.items():
        yield CauseKind.ENTITIES_ENCODED, style, _translator(table)


def _line_edits() -> Iterator[ValueEdit]:
    yield CauseKind.LINE_BREAKS, "CR LF in the body, LF in the hash", _replacer("\r\n", "\n")
    yield CauseKind.LINE_BREAKS, "LF in the body, CR LF in the hash", lambda v: re.sub(r"\r?\n", "\r\n", v)
    yield CauseKind.LINE_BREAKS, "left out of the hash", lambda v: re.sub(r"[\r\n]", "", v)
    yield CauseKind.LINE_BREAKS, "spaces in the hash", lambda v: re.sub(r"\r?\n|\r", " ", v)
    yield CauseKind.LINE_BREAKS, "CR in the hash", lambda v: re.sub(r"\r?\n", "\r", v)


def _null_edits() -> Iterator[ValueEdit]:
    for word in ("null", "None", "undefined", "NULL", "nil"):
        yield CauseKind.EMPTY_AS_NULL, f"'{word}' in the body, empty in the hash", _whole(word, "")
        yield CauseKind.EMPTY_AS_NULL, f"empty in the body, '{word}' in the hash", _whole("", word)


def _space_edits() -> Iterator[ValueEdit]:
    yield CauseKind.VALUES_TRIMMED, "before the hash, Unicode spaces too", _stripped_of_unicode
    yield (
        CauseKind.VALUES_TRIMMED,
        "before the hash, all control characters",
        lambda v: v.strip(_CONTROL_AND_SPACE),
    )
    yield CauseKind.VALUES_TRIMMED, "runs of spaces made one", lambda v: re.sub(r"\s+", " ", v.strip())
    yield CauseKind.PLUS_AND_SPACE, "'+' in the body, space in the hash", _replacer("+", " ")
    yield CauseKind.PLUS_AND_SPACE, "'+' inside text in the body, space in the hash", _spaces_of_text
    yield CauseKind.PLUS_AND_SPACE, "leading space in the body, '+' in the hash", _leading_plus
    yield CauseKind.PLUS_AND_SPACE, "space in the body, '+' in the hash", _replacer(" ", "+")
    yield CauseKind.PLUS_AND_SPACE, "space in the body, '%20' in the hash", _replacer(" ", "%20")


def _letter_edits() -> Iterator[ValueEdit]:
    for charset in _ONE_BYTE_CHARSETS:
        yield CauseKind.MOJIBAKE, f"in the body, read as {charset}", _read_again(charset)
        yield CauseKind.MOJIBAKE, f"in the hash, read as {charset}", _misread(charset)
    yield CauseKind.LETTERS_RECODED, "composed in the hash", lambda v: unicodedata.normalize("NFC", v)
    yield CauseKind.LETTERS_RECODED, "decomposed in the hash", lambda v: unicodedata.normalize("NFD", v)
    yield CauseKind.LETTERS_RECODED, "without accents in the hash", _without_accents


def _other_edits() -> Iterator[ValueEdit]:
    yield CauseKind.SLASHES_ADDED, "in the body", _without_slashes
    yield CauseKind.SLASHES_ADDED, "in the hash", _with_slashes
    yield CauseKind.PERCENT_CODED_TWICE, "", lambda v: unquote(v, errors="replace")
    yield CauseKind.PERCENT_CODED_TWICE, "with '+' for spaces", lambda v: unquote_plus(v, errors="replace")
    yield CauseKind.PERCENT_CODED_TWICE, "coded in the hash, with '+' for spaces", quote_plus
    yield CauseKind.PERCENT_CODED_TWICE, "coded in the hash", lambda v: quote(v, safe="")
    yield CauseKind.TYPED_VALUES, "booleans", lambda v: v.lower() if v in ("True", "False") else v
    yield CauseKind.DOCUMENT_RULE, "rewritten before the hash, case kept", lambda v: _DOCUMENT.sub(_dotted, v)
    yield CauseKind.DOCUMENT_RULE, "rewritten before escaping", lambda v: _DOCUMENT.sub("document.", v)


def _dotted(match: re.Match[str]) -> str:
    return match[0][:-1] + "."


#: Every edit of all values, by family; of one family one takes place.
EDITS: Final[tuple[tuple[ValueEdit, ...], ...]] = (
    tuple(_line_edits()),
    tuple(_space_edits()),
    tuple(_null_edits()),
    tuple(_entity_edits()),
    tuple(_letter_edits()),
    tuple(_other_edits()),
)

#: What may have stood at the end of one value and was trimmed although PHP's trim() leaves it.
LOST_SPACES: Final = ("\u00a0", "\u200b", "\u3000", "\u2003", "\u202f", "\ufeff", "\u200e", "\f", "\x85")
#: What may have followed the word "document" before it was rewritten.
AFTER_DOCUMENT: Final = (
    " sS-_/:?=&%,;)(]+" + "abcdefghijklmnopqrtuvwxyz" + "0123456789" + "ABCDEFGHIJKLMNOPQRTUVWXYZ"
)
