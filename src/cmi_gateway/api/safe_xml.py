"""
Reading XML of strangers: bytes into a small tree, or one error.

Used in both directions: for the gateway's answers, and by the simulator for requests. The rules:

- Bytes go to the parser, which honours the declaration. Decoding first would damage ISO-8859-9, which is what the
  platform answers in.
- No DOCTYPE at all, hence no entity of anybody's making, external or expanding. A bare DOCTYPE is harmless and
  passes every parser's defaults; this protocol has none, so it is refused before anything is built.
- At most 256 KiB and 16 levels, counted while reading.
- A byte order mark and white space before the declaration are forgiven: proxies and templates put them there.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: The most bytes that are read of a document, after decompression: 256 KiB.
LARGEST_DOCUMENT: Final = 256 * 1024
#: The most levels of elements.
DEEPEST: Final = 16

_NOISE: Final = (b"\xef\xbb\xbf", b"\r", b"\n", b"\t", b" ")
_DECLARED: Final = re.compile(rb"<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"']([^\"'>]{0,40})[\"']")
#: Python knows "encodings" that are none, such as base64: only what a gateway may write is let through.
_ENCODINGS: Final = frozenset(
    {b"utf-8", b"utf8", b"us-ascii", b"ascii", b"iso-8859-1", b"iso-8859-9", b"latin5", b"windows-1254"}
)
#: Around a value white space means nothing; a TAB does: it separates the columns of a history line.
_PADDING: Final = " \r\n"


class MalformedDocumentError(ValueError):
    """These bytes are no document of the kind that was expected; the message never holds any of them."""


class _ShallowTree(TreeBuilder):
    """Builds the tree, and stops at a depth that no honest document reaches."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        if self._depth > DEEPEST:
            raise MalformedDocumentError(f"the document has more than {DEEPEST} levels")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def parse_xml(raw: bytes, *, root: str) -> Element:
    """
    Read a document.

    Args:
        raw: As it came, decompressed.
        root: The name that the outermost element must have.

    Raises:
        MalformedDocumentError: it is too large, too deep, no XML, in an encoding that nobody writes here, holds a
            DOCTYPE, or is another kind of document.
    """
    if len(raw) > LARGEST_DOCUMENT:
        raise MalformedDocumentError(f"the document is larger than {LARGEST_DOCUMENT} bytes")
    document = _without_noise(raw)
    declared = _DECLARED.match(document)
    if declared and declared[1].lower() not in _ENCODINGS:
        raise MalformedDocumentError("the document declares an encoding that is not used here")
    element = _tree(document)
    if element.tag != root:
        raise MalformedDocumentError(f"the document's root is not {root}")
    return element


def read_texts(element: Element, known: Collection[str]) -> dict[str, str]:
    """
    Give the texts of the *known* children of *element*; others are passed over.

    Raises:
        MalformedDocumentError: a known child stands there twice, or holds elements where text belongs. Two readers of
            one document could otherwise take different values from it.
    """
    texts: dict[str, str] = {}
    for child in element:
        if child.tag not in known:
            continue
        if child.tag in texts:
            raise MalformedDocumentError(f"{child.tag} stands more than once in {element.tag}")
        if len(child):
            raise MalformedDocumentError(f"{child.tag} holds elements instead of text")
        texts[child.tag] = (child.text or "").strip(_PADDING)
    return texts


def only_child(element: Element, name: str) -> Element | None:
    """
    Give the child of that name, or None.

    Raises:
        MalformedDocumentError: there are several.
    """
    found = element.findall(name)
    if len(found) > 1:
        raise MalformedDocumentError(f"{name} stands more than once in {element.tag}")
    return found[0] if found else None


def _without_noise(raw: bytes) -> bytes:
    start = 0
    while True:
        noise = next((mark for mark in _NOISE if raw.startswith(mark, start)), None)
        if noise is None:
            return raw[start:]
        start += len(noise)


def _tree(document: bytes) -> Element:
    # defusedxml drives the parser from Python. The standard library's own, in C, is many times faster, but has no hooks to
    # refuse entities by. A history of twenty lines takes less than a millisecond either way: the checks are worth more.
    # The parser's own errors quote the document, and their frames hold it: none goes on from here.
    try:
        parser = DefusedXMLParser(
            target=_ShallowTree(), forbid_dtd=True, forbid_entities=True, forbid_external=True
        )
        parser.feed(document)
        tree: Element = parser.close()
    except MalformedDocumentError as error:
        problem = str(error)
    except DefusedXmlException:
        problem = "the document holds a DOCTYPE, which this protocol does not use"
    except (ParseError, ValueError, LookupError):
        problem = "the document is not well-formed XML"
    else:
        return tree
    raise MalformedDocumentError(problem)
