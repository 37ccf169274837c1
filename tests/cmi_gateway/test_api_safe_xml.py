"""XML of strangers: read whole, or refused with one error that quotes nothing."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.api.safe_xml import (
    DEEPEST,
    LARGEST_DOCUMENT,
    MalformedDocumentError,
    only_child,
    parse_xml,
    read_texts,
)

SMALL = b"<a><b>text</b></a>"
TURKISH = '<?xml version="1.0" encoding="{}"?><a><b>İşlem</b></a>'


def text_of(raw):
    return read_texts(parse_xml(raw, root="a"), {"b"})["b"]


@pytest.mark.parametrize(
    "raw",
    [
        SMALL,
        b"\n" + SMALL,
        b"\xef\xbb\xbf" + SMALL,
        b"\xef\xbb\xbf\r\n\t " + SMALL,
        b"\n\xef\xbb\xbf" + SMALL,
        b'<?xml version="1.0"?>\n' + SMALL,
        b"\n" + b'<?xml version="1.0" encoding="UTF-8"?>' + SMALL,
        SMALL + b"\n",
        b"<a><b> \r\ntext\n</b><other><b>x</b></other></a>",
    ],
)
def test_what_proxies_add_is_forgiven(raw):
    """A byte order mark, line feeds and unknown elements change nothing."""
    assert "text" == text_of(raw)


@pytest.mark.parametrize("encoding", ["ISO-8859-9", "iso-8859-9", "UTF-8", "windows-1254"])
def test_the_declared_encoding_is_honoured(encoding):
    """Bytes go to the parser as they came, so that Turkish letters survive."""
    assert "İşlem" == text_of(TURKISH.format(encoding).encode(encoding))


def test_character_references_are_read():
    """Letters may also come as numbers."""
    assert "İş" == text_of(b"<a><b>&#x130;&#351;</b></a>")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "not well-formed"),
        (b"<a>", "not well-formed"),
        (b"<html><body>Bad Gateway</body></html>", "root is not a"),
        (b"<!DOCTYPE a><a/>", "DOCTYPE"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "DOCTYPE"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "DOCTYPE"),
        (b"<a>&x;</a>", "not well-formed"),
        (b"<a>\xff</a>", "not well-formed"),
        (b'<?xml version="1.0" encoding="base64"?><a/>', "encoding"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "encoding"),
        (b"<a>" * (DEEPEST + 1) + b"</a>" * (DEEPEST + 1), "more than 16 levels"),
        (b"<a>" + b" " * LARGEST_DOCUMENT + b"</a>", "larger than 262144 bytes"),
        (b"<a><b>1</b><b>2</b></a>", "more than once"),
        (b"<a><b>1<c/></b></a>", "instead of text"),
        (b'<a xmlns="urn:x"><b/></a>', "root is not a"),
    ],
)
def test_what_is_refused(raw, words):
    """Each flaw is named; nothing of the document is quoted."""
    with pytest.raises(MalformedDocumentError, match=words) as caught:
        text_of(raw)
    assert caught.value.__cause__ is None
    assert "passwd" not in str(caught.value)


def test_sixteen_levels_and_a_full_document_are_read():
    """The limits themselves are allowed."""
    assert "a" == parse_xml(b"<a>" * DEEPEST + b"</a>" * DEEPEST, root="a").tag
    assert "a" == parse_xml(b"<a>" + b" " * (LARGEST_DOCUMENT - 7) + b"</a>", root="a").tag


def test_a_container_stands_once():
    """Two containers of one name are two readings of one document."""
    assert only_child(parse_xml(b"<a/>", root="a"), "Extra") is None
    with pytest.raises(MalformedDocumentError, match="more than once"):
        only_child(parse_xml(b"<a><Extra/><Extra/></a>", root="a"), "Extra")


@given(
    st.one_of(st.binary(max_size=200), st.text(alphabet="<>/ab&;!?xml= \"'-[]", max_size=80).map(str.encode))
)
def test_any_bytes_are_a_tree_or_one_error(raw):
    """Nothing else escapes, whatever comes in."""
    with suppress(MalformedDocumentError):
        assert "a" == parse_xml(raw, root="a").tag
