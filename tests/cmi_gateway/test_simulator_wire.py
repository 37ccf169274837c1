"""The callback's body, posted forms, and the merchant's answer."""

from random import Random
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway import Reply
from cmi_gateway.signature import hash_ver3
from cmi_gateway.simulator.wire import callback_body, read_form, read_reply
from support.gateway_kit import MERCHANT, STORE_KEY

SIGNED = [("clientid", "600000099"), ("oid", "A-1"), ("amount", "1.00"), ("hashAlgorithm", "ver3")]


def test_the_body_ends_in_one_line_feed_and_shuffles():
    """Two seeds give the same fields in two orders, each body closed by a line feed."""
    fields = [(f"f{number}", "v") for number in range(9)]
    one, other = callback_body(fields, Random(1)), callback_body(fields, Random(2))
    assert one != other
    assert sorted(parse_qsl(one[:-1])) == sorted(parse_qsl(other[:-1]))
    assert (one[-1:], other[-1:]) == (b"\n", b"\n")


def test_quotes_become_entities_and_ampersands_do_not():
    """Quotes are encoded as the gateway does it, and the rest stays as the merchant sent it."""
    body = callback_body([("BillToName", """M'Hamed "B" & Fils""")], Random(1))
    assert [(b"BillToName", b"M&#39;Hamed &#34;B&#34; & Fils\n")] == parse_qsl(body)


def test_the_hash_is_over_the_decoded_values():
    """A name with an apostrophe beside an address with an ampersand verifies, as from the real gateway."""
    fields = [*SIGNED, ("BillToName", "M'Hamed"), ("okUrl", "https://shop.example/?a=1&currency=504")]
    signed = [*fields, ("HASH", hash_ver3(fields, STORE_KEY))]
    assert MERCHANT.verify(callback_body(signed, Random(3))).order_id == "A-1"


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        ("ACTION=POSTAUTH", Reply.CAPTURE),
        ("\n\t APPROVED \r\n", Reply.ACKNOWLEDGE),
        ("FAILURE", Reply.FAILURE),
        ("approved", None),
        ("<html>APPROVED</html>", None),
        ("", None),
    ],
)
def test_three_words_are_understood_and_nothing_else(body, reply):
    """White space round the word is forgiven; every other text is no answer."""
    assert reply == read_reply(body)


def test_a_form_keeps_order_and_empty_fields():
    """Empty fields count, since the hash counts them."""
    assert (("a", ""), ("b", "é |")) == read_form(b"a=&b=%C3%A9+%7C", most_fields=2)


@given(st.binary(max_size=300))
def test_any_body_is_a_form_or_a_value_error(body):
    """Bytes of a stranger give fields or a `ValueError`."""
    try:
        assert isinstance(read_form(body, most_fields=5), tuple)
    except ValueError:
        assert body
