"""Entities are decoded as PHP decodes them, and not as HTML 5 does."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.entities import decode_entities
from support.gateway_kit import VECTORS

PHP = json.loads((VECTORS / "php.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("text", "expected"), PHP["html_entity_decode"])
def test_decodes_as_php(text, expected):
    """PHP 8.2's recorded answer is ours."""
    assert expected == decode_entities(text)


def test_names_need_a_semicolon():
    """An address with ``&currency=`` stays as it is, which HTML 5 would spoil."""
    assert "https://shop.example/?a=1&currency=504" == decode_entities(
        "https://shop.example/?a=1&currency=504"
    )


def test_decodes_once():
    """A doubly encoded quote is decoded by one level only."""
    assert "&#39;" == decode_entities("&amp;#39;")


@given(st.text("&#xX0123456789abcdefgt;", max_size=30))
def test_never_raises(text):
    """Whatever looks like an entity is decoded or left, without an error."""
    assert len(decode_entities(text)) <= len(text)
