"""
Every sentence the portal shows, from one catalogue file per language.

Templates and code name texts by key (``recap.pay``) and hold no sentence of their own, so that another
language is one more file beside ``fr.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import attrs
from markupsafe import Markup, escape

__all__ = ["Texts"]


@attrs.frozen
class Texts:
    """
    The texts of one language.

    Attributes:
        language: Tag of the language, as in ``<html lang>``.
        direction: ``ltr`` or ``rtl``.
    """

    language: str
    direction: str
    _sections: Mapping[str, Any] = attrs.field(repr=False)

    @classmethod
    def load(cls, language: str) -> Texts:
        """
        Read the packaged catalogue of *language*, such as ``fr``.

        Raises:
            FileNotFoundError: no such catalogue is packaged.
        """
        source = files(__name__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
        sections = tomllib.loads(source)
        return cls(sections["site"]["language"], sections["site"]["direction"], sections)

    def value(self, key: str) -> Any:
        """
        Give what the catalogue holds under *key*: a text, a list of texts, or a list of sections.

        Raises:
            KeyError: the catalogue has no such key; a mistake in the program, not in the request.
        """
        section, _, name = key.partition(".")
        try:
            return self._sections[section][name]
        except KeyError:
            raise KeyError(f"the {self.language!r} catalogue has no text {key!r}") from None

    def text(self, key: str, **values: object) -> str:
        """Give a text with its places filled in, as plain text."""
        template = self.value(key)
        assert isinstance(template, str), f"{key} is not one text"
        return template.format(**values) if values else template

    def markup(self, key: str, **values: object) -> Markup:
        """Give a text with its places filled in, fit for a page: whatever fills them is escaped."""
        return self.fill(self.value(key), **values)

    @staticmethod
    def fill(template: str, **values: object) -> Markup:
        """Fill the places of one catalogue text, escaping what fills them."""
        safe = escape(template)
        return safe.format(**values) if values else safe
