"""The page that leaves for the gateway posts the signed fields and nothing else."""

import html5lib
import pytest

from cmi_gateway import BillTo
from support.gateway_kit import signed_form

NAMESPACE = "{http://www.w3.org/1999/xhtml}"


def parsed(page):
    return html5lib.HTMLParser(strict=True).parse(page)


def test_posts_exactly_the_signed_fields():
    """A browser reads back every name and value as signed, awkward characters included."""
    form = signed_form(bill_to=BillTo(name="""M'Hamed "Momo" <b> & Ali"""))
    tree = parsed(form.html())
    inputs = [(node.get("name"), node.get("value")) for node in tree.iter(f"{NAMESPACE}input")]
    assert list(form.fields) == inputs
    element = tree.find(f".//{NAMESPACE}form")
    assert (form.action, "post", "UTF-8") == (
        element.get("action"),
        element.get("method"),
        element.get("accept-charset"),
    )


def test_works_without_javascript():
    """There is a visible submit button, and it has no name: it would be hashed."""
    (button,) = parsed(signed_form().html()).iter(f"{NAMESPACE}button")
    assert ("submit", None) == (button.get("type"), button.get("name"))


@pytest.mark.parametrize(("language", "direction"), [("fr", "ltr"), ("ar", "rtl"), ("en", "ltr")])
def test_speaks_the_payers_language(language, direction):
    """The page names its language and direction."""
    root = parsed(signed_form(language=language).html())
    root = root if root.tag.endswith("html") else root.find(f"{NAMESPACE}html")
    assert (language, direction) == (root.get("lang"), root.get("dir"))


@pytest.mark.parametrize("element", ["script", "style"])
def test_nonce_is_optional_and_escaped(element):
    """Script and style carry the nonce that they are given, escaped, and none otherwise."""
    assert f"<{element}>" in signed_form().html()
    assert f'<{element} nonce="r4nd&quot;om">' in signed_form().html(nonce='r4nd"om')


def test_looks_calm_without_javascript():
    """Where the payer has to press the button it is large, on a phone as on a desk, and nothing is loaded for it."""
    style = "".join(parsed(signed_form().html()).find(f".//{NAMESPACE}style").itertext())
    assert "min-height:3rem" in style
    assert "text-align:center" in style
    assert "url(" not in style
    assert "@import" not in style
