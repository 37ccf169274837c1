r"""
The ver3 hash: one function for both directions.

What is hashed
--------------
Every posted field except ``hash`` and ``encoding`` (in any case of letters), unknown and empty ones
included. The *names* are sorted without regard to case and then forgotten: only the *values* are hashed,
each followed by ``|``, and the escaped store key after the last. The result is the base64 of SHA-512,
88 characters. The empty value keeps its slot: ``a||b``.

Each value is first brought to its canonical text: one final line feed and outer white space go (PHP's
``trim``), then ``\`` becomes ``\\`` and after it ``|`` becomes ``\|`` (the other way round would escape the
escapes). CMI's own kit then applies its "document" rule, said to work round a web firewall: the word, in
any case, becomes lower case and the character behind it a dot. Sources disagree on whether that rule is
still active, so we never sign the word, and try both when we verify.

What follows from it
--------------------
*The names are not protected.* Fields can be renamed as long as the order of the values stays, and one key
signs both directions, so a matching hash alone proves little: it proves that somebody who holds the key once
put these values in this order. `cmi_gateway.Callback` therefore gives nothing away before `must_match`
compared the fields with what was sent.

*The order of names is disputed.* CMI's PHP kit sorts naturally (``Item2`` before ``Item10``), its Java kit
plainly (``Item10`` before ``Item2``), both on upper-cased names. We sign only field sets on which the two agree,
and accept either when we verify. This does not weaken the check: each is a full keyed digest.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from binascii import b2a_base64
from enum import Enum
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from cmi_gateway.errors import ConfigurationError
from cmi_gateway.natural_order import natural_order
from cmi_gateway.secret import hide_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cmi_gateway.secret import Secret

#: Never part of the hashed text, in any case of letters.
UNHASHED_NAMES: Final = frozenset({"hash", "encoding"})

#: What PHP's trim() removes, which is less than `str.strip` would: no-break spaces stay.
PHP_WHITE_SPACE: Final = " \t\n\r\0\v"

#: The word and the character behind it, in lower-case UTF-8 that is escaped and joined: a bare ``|`` there ends the value.
_DOCUMENT: Final = re.compile(rb"document(?:[^|\n\x80-\xff]|[\xc0-\xff][\x80-\xbf]*)")

#: ASCII's own separator of units, which no ordinary value holds.
_BORDER: Final = "\x1f"

# Names come from strangers: only sets of ordinary size are remembered, and few of them.
_REMEMBERED_SETS: Final = 256
_MOST_NAMES: Final = 200
_LONGEST_NAMES: Final = _MOST_NAMES * 64


class NameOrder(Enum):
    """How field names sort before their values are joined; both fold letters to upper case."""

    #: Character by character (CMI's Java kit): ``Item10`` before ``Item2``.
    PLAIN = "plain"
    #: Digit runs as numbers (CMI's PHP kit, ``natcasesort``): ``Item2`` before ``Item10``.
    NATURAL = "natural"


def hash_ver3(
    pairs: Iterable[tuple[str, str]],
    store_key: str | Secret,
    order: NameOrder = NameOrder.PLAIN,
    *,
    document_rule: bool = False,
) -> str:
    """
    Compute the ver3 hash of form fields.

    Drops ``hash`` and ``encoding``, trims and escapes each value, and keeps empty slots. It neither decodes
    HTML entities nor judges repeated names: that is the work of `cmi_gateway.Merchant.verify`.

    Args:
        pairs: The posted fields as (name, value), in any order.

        store_key: The key set in CMI's back office.

        order: The order of names; see the essay of this module.

        document_rule: Whether to apply CMI's "document" rule to each value.

    Returns:
        The base64 text of the digest, 88 characters.

    Raises:
        ConfigurationError: a name or value is not text that UTF-8 can hold, *order* is no `NameOrder`, or
            the key is empty or has white space.
    """
    secret, flaw = hide_key(store_key)
    del store_key  # a traceback of what follows must not carry the key
    if flaw:
        raise ConfigurationError(f"store key {flaw}")
    if not isinstance(order, NameOrder):
        raise ConfigurationError("order must be NameOrder.PLAIN or NameOrder.NATURAL")
    try:
        names, values = _columns(pairs)
        return _digest(_joined(arranged(names, values, order), document_rule=document_rule), secret)
    except (TypeError, ValueError, AttributeError):
        pairs = names = values = ()  # nor may it carry what people typed
        raise ConfigurationError("expected (name, value) pairs of text that UTF-8 can hold") from None


def arranged(names: tuple[str, ...], values: Sequence[str], order: NameOrder) -> tuple[str, ...]:
    """Give those of *values* that the hash covers, in the order of their *names*."""
    try:
        pick = _remembered_picker(names, order is NameOrder.NATURAL)
    except _TooLargeToRememberError:
        pick = _picker(names, order)
    return pick(values)


@lru_cache(maxsize=_REMEMBERED_SETS)
def orders_agree(names: tuple[str, ...]) -> bool:
    """Tell whether the known orders sort *names* alike, so that every gateway hashes the same text."""
    return _positions(names, NameOrder.PLAIN) == _positions(names, NameOrder.NATURAL)


def canonical_value(value: str) -> str:
    """Give the text of *value* that is compared and handed out: trimmed as PHP trims, not escaped."""
    return value.strip(PHP_WHITE_SPACE)


def matches(presented: str, expected: str) -> bool:
    """Compare two hashes in constant time, as bytes: `hmac.compare_digest` refuses non-ASCII text."""
    return hmac.compare_digest(
        presented.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass")
    )


def _columns(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    listed = list(pairs)
    return tuple([name for name, _ in listed]), tuple([value for _, value in listed])


def _picker(names: tuple[str, ...], order: NameOrder) -> Callable[[Sequence[str]], tuple[str, ...]]:
    positions = _positions(names, order)
    if len(positions) > 1:
        return itemgetter(*positions)
    return lambda values: tuple([values[position] for position in positions])


@lru_cache(maxsize=_REMEMBERED_SETS)
def _remembered_picker(
    names: tuple[str, ...], is_natural: bool
) -> Callable[[Sequence[str]], tuple[str, ...]]:
    if len(names) > _MOST_NAMES or sum(map(len, names)) > _LONGEST_NAMES:
        raise _TooLargeToRememberError  # what raises is not remembered
    # Keyed by a flag: the hash of an enum's member is computed in Python.
    return _picker(names, NameOrder.NATURAL if is_natural else NameOrder.PLAIN)


class _TooLargeToRememberError(Exception):
    """The names of a stranger would fill the memory of orders."""


def _positions(names: Sequence[str], order: NameOrder) -> list[int]:
    """Give the positions of the hashed fields in *order* of their names; equal names keep theirs."""
    hashed = [position for position, name in enumerate(names) if name.lower() not in UNHASHED_NAMES]
    folded = [names[position].encode("utf-8", "surrogatepass").upper() for position in hashed]
    rank = (
        natural_order(folded)
        if order is NameOrder.NATURAL
        else sorted(range(len(folded)), key=folded.__getitem__)
    )
    return [hashed[position] for position in rank]


def _joined(values: Sequence[str], *, document_rule: bool) -> bytes:
    """Join the canonical values, each closed by ``|``; that nothing is to be done is seen from the whole."""
    whole = "".join(values)
    if " " in whole or "\n" in whole or "\t" in whole or "\r" in whole or "\0" in whole or "\v" in whole:
        values = _trimmed(values, whole)
    is_plain = "|" not in whole and "\\" not in whole
    text = ("|".join(values) if is_plain else _escaped(values, whole)).encode()
    if document_rule:
        text = _rewritten(text)
    return text + b"|" if values else b""


def _trimmed(values: Sequence[str], whole: str) -> Sequence[str]:
    # Without an argument str.strip is twice as fast, and it removes all that PHP's trim does but the NUL.
    if tuple(map(str.strip, values)) == values and "\0" not in whole:
        return values
    return [value.strip(PHP_WHITE_SPACE) for value in values]


def _escaped(values: Sequence[str], whole: str) -> str:
    """Escape and join: in one go, where a character that no value holds can stand for the border until then."""
    if _BORDER in whole:
        return "|".join([value.replace("\\", "\\\\").replace("|", "\\|") for value in values])
    return _BORDER.join(values).replace("\\", "\\\\").replace("|", "\\|").replace(_BORDER, "|")


def _rewritten(text: bytes) -> bytes:
    # The letters of the word are ASCII, so bytes fold their case without moving anything; a pattern that ignores
    # case would look at every character, where this one looks for the word.
    folded = text.lower()
    if b"document" not in folded:
        return text
    parts: list[bytes] = []
    start = 0
    for match in _DOCUMENT.finditer(folded):
        parts += text[start : match.start()], b"document."
        start = match.end()
    return b"".join([*parts, text[start:]])


def _digest(text: bytes, secret: Secret) -> str:
    digest = hashlib.sha512(text)
    digest.update(_escaped_key(secret))
    return b2a_base64(digest.digest(), newline=False).decode("ascii")


def _escaped_key(secret: Secret) -> bytes:
    # Never bound to a name: local variables can end up in a crash report.
    return secret._raw.replace(b"\\", b"\\\\").replace(b"|", b"\\|")  # noqa: SLF001 - the one reader of the key
